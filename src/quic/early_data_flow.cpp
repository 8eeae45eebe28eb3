#include "quic/early_data_flow.hpp"

#include <string>

#include "quic/loss_recovery.hpp"
#include "quic/remembered_parameters.hpp"

namespace quasio::quic {
namespace {

// RFC 9001, section 4.6.2.
transport_result<void> begin_anew(connection_state& state, loss_recovery& recovery) {
  state.events.push(early_data_rejected{});
  recovery.forget_early_packets();
  state.early_packets_end = state.application().sent.next_number();
  // Data of one protocol must not be sent to the server of another.
  if (state.streams.size() > 0 && state.tls.alpn() != state.early_protocol) {
    return unexpected(transport_error{transport_error_code::internal_error, 0,
                                      "early data was rejected, and the server has chosen another protocol"});
  }
  state.streams.begin_anew(state.peer_parameters);
  state.datagrams_out.set_peer_limit(state.peer_parameters.max_datagram_frame_size);
  return {};
}

}  // namespace

early_data_status status_of_early_data(const connection_state& state) noexcept {
  switch (state.tls.early_data()) {
    case crypto::early_data_state::offered:
      return early_data_status::offered;
    case crypto::early_data_state::accepted:
      return early_data_status::accepted;
    case crypto::early_data_state::rejected:
      return early_data_status::rejected;
    default:
      // Offered in a version that the server does not speak.
      return state.early_data_begun ? early_data_status::rejected : early_data_status::not_offered;
  }
}

void begin_early_data(connection_state& state, const saved_session& from) {
  state.early_data_begun = true;
  state.early_protocol = from.alpn;
  state.early_parameters = remembered(from.parameters);
  state.peer_parameters = state.early_parameters;
  apply_limits(state);
  state.streams_usable = true;
  state.events.push(early_data_ready{});
  state.watched.keys_may_have_changed(state.keys, state.role, state.now);
  if (state.watched) state.watched->on_remembered_parameters(state.early_parameters, state.now);
}

void apply_limits(connection_state& state) {
  state.streams.set_peer_parameters(state.peer_parameters);
  state.datagrams_out.set_peer_limit(state.peer_parameters.max_datagram_frame_size);
}

void note_accepted_early_data(connection_state& state) {
  if (state.is_client() || state.streams_usable || !state.keys.early_read) return;
  state.streams_usable = true;
  state.events.push(early_data_ready{});
}

transport_result<void> settle_early_data(connection_state& state, loss_recovery& recovery) {
  if (!state.early_data_begun) return {};
  // RFC 9001, section 4.9.3: of no use any more.
  state.keys.early_write.reset();
  state.watched.keys_may_have_changed(state.keys, state.role, state.now);
  if (state.tls.early_data() != crypto::early_data_state::accepted) return begin_anew(state, recovery);
  // RFC 9000, section 7.4.1.
  if (const auto limit = reduced_limit(state.peer_parameters, state.early_parameters); !limit.empty()) {
    return unexpected(transport_error{transport_error_code::protocol_violation, 0,
                                      "early data was accepted under a smaller " + std::string(limit)});
  }
  apply_limits(state);
  return {};
}

void limit_early_reading(connection_state& state) {
  if (!state.keys.early_read || state.keys.early_read_expires) return;
  state.keys.early_read_expires = state.now + 3 * probe_timeout(state);
}

void end_early_reading(connection_state& state) {
  state.keys.early_read.reset();
  state.keys.early_read_expires.reset();
  state.watched.keys_may_have_changed(state.keys, state.role, state.now);
}

// TLS decides when it reads the ClientHello, and has Handshake keys then.
bool may_await_early_keys(const connection_state& state) noexcept {
  return state.is_server() && !state.keys.handshake_write && !state.handshake_complete;
}

bool sends_early_data(const connection_state& state) noexcept {
  return state.keys.early_write && !state.keys.application_write &&
         state.tls.early_data() != crypto::early_data_state::rejected;
}

}  // namespace quasio::quic
