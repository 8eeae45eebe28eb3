#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "quasio/base/time.hpp"
#include "quasio/recovery/congestion_controller.hpp"
#include "quasio/recovery/loss_detection_settings.hpp"
#include "recovery/rtt_jumps.hpp"

namespace quasio::recovery {

/// kGranularity of RFC 9002, appendix A.2: no loss or probe timer is meant to be finer than this.
inline constexpr duration timer_granularity = std::chrono::milliseconds(1);

/// kInitialRtt of RFC 9002, appendix A.2.
inline constexpr duration default_initial_rtt = std::chrono::milliseconds(333);

/// The round-trip time of one path (RFC 9002, section 5).
class rtt_estimator {
public:
  explicit rtt_estimator(duration initial_rtt = default_initial_rtt) noexcept
      : smoothed_(initial_rtt), variation_(initial_rtt / 2) {}

  /// Takes a sample: `latest` is the time from sending the largest acknowledged packet to `now`; `ack_delay` is what
  /// the peer reported, which callers give as zero for Initial packets (section 5.3). Take samples only as section 5.1
  /// allows; ack_summary::rtt_sample() knows.
  void update(duration latest, duration ack_delay, bool handshake_confirmed, duration peer_max_ack_delay,
              time_point now) noexcept;

  /// Lets the minimum follow a path that became longer: called once persistent congestion is established, after the
  /// sample of the same ACK frame (section 5.2).
  void on_persistent_congestion() noexcept { minimum_ = latest_; }

  duration latest() const noexcept { return latest_; }
  duration smoothed() const noexcept { return smoothed_; }
  duration variation() const noexcept { return variation_; }
  duration minimum() const noexcept { return minimum_; }

  /// Zero before the first sample, as the minimum.
  duration maximum() const noexcept { return maximum_; }

  /// How often the path has become longer for good.
  std::uint64_t jumps() const noexcept { return jumps_.count(); }
  rtt_statistics statistics() const noexcept { return {latest_, smoothed_, variation_, minimum_}; }

  bool has_sample() const noexcept { return first_sample_at_.has_value(); }

  /// When the first sample was taken; persistent congestion looks only at packets sent after it (section 7.6.2).
  std::optional<time_point> first_sample_at() const noexcept { return first_sample_at_; }

  /// The probe timeout without the peer's max_ack_delay and without backoff (section 6.2.1).
  duration pto_base() const noexcept { return smoothed_ + std::max(4 * variation_, timer_granularity); }

  /// How long after a packet was sent it counts as lost once a later one is acknowledged (section 6.1.2), in terms of
  /// the round trip: `threshold` is kTimeThreshold or what a path that reorders needs.
  duration loss_delay(double threshold = default_time_threshold) const noexcept {
    const auto delay = static_cast<double>(std::max(latest_, smoothed_).count()) * threshold;
    return std::max(duration(static_cast<duration::rep>(delay)), timer_granularity);
  }

private:
  duration latest_{};
  duration smoothed_;
  duration variation_;
  duration minimum_{};
  duration maximum_{};
  rtt_jumps jumps_;
  std::optional<time_point> first_sample_at_;
};

}  // namespace quasio::recovery
