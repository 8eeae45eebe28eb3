#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include <sys/stat.h>

#include "quasio/base/result.hpp"

namespace quasio::apps {

/// A file descriptor that closes itself.
class descriptor {
public:
  descriptor() noexcept = default;
  explicit descriptor(int owned) noexcept : value_(owned) {}
  descriptor(descriptor&& other) noexcept;
  descriptor& operator=(descriptor&& other) noexcept;
  ~descriptor();

  int get() const noexcept { return value_; }
  explicit operator bool() const noexcept { return value_ >= 0; }

private:
  int value_ = -1;
};

/// An open file or folder, and what the system said of it once it was open.
struct open_file {
  descriptor handle;
  struct stat status {};

  bool is_folder() const noexcept { return S_ISDIR(status.st_mode); }
  bool is_regular() const noexcept { return S_ISREG(status.st_mode); }
  std::uint64_t size() const noexcept { return static_cast<std::uint64_t>(status.st_size); }
};

/// A folder out of which no path leads. It is held open: when the folder is renamed, the same one is served on.
///
/// Threads: any number at once.
class root_folder {
public:
  enum class guard : std::uint8_t {
    automatic,  ///< `kernel` where the system has it, else `walk`.
    kernel,     ///< openat2 with RESOLVE_BENEATH: symbolic links are followed while they stay below the root.
    walk,       ///< Folder by folder; no symbolic link is followed at all.
  };

  /// Fails with what the system says: the folder is missing, is no folder, may not be read.
  static result<root_folder, std::error_code> open(const std::string& path, guard how = guard::automatic);

  /// Opens what the segments lead to, for reading. The segments are as request_path gives them; others fail with
  /// invalid_argument. Something that leads out of the root fails as if it did not exist. It never waits, not even for
  /// the other end of a FIFO.
  result<std::shared_ptr<const open_file>, std::error_code> open_beneath(
      const std::vector<std::string>& segments) const;

  guard guarded_by() const noexcept { return guard_; }

private:
  root_folder(descriptor folder, guard how) noexcept : folder_(std::move(folder)), guard_(how) {}

  descriptor folder_;
  guard guard_;
};

}  // namespace quasio::apps
