#include "quic/ack_tracker.hpp"

#include <algorithm>

namespace quasio::quic {
namespace {

// RFC 9000, section 13.2.2: an acknowledgment for at least every second ack-eliciting packet. Packets that come in one
// batch are all received before the next transmission, so that a batch costs one acknowledgment.
constexpr unsigned ack_eliciting_threshold = 2;

}  // namespace

void ack_tracker::on_received(std::uint64_t packet_number, bool ack_eliciting, ecn_codepoint ecn, time_point now) {
  const bool first = received_.empty();
  const bool in_order = first || packet_number == largest() + 1;
  if (first || packet_number > largest()) largest_received_at_ = now;
  received_.insert(packet_number, packet_number + 1);
  if (received_.size() > max_ranges_) forget_below(received_.lowest().end);

  if (ecn == ecn_codepoint::ect0) ++ect0_;
  if (ecn == ecn_codepoint::ect1) ++ect1_;
  if (ecn == ecn_codepoint::ce) ++ce_;

  if (!ack_eliciting) return;
  ++ack_eliciting_since_ack_;
  // Section 13.2.1: out of order, or marked by the network, is news that the sender needs at once.
  if (!in_order || ecn == ecn_codepoint::ce || max_ack_delay_ == duration::zero() ||
      ack_eliciting_since_ack_ >= ack_eliciting_threshold) {
    due_now_ = true;
  } else if (!deadline_) {
    deadline_ = now + max_ack_delay_;
  }
}

void ack_tracker::on_ack_sent() noexcept {
  ack_eliciting_since_ack_ = 0;
  due_now_ = false;
  deadline_.reset();
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
