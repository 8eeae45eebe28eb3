#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "quasio/base/time.hpp"
#include "quasio/recovery/congestion_controller.hpp"
#include "quasio/recovery/pacer_settings.hpp"

namespace quasio::recovery {

/// The rate to pace at, in bytes per second: what the controller says, or N * window / smoothed RTT with N = 2 in slow
/// start and 1.25 after (RFC 9002, section 7.7).
std::uint64_t pacing_rate(const congestion_controller& controller, duration smoothed_rtt) noexcept;

/// Spreads packets in flight over time (RFC 9002, section 7.7) with a token bucket: tokens are bytes, fill at the
/// pacing rate, and as many gather as may leave in one burst. Packets with ACKs only and probes are not paced: they do
/// not ask, but probes are noted. Exact: no rounding is lost from one call to the next.
class pacer {
public:
  pacer(const pacer_settings& settings, std::size_t max_datagram_size, time_point now) noexcept;

  /// At the start of the path, and after every ACK frame that changed the window or the RTT.
  void set_rate(std::uint64_t bytes_per_second, time_point now) noexcept;
  std::uint64_t rate() const noexcept { return rate_; }

  /// Where the controller knows better than settings.wake_interval what to send in one go, in bytes.
  void set_quantum(std::optional<std::uint64_t> bytes) noexcept { chosen_quantum_ = bytes; }

  void set_max_datagram_size(std::size_t bytes, time_point now) noexcept;

  /// How many bytes may leave now; a caller fills its batch up to here.
  std::uint64_t budget(time_point now) const noexcept;

  /// When `bytes` may leave; empty when they may now. More than one burst waits only for one burst.
  std::optional<time_point> release_time(time_point now, std::uint64_t bytes) const noexcept;

  /// Whether as much may leave now as ever: the sender was not held back lately.
  bool is_full(time_point now) const noexcept { return credit_at(now) >= capacity_; }

  /// How many bytes to wait for when the budget is too small for a packet: one packet at low rates, a whole batch at
  /// high ones, so that a fast sender does not wake up for each packet.
  std::uint64_t quantum() const noexcept;

  void on_sent(time_point now, std::uint64_t bytes) noexcept;

private:
  std::int64_t credit_at(time_point now) const noexcept;
  void refill(time_point now) noexcept;
  void resize() noexcept;

  pacer_settings settings_;
  std::uint64_t max_datagram_size_;
  std::uint64_t rate_;
  std::int64_t capacity_ = 0;  ///< In billionths of a byte, as credit_: a rate times nanoseconds stays whole.
  std::int64_t credit_ = 0;
  time_point refilled_at_;
  std::optional<std::uint64_t> chosen_quantum_;
};

}  // namespace quasio::recovery
