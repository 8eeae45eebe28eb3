#include "quic/connection_state.hpp"

namespace quasio::quic {
namespace {

// Often enough to catch a cheat within a window's worth of packets, rare enough to cost nothing.
constexpr std::uint64_t min_skip_distance = 128;
constexpr std::uint64_t max_skip_spread = 1024;

}  // namespace

void fail(connection_state& state, transport_error error) {
  if (!state.end.is_open()) return;
  state.end.begin_closing({.cause = close_cause::local_transport,
                           .code = static_cast<std::uint64_t>(error.code),
                           .frame_type = error.frame_type,
                           .reason = std::move(error.reason)},
                          state.now, probe_timeout(state));
  announce_end(state);
}

void announce_end(connection_state& state) { state.events.push(connection_closed{state.end.reason()}); }

std::uint64_t connection_state::next_packet_number(const packet_space& space) {
  const std::uint64_t next = space.sent.next_number();
  if (!space.is_application() || next < number_to_skip) return next;
  std::array<std::uint8_t, 2> distance{};
  random.fill(distance);
  number_to_skip =
      next + min_skip_distance + (static_cast<std::uint64_t>(distance[0]) << 8 | distance[1]) % max_skip_spread;
  return next + 1;
}

duration probe_timeout(const connection_state& state) {
  const duration base = state.paths.active().rtt.pto_base();
  return state.handshake_confirmed ? base + state.peer_parameters.max_ack_delay : base;
}

}  // namespace quasio::quic
