#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "quasio/runtime/qlog_folder.hpp"

namespace quasio::runtime {

/// A file that is written from front to end, perhaps compressed.
class log_file {
public:
  virtual ~log_file() = default;

  /// False when the disk refuses: nothing written afterwards counts.
  virtual bool write(std::string_view bytes) = 0;

  /// Null when it cannot be made. The path gets the compression's ending.
  static std::unique_ptr<log_file> create(const std::string& path, log_compression how);
};

}  // namespace quasio::runtime
