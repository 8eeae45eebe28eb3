#pragma once

#include <cstdint>
#include <optional>

namespace quasio::http3 {

/// How much content a message may have and has had.
class content_account {
public:
  void allow_none() noexcept { forbidden_ = true; }
  void expect(std::optional<std::uint64_t> length) noexcept { expected_ = length; }

  /// Whether the message may have that much more.
  bool has_room_for(std::uint64_t length) const noexcept {
    return !forbidden_ && (!expected_ || length <= *expected_ - received_);
  }

  /// That much more comes or goes. False when the message may not have it.
  bool add(std::uint64_t length) noexcept {
    if (!has_room_for(length)) return false;
    received_ += length;
    return true;
  }

  /// Whether the message may end after that much more (RFC 9114, section 4.1.2).
  bool is_complete_with(std::uint64_t length) const noexcept {
    return forbidden_ || !expected_ || received_ + length == *expected_;
  }
  bool is_complete() const noexcept { return is_complete_with(0); }

private:
  std::optional<std::uint64_t> expected_;
  std::uint64_t received_ = 0;
  bool forbidden_ = false;
};

}  // namespace quasio::http3
