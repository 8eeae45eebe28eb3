#include "quic/key_update.hpp"

#include "quic/connection_state.hpp"

namespace quasio::quic {
namespace {

unexpected<transport_error> key_update_breach(const char* reason) {
  return unexpected<transport_error>(transport_error{transport_error_code::key_update_error, 0, reason});
}

std::uint64_t bytes_so_far(const connection_state& state) noexcept {
  return state.counters.bytes_sent + state.counters.bytes_received;
}

std::optional<key_update_error> refusal(const connection_state& state) {
  if (!state.end.is_open()) return key_update_error::connection_closed;
  if (!state.handshake_confirmed) return key_update_error::handshake_unconfirmed;
  const auto acknowledged_at = state.key_updates.acknowledged_at;
  if (!acknowledged_at) return key_update_error::unacknowledged;
  // Section 6.5: the peer may still keep its old keys, and no room for newer ones.
  const bool is_first = state.keys.application_write->generation() == 0;
  if (!is_first && state.now < *acknowledged_at + 3 * probe_timeout(state)) return key_update_error::too_soon;
  return std::nullopt;
}

void advance_write_keys(connection_state& state, bool by_peer) {
  state.keys.application_write->advance();
  state.key_updates.acknowledged_at.reset();
  state.key_updates.bytes_before = bytes_so_far(state);
  note_key_update(state, by_peer ? key_event::updated_by_peer : key_event::updated_locally);
  state.counters.key_updates_by_peer += by_peer;
  state.events.push(keys_updated{by_peer});
}

}  // namespace

result<void, key_update_error> begin_key_update(connection_state& state) {
  if (const auto why_not = refusal(state)) return unexpected(*why_not);
  advance_write_keys(state, false);
  return {};
}

transport_result<void> follow_key_update(connection_state& state, std::uint64_t packet_number) {
  application_read_keys& read = *state.keys.application_read;
  // Who merely answers our update needs no confirmation of its last one.
  const bool answers_ours = state.keys.application_write->generation() > read.generation();
  if (!answers_ours && !state.key_updates.peer_has_confirmation && read.generation() > 0) {
    return key_update_breach("a second key update before the first was confirmed");
  }
  read.advance(packet_number);
  state.key_updates.peer_has_confirmation = false;
  state.keys.previous_read_keys_expire = state.now + 3 * probe_timeout(state);
  // Section 6.2: an update is answered with our own before anything is acknowledged, unless it answers ours.
  if (state.keys.application_write->generation() < read.generation()) advance_write_keys(state, true);
  return {};
}

void note_acknowledgment_sent(connection_state& state, std::uint64_t largest) {
  if (state.keys.application_read && largest >= state.keys.application_read->lowest())
    state.key_updates.peer_has_confirmation = true;
}

transport_result<void> check_acknowledging_keys(const connection_state& state, std::uint64_t largest) {
  const application_write_keys& write = *state.keys.application_write;
  const bool names_newer = write.is_acknowledged(largest) && write.generation() > 0;
  if (!names_newer || state.keys.application_read->opened_generation() >= write.generation()) return {};
  return key_update_breach("old keys acknowledge a packet that came under newer ones");
}

void note_acknowledged(connection_state& state, std::uint64_t newest) {
  const application_write_keys& write = *state.keys.application_write;
  if (!state.key_updates.acknowledged_at && write.is_acknowledged(newest))
    state.key_updates.acknowledged_at = state.now;
}

void begin_key_update_if_due(connection_state& state) {
  if (!state.keys.application_write) return;
  const settings& config = state.config;
  // Section 6.6: new keys before these are worn out. The peer follows when it sees the first packet.
  const bool is_due =
      state.keys.application_write->wear_out(config.key_update_packets) ||
      (config.key_update_bytes > 0 && bytes_so_far(state) - state.key_updates.bytes_before >= config.key_update_bytes);
  if (is_due && !refusal(state)) advance_write_keys(state, false);
}

void drop_previous_keys(connection_state& state) {
  state.keys.application_read->drop_previous();
  if (state.watched) {
    const std::uint64_t phase = state.keys.application_read->generation() - 1;
    state.watched->on_key({.what = key_event::discarded, .level = packet_kind::one_rtt, .phase = phase}, state.now);
  }
  state.keys.previous_read_keys_expire.reset();
}

}  // namespace quasio::quic
