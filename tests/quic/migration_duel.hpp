#pragma once

#include "quic/duel.hpp"

namespace quasio::test {

inline network_path moved(const duel& fight, std::uint16_t port, std::uint8_t host) {
  network_path path = fight.path;
  path.peer = ip_endpoint::v4({10, 0, 0, host}, port);
  return path;
}

inline bytes packet_with(duel& fight, const bytes& payload, std::size_t padded_to = 1200) {
  return fight.peer.seal(space_id::application_data, payload, {.padded_to = padded_to});
}

inline bytes ping(duel& fight, std::size_t padded_to = 1200) {
  return packet_with(fight, payload_of(wire::ping_frame{}), padded_to);
}

/// The answer to the newest challenge.
inline bytes answer(duel& fight, std::size_t padded_to = 1200) {
  const auto challenge = fight.peer.last<wire::path_challenge_frame>();
  if (!challenge) throw std::runtime_error("there was no challenge");
  return packet_with(fight, payload_of(wire::path_response_frame{.data = challenge->data}), padded_to);
}

template <class Event>
std::optional<Event> last(duel& fight) {
  fight.drain_events();
  std::optional<Event> found;
  for (const auto& each : fight.events) {
    if (const auto* one = std::get_if<Event>(&each)) found = *one;
  }
  return found;
}

inline std::optional<quic::path_statistics> statistics_of(const duel& fight, const network_path& path) {
  for (const auto& each : fight.connection->paths()) {
    if (each.path == path) return each;
  }
  return std::nullopt;
}

/// A client under test, whose server has given it IDs.
struct client_duel : duel {
  explicit client_duel(const duel_options& options = {}, int ids = 3) : duel(endpoint_role::client, options) {
    shake_hands();
    const bool has_second = options.peer_parameters.preferred_address.has_value();
    for (int i = has_second ? 2 : 1; i <= ids; ++i) give_id(i);
    settle();
    peer.forget_packets();
    sent_on.clear();
  }

  void give_id(int sequence) {
    const auto fill = static_cast<std::uint8_t>(sequence);
    send_frames(space_id::application_data,
                wire::new_connection_id_frame{.sequence = fill, .id = make_id(fill), .reset_token = {fill}});
  }

  network_path from(std::uint8_t host, std::uint16_t port = 5000) const {
    return {ip_endpoint::v4({10, 0, 1, host}, port), path.peer};
  }

  void answer_on(const network_path& on) { send(answer(*this), on); }
};

}  // namespace quasio::test
