#include "quic/connection_state.hpp"

namespace quasio::quic {
namespace {

// Often enough to catch a cheat within a window's worth of packets, rare enough to cost nothing.
constexpr std::uint64_t min_skip_distance = 128;
constexpr std::uint64_t max_skip_spread = 1024;

}  // namespace

std::shared_ptr<connection_observer> observe(const connection_origin& origin) {
  if (!origin.observe) return nullptr;
  const observed_start start{origin.role, origin.path, origin.original_destination, origin.local_id, origin.version};
  auto observer = origin.observe(start);
  if (observer) observer->on_started(start, origin.now);
  return observer;
}

void fail(connection_state& state, transport_error error) {
  if (!state.end.is_open()) return;
  state.end.begin_closing({.cause = close_cause::local_transport,
                           .code = static_cast<std::uint64_t>(error.code),
                           .frame_type = error.frame_type,
                           .reason = std::move(error.reason)},
                          state.now, probe_timeout(state));
  announce_end(state);
}

void announce_end(connection_state& state) {
  state.events.push(connection_closed{state.end.reason()});
  if (!state.watched) return;
  state.watched->on_closed(state.end.reason(), state.now);
  state.watched->on_progress(state.end.progress(), state.now);
}

void drop(connection_state& state, drop_cause cause, std::size_t size, std::optional<packet_kind> kind) {
  ++state.counters.packets_dropped;
  if (state.watched) state.watched->on_packet_dropped({kind, size, cause}, state.now);
}

void note_confirmation(connection_state& state) {
  state.handshake_confirmed = true;
  state.events.push(handshake_confirmed{});
  state.watched.reached(connection_progress::handshake_confirmed, state.now);
}

void note_key_update(connection_state& state, key_event how) {
  ++state.counters.key_updates;
  if (!state.watched) return;
  state.watched->on_key({.what = how, .level = packet_kind::one_rtt, .phase = state.counters.key_updates}, state.now);
}

std::uint64_t connection_state::next_packet_number(const packet_space& space) {
  const std::uint64_t next = space.sent.next_number();
  if (!space.is_application() || next < number_to_skip) return next;
  std::array<std::uint8_t, 2> distance{};
  random.fill(distance);
  number_to_skip =
      next + min_skip_distance + (static_cast<std::uint64_t>(distance[0]) << 8 | distance[1]) % max_skip_spread;
  return next + 1;
}

duration peer_max_ack_delay(const connection_state& state) {
  return state.ack_requests.is_allowed() ? state.ack_requests.max_ack_delay() : state.peer_parameters.max_ack_delay;
}

duration probe_timeout(const connection_state& state) {
  const duration base = state.paths.active().rtt.pto_base();
  return state.handshake_confirmed ? base + peer_max_ack_delay(state) : base;
}

}  // namespace quasio::quic
