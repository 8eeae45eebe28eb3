#pragma once

#include <algorithm>
#include <cstdint>

#include "quasio/recovery/rate_sample.hpp"
#include "recovery/bbr_arithmetic.hpp"

namespace quasio::recovery {

/// The short-term model: what the path delivered in the last round trip, and the bounds that losses put on the sender
/// until it probes again (draft-ietf-ccwg-bbr, "When not Probing for Bandwidth").
class bbr_short_term {
public:
  /// At the beginning of the work on an acknowledgment: says whether it ends a round of looking for losses.
  bool on_ack(const rate_sample& sample) noexcept {
    bandwidth_latest_ = std::max(bandwidth_latest_, sample.delivery_rate);
    inflight_latest_ = std::max(inflight_latest_, sample.delivered);
    round_over_ = sample.prior_delivered >= round_delivered_;
    if (round_over_) round_delivered_ = sample.total_delivered;
    return round_over_;
  }

  /// At its end.
  void advance(const rate_sample& sample) noexcept {
    if (!round_over_) return;
    bandwidth_latest_ = sample.delivery_rate;
    inflight_latest_ = sample.delivered;
  }

  /// A sign of congestion. With the first in a round the round begins anew.
  void on_congestion(std::uint64_t total_delivered) noexcept {
    if (congested_) return;
    congested_ = true;
    round_delivered_ = total_delivered;
  }

  /// The bounds follow a round with losses down: X % of loss lower them by X % ("Design Considerations for Choosing
  /// Constant Parameters"). What a sender lacks that by itself paced at `paced_share` of them is no sign of congestion,
  /// and does not count: else each round trip in which a single packet is lost lowers them by the pacing margin as
  /// well, or by all that ProbeBW_DOWN holds back, and that over and over.
  void tighten(std::uint64_t max_bandwidth, std::uint64_t window, double beta, double paced_share) noexcept {
    if (bandwidth_ == unbounded) bandwidth_ = max_bandwidth;
    if (inflight_ == unbounded) inflight_ = window;
    bandwidth_ = followed(bandwidth_, bandwidth_latest_, beta, paced_share);
    inflight_ = followed(inflight_, inflight_latest_, beta, paced_share);
  }

  /// The sender is about to probe: what was short-term is over.
  void release() noexcept { bandwidth_ = inflight_ = unbounded; }

  void raise(std::uint64_t bandwidth, std::uint64_t inflight) noexcept {
    bandwidth_ = std::max(bandwidth_, bandwidth);
    inflight_ = std::max(inflight_, inflight);
  }

  /// ResetCongestionSignals().
  void forget_signals() noexcept {
    congested_ = false;
    bandwidth_latest_ = inflight_latest_ = 0;
  }
  void forget_congestion() noexcept { congested_ = false; }

  bool round_over() const noexcept { return round_over_; }
  bool congested() const noexcept { return congested_; }
  std::uint64_t inflight_latest() const noexcept { return inflight_latest_; }
  std::uint64_t bandwidth() const noexcept { return bandwidth_; }  ///< BBR.bw_shortterm.
  std::uint64_t inflight() const noexcept { return inflight_; }    ///< BBR.inflight_shortterm.

private:
  static std::uint64_t followed(std::uint64_t bound, std::uint64_t latest, double beta, double paced_share) noexcept {
    const std::uint64_t unslowed = std::min(bound, scaled(latest, 1 / paced_share));
    return std::max({latest, unslowed, scaled(bound, beta)});
  }

  std::uint64_t bandwidth_ = unbounded;
  std::uint64_t inflight_ = unbounded;
  std::uint64_t bandwidth_latest_ = 0;
  std::uint64_t inflight_latest_ = 0;
  std::uint64_t round_delivered_ = 0;
  bool round_over_ = false;
  bool congested_ = false;  ///< BBR.is_loss_in_round.
};

}  // namespace quasio::recovery
