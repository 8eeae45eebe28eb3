#include "quic/ack_tracker.hpp"

#include <algorithm>

namespace quasio::quic {

void ack_tracker::on_received(std::uint64_t packet_number, bool ack_eliciting, ecn_codepoint ecn, time_point now,
                              duration round_trip) {
  const bool first = received_.empty();
  const bool in_order = first || packet_number == largest() + 1;
  if (first || packet_number > largest()) largest_received_at_ = now;
  received_.insert(packet_number, packet_number + 1);
  if (received_.size() > max_ranges_) forget_below(received_.lowest().end);

  const bool marked = ecn == ecn_codepoint::ce;
  const bool mark_is_news = marked && policy_.hastens_for_mark(marked_before_);
  marked_before_ = marked;
  if (ecn == ecn_codepoint::ect0) ++ect0_;
  if (ecn == ecn_codepoint::ect1) ++ect1_;
  if (marked) ++ce_;

  if (!ack_eliciting) return;
  ++ack_eliciting_since_ack_;
  policy_.on_packet(now, round_trip);
  // Packets that come in one batch are all received before the next transmission, so that a batch costs one
  // acknowledgment. Section 13.2.1: out of order, or marked by the network, is news that the sender needs at once.
  const bool disorder = mark_is_news || is_out_of_order(packet_number, in_order);
  if (disorder) policy_.on_disorder();
  // Ranges that were never told must not be forgotten (draft-ietf-quic-ack-frequency, section 6).
  const bool many_gaps = received_.size() > 1 && 2 * received_.size() > max_ranges_;
  if (disorder || at_once_ || many_gaps || ack_eliciting_since_ack_ >= policy_.threshold()) {
    due_now_ = true;
  } else if (!deadline_) {
    deadline_ = now + policy_.delay();
  }
}

bool ack_tracker::is_out_of_order(std::uint64_t packet_number, bool follows_the_largest) const {
  const std::uint64_t threshold = policy_.reordering_threshold();
  if (threshold == 0) return false;
  if (threshold == 1) return !follows_the_largest;
  // Draft-ietf-quic-ack-frequency, section 6.2: a packet that came after the sender had to call it lost, or one that
  // lets the sender call another lost.
  if (!follows_the_largest && largest_sent_ && *largest_sent_ >= threshold &&
      packet_number <= *largest_sent_ - threshold)
    return true;
  const auto missing = smallest_unreported_gap(threshold);
  return missing && largest() - *missing >= threshold;
}

std::optional<std::uint64_t> ack_tracker::smallest_unreported_gap(std::uint64_t reordering_threshold) const {
  const bool reported = largest_sent_ && *largest_sent_ >= reordering_threshold;
  std::uint64_t candidate = reported ? *largest_sent_ - reordering_threshold + 1 : 0;
  candidate = std::max(candidate, forgotten_below_);
  for (const number_range& range : received_) {
    if (candidate < range.begin) return candidate;
    candidate = std::max(candidate, range.end);
  }
  return std::nullopt;
}

void ack_tracker::on_ack_sent() noexcept {
  ack_eliciting_since_ack_ = 0;
  due_now_ = false;
  deadline_.reset();
  if (!received_.empty()) largest_sent_ = largest();
}

void ack_tracker::on_ack_delivered(std::uint64_t largest_acknowledged) {
  // The highest range is kept so that largest() stays known.
  if (received_.empty()) return;
  forget_below(std::min(largest_acknowledged + 1, received_.highest().end - 1));
}

void ack_tracker::forget_below(std::uint64_t bound) {
  if (bound <= forgotten_below_) return;
  received_.erase_below(bound);
  forgotten_below_ = bound;
}

}  // namespace quasio::quic
