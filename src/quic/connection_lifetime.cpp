#include "quic/connection_parts.hpp"

/// How a connection is kept alive, goes quiet, and takes its leave (RFC 9000, section 10).
namespace quasio::quic {

void connection::parts::close_gracefully(std::uint64_t application_code, std::string_view reason, time_point deadline) {
  if (!is_established()) return close(application_code, reason);
  state.leaving.begin(application_code, reason, deadline);
}

bool connection::parts::is_everything_delivered() const noexcept {
  return state.streams.is_everything_delivered() && state.datagrams_out.empty();
}

void connection::parts::leave_when_delivered() {
  if (!state.leaving.is_under_way() || !state.end.is_open()) return;
  const bool out_of_patience = *state.leaving.deadline() <= state.now;
  if (out_of_patience || is_everything_delivered()) close(state.leaving.code(), state.leaving.reason());
}

void connection::parts::end_idle() {
  if (!state.idle.is_shortened()) return end_silently(close_cause::idle_timeout);
  // Section 10.1: the peer still counts on the time that was agreed on.
  state.end.begin_closing({.cause = close_cause::idle_timeout}, state.now, probe_timeout(state));
  announce_end(state);
}

// --- Signs of life -----------------------------------------------------------------------------------------------

keep_alive::situation connection::parts::life_signs() const {
  const packet_space& space = state.space(space_id::application_data);
  return {.has_streams = state.streams.size() > 0,
          .is_blocked = state.streams.is_blocked_by_peer(),
          .awaits_acknowledgment = space.sent.ack_eliciting_outstanding() > 0,
          .idle_timeout = state.idle.timeout()};
}

std::optional<time_point> connection::parts::keep_alive_deadline() const {
  return is_established() ? state.alive.deadline(life_signs()) : std::nullopt;
}

void connection::parts::break_silence() {
  if (!is_established() || !state.alive.on_timeout(state.now, life_signs())) return;
  ++state.counters.keep_alives;
  // A frame that says what is waited for is better than a PING; there may be none.
  state.streams.say_blocked_again();
}

// --- Memory ------------------------------------------------------------------------------------------------------

std::optional<time_point> connection::parts::spare_memory_deadline() const {
  const bool holds = state.streams.holds_spare_memory() || state.datagrams_out.holds_spare_memory() ||
                     state.datagrams_in.holds_spare_memory();
  if (!holds || state.config.spare_memory_timeout.count() == 0) return std::nullopt;
  return state.idle.since() + state.config.spare_memory_timeout;
}

void connection::parts::release_spare_memory() {
  state.streams.release_spare_memory();
  state.datagrams_out.release_spare_memory();
  state.datagrams_in.release_spare_memory();
}

}  // namespace quasio::quic
