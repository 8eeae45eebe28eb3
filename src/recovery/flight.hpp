#pragma once

#include <cassert>
#include <cstdint>
#include <limits>
#include <optional>

#include "quasio/base/time.hpp"
#include "recovery/rate_reduction.hpp"

namespace quasio::recovery {

/// The one owner of bytes_in_flight (RFC 9002, appendix B.2): one object a path, fed by the packets of all packet
/// number spaces that were sent on it. It also remembers when the window was last in full use.
class flight {
public:
  std::uint64_t bytes() const noexcept { return bytes_; }

  /// How many bytes may be sent before the window is full, or as much as a metered recovery period allows. Entering one
  /// that is not metered lends one datagram on top (RFC 9002, section 7.3.2); probes need not ask (section 7.5).
  std::uint64_t room(std::uint64_t window) const noexcept {
    if (reduction_.is_active()) return reduction_.room(bytes_);
    const std::uint64_t left = window > bytes_ ? window - bytes_ : 0;
    return left > lent_ ? left : lent_;
  }

  /// A packet that counts as in flight left.
  void on_sent(std::uint64_t bytes, std::uint64_t window, std::uint64_t max_datagram_size, time_point now) noexcept {
    bytes_ += bytes;
    lent_ = 0;
    reduction_.on_sent(bytes);
    if (bytes_ + max_datagram_size > window) last_limited_ = now;
  }

  /// A packet left the flight: acknowledged, lost or discarded. Each is told once.
  void remove(std::uint64_t bytes) noexcept {
    assert(bytes <= bytes_ && "more bytes left the flight than were sent");
    bytes_ = bytes <= bytes_ ? bytes_ - bytes : 0;
  }

  /// A recovery period began: one datagram may be sent beyond the window.
  void lend_one_datagram(std::uint64_t max_datagram_size) noexcept { lent_ = max_datagram_size; }

  /// A recovery period began after the loss of so many bytes, which have left the flight already: sending is metered by
  /// RFC 9937 until end_reduction().
  void begin_reduction(std::uint64_t bytes_lost, std::uint64_t max_datagram_size, time_point now) noexcept {
    reduction_.begin(bytes_ + bytes_lost, max_datagram_size, now);
  }

  /// More was lost while the period lasts.
  void on_lost_in_reduction() noexcept { reduction_.on_lost(); }

  /// An ACK frame took so many bytes out of the flight; the period is to end with `window` in flight.
  void on_delivered(std::uint64_t bytes, std::uint64_t window, time_point now) noexcept {
    reduction_.on_delivered(bytes, bytes_, window, now);
  }

  void end_reduction() noexcept { reduction_.end(); }

  void set_max_datagram_size(std::uint64_t bytes) noexcept { reduction_.set_max_datagram_size(bytes); }

  /// There was something to send, and the window or the pacer forbade it.
  void on_blocked(time_point now) noexcept { last_limited_ = now; }

  /// Whether neither the window nor the pacer held the sender back since a packet now acknowledged was sent, so that
  /// its arrival says nothing about a larger window (RFC 9002, section 7.8).
  bool underutilized_since(time_point time_sent) const noexcept { return !last_limited_ || *last_limited_ < time_sent; }

private:
  std::uint64_t bytes_ = 0;
  std::uint64_t lent_ = 0;
  std::optional<time_point> last_limited_;
  rate_reduction reduction_;
};

}  // namespace quasio::recovery
