#include "quic/ecn_feedback.hpp"

#include <span>

namespace quasio::quic {

ecn_feedback::ecn_feedback(connection_state& state, packet_space& space, const wire::ack_frame& ack) noexcept
    : state_(state),
      space_(space),
      ack_(ack),
      raises_largest_(!space.loss.largest_acked() || *space.loss.largest_acked() < ack.largest) {}

void ecn_feedback::on_acked(const recovery::sent_packet_info& packet) noexcept {
  if (packet.ecn == ecn_codepoint::not_ect) return;
  for (std::size_t i = 0; i < count_; ++i) {
    if (shares_[i].path != packet.path) continue;
    ++shares_[i].packets;
    return;
  }
  // One frame for packets of more paths than a connection keeps: the rest are paths that were given up.
  if (count_ < shares_.size()) shares_[count_++] = {.path = packet.path, .packets = 1};
}

void ecn_feedback::conclude(const recovery::sent_packet_info& newest) {
  // Frames that come out of order must not count against the path; the next one in order covers them.
  if (!raises_largest_) return;
  const auto increase = ack_.ecn ? space_.ecn.take(*ack_.ecn) : ecn_ledger::increase{};
  if (!increase || increase->ect0 + increase->ce < expected_marks()) return fail_paths(newest);
  for (const share& marked : std::span(shares_).first(count_)) {
    path* sent_on = state_.paths.find(marked.path);
    if (!sent_on || sent_on->ecn.has_failed()) continue;
    state_.counters.ecn_ect0_acked += marked.packets;
    sent_on->ecn.on_validated(marked.packets, marked.path == newest.path ? increase->ce : 0);
  }
  if (increase->ce > 0) report_congestion(newest, increase->ce);
}

/// What was sent on a path that has failed need not be counted.
std::uint64_t ecn_feedback::expected_marks() const noexcept {
  std::uint64_t expected = 0;
  for (const share& marked : std::span(shares_).first(count_)) {
    const path* sent_on = state_.paths.find(marked.path);
    if (sent_on && !sent_on->ecn.has_failed()) expected += marked.packets;
  }
  return expected;
}

void ecn_feedback::fail_paths(const recovery::sent_packet_info& newest) noexcept {
  if (path* newest_on = state_.paths.find(newest.path)) newest_on->ecn.fail();
  for (const share& marked : std::span(shares_).first(count_)) {
    if (path* sent_on = state_.paths.find(marked.path)) sent_on->ecn.fail();
  }
}

void ecn_feedback::report_congestion(const recovery::sent_packet_info& newest, std::uint64_t marks) {
  path* sent_on = state_.paths.find(newest.path);
  if (!sent_on || sent_on->ecn.has_failed()) return;
  state_.counters.ecn_ce_acked += marks;
  // RFC 9002, appendix B.7. Marks of one round trip are one sign: the controller sees it by when the packet was sent.
  const bool recovering = sent_on->congestion->on_congestion_event({.signal = recovery::congestion_signal::ecn_ce,
                                                                    .newest_time_sent = newest.time_sent,
                                                                    .bytes_lost = 0,
                                                                    .bytes_in_flight = sent_on->flight.bytes()},
                                                                   state_.now);
  if (recovering) {
    ++state_.counters.congestion_events;
    sent_on->on_lost(0, recovering, state_.now);  // The flight comes down as it does after a loss.
  }
  sent_on->update_pacing(state_.now);
}

}  // namespace quasio::quic
