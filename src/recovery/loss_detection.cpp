#include "recovery/loss_detection.hpp"

namespace quasio::recovery {

void loss_detection::note_late(const sent_packet_info& late, ack_summary& summary) noexcept {
  ++summary.late;
  if (!largest_acked_ || *largest_acked_ <= late.packet_number) return;
  const std::uint64_t needed = *largest_acked_ - late.packet_number + 1;
  if (needed <= packet_threshold_) return;
  packet_threshold_ = static_cast<std::uint32_t>(std::min<std::uint64_t>(needed, maximum_packet_threshold_));
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
