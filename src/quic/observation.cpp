#include "quic/observation.hpp"

#include <algorithm>
#include <utility>

namespace quasio::quic {
namespace {

std::optional<std::uint64_t> finite(std::uint64_t threshold) noexcept {
  return threshold == recovery::congestion_controller::infinite ? std::nullopt : std::optional(threshold);
}

}  // namespace

packet_kind kind_of(wire::packet_type type) noexcept {
  switch (type) {
    case wire::packet_type::initial:
      return packet_kind::initial;
    case wire::packet_type::zero_rtt:
      return packet_kind::zero_rtt;
    case wire::packet_type::handshake:
      return packet_kind::handshake;
    case wire::packet_type::retry:
      return packet_kind::retry;
    case wire::packet_type::version_negotiation:
      return packet_kind::version_negotiation;
    default:
      return packet_kind::one_rtt;
  }
}

packet_kind kind_of(space_id space) noexcept {
  switch (space) {
    case space_id::initial:
      return packet_kind::initial;
    case space_id::handshake:
      return packet_kind::handshake;
    default:
      return packet_kind::one_rtt;
  }
}

std::string_view to_string(drop_cause cause) noexcept {
  switch (cause) {
    case drop_cause::malformed:
      return "malformed";
    case drop_cause::other_connection:
      return "other_connection";
    case drop_cause::other_version:
      return "other_version";
    case drop_cause::unexpected:
      return "unexpected";
    case drop_cause::no_keys:
      return "no_keys";
    case drop_cause::unauthentic:
      return "unauthentic";
    case drop_cause::duplicate:
      return "duplicate";
    case drop_cause::unknown_path:
      return "unknown_path";
    case drop_cause::too_many_waiting:
      return "too_many_waiting";
  }
  return "";
}

told_things::told_path& told_things::of(const path& on) {
  const auto known = std::ranges::find(paths, on.id(), &told_path::id);
  if (known != paths.end()) return *known;
  return paths.emplace_back(told_path{.id = on.id(), .own_id = on.reached_by, .datagram_size = on.max_datagram_size()});
}

void observation::keys_may_have_changed(const key_ring& keys, endpoint_role role, time_point now) {
  if (!observer_) return;
  const auto tell = [&](bool present, bool& told, packet_kind level) {
    if (!present || told) return;
    told = true;
    observer_->on_key({.what = key_event::installed, .level = level, .phase = 0}, now);
  };
  const bool early = keys.early_read || keys.early_write;
  tell(keys.initial_write.has_value(), told_->initial_keys, packet_kind::initial);
  tell(early, told_->early_keys, packet_kind::zero_rtt);
  tell(keys.handshake_write.has_value(), told_->handshake_keys, packet_kind::handshake);
  if (told_->handshake_keys) reached(connection_progress::handshake_started, now);
  tell(keys.application_write.has_value(), told_->application_keys, packet_kind::one_rtt);
  if (told_->application_keys && role == endpoint_role::server) reached(connection_progress::early_write, now);
  if (!told_->early_keys || early) return;
  told_->early_keys = false;
  observer_->on_key({.what = key_event::discarded, .level = packet_kind::zero_rtt, .phase = 0}, now);
}

void observation::reached(connection_progress step, time_point now) {
  if (!observer_) return;
  const std::uint32_t bit = 1u << static_cast<unsigned>(step);
  if ((told_->progress & bit) != 0) return;
  told_->progress |= bit;
  observer_->on_progress(step, now);
}

void observation::peer_parameters(const transport_parameters& theirs, endpoint_role role, time_point now) {
  if (!observer_) return;
  observer_->on_peer_parameters(theirs, now);
  if (!theirs.version_information) return;
  observed_versions known;
  (role == endpoint_role::client ? known.of_server : known.of_client) = theirs.version_information->available;
  observer_->on_versions(known, now);
}

void observation::recovery_changed(const path& on, std::uint32_t pto_count, time_point now) {
  if (!observer_) return;
  observer_->on_recovery({.path = on.id(),
                          .latest_rtt = on.rtt.latest(),
                          .smoothed_rtt = on.rtt.smoothed(),
                          .minimum_rtt = on.rtt.minimum(),
                          .rtt_variation = on.rtt.variation(),
                          .pto_count = pto_count,
                          .congestion_window = on.congestion->window(),
                          .bytes_in_flight = on.flight.bytes(),
                          .slow_start_threshold = finite(on.congestion->slow_start_threshold()),
                          .pacing_rate = on.pacer.rate()},
                         now);
  congestion_state_may_have_changed(on, now);
}

void observation::congestion_state_may_have_changed(const path& on, time_point now) {
  if (!observer_) return;
  const std::string_view state = on.congestion->state();
  std::string_view& before = told_->of(on).congestion_state;
  if (state == before) return;
  observer_->on_congestion_state({on.id(), before, state}, now);
  before = state;
}

void observation::acknowledgment_ends(space_id space, time_point now) {
  if (!observer_ || told_->acknowledged.empty()) return;
  observer_->on_packets_acked({.space = kind_of(space), .numbers = told_->acknowledged}, now);
  told_->acknowledged.clear();
}

void observation::path_changed(path_event what, const path& on, const connection_id* peer_id, time_point now) {
  if (!observer_) return;
  told_things::told_path& told = told_->of(on);
  if (peer_id) told.peer_id = *peer_id;
  observer_->on_path({what, on.id(), on.address(), on.reached_by, told.peer_id}, now);
  if (what == path_event::forgotten) std::erase_if(told_->paths, [&](const auto& each) { return each.id == on.id(); });
}

void observation::paths_exchanged(const path& a, const connection_id* id_of_a, const path& b,
                                  const connection_id* id_of_b, time_point now) {
  if (!observer_) return;
  // Connection IDs stay with the address; the number and all else has gone over.
  static_cast<void>(told_->of(a));
  static_cast<void>(told_->of(b));
  std::swap(told_->of(a).own_id, told_->of(b).own_id);
  std::swap(told_->of(a).peer_id, told_->of(b).peer_id);
  path_changed(path_event::moved, a, id_of_a, now);
  path_changed(path_event::moved, b, id_of_b, now);
}

void observation::addressed_by_peer(const path& on, const connection_id& own_id, time_point now) {
  if (!observer_) return;
  connection_id& before = told_->of(on).own_id;
  if (own_id == before) return;
  observer_->on_connection_id({.path = on.id(), .of_peer = false, .before = before, .now = own_id}, now);
  before = own_id;
}

void observation::addresses_peer(const path& on, const connection_id& peer_id, time_point now) {
  if (!observer_) return;
  connection_id& before = told_->of(on).peer_id;
  if (peer_id == before) return;
  observer_->on_connection_id({.path = on.id(), .of_peer = true, .before = before, .now = peer_id}, now);
  before = peer_id;
}

void observation::meets(send_obstacle obstacle, time_point now) {
  if (!observer_ || told_->obstacle == obstacle) return;
  observer_->on_obstacle(std::exchange(told_->obstacle, obstacle), obstacle, now);
}

}  // namespace quasio::quic
