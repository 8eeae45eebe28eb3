#include "recovery/loss_detection.hpp"

#include <algorithm>

namespace quasio::recovery {

loss_detection_settings loss_detection::within_bounds(loss_detection_settings settings) noexcept {
  settings.packet_threshold = std::max(settings.packet_threshold, 3u);
  settings.maximum_packet_threshold = std::max(settings.maximum_packet_threshold, settings.packet_threshold);
  settings.time_threshold = std::max(settings.time_threshold, default_time_threshold);
  settings.maximum_time_threshold = std::max(settings.maximum_time_threshold, settings.time_threshold);
  return settings;
}

void loss_detection::note_late(const sent_packet_info& late, ack_summary& summary) noexcept {
  if (summary.late == 0 || late.time_sent < summary.late_sent) summary.late_sent = late.time_sent;
  ++summary.late;
  rounds_without_late_ = 0;
  if (!largest_acked_ || *largest_acked_ <= late.packet_number) return;
  const std::uint64_t needed = *largest_acked_ - late.packet_number + 1;
  if (needed <= packet_threshold_) return;
  packet_threshold_ = static_cast<std::uint32_t>(std::min<std::uint64_t>(needed, settings_.maximum_packet_threshold));
}

void loss_detection::adapt_time_threshold(const ack_summary& summary, const rtt_estimator& rtt,
                                          time_point now) noexcept {
  const duration round_trip = std::max({rtt.latest(), rtt.smoothed(), timer_granularity});
  // In eighths, as kTimeThreshold is, rounded up: the next packet that is as late shall be waited for.
  const auto eighths = (8 * (now - summary.late_sent) + round_trip) / round_trip;
  const double needed = static_cast<double>(eighths) / 8;
  time_threshold_ = std::clamp(needed, time_threshold_, settings_.maximum_time_threshold);
}

void loss_detection::note_round_of_losses(time_point newest_sent, time_point now) noexcept {
  if (newest_sent < round_of_losses_) return;
  round_of_losses_ = now;
  if (++rounds_without_late_ <= rounds_to_forget_reordering) return;
  packet_threshold_ = settings_.packet_threshold;
  time_threshold_ = settings_.time_threshold;
}

std::uint64_t loss_detection::first_within_threshold(const skipped_numbers& skipped) const noexcept {
  // The threshold counts packets, and a number that was skipped is none (the note in appendix A.10).
  std::uint64_t number = *largest_acked_ + 1;
  for (std::uint32_t counted = 0; counted < packet_threshold_ && number > 0;) {
    --number;
    const number_range* gap = skipped.gap_around(number);
    if (gap == nullptr)
      ++counted;
    else
      number = gap->begin;
  }
  return number;
}

}  // namespace quasio::recovery
