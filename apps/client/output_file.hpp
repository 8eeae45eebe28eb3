#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/thread_pool.hpp>

#include "quasio/asio.hpp"

namespace quasio::apps {

/// Where a body goes: a file that comes into being when it is opened, or standard output.
///
/// Threads: one at a time. The pool must outlive its coroutines.
class output_file {
public:
  /// An empty path is standard output. `slow` writes to what may keep a writer waiting (pipes, terminals), so that the
  /// connection goes on meanwhile.
  output_file(std::string path, asio::thread_pool& slow) : path_(std::move(path)), slow_(slow) {}

  /// Closes without looking at errors; see close().
  ~output_file();
  output_file(const output_file&) = delete;
  output_file& operator=(const output_file&) = delete;

  /// Creates the file, or makes it empty.
  error_code open();

  bool is_open() const noexcept { return handle_ >= 0; }

  /// Writes all of the bytes, which must stay until it returns.
  asio::awaitable<error_code> write(std::string_view bytes);

  /// Some file systems tell of a failed write only now.
  error_code close();

  /// "standard output" or the path.
  std::string name() const { return path_.empty() ? "standard output" : path_; }

private:
  std::string path_;
  asio::thread_pool& slow_;
  int handle_ = -1;
  bool may_wait_ = false;
};

}  // namespace quasio::apps
