#include <algorithm>
#include <utility>
#include <variant>

#include "quic/connection_parts.hpp"
#include "quic/early_data_flow.hpp"
#include "recovery/persistent_congestion.hpp"

/// How a connection tells its observer of states rather than events: it compares them with what was told last. Nothing
/// here is called where nobody watches.
namespace quasio::quic {
namespace {

/// What one event of the application's means to those who watch.
class event_teller {
public:
  event_teller(connection_observer& observer, time_point now) noexcept : observer_(observer), now_(now) {}

  void operator()(const stream_opened& opened) const { tell(opened.id, stream_change::opened, true); }
  void operator()(const stream_stopped& stopped) const { tell(stopped.id, stream_change::reset_sent, true); }
  void operator()(const stream_reset& reset) const { tell(reset.id, stream_change::reset_received, true); }
  void operator()(const stream_closed& closed) const { tell(closed.id, stream_change::closed, false); }
  void operator()(const session_received& came) const { observer_.on_session(came.session->allows_early_data, now_); }
  void operator()(const new_token_received& came) const { observer_.on_token(came.token.size(), now_); }
  template <class Other>
  void operator()(const Other&) const {}

private:
  void tell(stream_id id, stream_change what, bool by_peer) const {
    observer_.on_stream_state({id, what, by_peer}, now_);
  }

  connection_observer& observer_;
  time_point now_;
};

}  // namespace

void connection::parts::tell_of_birth(const std::vector<std::string>& alpn) {
  if (!state.watched) return;
  const quasio::quic::path& first = state.paths.active();
  const settings& config = state.config;
  const auto own = supported_versions(config.versions, state.versions.chosen());
  observed_versions versions{.chosen = state.versions.chosen()};
  (state.is_client() ? versions.of_client : versions.of_server) = own;
  state.watched->on_versions(versions, state.now);
  state.watched.told().version = state.versions.chosen();
  state.watched->on_own_alpn(alpn, state.now);
  state.watched.reached(connection_progress::attempted, state.now);
  const std::size_t datagram_size = first.max_datagram_size();
  state.watched->on_recovery_parameters({.packet_threshold = config.loss_detection.packet_threshold,
                                         .time_threshold = config.loss_detection.time_threshold,
                                         .timer_granularity = recovery::timer_granularity,
                                         .initial_rtt = config.initial_rtt,
                                         .max_datagram_size = datagram_size,
                                         .initial_window = first.congestion->window(),
                                         .minimum_window = recovery::minimum_window(config.congestion, datagram_size),
                                         .loss_reduction_factor = config.congestion.loss_reduction_factor,
                                         .persistent_congestion_threshold = recovery::persistent_congestion_threshold,
                                         .controller = first.congestion->name()},
                                        state.now);
  state.watched.told().of(first).peer_id = state.peer_ids.handshake_id();
  state.watched.congestion_state_may_have_changed(first, state.now);
  if (state.is_server() && first.is_validated()) state.watched.reached(connection_progress::peer_validated, state.now);
  state.watched.keys_may_have_changed(state.keys, state.role, state.now);
}

void connection::parts::tell_of_transmission(const transmission& sent) {
  if (!state.watched) return;
  const quasio::quic::path* const on = state.paths.find_exactly(sent.path);
  state.watched->on_datagrams_sent({.path = on ? on->id() : state.paths.active().id(),
                                    .size = sent.size,
                                    .segment_size = sent.segment_size,
                                    .ecn = sent.ecn},
                                   state.now);
}

void connection::parts::tell_observer_of_changes() {
  tell_of_events();
  tell_of_version();
  tell_of_early_data();
  tell_of_paths();
  tell_of_dropped_datagrams();
  tell_of_timers();
}

void connection::parts::tell_of_events() {
  std::uint64_t& told = state.watched.told().events;
  for (; told < state.events.count(); ++told)
    std::visit(event_teller(*state.watched.operator->(), state.now), state.events[told]);
}

void connection::parts::tell_of_version() {
  const quic_version now = state.versions.current();
  if (std::exchange(state.watched.told().version, now) == now) return;
  state.watched->on_versions({.of_client = {}, .of_server = {}, .chosen = now}, state.now);
}

void connection::parts::tell_of_early_data() {
  const early_data_status now = status_of_early_data(state);
  if (std::exchange(state.watched.told().early_data, now) != now) state.watched->on_early_data(now, state.now);
}

void connection::parts::tell_of_paths() {
  for (const auto& each : state.paths.all()) {
    told_things::told_path& told = state.watched.told().of(*each);
    const std::size_t size = each->max_datagram_size();
    const bool complete = each->mtu.state() == mtu_state::search_complete;
    if (size != told.datagram_size || complete != told.mtu_search_complete) {
      state.watched->on_mtu({each->id(), std::exchange(told.datagram_size, size), size, each->mtu.state()}, state.now);
      told.mtu_search_complete = complete;
    }
    const ecn_state ecn = each->ecn.state();
    if (ecn == told.ecn) continue;
    state.watched->on_ecn({each->id(), std::exchange(told.ecn, ecn), ecn}, state.now);
  }
}

void connection::parts::tell_of_dropped_datagrams() {
  const auto tell = [this](std::uint64_t told, std::uint64_t now, std::optional<datagram_outcome> outcome) {
    if (now > told) state.watched->on_datagrams_dropped({now - told, outcome}, state.now);
  };
  told_things& told = state.watched.told();
  const sent_datagram_statistics out = state.datagrams_out.statistics();
  tell(told.datagrams_out.lost, out.lost, datagram_outcome::lost);
  tell(told.datagrams_out.expired, out.expired, datagram_outcome::expired);
  tell(told.datagrams_out.displaced, out.displaced, datagram_outcome::displaced);
  tell(told.datagrams_out.purged, out.purged, datagram_outcome::purged);
  tell(told.datagrams_out.too_large, out.too_large, datagram_outcome::too_large);
  told.datagrams_out = out;
  const std::uint64_t unread = state.datagrams_in.statistics().dropped;
  tell(told.datagrams_unread, unread, std::nullopt);
  told.datagrams_unread = unread;
}

void connection::parts::tell_of_expired_timers() {
  told_things& told = state.watched.told();
  for (std::size_t i = 0; i < told.timers.size(); ++i) {
    if (!told.timers[i].deadline || *told.timers[i].deadline > state.now) continue;
    state.watched->on_timer({.kind = static_cast<timer_kind>(i),
                             .what = timer_event::expired,
                             .space = told.timers[i].space,
                             .remaining = {}},
                            state.now);
    told.timers[i] = {};
  }
}

void connection::parts::tell_of_timers() {
  if (!state.end.is_open()) {
    for (std::size_t i = 0; i < state.watched.told().timers.size(); ++i)
      tell_of_timer(static_cast<timer_kind>(i), std::nullopt);
    return;
  }
  const auto loss = recovery.timer();
  const bool is_probe = loss && loss->kind == recovery::loss_timer_kind::probe;
  const auto space = loss ? std::optional(kind_of(loss->space)) : std::nullopt;
  tell_of_timer(timer_kind::loss_time, loss && !is_probe ? std::optional(loss->deadline) : std::nullopt, space);
  tell_of_timer(timer_kind::probe_timeout, is_probe ? std::optional(loss->deadline) : std::nullopt, space);
  std::optional<time_point> validation;
  for (const auto& each : state.paths.all()) validation = earliest(validation, each->validation.deadline());
  tell_of_timer(timer_kind::path_validation, validation);
  tell_of_timer(timer_kind::handshake, handshake_deadline());

  // Every packet that comes restarts it; only its length is news. The deadline is kept up for when it expires.
  const auto idle = state.idle.deadline(probe_timeout(state));
  told_things& told = state.watched.told();
  told_things::told_timer& told_idle = told.timers[static_cast<std::size_t>(timer_kind::idle)];
  if (std::exchange(told.idle_timeout, state.idle.timeout()) != state.idle.timeout() || !idle)
    tell_of_timer(timer_kind::idle, idle);
  else
    told_idle.deadline = idle;
}

void connection::parts::tell_of_timer(timer_kind kind, std::optional<time_point> deadline,
                                      std::optional<packet_kind> space) {
  told_things::told_timer& told = state.watched.told().timers[static_cast<std::size_t>(kind)];
  if (told.deadline == deadline && (!deadline || told.space == space)) return;
  const auto was_in = std::exchange(told, {deadline, deadline ? space : std::nullopt}).space;
  state.watched->on_timer({.kind = kind,
                           .what = deadline ? timer_event::set : timer_event::cancelled,
                           .space = deadline ? space : was_in,
                           .remaining = deadline ? std::max(*deadline - state.now, duration::zero()) : duration{}},
                          state.now);
}

}  // namespace quasio::quic
