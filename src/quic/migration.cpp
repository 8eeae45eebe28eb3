#include "quic/migration.hpp"

#include <algorithm>
#include <utility>

#include "quic/address_kind.hpp"
#include "quic/preferred_address.hpp"

namespace quasio::quic {
namespace {

// A path that was left may still deliver what was under way; as long as a closing connection waits (section 10.2).
constexpr int left_path_lifetime_in_probe_timeouts = 3;

bool same_host(const ip_endpoint& a, const ip_endpoint& b) noexcept { return a.address == b.address; }

/// Section 9.4: only ports differ, which is a NAT's doing or a new socket's; the way is the same one.
bool is_same_way(const network_path& a, const network_path& b) noexcept {
  return same_host(a.peer, b.peer) && same_host(a.local, b.local);
}

}  // namespace

migration::migration(connection_state& state) noexcept
    : state_(state),
      budget_(state.config.max_peer_migrations, state.config.peer_migration_interval, state.now),
      handshake_local_(state.paths.active().address().local),
      handshake_peer_(state.paths.active().address().peer) {}

duration migration::validation_timeout() const noexcept {
  // Section 8.2.4: what is known about the path in use says little about a new one, which begins with the initial
  // round-trip time; the longer of them is granted.
  duration longest{};
  for (const auto& each : state_.paths.all()) longest = std::max(longest, each->rtt.pto_base());
  return longest + state_.peer_parameters.max_ack_delay;
}

// --- What the receiver tells ----------------------------------------------------------------------------------------

bool migration::admits(const network_path& from) noexcept {
  if (state_.paths.find(from)) return true;
  // Section 9: a server's address does not change by itself, and nobody's does before the handshake is confirmed.
  if (state_.is_client() || !state_.handshake_confirmed) return false;
  if (leads_to_loopback(state_.paths.active().address().peer, from.peer)) return false;
  if (!budget_.is_spent(state_.now)) return true;
  ++state_.counters.peer_migrations_denied;
  return false;
}

path* migration::path_of(const network_path& from, std::size_t datagram_size, const connection_id& destination) {
  if (path* const known = state_.paths.find(from)) return known;
  if (!budget_.spend(state_.now) || !make_room(true)) return nullptr;
  path& added = state_.paths.add(from, state_.now);
  added.on_datagram_received(datagram_size);
  added.reached_by = destination;
  added.move_is_paid = true;
  // Section 9.5: who keeps its connection ID was moved by the network, and does not mind that ours stays, too.
  for (const auto& each : state_.paths.all()) {
    const bool came_along =
        each.get() != &added && each->peer_id && each->reached_by == destination && each->address().local == from.local;
    if (!came_along) continue;
    added.peer_id = each->peer_id;
    state_.peer_ids.share(*added.peer_id);
    break;
  }
  if (!added.peer_id) take_id(added);
  tell(path_event::added, added);
  // Sections 9.3 and 9.6.3: also where the client only probes, so that the path is known when the client follows.
  challenge(added);
  return &added;
}

void migration::follow_peer(path& from, const connection_id& destination) {
  path& active = state_.paths.active();
  const bool reused_id = destination == active.reached_by;
  from.reached_by = destination;
  if (&from == &active) {
    // Whoever spoke at the preferred address before is not there any more, or never was.
    for (const auto& each : state_.paths.all()) each->move_when_validated = false;
    return;
  }
  // Section 9.3: without an ID for it nothing can be sent there.
  if (!take_id(from)) return;
  const bool to_other_address = from.address().local != active.address().local;
  if (to_other_address && !from.is_validated()) {
    // Section 9.6.2: from its preferred address a server sends data only when the path is validated.
    from.move_when_validated = true;
    return;
  }
  if (may_follow(from)) move_to(from, path_change::peer_migrated, reused_id);
}

bool migration::may_follow(path& to) {
  if (std::exchange(to.move_is_paid, false)) return true;
  // Section 9.3.2: away from an address that proved nothing, back to one that did.
  if (!state_.paths.active().is_validated() && to.is_validated()) return true;
  return budget_.spend(state_.now);
}

void migration::on_response(const wire::path_data& data) {
  // Section 8.2.3: the response counts on whatever path it comes.
  for (const auto& each : state_.paths.all()) {
    const auto answer = each->validation.on_response(data);
    if (answer == path_validation::answer::none) continue;
    if (answer == path_validation::answer::path) return on_validated(*each);
    if (!each->is_validated()) each->mtu_unproven = true;
    each->validate();
    // The amplification limit is gone: what waited for it is due.
    state_.loss_timer_rearmed = state_.now;
    return challenge(*each);
  }
}

void migration::on_validated(path& proved) {
  const bool is_news = !proved.is_validated() || proved.mtu_unproven;
  proved.validate();
  proved.mtu_unproven = false;
  if (is_news) {
    ++state_.counters.path_validations;
    state_.events.push(path_validated{proved.address()});
    tell(path_event::validated, proved);
  }
  if (std::exchange(proved.move_when_validated, false)) {
    move_to(proved, kind_of_move_to(proved), false);
  }
  if (&proved != &state_.paths.active()) return;
  if (is_news) tell(path_event::settled, proved);
  state_.loss_timer_rearmed = state_.now;
  // Section 9.3: who comes back to this address later need not prove it again.
  if (state_.is_server())
    state_.tokens.on_address_validated(proved.address().peer, state_.versions.current(), state_.now);
  for (const auto& each : state_.paths.all()) {
    if (each->left_behind && !each->expires_at) leave_behind(*each);
  }
}

void migration::on_connection_ids_changed() {
  for (const auto& each : state_.paths.all()) take_id(*each);
}

void migration::on_handshake_confirmed() {
  if (state_.is_client()) follow_preferred_address();
}

void migration::follow_preferred_address() {
  const auto& offered = state_.peer_parameters.preferred_address;
  if (!offered || state_.config.preferred_address == preferred_address_policy::ignore) return;
  const network_path& current = state_.paths.active().address();
  const auto address = usable_preferred_address(*offered, current.peer);
  if (!address) return;
  state_.events.push(preferred_address_offered{*address});
  if (state_.config.preferred_address == preferred_address_policy::announce) return;
  static_cast<void>(migrate({current.local, *address}, migration_timing::when_validated));
}

// --- What a client wants --------------------------------------------------------------------------------------------

path_result<void> migration::check_client_may_use(const network_path& address) const {
  if (state_.is_server()) return unexpected(path_error::not_a_client);
  if (!state_.end.is_open()) return unexpected(path_error::connection_closed);
  if (!state_.handshake_confirmed) return unexpected(path_error::handshake_not_confirmed);
  if (state_.peer_ids.are_empty()) return unexpected(path_error::unlinkable_impossible);
  const transport_parameters& peer = state_.peer_parameters;
  if (address.peer == handshake_peer_) {
    const bool is_elsewhere = address.local != handshake_local_;
    if (peer.disable_active_migration && is_elsewhere) return unexpected(path_error::migration_disabled);
    return {};
  }
  const auto& preferred = peer.preferred_address;
  const bool is_preferred = preferred && usable_preferred_address(*preferred, handshake_peer_) == address.peer;
  const bool is_other_family = preferred && address.peer == (address.peer.is_v4() ? preferred->v4 : preferred->v6) &&
                               is_single_host(address.peer) && !leads_to_loopback(handshake_peer_, address.peer);
  if (!is_preferred && !is_other_family) return unexpected(path_error::unknown_server_address);
  return {};
}

path_result<path*> migration::prepare(const network_path& address) {
  if (auto allowed = check_client_may_use(address); !allowed) return unexpected(allowed.error());
  if (path* const known = state_.paths.find_exactly(address)) {
    if (!take_id(*known)) return unexpected(path_error::no_connection_id);
    return known;
  }
  if (!state_.peer_ids.has_unused()) return unexpected(path_error::no_connection_id);
  // Section 5.1.1: a server that is out of IDs could not answer.
  if (!state_.local_ids.peer_has_unused()) return unexpected(path_error::no_connection_id);
  if (!make_room(false)) return unexpected(path_error::too_many_paths);
  path& added = state_.paths.add(address, state_.now);
  take_id(added);
  tell(path_event::added, added);
  // Section 9.2: the server has said by the handshake that it takes what is sent there. Of a preferred address only
  // the server's word is known: it gets probes of full size, as a first Initial packet is, and nothing else.
  added.lift_amplification_limit();
  return &added;
}

path_result<void> migration::probe(const network_path& address) {
  const auto prepared = prepare(address);
  if (!prepared) return unexpected(prepared.error());
  path& probed = **prepared;
  probed.left_behind = false;
  probed.expires_at.reset();
  if (!probed.validation.is_under_way()) challenge(probed);
  return {};
}

path_result<void> migration::migrate(const network_path& address, migration_timing when) {
  const auto prepared = prepare(address);
  if (!prepared) return unexpected(prepared.error());
  path& chosen = **prepared;
  // The newest wish counts.
  for (const auto& each : state_.paths.all()) each->move_when_validated = false;
  if (&chosen == &state_.paths.active()) return {};
  const bool proved = chosen.is_validated() && !chosen.mtu_unproven;
  // Section 9.6.2: a client validates a preferred address before it sends data there.
  const bool must_prove = address.peer != state_.paths.active().address().peer && address.peer != handshake_peer_;
  if (!proved && (must_prove || when == migration_timing::when_validated)) {
    chosen.move_when_validated = true;
    if (!chosen.validation.is_under_way()) challenge(chosen);
    return {};
  }
  move_to(chosen, kind_of_move_to(chosen), false);
  return {};
}

path_result<void> migration::abandon(const network_path& address) {
  if (!state_.end.is_open()) return unexpected(path_error::connection_closed);
  path* const known = state_.paths.find_exactly(address);
  if (!known) return unexpected(path_error::unknown_path);
  if (known != &state_.paths.active()) {
    close(*known);
    return {};
  }
  if (state_.paths.all().size() == 1) return unexpected(path_error::path_in_use);
  if (!go_back()) return unexpected(path_error::path_in_use);
  if (state_.paths.find_exactly(address)) drop(*known);
  state_.events.push(path_closed{address});
  return {};
}

// --- Moving ---------------------------------------------------------------------------------------------------------

bool migration::take_id(path& on) {
  if (on.peer_id && state_.peer_ids.find(*on.peer_id)) return true;
  on.peer_id = state_.peer_ids.take();
  return on.peer_id.has_value();
}

bool migration::make_room(bool for_peer) {
  if (!state_.paths.is_full()) return true;
  path* victim = nullptr;
  if (for_peer) {
    victim = state_.paths.dispensable();
  } else {
    // What the application probes is its own; only what was left behind may go.
    for (const auto& each : state_.paths.all()) {
      if (each->expires_at) victim = each.get();
    }
  }
  if (!victim) return false;
  close(*victim);
  return true;
}

void migration::challenge(path& on) {
  on.validation.begin(state_.random, state_.now, validation_timeout());
  tell(path_event::probed, on);
}

void migration::tell(path_event what, const path& on) {
  if (state_.watched) state_.watched.path_changed(what, on, id_of(on), state_.now);
}

const connection_id* migration::id_of(const path& on) const noexcept {
  return on.peer_id ? state_.peer_ids.find(*on.peer_id) : nullptr;
}

void migration::move_to(path& destination, path_change why, bool reused_id) {
  path& previous = state_.paths.active();
  const path_changed change{previous.address(), destination.address(), why, reused_id};
  destination.left_behind = false;
  destination.move_when_validated = false;
  destination.expires_at.reset();
  const bool is_proved = destination.is_validated() && !destination.mtu_unproven;
  if (is_same_way(change.from, change.to)) {
    destination.exchange_recovery(previous);
    state_.watched.paths_exchanged(previous, id_of(previous), destination, id_of(destination), state_.now);
  }
  state_.paths.activate(destination);
  if (why == path_change::reverted) tell(path_event::given_up, previous);
  tell(path_event::taken, destination);
  if (is_proved) tell(path_event::settled, destination);
  // What the silence of the old path has taught says nothing about this one.
  state_.pto_count = 0;
  state_.loss_timer_rearmed = state_.now;
  ++state_.counters.path_changes;
  state_.events.push(change);

  if (!is_proved && !destination.validation.is_under_way()) challenge(destination);
  // Section 9.3.2: who comes back ends the trial of the address that it did not go to.
  if (!previous.is_validated()) return why == path_change::reverted ? drop(previous) : close(previous);
  previous.left_behind = true;
  // Section 9.3.3: where copies of packets went another way, this makes the client speak up on the old one.
  if (state_.is_server() && !previous.validation.is_under_way()) challenge(previous);
  if (is_proved) leave_behind(previous);
}

path_change migration::kind_of_move_to(const path& destination) const noexcept {
  if (state_.is_server()) return path_change::peer_migrated;
  const ip_endpoint& peer = destination.address().peer;
  const bool to_preferred = peer != handshake_peer_ && peer != state_.paths.active().address().peer;
  return to_preferred ? path_change::preferred_address : path_change::migrated;
}

void migration::leave_behind(path& left) {
  duration timeout = probe_timeout(state_);
  if (left.rtt.has_sample()) timeout = std::max(timeout, left.rtt.pto_base());
  left.expires_at = state_.now + left_path_lifetime_in_probe_timeouts * timeout;
}

bool migration::go_back() {
  path* destination = state_.paths.fallback();
  if (!destination && state_.paths.all().size() > 1) {
    const auto& others = state_.paths.all();
    // None is proved, but one may come to be.
    const auto hopeful = std::find_if(std::next(others.begin()), others.end(), [](const auto& each) {
      return each->peer_id && (each->is_validated() || each->validation.is_under_way());
    });
    destination = hopeful == others.end() ? nullptr : hopeful->get();
  }
  if (!destination) return false;
  take_id(*destination);
  move_to(*destination, path_change::reverted, false);
  return true;
}

void migration::close(path& gone) {
  state_.events.push(path_closed{gone.address()});
  drop(gone);
}

void migration::drop(path& gone) {
  // Section 5.1.2: the ID is retired, and the peer supplies another.
  if (gone.peer_id) state_.peer_ids.release(*gone.peer_id);
  gone.peer_id.reset();
  tell(path_event::forgotten, gone);
  state_.paths.remove(gone);
}

// --- Time -----------------------------------------------------------------------------------------------------------

bool migration::on_timeout() {
  const auto is_due = [this](std::optional<time_point> deadline) { return deadline && *deadline <= state_.now; };
  // Giving one up may move or close others: look anew after each.
  for (bool looked_at_all = false; !looked_at_all;) {
    looked_at_all = true;
    for (const auto& each : state_.paths.all()) {
      path& candidate = *each;
      if (is_due(candidate.expires_at)) {
        close(candidate);
      } else if (is_due(candidate.validation.deadline())) {
        if (candidate.validation.on_timeout(state_.random, state_.now)) continue;
        if (!give_up(candidate)) return false;
      } else {
        continue;
      }
      looked_at_all = false;
      break;
    }
  }
  return true;
}

bool migration::give_up(path& failed) {
  ++failed.counters.validations_failed;
  const bool is_active = &failed == &state_.paths.active();
  const bool had_worked = failed.is_validated() && !failed.mtu_unproven;
  if (had_worked) {
    // Section 9.3.2: while nothing better is proved, it is still the last address that was.
    const path& active = state_.paths.active();
    if (!is_active && active.is_validated() && !active.mtu_unproven) close(failed);
    return true;
  }
  ++state_.counters.path_failures;
  state_.events.push(path_failed{failed.address()});
  tell(path_event::failed, failed);
  if (!is_active) {
    drop(failed);
    return true;
  }
  if (!go_back()) return false;
  if (state_.paths.find_exactly(failed.address())) drop(failed);
  return true;
}

std::vector<path_statistics> migration::statistics() const {
  std::vector<path_statistics> all;
  for (const auto& each : state_.paths.all()) {
    all.push_back(each->statistics());
    all.back().active = each.get() == &state_.paths.active();
  }
  return all;
}

}  // namespace quasio::quic
