#include "quic/first_flight.hpp"

#include <algorithm>

#include "crypto/retry_integrity.hpp"
#include "wire/retry_packet.hpp"
#include "wire/version_negotiation_packet.hpp"

namespace quasio::quic {

void first_flight::receive_version_negotiation(byte_view packet) {
  const auto negotiation = wire::parse_version_negotiation(packet);
  // RFC 9000, section 6.2: only an answer to our first packet counts. RFC 9368, section 4: and not one that names the
  // version we asked for, nor a second one.
  const bool answers_us = negotiation && state_.is_client() && !state_.peer_id_learnt &&
                          state_.retry_source == std::nullopt && !state_.version_to_begin_again &&
                          std::ranges::equal(negotiation->destination, state_.local_ids.first().bytes()) &&
                          std::ranges::equal(negotiation->source, state_.peer_ids.handshake_id().bytes());
  if (!answers_us || state_.versions.ignores_offer(negotiation->versions)) {
    return drop(state_, drop_cause::unexpected, packet.size(), packet_kind::version_negotiation);
  }
  const auto common = state_.versions.choose_from(negotiation->versions);
  if (state_.watched) tell_of(packet.size(), *negotiation, common);
  if (common && state_.config.versions.incompatible_negotiation) {
    state_.version_to_begin_again = common;
    return;
  }
  state_.end.end_silently({.cause = close_cause::version_negotiation});
  state_.local_ids.retire_all();
  announce_end(state_);
}

void first_flight::tell_of(std::size_t size, const wire::version_negotiation_packet& negotiation,
                           std::optional<quic_version> common) const {
  state_.watched->on_packet_received({.kind = packet_kind::version_negotiation, .size = size}, state_.now);
  const auto own = supported_versions(state_.config.versions, state_.versions.chosen());
  const std::vector<quic_version> offered(negotiation.versions.begin(), negotiation.versions.end());
  state_.watched->on_versions({.of_client = own, .of_server = offered, .chosen = common}, state_.now);
}

void first_flight::receive_retry(byte_view packet) {
  const auto retry = wire::parse_retry_packet(packet);
  const quic_version version = state_.versions.chosen();
  // RFC 9000, section 17.2.5.2: at most one, before any other packet, and only with the right tag. RFC 9369,
  // section 4.1: only in the version of the first flight.
  const bool acceptable = retry && state_.is_client() && !state_.peer_id_learnt && !state_.retry_source &&
                          retry->version == version && retry->destination == state_.local_ids.first() &&
                          retry->source != state_.original_destination &&
                          retry->token.size() <= largest_token(state_.config) &&
                          crypto::verify_retry_tag(labels_of(version), state_.original_destination.bytes(), packet);
  if (!acceptable) return drop(state_, drop_cause::unexpected, packet.size(), packet_kind::retry);
  if (state_.watched)
    state_.watched->on_packet_received({.kind = packet_kind::retry, .size = packet.size()}, state_.now);
  state_.retry_source = retry->source;
  state_.token.assign(retry->token.begin(), retry->token.end());
  state_.peer_ids.set_handshake_id(retry->source);
  state_.tls.derive_initial_keys(retry->source);
  recovery_.on_retry();
}

void begin_again(connection_state& state, loss_recovery& recovery, const connection_id& destination) {
  // What was sent will never be acknowledged, and its loss says nothing about the path.
  recovery.on_retry();
  // What was written as early data waits: its session is of no use in another version.
  state.keys.early_write.reset();
  state.watched.keys_may_have_changed(state.keys, state.role, state.now);
  state.space(space_id::initial) = packet_space(space_id::initial, state.config);
  state.versions.begin_again(*state.version_to_begin_again);
  state.version_to_begin_again.reset();
  state.waiting.clear();
  // RFC 9369, section 5: a token of one version is none in another.
  state.token.clear();
  state.keys.negotiated_initial_read.reset();
  state.original_destination = destination;
  state.peer_ids.set_handshake_id(destination);
  state.tls.derive_initial_keys(destination);
}

}  // namespace quasio::quic
