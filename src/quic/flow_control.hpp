#pragma once

#include <cstdint>
#include <optional>

#include "quasio/base/time.hpp"

namespace quasio::quic {

/// The credit that the peer gives us, for one stream or for the connection (RFC 9000, section 4.1).
class send_window {
public:
  send_window() = default;
  explicit send_window(std::uint64_t limit) noexcept : limit_(limit) {}

  std::uint64_t limit() const noexcept { return limit_; }
  std::uint64_t available() const noexcept { return limit_ - used_; }

  void use(std::uint64_t count) noexcept { used_ += count; }

  /// Takes the peer's new limit; one that is not larger is ignored. Returns whether it rose.
  bool raise(std::uint64_t limit) noexcept;

  /// Whether the peer should be told that data waits for credit: once a limit. Only asked while data waits.
  bool blocked_frame_due() const noexcept { return available() == 0 && told_blocked_at_ != limit_; }
  void on_blocked_told() noexcept { told_blocked_at_ = limit_; }

  /// A DATA_BLOCKED or STREAM_DATA_BLOCKED frame with this limit was lost: say it again if it is still so
  /// (section 13.3).
  void on_blocked_lost(std::uint64_t limit) noexcept;

private:
  static constexpr std::uint64_t nothing_told = ~std::uint64_t{0};  // More than any limit.

  std::uint64_t limit_ = 0;
  std::uint64_t used_ = 0;
  std::uint64_t told_blocked_at_ = nothing_told;
};

/// The credit that we give the peer, for one stream or for the connection. A new limit is due when half of the window
/// has been consumed. When that takes less than two round trips, the window may be what holds the peer back, and
/// doubles, up to its maximum (section 4.2).
class receive_window {
public:
  receive_window() = default;
  receive_window(std::uint64_t initial, std::uint64_t maximum) noexcept;

  std::uint64_t window() const noexcept { return window_; }
  std::uint64_t limit() const noexcept { return limit_; }
  std::uint64_t received() const noexcept { return received_; }
  std::uint64_t consumed() const noexcept { return consumed_; }

  /// Whether `count` more bytes keep within the limit that the peer was told.
  bool allows(std::uint64_t count) const noexcept { return count <= limit_ - received_; }
  void on_received(std::uint64_t count) noexcept { received_ += count; }

  /// The application has read `count` bytes.
  void on_consumed(std::uint64_t count, time_point now, duration smoothed_rtt) noexcept;

  /// `count` bytes will never be read: they are given back, but tell nothing about how fast the reader is.
  void on_discarded(std::uint64_t count) noexcept;

  /// Makes the window at least so large, within its maximum.
  void grow_to(std::uint64_t window) noexcept;

  bool update_due() const noexcept { return update_due_; }

  /// The limit to announce now; it is what the peer may use from here on.
  std::uint64_t announce() noexcept;

  /// The MAX_DATA or MAX_STREAM_DATA with this limit was lost: if it was the latest, the present one is due.
  void on_announcement_lost(std::uint64_t limit) noexcept;

private:
  bool is_half_used() const noexcept;

  std::uint64_t window_ = 0;
  std::uint64_t maximum_ = 0;
  std::uint64_t limit_ = 0;
  std::uint64_t received_ = 0;
  std::uint64_t consumed_ = 0;
  std::optional<time_point> last_update_;
  bool update_due_ = false;
};

}  // namespace quasio::quic
