#pragma once

#include <unistd.h>

#include <utility>

namespace quasio::net {

/// Owns a file descriptor: closes it in the end.
class descriptor {
public:
  descriptor() noexcept = default;

  /// Takes `handle` over; a negative one is none.
  explicit descriptor(int handle) noexcept : handle_(handle) {}
  descriptor(descriptor&& other) noexcept : handle_(std::exchange(other.handle_, -1)) {}
  descriptor& operator=(descriptor&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~descriptor() {
    if (handle_ >= 0) ::close(handle_);
  }

  /// Whether there is one.
  explicit operator bool() const noexcept { return handle_ >= 0; }

  /// The handle, which stays this object's; negative when there is none.
  int get() const noexcept { return handle_; }

  /// Gives the descriptor to someone else, who closes it.
  int release() noexcept { return std::exchange(handle_, -1); }

private:
  int handle_ = -1;
};

}  // namespace quasio::net
