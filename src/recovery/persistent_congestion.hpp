#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "recovery/rtt_estimator.hpp"
#include "recovery/sent_packet.hpp"
#include "recovery/skipped_numbers.hpp"

namespace quasio::recovery {

/// kPersistentCongestionThreshold of RFC 9002, appendix B.1.
inline constexpr int persistent_congestion_threshold = 3;

/// How long a stretch of losses must be (RFC 9002, section 7.6.1).
inline duration persistent_congestion_duration(const rtt_estimator& rtt, duration max_ack_delay) noexcept {
  return (rtt.pto_base() + max_ack_delay) * persistent_congestion_threshold;
}

/// The newest stretch of one packet number space in which every packet was lost. Exact, because when a packet is
/// declared lost, everything before it is resolved: numbers missing between two losses were acknowledged, unless the
/// sender skipped them.
class lost_run {
public:
  /// Losses come in ascending order, whether or not they elicit acknowledgments. Only ack-eliciting packets sent after
  /// the first RTT sample can be an end of the stretch (RFC 9002, section 7.6.2).
  void extend(const sent_packet_info& lost, const skipped_numbers& skipped,
              std::optional<time_point> first_rtt_sample) noexcept;

  bool empty() const noexcept { return !has_ends_; }
  time_point first() const noexcept { return first_; }
  time_point last() const noexcept { return last_; }
  std::uint16_t path() const noexcept { return path_; }

  void reset() noexcept { *this = lost_run(); }

private:
  bool continued_by(const sent_packet_info& lost, const skipped_numbers& skipped) const noexcept;

  std::uint64_t next_number_ = 0;
  time_point first_{};
  time_point last_{};
  std::uint16_t path_ = 0;
  bool started_ = false;
  bool has_ends_ = false;
};

/// When packets that were acknowledged had been sent, as a few intervals: what a stretch of losses in another packet
/// number space must not contain. Send times closer than any persistent congestion duration share an interval, which
/// never invents an acknowledgment; the oldest interval is forgotten when there are too many, which can only make
/// congestion look more persistent, as RFC 9002, section 7.6.2 tolerates.
class acked_times {
public:
  static constexpr std::size_t limit = 16;

  void add(time_point time_sent) noexcept;

  /// Whether a packet sent strictly between the two times was acknowledged. They must be further apart than
  /// `merge_gap`.
  bool any_between(time_point begin, time_point end) const noexcept;

  void reset() noexcept { *this = acked_times(); }

  static constexpr duration merge_gap = persistent_congestion_threshold * timer_granularity;

private:
  struct interval {
    time_point first;
    time_point last;
  };

  std::array<interval, limit> intervals_{};
  std::size_t count_ = 0;
  std::size_t newest_ = 0;
};

/// What one packet number space contributes to the judgement.
struct delivery_history {
  lost_run lost;
  acked_times acked;

  void reset() noexcept {
    lost.reset();
    acked.reset();
  }
};

/// Whether two packets of `path`, of the same or of different spaces, were lost, were sent more than `threshold`
/// apart, and no packet sent between them was acknowledged in any space (RFC 9002, section 7.6.2). When so, the
/// stretches are closed, so that the same losses are not judged twice. Null spaces are discarded ones.
bool establish_persistent_congestion(std::span<delivery_history* const> spaces, std::uint16_t path,
                                     duration threshold) noexcept;

}  // namespace quasio::recovery
