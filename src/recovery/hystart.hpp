#pragma once

#include <cstdint>
#include <optional>

#include "quasio/base/time.hpp"

namespace quasio::recovery {

/// HyStart++ (RFC 9406): watches the round-trip time during slow start. When it grows from one round to the next, the
/// bottleneck is filling its queue: the window then grows at a quarter of the pace for some rounds (Conservative Slow
/// Start), and if the round trip does not shrink again meanwhile, slow start is over.
///
/// A round ends when a packet is acknowledged that was sent after the round began.
class hystart {
public:
  /// One ACK frame in slow start: `newest_time_sent` is that of the newest packet it acknowledged.
  void on_ack(time_point newest_time_sent, time_point now) noexcept;

  /// How much the window may grow for so many acknowledged bytes. Fractions are kept for the next call.
  std::uint64_t growth(std::uint64_t bytes_acked) noexcept;

  /// Whether conservative slow start has lasted its rounds: congestion avoidance is due.
  bool is_over() const noexcept { return css_rounds_ >= css_rounds; }

  bool is_conservative() const noexcept { return css_baseline_.has_value(); }

  // RFC 9406, section 4.3.
  static constexpr duration minimum_threshold = std::chrono::milliseconds(4);
  static constexpr duration maximum_threshold = std::chrono::milliseconds(16);
  static constexpr int threshold_divisor = 8;
  static constexpr unsigned samples_needed = 8;
  static constexpr std::uint64_t css_growth_divisor = 4;
  static constexpr unsigned css_rounds = 5;

  /// The L of RFC 9406, section 4.2, for senders that do not pace: datagrams that one ACK frame may add to the window.
  static constexpr std::uint64_t unpaced_growth_limit = 8;

private:
  void begin_round(time_point now) noexcept;
  void judge() noexcept;

  std::optional<time_point> round_began_;
  std::optional<duration> last_minimum_;     ///< lastRoundMinRTT; empty is infinite.
  std::optional<duration> current_minimum_;  ///< currentRoundMinRTT.
  unsigned samples_ = 0;
  std::optional<duration> css_baseline_;  ///< cssBaselineMinRtt, only in conservative slow start.
  unsigned css_rounds_ = 0;
  std::uint64_t uncounted_ = 0;
};

}  // namespace quasio::recovery
