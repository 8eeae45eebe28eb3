#include "recovery/rtt_estimator.hpp"

namespace quasio::recovery {

void rtt_estimator::update(duration latest, duration ack_delay, bool handshake_confirmed, duration peer_max_ack_delay,
                           time_point now) noexcept {
  latest_ = std::max(latest, duration::zero());
  maximum_ = std::max(maximum_, latest_);
  jumps_.on_sample(latest_);
  if (!first_sample_at_) {
    first_sample_at_ = now;
    minimum_ = smoothed_ = latest_;
    variation_ = latest_ / 2;
    return;
  }

  minimum_ = std::min(minimum_, latest_);
  if (handshake_confirmed) ack_delay = std::min(ack_delay, peer_max_ack_delay);
  // Written as a difference because a peer chooses ack_delay, and a sum could overflow.
  const bool plausible = ack_delay <= latest_ - minimum_;
  const duration adjusted = plausible ? latest_ - std::max(ack_delay, duration::zero()) : latest_;
  // Appendix A.7's order, which is RFC 6298's: the variation is measured against the old mean. Section 5.3 prints the
  // two lines the other way round.
  variation_ = (3 * variation_ + std::chrono::abs(smoothed_ - adjusted)) / 4;
  smoothed_ = (7 * smoothed_ + adjusted) / 8;
}

}  // namespace quasio::recovery
