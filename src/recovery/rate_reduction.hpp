#pragma once

#include <algorithm>
#include <cstdint>

#include "quasio/base/time.hpp"

namespace quasio::recovery {

/// Proportional Rate Reduction (RFC 9937): what may be sent during one recovery period. While more is in flight than
/// the new window, so much leaves for each byte that arrives that the flight has come down to the window after one
/// round trip; when losses have taken the flight below it, it is brought back without a burst.
class rate_reduction {
public:
  /// A recovery period begins, with so much in flight before its losses were found (RecoverFS). At least one datagram
  /// may leave at once.
  void begin(std::uint64_t in_flight_before, std::uint64_t max_datagram_size, time_point now) noexcept {
    *this = rate_reduction();
    active_ = true;
    began_ = now;
    recover_flight_ = in_flight_before;
    max_datagram_size_ = max_datagram_size;
    allowance_ = max_datagram_size;
  }

  void end() noexcept { active_ = false; }

  /// What a datagram may hold has changed: room() must still let whole ones through.
  void set_max_datagram_size(std::uint64_t bytes) noexcept { max_datagram_size_ = bytes; }
  bool is_active() const noexcept { return active_; }

  /// More losses were found: the period does not go well.
  void on_lost() noexcept { lost_more_ = true; }

  /// An ACK frame brought news of so many bytes (DeliveredData); `in_flight` is what remained after it, `target` the
  /// window to come down to (ssthresh).
  void on_delivered(std::uint64_t bytes, std::uint64_t in_flight, std::uint64_t target, time_point now) noexcept {
    if (!active_ || bytes == 0) return;
    // The ACK frame that began the period took from what was in flight before it.
    if (now == began_) recover_flight_ += bytes;
    delivered_ += bytes;
    allowance_ = in_flight > target ? proportional(target) : catching_up(bytes, in_flight, target);
    if (sent_ == 0) allowance_ = std::max(allowance_, max_datagram_size_);
    lost_more_ = false;
  }

  void on_sent(std::uint64_t bytes) noexcept {
    sent_ += bytes;
    allowance_ -= std::min(allowance_, bytes);
  }

  /// How many bytes may leave now (sndcnt). So little in flight that no acknowledgment would ask for more than the
  /// smallest window is never forbidden, lest nothing be left that could end the period.
  std::uint64_t room(std::uint64_t in_flight) const noexcept {
    const std::uint64_t least = smallest_window * max_datagram_size_;
    return std::max(allowance_, least > in_flight ? least - in_flight : 0);
  }

private:
  static constexpr std::uint64_t smallest_window = 2;  // kMinimumWindow of RFC 9002, in datagrams.

  // Windows are below 2^31 bytes and what arrives in one period below 2^32, so that the product fits.
  std::uint64_t proportional(std::uint64_t target) const noexcept {
    const std::uint64_t flight = std::max<std::uint64_t>(recover_flight_, 1);
    const std::uint64_t due = (std::min(delivered_, flight) * target + flight - 1) / flight;
    return due > sent_ ? due - sent_ : 0;
  }

  std::uint64_t catching_up(std::uint64_t bytes, std::uint64_t in_flight, std::uint64_t target) const noexcept {
    const std::uint64_t conserved = std::max(delivered_ > sent_ ? delivered_ - sent_ : 0, bytes);
    const std::uint64_t wanted = lost_more_ ? conserved : conserved + max_datagram_size_;
    return std::min(target - in_flight, wanted);
  }

  bool active_ = false;
  bool lost_more_ = false;
  time_point began_{};
  std::uint64_t max_datagram_size_ = 0;
  std::uint64_t recover_flight_ = 0;
  std::uint64_t delivered_ = 0;  ///< prr_delivered.
  std::uint64_t sent_ = 0;       ///< prr_out.
  std::uint64_t allowance_ = 0;  ///< sndcnt.
};

}  // namespace quasio::recovery
