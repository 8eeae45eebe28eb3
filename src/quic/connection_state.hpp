#pragma once

#include <array>
#include <optional>
#include <vector>

#include "quasio/quic/statistics.hpp"
#include "quic/ack_frequency.hpp"
#include "quic/busy_time.hpp"
#include "quic/closing.hpp"
#include "quic/datagram_receive_queue.hpp"
#include "quic/datagram_send_queue.hpp"
#include "quic/event_queue.hpp"
#include "quic/graceful_close.hpp"
#include "quic/grease.hpp"
#include "quic/handshake.hpp"
#include "quic/idle_timer.hpp"
#include "quic/keep_alive.hpp"
#include "quic/key_ring.hpp"
#include "quic/key_update.hpp"
#include "quic/local_connection_ids.hpp"
#include "quic/observation.hpp"
#include "quic/packet_space.hpp"
#include "quic/path_set.hpp"
#include "quic/peer_connection_ids.hpp"
#include "quic/sending_order.hpp"
#include "quic/stream_set.hpp"
#include "quic/token_exchange.hpp"
#include "quic/version_negotiation.hpp"

namespace quasio::quic {

/// A received packet that waits for its keys (RFC 9001, section 5.7).
struct waiting_packet {
  std::vector<std::uint8_t> bytes;
  network_path path;
  ecn_codepoint ecn;
};

/// What a connection is born with.
struct connection_origin {
  endpoint_role role;
  quic_version version;
  settings transport;
  network_path path;
  connection_id local_id;              ///< Ours, sequence number 0.
  connection_id peer_id;               ///< The peer's; of a client a guess at first.
  connection_id original_destination;  ///< Of the client's very first packet.
  std::optional<connection_id> retry_source;
  std::array<std::uint8_t, 32> reset_token_key;
  std::shared_ptr<connection_id_generator> connection_ids;
  token_issuer issuer{};  ///< A server's.
  time_point now;
  observer_factory observe;
};

/// Who watches the connection that begins so; null where nobody does.
std::shared_ptr<connection_observer> observe(const connection_origin& origin);

/// The parts of a connection side by side. It holds no logic: packet_receiver, frame_receiver, loss_recovery and
/// transmitter are what moves it, and each of them reads as one walk of a packet.
struct connection_state {
  connection_state(const connection_origin& origin, random_source& random_bytes)
      : role(origin.role),
        config(origin.transport),
        random(random_bytes),
        watched(observe(origin)),
        original_destination(origin.original_destination),
        retry_source(origin.retry_source),
        spaces{packet_space(space_id::initial, config), packet_space(space_id::handshake, config),
               packet_space(space_id::application_data, config)},
        ack_requests(config.acknowledgments),
        versions(role, origin.version, config.versions),
        tls(role, versions, spaces, keys, now),
        local_ids(origin.connection_ids, origin.reset_token_key, random, events, origin.local_id,
                  config.max_issued_connection_ids),
        peer_ids(config.active_connection_id_limit, config.max_pending_retirements),
        tokens(origin.issuer, config, random, events),
        paths(origin.path, config, random, origin.now),
        streams(role, config, events),
        datagrams_out(config.datagrams, events),
        datagrams_in(config.datagrams, events),
        order(config.starvation_guard),
        idle(config.max_idle_timeout, origin.now),
        alive(config, origin.now),
        loss_timer_rearmed(origin.now),
        started(origin.now),
        now(origin.now) {
    peer_ids.set_handshake_id(origin.peer_id);
    paths.active().peer_id = 0;
    paths.active().reached_by = origin.local_id;
  }

  packet_space& space(space_id id) noexcept { return spaces[index_of(id)]; }
  const packet_space& space(space_id id) const noexcept { return spaces[index_of(id)]; }
  /// The number of the next packet. Now and then one is left out, so that a peer which acknowledges what it cannot have
  /// received gives itself away (RFC 9000, section 21.4).
  std::uint64_t next_packet_number(const packet_space& space);

  packet_space& application() noexcept { return space(space_id::application_data); }

  bool is_client() const noexcept { return role == endpoint_role::client; }
  bool is_server() const noexcept { return role == endpoint_role::server; }

  const endpoint_role role;
  const settings config;
  random_source& random;
  observation watched;

  connection_id original_destination;
  std::optional<connection_id> retry_source;
  /// A client's, from a Retry or an earlier connection; stands in its Initial packets.
  std::vector<std::uint8_t> token;

  event_queue events;
  statistics counters;
  busy_time in_flight;  ///< Whether anything is on its way on the path in use.
  std::array<packet_space, 3> spaces;
  ack_frequency_requests ack_requests;
  key_ring keys;
  key_update_progress key_updates;
  version_negotiation versions;
  std::optional<quic_version> version_to_begin_again;  ///< A client's, from a Version Negotiation packet.
  handshake tls;
  transport_parameters peer_parameters;  ///< Defaults until the peer's are known.

  local_connection_ids local_ids;
  peer_connection_ids peer_ids;
  token_exchange tokens;
  path_set paths;
  stream_set streams;
  datagram_send_queue datagrams_out;
  datagram_receive_queue datagrams_in;
  sending_order order;
  closing end;
  graceful_close leaving;
  idle_timer idle;
  keep_alive alive;

  bool peer_parameters_applied = false;
  bool streams_usable = false;            ///< The handshake is complete, or early data may flow.
  bool early_data_begun = false;          ///< A client has offered early data.
  std::string early_protocol;             ///< What a client's early data is written for.
  transport_parameters early_parameters;  ///< What it goes by.
  std::uint64_t early_packets_end = 0;    ///< A client's rejected 0-RTT packets have numbers below this.
  bool handshake_complete = false;
  bool handshake_confirmed = false;
  bool handshake_done_due = false;      ///< A server owes HANDSHAKE_DONE.
  bool peer_id_learnt = false;          ///< A client has seen the server's own choice (RFC 9000, section 7.2).
  bool handshake_packet_acked = false;  ///< A client knows that the server has validated its address.
  std::vector<waiting_packet> waiting;

  std::optional<std::uint64_t> last_ack_request;  ///< The largest sequence number of an ACK_FREQUENCY frame.
  std::uint64_t number_to_skip = 0;               ///< In the application space.
  std::uint32_t pto_count = 0;
  time_point loss_timer_rearmed;             ///< See recovery::loss_timer_inputs::rearmed_at.
  std::optional<time_point> pacing_release;  ///< When what the pacer held back may go.

  quic_bit_grease quic_bit;

  const time_point started;
  time_point handshake_completed_at{};
  std::optional<time_point> temporary_id_expires;  ///< See local_connection_ids::retire_temporary().
  time_point now;                                  ///< Of the latest call that brought the time along.
};

/// Ends the connection because the peer broke the protocol, or because something here did.
void fail(connection_state& state, transport_error error);

/// Tells the application that the connection has ended; every way of ending comes by here.
void announce_end(connection_state& state);

/// A received packet comes to nothing.
void drop(connection_state& state, drop_cause cause, std::size_t size, std::optional<packet_kind> kind = std::nullopt);

/// The handshake is confirmed (RFC 9001, section 4.1.2).
void note_confirmation(connection_state& state);

/// The 1-RTT keys of one direction or both were updated.
void note_key_update(connection_state& state, key_event how);

/// How long the peer may delay acknowledgments of 1-RTT packets: what it declared, or was asked for since.
duration peer_max_ack_delay(const connection_state& state);

/// One probe timeout of the path in use, with the peer's share (RFC 9002, section 6.2.1), without backoff.
duration probe_timeout(const connection_state& state);

}  // namespace quasio::quic
