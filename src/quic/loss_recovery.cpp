#include "quic/loss_recovery.hpp"

#include <algorithm>
#include <array>
#include <chrono>

#include "quic/ecn_feedback.hpp"

namespace quasio::quic {
namespace {

// RFC 9002, section 6.2.4: one or two packets a probe timeout; two, so that the loss of one does not cost another
// timeout.
constexpr unsigned probes_per_timeout = 2;

// A peer's delay is a number of up to 2^62 shifted by up to 20; no honest one comes near this.
constexpr std::uint64_t max_raw_delay = std::uint64_t{1} << 30;

/// Bytes of one event, apart for each path they were sent on. Nearly always there is one.
class bytes_by_path {
public:
  struct share {
    std::uint16_t path = 0;
    std::uint64_t bytes = 0;
    std::uint64_t in_flight_before = 0;
    time_point newest_time_sent{};
  };

  void add(const recovery::sent_packet_info& packet, std::uint64_t in_flight_before) {
    if (!packet.in_flight) return;
    share& found = of(packet.path, in_flight_before);
    found.bytes += packet.bytes;
    found.newest_time_sent = std::max(found.newest_time_sent, packet.time_sent);
  }

  auto begin() const noexcept { return shares_.begin(); }
  auto end() const noexcept { return shares_.begin() + static_cast<std::ptrdiff_t>(count_); }

private:
  share& of(std::uint16_t path, std::uint64_t in_flight_before) {
    for (std::size_t i = 0; i < count_; ++i) {
      if (shares_[i].path == path) return shares_[i];
    }
    // Packets of more paths than a connection keeps belong to paths that were given up.
    if (count_ == shares_.size()) --count_;
    shares_[count_] = {.path = path, .in_flight_before = in_flight_before};
    return shares_[count_++];
  }

  std::array<share, 8> shares_{};
  std::size_t count_ = 0;
};

bool concerns_streams(sent_frame_kind kind) noexcept {
  return kind >= sent_frame_kind::stream && kind <= sent_frame_kind::streams_blocked_unidirectional;
}

// What is sent in a round trip: the window, of which a controller that knows the path's rate keeps more than that.
std::uint64_t bytes_per_round_trip(const path& on) noexcept {
  const auto rate = on.congestion->bandwidth_estimate();
  if (!rate || *rate == 0) return on.congestion->window();
  const double product = static_cast<double>(*rate) * std::chrono::duration<double>(on.rtt.minimum()).count();
  return std::min(on.congestion->window(), static_cast<std::uint64_t>(product));
}

}  // namespace

transport_result<void> loss_recovery::on_ack(packet_space& space, const wire::ack_frame& ack) {
  if (auto plausible = check_ranges(space, ack); !plausible) return plausible;
  if (space.is_application()) {
    if (auto entitled = check_acknowledging_keys(state_, ack.largest); !entitled) return entitled;
  }

  recovery::ack_summary summary;
  bytes_by_path acked;
  ecn_feedback marks(state_, space, ack);
  for (const wire::ack_range& range : ack.ranges) {
    space.loss.acknowledge(
        space.sent, range.smallest, range.largest, summary,
        [&](sent_packet& packet) {
          marks.on_acked(packet);
          state_.watched.acknowledged(packet.packet_number);
          state_.counters.bytes_acked += packet.bytes;
          if (path* sent_on = packet.in_flight ? state_.paths.find(packet.path) : nullptr) {
            acked.add(packet, sent_on->flight.bytes());
            sent_on->rate.on_acked(packet, state_.now);
            remove_from_flight(*sent_on, packet);
            sent_on->note_arrival(packet, state_.now);
          }
          on_frames_acked(space, packet.content);
        },
        [&](sent_packet& late) {
          state_.watched.acknowledged(late.packet_number);
          path* sent_on = state_.paths.find(late.path);
          if (sent_on) sent_on->note_arrival(late, state_.now);
          if (late.mtu_probe) return;
          ++state_.counters.packets_spuriously_lost;
          if (sent_on && late.in_flight) {
            sent_on->rate.on_late(late.bytes);
            sent_on->congestion->on_spurious_loss(late.bytes, late.time_sent, state_.now);
            sent_on->update_pacing(state_.now);
          }
          on_frames_acked(space, late.content);
        });
  }
  state_.watched.acknowledgment_ends(space.id, state_.now);
  if (summary.late > 0) space.loss.adapt_time_threshold(summary, state_.paths.active().rtt, state_.now);
  if (summary.empty()) return {};

  if (space.id == space_id::handshake) state_.handshake_packet_acked = true;
  if (space.is_application()) note_acknowledged(state_, summary.newest.packet_number);
  update_rtt(space, summary, ack.delay);
  marks.conclude(summary.newest);
  detect_losses(space);
  for (const auto& share : acked) {
    path* sent_on = state_.paths.find(share.path);
    if (!sent_on) continue;
    sent_on->congestion->on_packets_acked(
        {.bytes = share.bytes,
         .bytes_in_flight_before = share.in_flight_before,
         .bytes_in_flight = sent_on->flight.bytes(),
         .newest_time_sent = share.newest_time_sent,
         .window_underutilized = sent_on->flight.underutilized_since(share.newest_time_sent),
         .rtt = sent_on->rtt.statistics(),
         .rate = sent_on->rate.take_sample(sent_on->rtt.minimum(), state_.now)},
        state_.now);
    if (sent_on->congestion->holds_back()) sent_on->rate.mark_app_limited(sent_on->flight.bytes());
    sent_on->on_delivered(share.bytes, state_.now);
    state_.watched.recovery_changed(*sent_on, state_.pto_count, state_.now);
  }
  if (space.is_application()) request_acknowledgments();
  // RFC 9002, section 6.2.1: a client that may still be blocked at the server's amplification limit keeps its backoff.
  if (state_.is_server() || state_.handshake_packet_acked || state_.handshake_confirmed) state_.pto_count = 0;
  state_.loss_timer_rearmed = state_.now;
  return {};
}

void loss_recovery::request_acknowledgments() {
  if (!state_.handshake_confirmed || !state_.ack_requests.is_allowed()) return;
  const path& active = state_.paths.active();
  state_.ack_requests.consider({.window_packets = bytes_per_round_trip(active) / active.max_datagram_size(),
                                .smoothed_rtt = active.rtt.smoothed(),
                                .packet_threshold = state_.application().loss.packet_threshold()},
                               state_.now);
}

void loss_recovery::forget_early_packets() {
  packet_space& space = state_.application();
  space.sent.discard([&](sent_packet& packet) {
    forget(packet);
    on_frames_lost(space, packet.content);
    tell_lost_datagrams(packet.content);
  });
  space.loss.on_discarded();
}

transport_result<void> loss_recovery::check_ranges(const packet_space& space, const wire::ack_frame& ack) const {
  for (const wire::ack_range& range : ack.ranges) {
    if (space.is_application() && range.smallest < state_.early_packets_end) {
      // RFC 9001, section 4.6.2.
      return unexpected(
          transport_error{transport_error_code::protocol_violation, 0x02, "acknowledges early data that was rejected"});
    }
    const auto violation = space.sent.check_ack(range.smallest, range.largest);
    if (!violation) continue;
    const bool skipped = *violation == recovery::ack_violation::skipped;
    return unexpected(transport_error{
        transport_error_code::protocol_violation, 0x02,
        skipped ? "acknowledges a packet number that was skipped" : "acknowledges a packet that was never sent"});
  }
  return {};
}

void loss_recovery::update_rtt(const packet_space& space, const recovery::ack_summary& summary,
                               std::uint64_t raw_delay) {
  const auto sample = summary.rtt_sample(state_.now);
  path* sent_on = state_.paths.find(summary.newest.path);
  if (!sample || !sent_on) return;
  duration delay{};
  if (space.is_application()) {
    delay = std::chrono::microseconds(std::min(raw_delay, max_raw_delay) << state_.peer_parameters.ack_delay_exponent);
  }
  sent_on->rtt.update(*sample, delay, state_.handshake_confirmed, peer_max_ack_delay(state_), state_.now);
}

void loss_recovery::detect_losses(packet_space& space) {
  bytes_by_path lost;
  const recovery::rtt_estimator& rtt = state_.paths.active().rtt;
  space.loss.detect_lost(space.sent, rtt, state_.now, [&](sent_packet& packet) {
    if (state_.watched) tell_of(space, packet);
    if (packet.mtu_probe) return on_mtu_probe_lost(packet);
    ++state_.counters.packets_lost;
    state_.counters.bytes_lost += packet.bytes;
    if (path* sent_on = packet.in_flight ? state_.paths.find(packet.path) : nullptr) {
      ++sent_on->counters.packets_lost;
      const auto datagrams = std::ranges::count(packet.content, sent_frame_kind::datagram, &sent_frame::kind);
      sent_on->counters.datagram_frames_lost += static_cast<std::uint64_t>(datagrams);
      sent_on->counters.bytes_lost += packet.bytes;
      lost.add(packet, 0);
      remove_from_flight(*sent_on, packet);
      sent_on->congestion->on_packet_lost(sent_on->rate.on_lost(packet), state_.now);
      if (sent_on->mtu.on_packet_lost(packet.bytes, packet.time_sent, state_.now)) ++state_.counters.mtu_black_holes;
    }
    if (path* marked_on = path_of_mark(packet)) marked_on->ecn.on_marked_lost();
    on_frames_lost(space, packet.content);
    tell_lost_datagrams(packet.content);
  });
  std::array<recovery::delivery_history*, 3> histories{};
  for (packet_space& each : state_.spaces)
    histories[index_of(each.id)] = each.discarded ? nullptr : &each.loss.history();
  for (const auto& share : lost) {
    path* sent_on = state_.paths.find(share.path);
    if (!sent_on) continue;
    const bool recovering = sent_on->congestion->on_congestion_event({.signal = recovery::congestion_signal::loss,
                                                                      .newest_time_sent = share.newest_time_sent,
                                                                      .bytes_lost = share.bytes,
                                                                      .bytes_in_flight = sent_on->flight.bytes()},
                                                                     state_.now);
    if (recovering) ++state_.counters.congestion_events;
    sent_on->on_lost(share.bytes, recovering, state_.now);
    const duration threshold = recovery::persistent_congestion_duration(sent_on->rtt, peer_max_ack_delay(state_));
    if (recovery::establish_persistent_congestion(histories, share.path, threshold)) {
      sent_on->congestion->on_persistent_congestion(state_.now);
      sent_on->rtt.on_persistent_congestion();
      sent_on->mtu.on_persistent_congestion();
    }
    sent_on->update_pacing(state_.now);
    state_.watched.recovery_changed(*sent_on, state_.pto_count, state_.now);
  }
}

void loss_recovery::tell_of(const packet_space& space, const recovery::sent_packet_info& lost) const {
  const bool too_far_behind = lost.packet_number + space.loss.packet_threshold() <= space.loss.largest_acked();
  state_.watched->on_packet_lost({.kind = kind_of(space.id),
                                  .number = lost.packet_number,
                                  .size = lost.bytes,
                                  .path = lost.path,
                                  .cause = too_far_behind ? loss_cause::packet_threshold : loss_cause::time_threshold,
                                  .mtu_probe = lost.mtu_probe},
                                 state_.now);
}

void loss_recovery::on_frames_acked(packet_space& space, const sent_frames& frames) {
  for (const sent_frame& frame : frames) {
    if (concerns_streams(frame.kind)) {
      state_.streams.on_acked(frame);
    } else if (frame.kind == sent_frame_kind::ack) {
      space.acks.on_ack_delivered(frame.offset);
    } else if (frame.kind == sent_frame_kind::crypto) {
      space.crypto.on_acked(frame);
    } else if (frame.kind == sent_frame_kind::ack_frequency) {
      state_.ack_requests.on_acked(frame);
    } else if (frame.kind == sent_frame_kind::new_connection_id) {
      state_.local_ids.on_acked(frame);
    } else if (frame.kind == sent_frame_kind::retire_connection_id) {
      state_.peer_ids.on_acked(frame);
    } else if (frame.kind == sent_frame_kind::new_token) {
      state_.tokens.on_acked(frame);
    } else if (frame.kind == sent_frame_kind::datagram) {
      state_.datagrams_out.on_acked(frame);
    }
  }
}

// Not on_frames_lost(), which is also called for what a probe only suspects to be lost and sends again: datagrams are
// never sent again (RFC 9221, section 5.2).
void loss_recovery::tell_lost_datagrams(const sent_frames& frames) {
  for (const sent_frame& frame : frames) {
    if (frame.kind == sent_frame_kind::datagram) state_.datagrams_out.on_lost(frame);
  }
}

void loss_recovery::on_frames_lost(packet_space& space, const sent_frames& frames) {
  for (const sent_frame& frame : frames) {
    if (concerns_streams(frame.kind)) {
      state_.streams.on_lost(frame);
      continue;
    }
    switch (frame.kind) {
      case sent_frame_kind::crypto:
        space.crypto.on_lost(frame);
        // The window may be full of application data that cannot be acknowledged before the handshake goes on, and with
        // nothing in flight in this space no timer would run: one packet goes in any case (RFC 9002, section 6.2.3).
        if (!space.is_application()) space.probes = std::max(space.probes, 1u);
        break;
      case sent_frame_kind::new_connection_id:
        state_.local_ids.on_lost(frame);
        break;
      case sent_frame_kind::retire_connection_id:
        state_.peer_ids.on_lost(frame);
        break;
      case sent_frame_kind::new_token:
        state_.tokens.on_lost(frame);
        break;
      case sent_frame_kind::ack_frequency:
        state_.ack_requests.on_lost(frame);
        break;
      case sent_frame_kind::handshake_done:
        state_.handshake_done_due = true;
        break;
      default:
        break;  // An ACK is made anew with the next packet; a challenge has its own timer.
    }
  }
}

void loss_recovery::remove_from_flight(path& sent_on, const recovery::sent_packet_info& packet) {
  // A peer that changed its address 2^16 times may find the number of a path given up long ago in use again.
  sent_on.flight.remove(std::min<std::uint64_t>(packet.bytes, sent_on.flight.bytes()));
}

path* loss_recovery::path_of_mark(const recovery::sent_packet_info& packet) noexcept {
  return packet.ecn == ecn_codepoint::not_ect ? nullptr : state_.paths.find(packet.path);
}

void loss_recovery::on_mtu_probe_lost(const recovery::sent_packet_info& probe) {
  ++state_.counters.mtu_probes_lost;
  // RFC 9000, section 14.4: no sign of congestion, as datagrams of this size may never pass.
  forget(probe);
  if (path* sent_on = state_.paths.find(probe.path)) sent_on->mtu.on_probe_lost(probe.bytes, state_.now);
}

void loss_recovery::on_refused_by_host(const network_path& address, std::size_t size) {
  path& on = state_.paths.active();
  if (on.address() != address) return;
  // Left in place, a probe that was never sent would be waited for.
  state_.application().sent.withdraw_newest(
      [&](const sent_packet& sent) { return sent.mtu_probe && sent.path == on.id() && sent.bytes == size; },
      [&](const sent_packet& probe) {
        ++state_.counters.mtu_probes_lost;
        forget(probe);
      });
  on.mtu.on_refused_by_host(size, state_.now);
}

void loss_recovery::forget(const recovery::sent_packet_info& packet) {
  if (path* marked_on = path_of_mark(packet)) marked_on->ecn.on_marked_forgotten();
  path* sent_on = packet.in_flight ? state_.paths.find(packet.path) : nullptr;
  if (!sent_on) return;
  remove_from_flight(*sent_on, packet);
  sent_on->congestion->on_packets_discarded(packet.bytes);
}

std::optional<recovery::loss_timer> loss_recovery::timer() const {
  recovery::loss_timer_inputs inputs;
  for (const packet_space& space : state_.spaces) {
    if (space.discarded) continue;
    inputs.spaces[index_of(space.id)] = {.ack_eliciting_in_flight = space.sent.ack_eliciting_outstanding() > 0,
                                         .last_ack_eliciting_sent = space.sent.last_ack_eliciting_sent(),
                                         .loss_time = space.loss.loss_time()};
  }
  const path& active = state_.paths.active();
  inputs.pto_base = active.rtt.pto_base();
  inputs.max_ack_delay = peer_max_ack_delay(state_);
  inputs.pto_count = state_.pto_count;
  inputs.handshake_confirmed = state_.handshake_confirmed;
  inputs.has_handshake_keys = state_.keys.handshake_write.has_value();
  inputs.peer_completed_address_validation =
      state_.is_server() || state_.handshake_packet_acked || state_.handshake_confirmed;
  inputs.at_anti_amplification_limit =
      state_.handshake_confirmed ? !active.may_carry_data() : active.amplification_room() < active.max_datagram_size();
  inputs.rearmed_at = state_.loss_timer_rearmed;
  return recovery::next_loss_timer(inputs);
}

std::optional<time_point> loss_recovery::deadline() const {
  const auto next = timer();
  return next ? std::optional(next->deadline) : std::nullopt;
}

void loss_recovery::on_timeout() {
  const auto due = timer();
  if (!due || due->deadline > state_.now) return;
  packet_space& space = state_.space(due->space);
  if (due->kind == recovery::loss_timer_kind::time_threshold) {
    detect_losses(space);
  } else {
    ++state_.pto_count;
    ++state_.counters.probe_timeouts;
    ++state_.paths.active().counters.probe_timeouts;
    send_probes(space);
  }
  state_.loss_timer_rearmed = state_.now;
}

void loss_recovery::send_probes(packet_space& space) {
  add_probes(space, probes_per_timeout);
  // RFC 9002, section 6.2.4: other spaces get theirs in the same datagrams. While the window is full of packets that
  // cannot be acknowledged before the handshake goes on, nothing else would let its missing bytes out; and a server
  // that has its handshake behind it takes no more of a client's Handshake packets, but looks for it at a new address
  // when 1-RTT packets come. A server drops early data that arrives before the ClientHello: it goes along again, too.
  if (space.is_application()) return;
  for (packet_space& other : state_.spaces) {
    const bool unsettled = other.crypto.has_data_to_send() || other.sent.ack_eliciting_outstanding() > 0;
    if (&other != &space && !other.discarded && unsettled) add_probes(other, 1);
  }
}

void loss_recovery::add_probes(packet_space& space, unsigned count) {
  space.probes = std::max(space.probes, count);
  // What was sent longest ago is most likely what the peer misses. It is sent again without being counted as lost.
  unsigned repeated = 0;
  space.sent.visit_outstanding([&](sent_packet& packet) {
    if (!packet.ack_eliciting) return true;
    on_frames_lost(space, packet.content);
    return ++repeated < count;
  });
}

void loss_recovery::discard(space_id id) {
  packet_space& space = state_.space(id);
  if (space.discarded) return;
  space.discarded = true;
  space.sent.discard([&](sent_packet& packet) { forget(packet); });
  space.loss.on_discarded();
  space.probes = 0;
  (id == space_id::initial ? state_.keys.initial_read : state_.keys.handshake_read).reset();
  (id == space_id::initial ? state_.keys.initial_write : state_.keys.handshake_write).reset();
  if (state_.watched) state_.watched->on_key({.what = key_event::discarded, .level = kind_of(id)}, state_.now);
  state_.pto_count = 0;
  state_.loss_timer_rearmed = state_.now;
}

void loss_recovery::on_retry() {
  packet_space& initial = state_.space(space_id::initial);
  initial.sent.discard([&](sent_packet& packet) { forget(packet); });
  initial.loss.on_discarded();
  initial.crypto.resend_unacknowledged();
  // RFC 9000, section 17.2.5.3: early data is sent again as well.
  if (state_.keys.early_write) forget_early_packets();
  state_.pto_count = 0;
  state_.loss_timer_rearmed = state_.now;
}

}  // namespace quasio::quic
