#include "quic/packet_receiver.hpp"

#include <algorithm>

#include "quic/early_data_flow.hpp"
#include "wire/packet_number.hpp"

namespace quasio::quic {
namespace {

// RFC 9000, section 14.1: the payload of a datagram with an Initial packet is at least this long.
constexpr std::size_t min_initial_datagram = 1200;

// Section 10.3: a Stateless Reset is at least so long; anything shorter cannot be one.
constexpr std::size_t min_stateless_reset = 21;

std::optional<space_id> space_of(wire::packet_type type) noexcept {
  switch (type) {
    case wire::packet_type::initial:
      return space_id::initial;
    case wire::packet_type::handshake:
      return space_id::handshake;
    case wire::packet_type::zero_rtt:
    case wire::packet_type::one_rtt:
      return space_id::application_data;
    default:
      return std::nullopt;
  }
}

std::optional<std::uint64_t> largest_received(const packet_space& space) noexcept {
  return space.acks.empty() ? std::nullopt : std::optional(space.acks.largest());
}

/// RFC 8999, section 5.1: that much of a long header is the same in all versions.
bool names_unknown_version(byte_view packet) noexcept {
  if (packet.size() < 5 || (packet[0] & 0x80) == 0) return false;
  const std::uint32_t version = std::uint32_t{packet[1]} << 24 | std::uint32_t{packet[2]} << 16 |
                                std::uint32_t{packet[3]} << 8 | std::uint32_t{packet[4]};
  return version != 0 && !is_supported_version(static_cast<quic_version>(version));
}

/// The end of a datagram, where a Stateless Reset has its token; empty when it is too short for one.
byte_view possible_reset_token(byte_view datagram) noexcept {
  return datagram.last(datagram.size() < min_stateless_reset ? 0 : sizeof(stateless_reset_token));
}

}  // namespace

void packet_receiver::receive(byte_span datagram, const network_path& from, ecn_codepoint ecn) {
  ++state_.counters.datagrams_received;
  state_.counters.bytes_received += datagram.size();
  state_.paths.forget_removed();
  if (state_.watched) tell_of_datagram(datagram.size(), from, ecn);
  if (!state_.end.is_open()) {
    // Section 10.2.1: no need to look inside; what comes shows that the peer has not heard.
    if (path* known = state_.paths.find(from)) known->on_datagram_received(datagram.size());
    if (state_.peer_ids.is_reset_token(possible_reset_token(datagram))) return state_.end.fall_silent();
    state_.end.on_packet_received();
    return;
  }
  if (!moves_.admits(from)) {
    // But who knows a token has it from the peer, wherever it speaks from.
    drop(state_, drop_cause::unknown_path, datagram.size());
    ends_by_stateless_reset(datagram);
    return;
  }
  if (path* known = state_.paths.find(from)) known->on_datagram_received(datagram.size());
  const arrival_info arrival{from, ecn, datagram.size()};
  const std::uint64_t processed_before = state_.counters.packets_received;
  std::optional<connection_id> destination;
  for (byte_span rest = datagram; !rest.empty() && state_.end.is_open();) {
    const auto header = wire::parse_packet_header(rest, state_.local_ids.first().size(), quic_bit_rule());
    if (!header) {
      drop(state_, names_unknown_version(rest) ? drop_cause::other_version : drop_cause::malformed, rest.size());
      break;
    }
    const byte_span packet = rest.first(header->size);
    rest = rest.subspan(header->size);
    // Section 12.2: coalesced packets are all for one connection.
    if (destination && *destination != header->destination) {
      drop(state_, drop_cause::other_connection, packet.size(), kind_of(header->type));
      continue;
    }
    destination = header->destination;
    receive_packet(packet, *header, arrival);
  }
  // Section 10.3.1: any datagram of which nothing could be used may be a Stateless Reset. What decryption has spoilt of
  // it does not reach into its end, where the tag of a packet would stand.
  const bool nothing_used = state_.counters.packets_received == processed_before;
  if (state_.end.is_open() && nothing_used && ends_by_stateless_reset(datagram)) return;
  receive_waiting();
  // RFC 9001, section 6.3: not while a packet is opened, lest its time tell that keys were updated.
  if (state_.keys.application_read) state_.keys.application_read->prepare_next();
  begin_key_update_if_due(state_);
}

void packet_receiver::on_handshake_went_on() {
  advance_handshake();
  if (state_.end.is_open()) receive_waiting();
}

bool packet_receiver::ends_by_stateless_reset(byte_view datagram) {
  if (!state_.peer_ids.is_reset_token(possible_reset_token(datagram))) return false;
  if (state_.watched)
    state_.watched->on_packet_received({.kind = packet_kind::stateless_reset, .size = datagram.size()}, state_.now);
  state_.end.begin_draining({.cause = close_cause::stateless_reset}, state_.now, probe_timeout(state_));
  announce_end(state_);
  return true;
}

void packet_receiver::receive_packet(byte_span packet, const wire::packet_header& header, const arrival_info& arrival) {
  if (header.type == wire::packet_type::version_negotiation) return answers_.receive_version_negotiation(packet);
  if (header.type == wire::packet_type::retry) return answers_.receive_retry(packet);
  const auto id = space_of(header.type);
  if (const auto cause = id ? objection(header, arrival.datagram_size) : drop_cause::unexpected)
    return drop(state_, *cause, packet.size(), kind_of(header.type));
  if (!header.has_sample()) return on_unopened(packet, header.type, false);
  packet_space& space = state_.space(*id);
  if (space.discarded) {
    drop(state_, drop_cause::no_keys, packet.size(), kind_of(header.type));
    return;
  }
  if (!can_open(header.type)) return wait_for_keys(packet, header.type, arrival);
  const auto opened = open(packet, header, space);
  if (!opened) return on_unopened(packet, header.type, true);
  // Section 17.2: reserved bits are looked at only in authenticated packets.
  if (wire::first_byte::has_reserved_bits(packet.front())) {
    return fail(state_, {transport_error_code::protocol_violation, 0, "reserved bits are set in a packet header"});
  }
  if (space.acks.is_duplicate(opened->number) || !learn_peer_id(header)) {
    drop(state_, drop_cause::duplicate, packet.size(), kind_of(header.type));
    return;
  }
  if (auto followed = follow_keys(*opened); !followed) return fail(state_, followed.error());
  if (header.type == wire::packet_type::initial) learn_version(header.version);
  process(space, header, *opened, arrival);
}

std::optional<drop_cause> packet_receiver::objection(const wire::packet_header& header,
                                                     std::size_t datagram_size) const {
  if (!state_.versions.admits(header.type, header.version)) return drop_cause::other_version;
  const bool too_small =
      header.type == wire::packet_type::initial && state_.is_server() && datagram_size < min_initial_datagram;
  // Section 17.2.2: servers send none.
  const bool has_token = state_.is_client() && !header.token.empty();
  // RFC 9001, section 5.6: nor do they send early data.
  const bool too_early = header.type == wire::packet_type::zero_rtt && state_.is_client();
  if (too_small || has_token || too_early) return drop_cause::unexpected;
  return std::nullopt;
}

direction_keys& packet_receiver::long_header_keys(const wire::packet_header& header) {
  switch (header.type) {
    case wire::packet_type::initial:
      return initial_keys(header.version);
    case wire::packet_type::zero_rtt:
      return *state_.keys.early_read;
    default:
      return *state_.keys.handshake_read;
  }
}

bool packet_receiver::can_open(wire::packet_type type) const noexcept {
  switch (type) {
    case wire::packet_type::initial:
      return state_.keys.initial_read.has_value();
    case wire::packet_type::zero_rtt:
      return state_.keys.early_read.has_value();
    case wire::packet_type::handshake:
      return state_.keys.handshake_read.has_value();
    default:
      // RFC 9001, section 5.7: a server takes no 1-RTT packet before it has the client's Finished.
      return state_.keys.application_read && state_.handshake_complete;
  }
}

std::optional<packet_receiver::opened_packet> packet_receiver::open(byte_span packet, const wire::packet_header& header,
                                                                    packet_space& space) {
  const bool one_rtt = header.type == wire::packet_type::one_rtt;
  direction_keys* const keys = one_rtt ? nullptr : &long_header_keys(header);
  crypto::header_key& header_key = one_rtt ? state_.keys.application_read->header() : keys->header;
  const auto unprotected = crypto::unprotect_header(packet, header.packet_number_offset, header_key);
  if (!unprotected) return std::nullopt;
  const std::uint64_t number = wire::expand_packet_number(largest_received(space), unprotected->truncated_packet_number,
                                                          unprotected->packet_number_length);
  const std::size_t header_size = header.packet_number_offset + unprotected->packet_number_length;
  if (packet.size() < header_size + crypto::aead_tag_size) return std::nullopt;
  if (one_rtt) return open_one_rtt(packet, number, header_size);

  const byte_span sealed = packet.subspan(header_size);
  if (!keys->packet.open(number, packet.first(header_size), sealed)) return std::nullopt;
  return opened_packet{
      .number = number, .size = packet.size(), .payload = sealed.first(sealed.size() - crypto::aead_tag_size)};
}

direction_keys& packet_receiver::initial_keys(quic_version version) {
  if (version == state_.versions.chosen()) return *state_.keys.initial_read;
  if (!state_.keys.negotiated_initial_read) state_.tls.derive_negotiated_initial_read(version);
  return *state_.keys.negotiated_initial_read;
}

std::optional<packet_receiver::opened_packet> packet_receiver::open_one_rtt(byte_span packet, std::uint64_t number,
                                                                            std::size_t header_size) {
  using outcome = application_read_keys::outcome;
  const byte_span sealed = packet.subspan(header_size);
  const bool key_phase = wire::first_byte::key_phase(packet.front());
  const auto opened = state_.keys.application_read->open(number, key_phase, packet.first(header_size), sealed);
  if (opened == outcome::failed) return std::nullopt;
  return opened_packet{.number = number,
                       .size = packet.size(),
                       .key_phase = key_phase,
                       .payload = sealed.first(sealed.size() - crypto::aead_tag_size),
                       .keys = opened};
}

transport_result<void> packet_receiver::follow_keys(const opened_packet& packet) {
  using outcome = application_read_keys::outcome;
  if (packet.keys == outcome::opened_with_keys_given_up) {
    return unexpected(
        transport_error{transport_error_code::key_update_error, 0, "old keys were used after newer ones"});
  }
  if (packet.keys == outcome::opened_with_next_keys) return follow_key_update(state_, packet.number);
  return {};
}

void packet_receiver::on_unopened(byte_view packet, wire::packet_type type, bool had_keys) {
  drop(state_, drop_cause::unauthentic, packet.size(), kind_of(type));
  if (!had_keys || !state_.keys.application_read) return;
  // RFC 9001, section 6.6: forgery after forgery will succeed one day.
  ++state_.keys.failed_to_open;
  const std::uint64_t limit = crypto::integrity_limit(state_.keys.application_read->algorithm());
  if (state_.keys.failed_to_open > std::min(limit, state_.config.max_authentication_failures)) {
    fail(state_, {transport_error_code::aead_limit_reached, 0, "too many packets failed to authenticate"});
  }
}

void packet_receiver::process(packet_space& space, const wire::packet_header& header, const opened_packet& packet,
                              const arrival_info& arrival) {
  path* const sent_on = moves_.path_of(arrival.from, arrival.datagram_size, header.destination);
  if (!sent_on) {
    return drop(state_, drop_cause::unknown_path, packet.size, kind_of(header.type));
  }
  path& from = *sent_on;
  state_.local_ids.note_used(header.destination);
  ++state_.counters.packets_received;
  ++from.counters.packets_received;
  state_.idle.on_packet_received(state_.now);
  const bool newest = space.acks.empty() || packet.number > space.acks.largest();

  if (state_.watched) tell_of(header, packet, from, newest, arrival.had_waited);
  state_.streams.set_receiving_early(header.type == wire::packet_type::zero_rtt && !state_.handshake_complete);
  const auto summary = frames_.receive(space, header.type, packet.payload, from, header.destination);
  if (!summary) return fail(state_, summary.error());
  space.acks.on_received(packet.number, summary->ack_eliciting, arrival.ecn, state_.now, from.rtt.minimum());
  if (state_.streams.take_wish_for_prompt_ack() || summary->wants_prompt_ack) space.acks.hasten();
  if (!state_.end.is_open()) return;
  // RFC 9369, section 4.1: a server that speaks TLS in the client's version has chosen it.
  if (summary->carries_crypto && state_.is_client() && !state_.versions.is_settled())
    state_.versions.settle(state_.versions.chosen());

  if (header.type == wire::packet_type::handshake && state_.is_server()) {
    // Section 8.1: who can send a Handshake packet has seen our Initial one. RFC 9001, section 4.9.1: and needs no more
    // of those.
    from.validate();
    state_.watched.reached(connection_progress::peer_validated, state_.now);
    recovery_.discard(space_id::initial);
  }
  advance_handshake();
  if (header.type != wire::packet_type::one_rtt || state_.is_client()) return;
  limit_early_reading(state_);
  if (newest && !summary->probing_only) moves_.follow_peer(from, header.destination);
}

void packet_receiver::tell_of_datagram(std::size_t size, const network_path& from, ecn_codepoint ecn) const {
  const path* const known = state_.paths.find(from);
  const std::uint16_t id = known ? known->id() : state_.paths.active().id();
  state_.watched->on_datagram_received({.path = id, .size = size, .segment_size = size, .ecn = ecn}, state_.now);
}

void packet_receiver::tell_of(const wire::packet_header& header, const opened_packet& packet, const path& from,
                              bool newest, bool had_waited) {
  // Before the handshake is through a client's packets may bear the ID that it made up.
  if (header.type == wire::packet_type::one_rtt && newest)
    state_.watched.addressed_by_peer(from, header.destination, state_.now);
  state_.watched->on_packet_received({.kind = kind_of(header.type),
                                      .number = packet.number,
                                      .size = packet.size,
                                      .key_phase = packet.key_phase,
                                      .path = from.id(),
                                      .frames = packet.payload,
                                      .had_waited = had_waited},
                                     state_.now);
}

bool packet_receiver::learn_peer_id(const wire::packet_header& header) {
  if (header.type == wire::packet_type::one_rtt) return true;
  if (state_.is_client() && !state_.peer_id_learnt) {
    state_.peer_ids.set_handshake_id(header.source);
    state_.peer_id_learnt = true;
    return true;
  }
  // Section 7.2: the ID that was chosen first stays.
  return header.source == state_.peer_ids.handshake_id();
}

void packet_receiver::learn_version(quic_version version) {
  if (state_.is_server() || state_.versions.is_settled() || version == state_.versions.chosen()) return;
  state_.versions.settle(version);
  state_.tls.switch_initial_version(version);
}

void packet_receiver::wait_for_keys(byte_view packet, wire::packet_type type, const arrival_info& arrival) {
  if (type == wire::packet_type::zero_rtt && !may_await_early_keys(state_)) {
    drop(state_, drop_cause::no_keys, packet.size(), kind_of(type));
    return;
  }
  std::size_t bytes = packet.size();
  for (const waiting_packet& each : state_.waiting) bytes += each.bytes.size();
  if (state_.waiting.size() >= state_.config.max_undecryptable_packets ||
      bytes > state_.config.max_undecryptable_bytes) {
    drop(state_, drop_cause::too_many_waiting, packet.size(), kind_of(type));
    return;
  }
  state_.waiting.push_back({{packet.begin(), packet.end()}, arrival.from, arrival.ecn});
  if (state_.watched) state_.watched->on_packet_buffered({kind_of(type), packet.size()}, state_.now);
}

void packet_receiver::receive_waiting() {
  const auto ready = [this](const waiting_packet& waiting) {
    const auto header = wire::parse_packet_header(waiting.bytes, state_.local_ids.first().size(), quic_bit_rule());
    // Early data that has waited in vain is dropped.
    return !header || can_open(header->type) ||
           (header->type == wire::packet_type::zero_rtt && !may_await_early_keys(state_));
  };
  if (std::ranges::none_of(state_.waiting, ready)) return;
  std::vector<waiting_packet> waiting;
  waiting.swap(state_.waiting);
  for (waiting_packet& each : waiting) {
    const auto header = wire::parse_packet_header(each.bytes, state_.local_ids.first().size(), quic_bit_rule());
    if (!header || !state_.end.is_open()) continue;
    const std::uint64_t processed_before = state_.counters.packets_received;
    receive_packet(each.bytes, *header, {each.path, each.ecn, each.bytes.size(), true});
    // When it came, the tokens were not known yet.
    const bool nothing_used = state_.counters.packets_received == processed_before;
    if (state_.end.is_open() && nothing_used) ends_by_stateless_reset(each.bytes);
  }
}

void packet_receiver::advance_handshake() {
  state_.watched.keys_may_have_changed(state_.keys, state_.role, state_.now);
  note_accepted_early_data(state_);
  if (const auto& peer = state_.tls.peer_parameters(); peer && !state_.peer_parameters_applied) {
    if (auto checked = check_peer_parameters(*peer); !checked) return fail(state_, checked.error());
    state_.peer_parameters = *peer;
    state_.watched.peer_parameters(*peer, state_.role, state_.now);
    state_.peer_parameters_applied = true;
    // RFC 9000, section 7.4.1: early data keeps to what was remembered.
    if (!state_.early_data_begun) apply_limits(state_);
    state_.idle.set_peer_timeout(peer->max_idle_timeout);
    if (peer->min_ack_delay) state_.ack_requests.allow(*peer->min_ack_delay, peer->max_ack_delay);
    if (peer->stateless_reset_token) state_.peer_ids.set_handshake_token(*peer->stateless_reset_token);
    if (auto taken = take_preferred_id(*peer); !taken) return fail(state_, taken.error());
  }
  if (state_.tls.is_complete() && !state_.handshake_complete) {
    if (auto settled = settle_early_data(state_, recovery_); !settled) return fail(state_, settled.error());
    complete_handshake();
  }
  if (auto hello = state_.tls.take_client_hello()) state_.events.push(std::move(*hello));
  for (auto& session : state_.tls.take_sessions()) state_.events.push(session_received{std::move(session)});
}

transport_result<void> packet_receiver::check_peer_parameters(const transport_parameters& peer) const {
  // Section 7.3: the connection IDs of the handshake are authenticated by what each side says it has seen.
  const auto mismatch = [](const char* reason) {
    return unexpected(transport_error{transport_error_code::transport_parameter_error, 0, reason});
  };
  if (peer.initial_source_connection_id != state_.peer_ids.handshake_id()) {
    return mismatch("initial_source_connection_id is missing or not the one that was used");
  }
  if (state_.is_server()) return {};
  if (auto checked = state_.versions.check(peer.version_information); !checked) return checked;
  if (peer.original_destination_connection_id != state_.original_destination) {
    return mismatch("original_destination_connection_id is missing or not the one that was used");
  }
  if (peer.retry_source_connection_id != state_.retry_source) {
    return mismatch("retry_source_connection_id does not fit the Retry that was or was not seen");
  }
  return {};
}

transport_result<void> packet_receiver::take_preferred_id(const transport_parameters& peer) {
  if (!peer.preferred_address) return {};
  // Section 5.1.1: its ID has the sequence number 1, whether or not the client ever goes there.
  if (state_.peer_ids.receive(
          {.sequence = 1, .id = peer.preferred_address->id, .reset_token = peer.preferred_address->reset_token})) {
    return {};
  }
  return unexpected(transport_error{transport_error_code::transport_parameter_error, 0,
                                    "the connection ID of preferred_address does not fit the handshake"});
}

void packet_receiver::tell_of_handshake() {
  const std::string cipher = state_.tls.cipher();
  const std::string group = state_.tls.group();
  state_.watched->on_alpn(state_.tls.alpn(), state_.now);
  state_.watched->on_handshake({.version = state_.versions.current(),
                                .alpn = state_.tls.alpn(),
                                .cipher = cipher,
                                .group = group,
                                .resumed = state_.tls.resumed(),
                                .early_data = status_of_early_data(state_),
                                .early_data_refused_for = state_.tls.refusal()},
                               state_.now);
  state_.watched.reached(connection_progress::handshake_complete, state_.now);
}

void packet_receiver::complete_handshake() {
  state_.handshake_complete = true;
  state_.streams_usable = true;
  state_.handshake_completed_at = state_.now;
  state_.events.push(handshake_completed{});
  if (state_.watched) tell_of_handshake();
  state_.local_ids.issue(state_.peer_parameters.active_connection_id_limit);
  if (state_.is_client()) return;
  // RFC 9001, section 4.1.2: for a server completion is confirmation.
  state_.handshake_done_due = true;
  state_.tokens.on_address_validated(state_.paths.active().address().peer, state_.versions.current(), state_.now);
  // Copies of the client's first packets may still be on their way; they must not pass for those of a new client.
  state_.temporary_id_expires = state_.now + 3 * probe_timeout(state_);
  note_confirmation(state_);
  recovery_.discard(space_id::handshake);
  // The tickets are written; a server's TLS has nothing more to say or to hear.
  state_.tls.release();
}

}  // namespace quasio::quic
