#include "quic/transmitter.hpp"

#include <algorithm>
#include <utility>

#include "quic/datagram_capacity.hpp"
#include "quic/early_data_flow.hpp"
#include "quic/frame_counting.hpp"
#include "quic/payload_writer.hpp"
#include "wire/frame_writer.hpp"

namespace quasio::quic {
namespace {

// RFC 9000, sections 8.2.1 and 14.1: datagrams with Initial packets or path validation show that the path carries this
// much.
constexpr std::size_t min_full_datagram = 1200;

// No batch of the kernel's comes near it.
constexpr std::uint64_t max_batch = std::uint64_t{1} << 31;

/// A packet that is written but not sealed yet, since it may turn out to need padding.
struct pending_packet {
  packet_builder builder;
  bool ack_eliciting;
};

/// Pads the last packet of a datagram, behind `sealed` bytes of others, so that the datagram has its full size.
void pad_datagram(packet_builder& last, std::size_t sealed, std::size_t room) {
  const std::size_t full = std::min(min_full_datagram, room);
  if (full > sealed) last.pad_to(full - sealed);
}

/// A controller that knows its send quantum wants nothing larger to go out in one piece.
std::size_t most_at_once(const path& on) noexcept {
  return static_cast<std::size_t>(on.congestion->send_quantum() ? on.pacer.quantum() : max_batch);
}

std::size_t within_amplification(const path& on, std::size_t size) noexcept {
  return static_cast<std::size_t>(std::min<std::uint64_t>(size, on.amplification_room()));
}

}  // namespace

std::optional<transmission> transmitter::transmit(byte_span buffer, std::size_t max_segments) {
  if (state_.keys.application_write && state_.keys.application_write->worn_out()) {
    fail(state_, {transport_error_code::aead_limit_reached, 0, "the keys are worn out and no update was possible"});
  }
  if (!state_.end.is_open()) return transmit_close(buffer);
  if (path* aside = state_.paths.next_with_frames(); aside && state_.keys.application_write)
    return transmit_path_frames(*aside, buffer);

  path& on = state_.paths.active();
  state_.pacing_release.reset();
  settle_datagram_size(on, buffer.size());
  if (auto probe = transmit_mtu_probe(on, buffer)) return probe;
  if (on.mtu.state() == mtu_state::error && on.is_validated()) return std::nullopt;
  std::size_t full_size = std::min(on.max_datagram_size(), buffer.size());
  // RFC 8899, section 4.3: where large packets vanish, it is small ones that must show that the peer is there.
  if (state_.pto_count > 0) full_size = std::min(full_size, smallest_max_datagram_size);
  // Section 8.2.1: on a path that the peer has moved to, what its few bytes allow must do, or validation would never
  // begin. Before the handshake is confirmed datagrams are whole or not at all.
  if (state_.handshake_confirmed) full_size = within_amplification(on, full_size);
  const std::size_t most = most_at_once(on);
  // One batch has one mark, which ends where the test of the path does.
  mark_ = on.ecn.mark(state_.now);
  std::size_t written = 0;
  std::size_t segment_size = 0;
  for (std::size_t segments = 0; segments < max_segments && buffer.size() - written >= full_size; ++segments) {
    if (on.amplification_room() < full_size) {
      if (written == 0) note_amplification_limit(on);
      break;
    }
    if (written > 0 && written + full_size > most) break;
    if (on.ecn.mark(state_.now) != mark_) break;
    const std::size_t size = write_datagram(buffer.subspan(written, full_size), on);
    if (size == 0) break;
    account(on, size);
    written += size;
    if (segment_size == 0) segment_size = size;
    if (size == full_size) continue;
    // Segments are of one size but for the last: after a short one nothing may follow. But datagrams are often of one
    // size that no two of share a packet: then that is the batch's.
    if (segments > 0 || !next_datagram_fits(state_, size)) break;
    full_size = size;
  }
  if (written == 0) return std::nullopt;
  return transmission{.size = written, .segment_size = segment_size, .path = on.address(), .ecn = mark_};
}

std::size_t transmitter::write_datagram(byte_span room, path& on) {
  const permission allowed = ask_permission(on, room.size());
  std::optional<pending_packet> pending;
  std::size_t sealed = 0;
  bool needs_full_size = false;
  bool first_handshake_packet = false;

  for (packet_space& space : state_.spaces) {
    if (!wants_packet(space, allowed)) continue;
    const std::size_t begin = sealed + (pending ? pending->builder.sealed_size() : 0);
    packet_builder packet(state_, space, on, room.subspan(begin));
    if (!packet.ok()) break;
    const bool validates_path = may_validate(space, allowed);
    const bool ack_eliciting = write_frames(packet, allowed, !needs_full_size && !validates_path);
    if (packet.is_empty()) continue;
    if (pending) sealed += finish(pending->builder, on, pending->ack_eliciting);
    // Section 14.1: a client pads every datagram with an Initial packet, a server those that elicit an acknowledgment.
    needs_full_size |= validates_path || (space.id == space_id::initial && (state_.is_client() || ack_eliciting));
    first_handshake_packet |= space.id == space_id::handshake && state_.is_client();
    pending.emplace(pending_packet{packet, ack_eliciting});
  }
  if (!pending) {
    // Section "Tracking application-limited phases" of draft-ietf-ccwg-bbr: what flow control holds back is not lack of
    // data, since the receiver is a bottleneck as good as any.
    const bool is_blocked = state_.streams.is_blocked_by_peer();
    if (allowed.may_elicit && is_blocked) state_.watched.meets(send_obstacle::flow_control, state_.now);
    if (allowed.may_elicit && !is_blocked) on.rate.on_ran_dry(state_.now);
    return 0;
  }
  if (needs_full_size && !allowed.only_validation) pad_datagram(pending->builder, sealed, room.size());
  const bool last_elicits = pending->ack_eliciting;
  sealed += finish(pending->builder, on, last_elicits);
  // RFC 9001, section 4.9.1: a client that can send Handshake packets has no more use for Initial ones.
  if (first_handshake_packet) recovery_.discard(space_id::initial);
  if (allowed.may_elicit && last_elicits) state_.watched.meets(send_obstacle::none, state_.now);
  return sealed;
}

void transmitter::note_amplification_limit(const path& on) {
  const bool limited = std::ranges::any_of(state_.spaces, [&](const packet_space& space) {
    return has_write_keys(space) && (has_data(space, on) || space.probes > 0);
  });
  if (!limited) return;
  state_.watched.meets(send_obstacle::amplification_limit, state_.now);
  if (!std::exchange(amplification_limited_, true)) ++state_.counters.amplification_limited;
}

transmitter::permission transmitter::ask_permission(path& on, std::size_t size) {
  // What a peer with few bytes to say allows must do for all challenges (RFC 9000, section 8.2.1): nothing else, and no
  // padding, may use it up.
  if (state_.handshake_confirmed && !on.may_carry_data()) return {on, false, true};
  const bool within_window = on.flight.room(on.congestion->window()) >= size + room_for_mtu_probe_;
  const bool within_pace = !state_.config.pacing || on.pacer.budget(state_.now) >= size;
  if (within_window && within_pace) return {on, true, false};
  if (!within_window && !state_.handshake_confirmed) let_handshake_pass();
  const bool held_back = std::ranges::any_of(
      state_.spaces, [&](const packet_space& space) { return has_write_keys(space) && has_data(space, on); });
  if (held_back) {
    state_.watched.meets(within_window ? send_obstacle::pacing : send_obstacle::congestion_window, state_.now);
    on.flight.on_blocked(state_.now);
    on.rate.on_held_back();
    if (within_pace && on.congestion->pacing_rate()) state_.ack_requests.on_window_exhausted();
    if (within_window) state_.pacing_release = on.pacer.release_time(state_.now, on.pacer.quantum());
  }
  if (!held_back && within_window && !state_.streams.is_blocked_by_peer()) on.rate.on_ran_dry(state_.now);
  return {on, false, false};
}

// What fills the window before the handshake is complete, early data above all, may not be acknowledged before it is:
// the handshake's own bytes must not wait for that. As with probes (RFC 9002, section 7.5), one packet at a time.
void transmitter::let_handshake_pass() {
  for (const space_id id : {space_id::initial, space_id::handshake}) {
    packet_space& space = state_.space(id);
    if (has_write_keys(space) && space.crypto.has_data_to_send() && space.sent.ack_eliciting_outstanding() == 0)
      space.probes = std::max(space.probes, 1u);
  }
}

bool transmitter::wants_packet(const packet_space& space, const permission& allowed) const {
  if (!has_write_keys(space)) return false;
  if (space.probes > 0 || space.acks.is_due(state_.now) || may_validate(space, allowed)) return true;
  return allowed.may_elicit && !space.sent.full() && has_data(space, allowed.on);
}

// Challenges are rare and small, and what the window is full of may have been sent where nobody is any more: they do
// not wait (RFC 9000, section 9.4). Responses do, lest a peer be able to make this end disregard its window.
bool transmitter::may_validate(const packet_space& space, const permission& allowed) {
  if (!space.is_application() || !allowed.on.has_frames_to_send()) return false;
  return allowed.may_elicit || space.probes > 0 || allowed.on.validation.wants_to_send() || allowed.only_validation;
}

bool transmitter::has_write_keys(const packet_space& space) const {
  switch (space.id) {
    case space_id::initial:
      return state_.keys.initial_write.has_value();
    case space_id::handshake:
      return state_.keys.handshake_write.has_value();
    default:
      return state_.keys.application_write.has_value() || sends_early_data(state_);
  }
}

bool transmitter::has_data(const packet_space& space, const path& on) const {
  if (space.crypto.has_data_to_send()) return true;
  if (!space.is_application()) return false;
  if (!state_.keys.application_write) return has_application_payload(state_);
  return state_.handshake_done_due || state_.alive.is_due() || on.has_frames_to_send() ||
         state_.ack_requests.has_frame_to_send() || state_.local_ids.has_frames_to_send() ||
         state_.peer_ids.has_frames_to_send() || state_.tokens.has_frames_to_send() || has_application_payload(state_);
}

bool transmitter::write_frames(packet_builder& packet, const permission& allowed, bool last_in_datagram) {
  packet_space& space = packet.space();
  const bool ack_is_due = space.acks.is_due(state_.now);
  write_ack(packet);
  const std::size_t after_ack = packet.frames().position();
  const bool ack_eliciting =
      write_content(packet, allowed, last_in_datagram) || ask_for_acknowledgment(packet, allowed);
  if (!ack_eliciting && !ack_is_due) {
    // An acknowledgment alone goes out only when it is due; and for what does not fit beside it, it stands back.
    packet.give_up();
    return after_ack > 0 && write_content(packet, allowed, last_in_datagram);
  }
  if (after_ack > 0) {
    space.acks.on_ack_sent();
    ++state_.counters.acknowledgments_sent;
    if (space.is_application()) note_acknowledgment_sent(state_, space.acks.largest());
  }
  return ack_eliciting;
}

// RFC 9000, section 13.2.4: who only receives learns what became of its acknowledgments when it asks now and then. Not
// before the last answer has come: two who only acknowledge must not keep one another busy.
bool transmitter::ask_for_acknowledgment(packet_builder& packet, const permission& allowed) {
  packet_space& space = packet.space();
  if (!space.is_application() || !space.acks.is_due(state_.now) || packet.is_empty()) return false;
  const std::uint32_t most = state_.config.ack_only_packets_per_ping;
  if (++space.ack_only_packets < most || most == 0 || !allowed.may_elicit) return false;
  if (space.sent.ack_eliciting_outstanding() > 0 || packet.frames().remaining() == 0) return false;
  wire::write(packet.frames(), wire::ping_frame{});
  return true;
}

bool transmitter::write_content(packet_builder& packet, const permission& allowed, bool last_in_datagram) {
  packet_space& space = packet.space();
  const std::size_t begin = packet.frames().position();
  if (may_validate(space, allowed)) allowed.on.write_frames(packet.frames());
  if (allowed.only_validation || (!allowed.may_elicit && space.probes == 0)) return packet.frames().position() > begin;
  // Draft-ietf-quic-ack-frequency, section 7: the answer to a probe should not wait.
  if (space.probes > 0 && packet.is_short() && state_.peer_parameters.min_ack_delay)
    wire::write(packet.frames(), wire::immediate_ack_frame{});
  space.crypto.write_frames(packet.frames(), space.sent.draft());
  if (space.is_application()) write_application_frames(packet, last_in_datagram);
  // A probe must elicit an acknowledgment whatever there is to say (RFC 9002, section 6.2.4), as must a sign of life.
  const bool must_elicit = space.probes > 0 || (space.is_application() && state_.alive.is_due());
  if (must_elicit && packet.frames().position() == begin) wire::write(packet.frames(), wire::ping_frame{});
  return packet.frames().position() > begin;
}

void transmitter::write_ack(packet_builder& packet) {
  packet_space& space = packet.space();
  // A probe carries one in any case: that the peer is silent may be because the last one was lost.
  const bool wanted = space.acks.has_unacknowledged() || space.acks.is_due(state_.now) || space.probes > 0;
  if (space.acks.empty() || !wanted) return;
  std::optional<wire::ecn_counts> ecn;
  if (space.acks.has_ecn()) ecn = wire::ecn_counts{space.acks.ect0(), space.acks.ect1(), space.acks.ce()};
  const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(space.acks.delay(state_.now)).count();
  const auto raw_delay =
      static_cast<std::uint64_t>(std::max<std::int64_t>(microseconds, 0)) >> state_.config.ack_delay_exponent;
  if (wire::write_ack(packet.frames(), space.acks.received(), raw_delay, ecn, state_.config.max_ack_ranges)) {
    space.sent.draft().push_back({.kind = sent_frame_kind::ack, .offset = space.acks.largest()});
  }
}

void transmitter::write_application_frames(packet_builder& packet, bool last_in_datagram) {
  sent_frames& record = packet.space().sent.draft();
  byte_writer& frames = packet.frames();
  // RFC 9000, section 12.5: 0-RTT packets are for the application's data.
  if (!state_.keys.application_write) return write_application_payload(state_, frames, record, last_in_datagram);
  if (state_.handshake_done_due && frames.remaining() > 0) {
    wire::write(frames, wire::handshake_done_frame{});
    record.push_back({.kind = sent_frame_kind::handshake_done});
    state_.handshake_done_due = false;
  }
  state_.ack_requests.write_frame(frames, record);
  state_.local_ids.write_frames(frames, record);
  state_.peer_ids.write_frames(frames, record);
  state_.tokens.write_frames(frames, record);
  write_application_payload(state_, frames, record, last_in_datagram);
}

std::size_t transmitter::finish(packet_builder& packet, path& on, bool ack_eliciting, bool mtu_probe) {
  packet_space& space = packet.space();
  if (state_.watched) tell_of(packet, on, ack_eliciting, mtu_probe);
  const std::size_t size = packet.seal(state_).size();
  const bool in_flight = ack_eliciting || packet.is_padded();
  recovery::delivery_snapshot delivery;
  if (in_flight) {
    const bool idle_pace = on.rate.ran_dry() && (!state_.config.pacing || on.pacer.is_full(state_.now));
    delivery = on.rate.on_sent(size, on.flight.bytes(), idle_pace, state_.now);
  }
  note_content(space.sent.draft(), on);
  space.sent.append({.packet_number = packet.number(),
                     .time_sent = state_.now,
                     .bytes = static_cast<std::uint32_t>(size),
                     .path = on.id(),
                     .ecn = mark_,
                     .ack_eliciting = ack_eliciting,
                     .in_flight = in_flight,
                     .mtu_probe = mtu_probe,
                     .delivery = delivery});
  ++state_.counters.packets_sent;
  ++on.counters.packets_sent;
  if (mark_ != ecn_codepoint::not_ect) {
    space.ecn.on_marked_sent();
    on.ecn.on_marked_sent(state_.now, on.rtt.pto_base());
  }
  if (in_flight) {
    on.congestion->on_packet_sent(
        {.bytes = size, .bytes_in_flight_before = on.flight.bytes(), .app_limited = on.rate.app_limited()}, state_.now);
    on.flight.on_sent(size, on.congestion->window(), on.max_datagram_size(), state_.now);
    // A controller may answer silence with another rate.
    if (on.flight.bytes() == size) on.update_pacing(state_.now);
    on.pacer.on_sent(state_.now, size);
  }
  if (ack_eliciting) {
    state_.idle.on_ack_eliciting_sent(state_.now);
    if (space.is_application()) state_.alive.on_ack_eliciting_sent(state_.now);
    space.ack_only_packets = 0;
    state_.loss_timer_rearmed = state_.now;
    if (space.probes > 0) --space.probes;
  }
  return size;
}

void transmitter::note_content(const sent_frames& content, path& on) {
  count(state_.counters.frames_sent, content);
  const auto datagrams = std::ranges::count(content, sent_frame_kind::datagram, &sent_frame::kind);
  on.counters.datagram_frames_sent += static_cast<std::uint64_t>(datagrams);
  const std::uint64_t resent = state_.streams.counters().bytes_resent;
  if (resent == stream_bytes_resent_) return;
  ++state_.counters.packets_resent;
  ++on.counters.packets_resent;
  on.counters.stream_bytes_resent += resent - stream_bytes_resent_;
  stream_bytes_resent_ = resent;
}

void transmitter::tell_of(packet_builder& packet, const path& on, bool ack_eliciting, bool mtu_probe) {
  const bool one_rtt = packet.is_short();
  const packet_space& space = packet.space();
  const bool early = space.is_application() && !one_rtt;
  if (const connection_id* const id = on.peer_id ? state_.peer_ids.find(*on.peer_id) : nullptr)
    state_.watched.addresses_peer(on, *id, state_.now);
  state_.watched->on_packet_sent({.kind = early ? packet_kind::zero_rtt : kind_of(space.id),
                                  .number = packet.number(),
                                  .size = packet.sealed_size(),
                                  .key_phase = one_rtt && state_.keys.application_write->key_phase(),
                                  .path = on.id(),
                                  .frames = packet.frames().written(),
                                  .mtu_probe = mtu_probe,
                                  .timeout_probe = ack_eliciting && space.probes > 0 && state_.pto_count > 0},
                                 state_.now);
}

void transmitter::account(path& on, std::size_t size) {
  amplification_limited_ = false;
  on.on_datagram_sent(size);
  ++state_.counters.datagrams_sent;
  state_.counters.bytes_sent += size;
}

void transmitter::settle_datagram_size(path& on, std::size_t buffer_size) {
  const std::uint64_t most = std::min<std::uint64_t>(buffer_size, state_.peer_parameters.max_udp_payload_size);
  on.mtu.limit_to(static_cast<std::size_t>(most));
  if (on.settle_datagram_size(state_.now)) state_.events.push(mtu_updated{on.max_datagram_size()});
}

bool transmitter::may_probe_mtu(const path& on) const noexcept {
  // Section 14.3.1: the handshake confirms the base size.
  const packet_space& space = state_.application();
  if (!state_.handshake_confirmed || !on.is_validated() || space.sent.full()) return false;
  // A peer that is silent is first to be heard of again; where even the base size fails, that is by a probe.
  if (on.mtu.state() != mtu_state::error) return state_.pto_count == 0 && !on.congestion->in_recovery();
  return space.probes > 0 || space.sent.ack_eliciting_outstanding() == 0;
}

std::optional<transmission> transmitter::transmit_mtu_probe(path& on, byte_span buffer) {
  room_for_mtu_probe_ = 0;
  if (!may_probe_mtu(on)) return std::nullopt;
  const bool in_error = on.mtu.state() == mtu_state::error;
  if (in_error) on.mtu.forget_probe();
  const auto size = on.mtu.next_probe(state_.now);
  if (!size) return std::nullopt;
  // Probes consume congestion window (section 14.4). Where it is large enough but full, data wait for a moment.
  const std::uint64_t window = on.congestion->window();
  if (!in_error && on.flight.room(window) < *size) {
    if (window >= *size && on.flight.bytes() > 0) room_for_mtu_probe_ = *size;
    return std::nullopt;
  }
  packet_builder packet(state_, state_.application(), on, buffer.first(*size));
  if (!packet.ok()) return std::nullopt;
  wire::write(packet.frames(), wire::ping_frame{});
  packet.pad_to(*size);
  mark_ = on.ecn.mark(state_.now);
  finish(packet, on, true, true);
  on.mtu.on_probe_sent();
  ++state_.counters.mtu_probes_sent;
  account(on, *size);
  return transmission{.size = *size, .segment_size = *size, .path = on.address(), .ecn = mark_};
}

std::optional<transmission> transmitter::transmit_path_frames(path& on, byte_span buffer) {
  const std::size_t full_size = within_amplification(on, std::min(buffer.size(), on.max_datagram_size()));
  packet_builder packet(state_, state_.application(), on, buffer.first(full_size));
  if (!packet.ok() || !on.write_frames(packet.frames())) return std::nullopt;
  // Section 8.2: with a spare ID the peer can answer under one that links no paths.
  state_.local_ids.write_frames(packet.frames(), packet.space().sent.draft());
  if (full_size >= min_full_datagram) packet.pad_to(min_full_datagram);
  mark_ = on.ecn.mark(state_.now);
  const std::size_t size = finish(packet, on, true);
  account(on, size);
  return transmission{.size = size, .segment_size = size, .path = on.address(), .ecn = mark_};
}

std::optional<transmission> transmitter::transmit_close(byte_span buffer) {
  if (!state_.end.wants_to_send()) return std::nullopt;
  path& on = state_.paths.active();
  const byte_span room = buffer.first(within_amplification(on, std::min(buffer.size(), on.max_datagram_size())));

  mark_ = on.ecn.mark(state_.now);

  // Section 10.2.3: while it is unsure which keys the peer has, it is told under all of them.
  std::optional<packet_builder> pending;
  std::size_t sealed = 0;
  bool has_initial = false;
  for (packet_space& space : state_.spaces) {
    if (!has_write_keys(space)) continue;
    packet_builder packet(state_, space, on, room.subspan(sealed + (pending ? pending->sealed_size() : 0)));
    if (!packet.ok()) break;
    write_close(packet);
    if (packet.frames().overflowed() || packet.is_empty()) continue;
    if (pending) sealed += finish(*pending, on, false);
    has_initial |= space.id == space_id::initial;
    pending.emplace(packet);
  }
  if (!pending) return std::nullopt;
  // Section 14.1: what elicits no acknowledgment a server need not pad, and credit for that it may not have.
  if (has_initial && state_.is_client()) pad_datagram(*pending, sealed, room.size());
  sealed += finish(*pending, on, false);
  state_.end.on_close_sent();
  account(on, sealed);
  return transmission{.size = sealed, .segment_size = sealed, .path = on.address(), .ecn = mark_};
}

void transmitter::write_close(packet_builder& packet) const {
  const close_reason& reason = state_.end.reason();
  wire::connection_close_frame frame{.error_code = reason.code,
                                     .frame_type = reason.frame_type,
                                     .reason = as_bytes(reason.reason),
                                     .by_application = reason.cause == close_cause::local_application};
  if (frame.by_application && !packet.space().is_application()) {
    // Section 10.2.3: what the application says is not for observers of the handshake.
    frame = {.error_code = static_cast<std::uint64_t>(transport_error_code::application_error)};
  }
  const std::size_t overhead = wire::encoded_size(frame) - frame.reason.size();
  if (overhead > packet.frames().remaining()) return;
  frame.reason = frame.reason.first(std::min(frame.reason.size(), packet.frames().remaining() - overhead));
  wire::write(packet.frames(), frame);
}

}  // namespace quasio::quic
