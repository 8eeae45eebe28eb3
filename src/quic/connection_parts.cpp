#include "quic/connection_parts.hpp"

#include <algorithm>

#include "crypto/stateless_reset.hpp"
#include "quic/early_data_flow.hpp"
#include "quic/grease.hpp"

namespace quasio::quic {
namespace {

// RFC 9000, section 7.2: the client's guess at the server's connection ID is unpredictable and at least 8 bytes long.
constexpr std::size_t first_destination_size = 8;

connection_id random_id(random_source& random, std::size_t size) {
  return random_connection_ids(size).generate(random);
}

std::shared_ptr<connection_id_generator> or_random(std::shared_ptr<connection_id_generator> generator) {
  return generator ? std::move(generator) : std::make_shared<random_connection_ids>();
}

}  // namespace

std::optional<quic_version> first_version(const client_options& options) {
  const auto supported = supported_versions(options.transport.versions);
  const auto is_among_them = [&](quic_version version) {
    return std::ranges::find(supported, version) != supported.end();
  };
  if (supported.empty() || (options.version && !is_among_them(*options.version))) return std::nullopt;
  // A session is good for its own version only (RFC 9369, section 5), and that one the server knows.
  if (!options.version && options.session && is_among_them(options.session->version)) return options.session->version;
  // RFC 9368, section 2.5: what most servers know, as a refusal costs a round trip.
  return options.version.value_or(is_among_them(quic_version::v1) ? quic_version::v1 : supported.front());
}

transport_result<std::unique_ptr<connection::parts>> connection::parts::connect(client_options options,
                                                                                random_source& random, time_point now) {
  const auto version = first_version(options);
  if (!version) {
    return unexpected(
        transport_error{transport_error_code::internal_error, 0, "a version of QUIC that is not supported"});
  }
  auto generator = or_random(std::move(options.connection_ids));
  const connection_id destination = random_id(random, first_destination_size);
  std::array<std::uint8_t, 32> reset_token_key{};
  random.fill(reset_token_key);
  const connection_id own_id = generator->generate(random);
  auto made = std::make_unique<parts>(connection_origin{.role = endpoint_role::client,
                                                        .version = *version,
                                                        .transport = options.transport,
                                                        .path = options.path,
                                                        .local_id = own_id,
                                                        .peer_id = destination,
                                                        .original_destination = destination,
                                                        .retry_source = std::nullopt,
                                                        .reset_token_key = reset_token_key,
                                                        .connection_ids = std::move(generator),
                                                        .now = now,
                                                        .observe = std::move(options.observe)},
                                      random);
  connection_state& state = made->state;
  // Only a server's sending is limited before the peer's address is proved (section 8.1).
  state.paths.active().validate();
  if (options.token.size() <= largest_token(state.config)) state.token = std::move(options.token);
  state.tls.derive_initial_keys(destination);
  made->identity_ = {std::move(options.tls), std::move(options.server_name), std::move(options.alpn),
                     std::move(options.session), options.early_data};
  made->tell_of_birth(made->identity_->alpn);
  if (auto started = made->start_client(); !started) return unexpected(started.error());
  return made;
}

transport_result<void> connection::parts::start_client() {
  const reserved_parameter grease(state.random);
  const saved_session* const session = usable_session();
  const auto from = session != nullptr
                        ? handshake::resumption{session->ticket, identity_->early_data && session->allows_early_data}
                        : handshake::resumption{};
  auto started = state.tls.start_client(
      identity_->tls,
      {.server_name = identity_->server_name, .alpn = identity_->alpn, .reserved = grease.if_wanted(state.config)},
      declared_parameters(), from);
  if (started && state.keys.early_write) begin_early_data(state, *session);
  return started;
}

// Another version's session is of no use (RFC 9369, section 5), and neither is another protocol's.
const saved_session* connection::parts::usable_session() const {
  const auto& session = identity_->session;
  const bool fits = session && session->version == state.versions.chosen() &&
                    std::ranges::find(identity_->alpn, session->alpn) != identity_->alpn.end();
  return fits ? &*session : nullptr;
}

void connection::parts::begin_again() {
  quic::begin_again(state, recovery, random_id(state.random, first_destination_size));
  if (auto started = start_client(); !started) fail(state, started.error());
}

void connection::parts::receive(byte_span datagram, const network_path& from, ecn_codepoint ecn) {
  receiver.receive(datagram, from, ecn);
  if (state.version_to_begin_again) begin_again();
  // From here on nobody can ask for another first flight.
  if (state.peer_id_learnt) identity_.reset();
}

transport_result<std::unique_ptr<connection::parts>> connection::parts::accept(
    const crypto::tls_context& tls, const std::vector<std::string>& alpn, const early_data_options& early_data,
    const connection_origin& origin, bool address_validated, random_source& random, bool ask_about_client_hello) {
  // After a Retry the client's first packets are addressed to the ID that the Retry gave.
  const connection_id addressed_to = origin.retry_source.value_or(origin.original_destination);
  auto made = std::make_unique<parts>(origin, random);
  connection_state& state = made->state;
  if (address_validated) state.paths.active().validate();
  state.local_ids.add_temporary(addressed_to);
  state.tls.derive_initial_keys(addressed_to);
  made->tell_of_birth(alpn);
  const reserved_parameter grease(state.random);
  auto started =
      state.tls.start_server(tls, {.server_name = {}, .alpn = alpn, .reserved = grease.if_wanted(state.config)},
                             made->declared_parameters(), early_data, ask_about_client_hello);
  if (!started) return unexpected(started.error());
  return made;
}

void connection::parts::answer_client_hello(crypto::client_hello_answer answer) {
  if (!state.end.is_open() || !state.tls.awaits_answer()) return;
  if (auto went_on = state.tls.answer_client_hello(std::move(answer)); !went_on) return fail(state, went_on.error());
  receiver.on_handshake_went_on();
}

transport_parameters connection::parts::declared_parameters() {
  transport_parameters own = own_parameters();
  if (state.watched) state.watched->on_local_parameters(own, state.now);
  return own;
}

transport_parameters connection::parts::own_parameters() {
  const settings& config = state.config;
  transport_parameters own;
  own.max_idle_timeout = config.max_idle_timeout;
  own.max_udp_payload_size = config.max_udp_payload_size;
  own.initial_max_data = config.initial_connection_window;
  own.initial_max_stream_data_bidi_local = config.initial_stream_window;
  own.initial_max_stream_data_bidi_remote = config.initial_stream_window;
  own.initial_max_stream_data_uni = config.initial_stream_window;
  own.initial_max_streams_bidi = config.max_concurrent_bidirectional_streams;
  own.initial_max_streams_uni = config.max_concurrent_unidirectional_streams;
  own.ack_delay_exponent = config.ack_delay_exponent;
  own.max_ack_delay = config.max_ack_delay;
  own.max_datagram_frame_size = config.datagrams.max_frame_size;
  own.disable_active_migration = config.disable_active_migration;
  own.active_connection_id_limit = config.active_connection_id_limit;
  own.initial_source_connection_id = state.local_ids.first();
  own.version_information = state.versions.own_information(state.random, config.grease);
  own.grease_quic_bit = config.grease_quic_bit;
  if (config.acknowledgments.accept_requests) own.min_ack_delay = own_min_ack_delay(config);
  if (state.is_server()) {
    own.original_destination_connection_id = state.original_destination;
    own.retry_source_connection_id = state.retry_source;
    own.stateless_reset_token = state.local_ids.first_reset_token();
    if (config.preferred_address_v4 || config.preferred_address_v6) {
      // Section 18.2: a server that is addressed without connection IDs has no preferred address.
      if (const auto spare = state.local_ids.issue_with_preferred_address()) {
        own.preferred_address = {config.preferred_address_v4, config.preferred_address_v6, spare->id, spare->token};
      }
    }
  }
  return own;
}

void connection::parts::close(std::uint64_t application_code, std::string_view reason) {
  if (!state.end.is_open()) return;
  state.end.begin_closing({.cause = close_cause::local_application,
                           .code = application_code,
                           .frame_type = 0,
                           .reason = std::string(reason)},
                          state.now, probe_timeout(state));
  announce_end(state);
}

std::optional<time_point> connection::parts::next_deadline() const {
  if (!state.end.is_open()) return state.end.deadline();
  std::optional<time_point> next = recovery.deadline();
  next = earliest(next, acknowledgment_deadline());
  next = earliest(next, state.pacing_release);
  next = earliest(next, state.idle.deadline(probe_timeout(state)));
  next = earliest(next, handshake_deadline());
  next = earliest(next, moves.deadline());
  next = earliest(next, state.datagrams_out.deadline());
  next = earliest(next, state.leaving.deadline());
  next = earliest(next, keep_alive_deadline());
  next = earliest(next, spare_memory_deadline());
  next = earliest(next, state.keys.previous_read_keys_expire);
  next = earliest(next, state.keys.early_read_expires);
  return earliest(next, state.temporary_id_expires);
}

std::optional<time_point> connection::parts::handshake_deadline() const {
  if (state.handshake_complete || state.config.handshake_timeout.count() == 0) return std::nullopt;
  return state.started + state.config.handshake_timeout;
}

std::optional<time_point> connection::parts::acknowledgment_deadline() const {
  std::optional<time_point> next;
  for (const packet_space& space : state.spaces) {
    if (!space.discarded) next = earliest(next, space.acks.deadline());
  }
  return next;
}

void connection::parts::on_timeout() {
  if (state.watched) tell_of_expired_timers();
  const auto is_due = [this](std::optional<time_point> deadline) { return deadline && *deadline <= state.now; };
  if (!state.end.is_open()) {
    state.end.on_timeout(state.now);
    if (!state.end.is_drained()) return;
    state.local_ids.retire_all();
    state.watched.reached(connection_progress::closed, state.now);
    return;
  }
  if (is_due(handshake_deadline())) return end_silently(close_cause::handshake_timeout);
  if (is_due(state.idle.deadline(probe_timeout(state)))) return end_idle();
  if (is_due(state.leaving.deadline())) return close(state.leaving.code(), state.leaving.reason());
  if (is_due(state.keys.previous_read_keys_expire)) drop_previous_keys(state);
  if (is_due(state.keys.early_read_expires)) end_early_reading(state);
  if (is_due(state.temporary_id_expires)) {
    state.local_ids.retire_temporary();
    state.temporary_id_expires.reset();
  }
  state.paths.forget_removed();
  if (is_due(moves.deadline()) && !moves.on_timeout()) return end_without_path();
  state.datagrams_out.on_timeout(state.now);
  break_silence();
  if (is_due(spare_memory_deadline())) release_spare_memory();
  for (packet_space& space : state.spaces) space.acks.on_timeout(state.now);
  recovery.on_timeout();
}

void connection::parts::end_without_path() {
  // Section 9.3.2: who is not known to be there is told nothing.
  if (!state.paths.active().is_validated()) return end_silently(close_cause::no_viable_path);
  // Section 8.2.4: the peer is there, but large datagrams do not reach it.
  state.end.begin_closing({.cause = close_cause::no_viable_path,
                           .code = static_cast<std::uint64_t>(transport_error_code::no_viable_path),
                           .frame_type = 0,
                           .reason = "the path carries no datagrams of 1200 bytes"},
                          state.now, probe_timeout(state));
  announce_end(state);
}

void connection::parts::end_silently(close_cause cause) {
  state.end.end_silently({.cause = cause});
  state.local_ids.retire_all();
  announce_end(state);
}

handshake_summary connection::parts::handshake() const {
  return {.alpn = std::string(state.tls.alpn()),
          .cipher = state.tls.cipher(),
          .group = state.tls.group(),
          .version = state.versions.current(),
          .original_version = state.versions.original(),
          .started = state.started,
          .deadline = handshake_deadline(),
          .elapsed = state.handshake_complete ? state.handshake_completed_at - state.started : duration::zero(),
          .after_retry = state.retry_source.has_value(),
          .resumed = state.tls.resumed(),
          .early_data = status_of_early_data(state),
          .early_data_refused_for = state.tls.refusal()};
}

statistics connection::parts::statistics() const {
  quasio::quic::statistics now = state.counters;
  const quasio::quic::path& active = state.paths.active();
  now.stream_bytes_sent = state.streams.counters().bytes_sent;
  now.stream_bytes_resent = state.streams.counters().bytes_resent;
  now.stream_bytes_received = state.streams.counters().bytes_received;
  now.open_streams = state.streams.open_streams();
  now.peak_streams = state.streams.peak_streams();
  now.streams_reset = state.streams.counters().reset_here;
  now.streams_reset_by_peer = state.streams.counters().reset_by_peer;
  now.streams_stopped = state.streams.counters().stopped_here;
  now.streams_stopped_by_peer = state.streams.counters().stopped_by_peer;
  now.paths = state.paths.all().size();
  now.tokens_given = state.tokens.given();
  now.tokens_received = state.tokens.taken();
  now.tokens_ignored = state.tokens.ignored();
  now.datagram_frames_out = state.datagrams_out.statistics();
  now.datagram_frames_in = state.datagrams_in.statistics();
  now.idle_timeout = state.idle.timeout();
  now.ack_requests_sent = state.ack_requests.sent();
  now.packets_per_acknowledgment = state.spaces[index_of(space_id::application_data)].acks.threshold();
  now.authentication_failures = state.keys.failed_to_open;
  now.smoothed_rtt = active.rtt.smoothed();
  now.rtt_variation = active.rtt.variation();
  now.minimum_rtt = active.rtt.minimum();
  now.maximum_rtt = active.rtt.maximum();
  now.latest_rtt = active.rtt.latest();
  now.packet_threshold = state.space(space_id::application_data).loss.packet_threshold();
  now.time_threshold = state.space(space_id::application_data).loss.time_threshold();
  now.congestion_window = active.congestion->window();
  now.congestion_events_undone = active.congestion->undone_reductions();
  now.bytes_in_flight = active.flight.bytes();
  now.time_in_flight = state.in_flight.total(state.now);
  now.max_datagram_size = active.max_datagram_size();
  now.mtu = active.mtu.state();
  now.ecn = active.ecn.state();
  for (const packet_space& space : state.spaces) {
    now.ecn_ect0_sent += space.ecn.sent();
    now.ecn_ect0_received += space.acks.ect0();
    now.ecn_ect1_received += space.acks.ect1();
    now.ecn_ce_received += space.acks.ce();
  }
  now.pacing_rate = active.pacer.rate();
  now.delivery_rate = active.rate.latest();
  now.bandwidth_estimate = active.congestion->bandwidth_estimate().value_or(0);
  now.congestion_controller = active.congestion->name();
  now.congestion_state = active.congestion->state();
  return now;
}

}  // namespace quasio::quic
