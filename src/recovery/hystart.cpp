#include "recovery/hystart.hpp"

#include <algorithm>

namespace quasio::recovery {

void hystart::on_ack(time_point newest_time_sent, time_point now) noexcept {
  // What is sent in answer to this ACK frame, at this very moment, belongs to the new round.
  if (!round_began_ || newest_time_sent >= *round_began_) begin_round(now);
  const duration sample = now - newest_time_sent;
  current_minimum_ = std::min(current_minimum_.value_or(sample), sample);
  ++samples_;
  judge();
}

void hystart::begin_round(time_point now) noexcept {
  if (round_began_) {
    last_minimum_ = current_minimum_;
    if (is_conservative()) ++css_rounds_;
  }
  current_minimum_.reset();
  samples_ = 0;
  round_began_ = now;
}

void hystart::judge() noexcept {
  if (samples_ < samples_needed) return;
  if (is_conservative()) {
    if (*current_minimum_ >= *css_baseline_) return;
    // Section 4.2: the round trip shrank, so that what made it grow was not the queue of this flow.
    css_baseline_.reset();
    css_rounds_ = 0;
    return;
  }
  if (!last_minimum_) return;
  const duration threshold = std::clamp(*last_minimum_ / threshold_divisor, minimum_threshold, maximum_threshold);
  if (*current_minimum_ >= *last_minimum_ + threshold) css_baseline_ = current_minimum_;
}

std::uint64_t hystart::growth(std::uint64_t bytes_acked) noexcept {
  if (!is_conservative()) return bytes_acked;
  uncounted_ += bytes_acked;
  const std::uint64_t growth = uncounted_ / css_growth_divisor;
  uncounted_ %= css_growth_divisor;
  return growth;
}

}  // namespace quasio::recovery
