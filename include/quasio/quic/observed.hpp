#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "quasio/base/bytes.hpp"
#include "quasio/base/endpoint.hpp"
#include "quasio/base/time.hpp"
#include "quasio/quic/datagram.hpp"
#include "quasio/quic/early_data.hpp"
#include "quasio/quic/ecn_state.hpp"
#include "quasio/quic/mtu_settings.hpp"
#include "quasio/wire/connection_id.hpp"
#include "quasio/wire/stream_id.hpp"
#include "quasio/wire/version.hpp"

/// What a connection_observer is told of. Views are valid during the call only.
namespace quasio::quic {

/// The kinds of QUIC packet (RFC 9000, section 17).
enum class packet_kind : std::uint8_t {
  initial,
  zero_rtt,
  handshake,
  retry,
  version_negotiation,
  one_rtt,
  stateless_reset,  ///< Looks like one_rtt to all but who knows its token (section 10.3).
};

/// Whether packets of this kind have a packet number and frames.
constexpr bool is_protected(packet_kind kind) noexcept {
  return kind != packet_kind::retry && kind != packet_kind::version_negotiation && kind != packet_kind::stateless_reset;
}

/// A connection as it begins.
struct observed_start {
  endpoint_role role = endpoint_role::client;
  network_path path;
  connection_id original_destination;  ///< Of the client's first packet: what both ends' logs can be joined by.
  connection_id local_id;
  quic_version version = quic_version::v1;
};

/// The versions of QUIC that are known to come into question, each list empty where it is not known, and the one that
/// is or will be spoken, if any (RFC 9000, section 6; RFC 9368).
struct observed_versions {
  std::span<const quic_version> of_client;
  std::span<const quic_version> of_server;
  std::optional<quic_version> chosen;
};

/// What the handshake has settled.
struct observed_handshake {
  quic_version version = quic_version::v1;
  std::string_view alpn;
  std::string_view cipher;
  std::string_view group;
  bool resumed = false;  ///< From a ticket, which the server took.
  early_data_status early_data = early_data_status::not_offered;
  early_data_refusal early_data_refused_for = early_data_refusal::none;
};

/// A packet that was sent, or received and found to be authentic.
struct observed_packet {
  packet_kind kind = packet_kind::one_rtt;
  std::uint64_t number = 0;
  std::size_t size = 0;    ///< Of the whole packet with header and authentication tag, in bytes.
  bool key_phase = false;  ///< Of 1-RTT packets.
  std::uint16_t path = 0;  ///< Tells the paths of a connection apart.
  byte_view frames;        ///< In plaintext; empty where the kind has none.

  bool mtu_probe = false;      ///< Sent to find out whether so large a datagram arrives (RFC 8899).
  bool timeout_probe = false;  ///< Sent because a probe timeout expired (RFC 9002, section 6.2.4).
  bool had_waited = false;     ///< Received before its keys, and kept: see connection_observer::on_packet_buffered().
};

/// Datagrams of UDP for one path that were handed over in one go, or one that came.
struct observed_datagrams {
  std::uint16_t path = 0;
  std::size_t size = 0;          ///< Of all of them together, UDP payload bytes.
  std::size_t segment_size = 0;  ///< Of each but the last, which may be shorter.
  ecn_codepoint ecn = ecn_codepoint::not_ect;
};

/// Why a received packet was of no use.
enum class drop_cause : std::uint8_t {
  malformed,         ///< Not a packet.
  other_connection,  ///< In one datagram with packets for this connection, but not for it (RFC 9000, section 12.2).
  other_version,     ///< Of a version that is not spoken here now.
  unexpected,        ///< A packet that has no place at this time, or breaks a rule of its kind.
  no_keys,           ///< Its keys are not known yet, or not any more.
  unauthentic,       ///< It does not open.
  duplicate,         ///< It was received before.
  unknown_path,      ///< From an address that the peer may not use now.
  too_many_waiting,  ///< No room to keep it until its keys come.
};

/// The enumerator's name, for logs.
std::string_view to_string(drop_cause cause) noexcept;

/// A received packet, or rest of a datagram, that was dropped.
struct observed_drop {
  std::optional<packet_kind> kind;  ///< Empty when that much could not be read.
  std::size_t size = 0;
  drop_cause cause = drop_cause::malformed;
};

/// A received packet that is kept until there are keys for it (RFC 9001, section 5.7).
struct observed_wait {
  packet_kind kind = packet_kind::one_rtt;
  std::size_t size = 0;
};

/// What a loss was concluded from (RFC 9002, section 6.1).
enum class loss_cause : std::uint8_t { packet_threshold, time_threshold };

/// A packet that was declared lost.
struct observed_loss {
  packet_kind kind = packet_kind::one_rtt;
  std::uint64_t number = 0;
  std::size_t size = 0;
  std::uint16_t path = 0;
  loss_cause cause = loss_cause::packet_threshold;
  bool mtu_probe = false;  ///< No sign of congestion (RFC 9000, section 14.4).
};

/// Packets of one packet number space that were acknowledged for the first time by one ACK frame, smallest number last.
struct observed_acks {
  packet_kind space = packet_kind::one_rtt;  ///< initial, handshake, or one_rtt for application data.
  std::span<const std::uint64_t> numbers;
};

/// What recovery begins with.
struct observed_recovery_parameters {
  std::uint32_t packet_threshold = 0;  ///< RFC 9002, section 6.1.1.
  double time_threshold = 0;           ///< In round trips (section 6.1.2).
  duration timer_granularity{};
  duration initial_rtt{};
  std::size_t max_datagram_size = 0;  ///< UDP payload bytes.
  std::uint64_t initial_window = 0;   ///< Bytes.
  std::uint64_t minimum_window = 0;
  std::optional<double> loss_reduction_factor;  ///< Empty: the controller's own.
  unsigned persistent_congestion_threshold = 0;
  std::string_view controller;  ///< "cubic", for one.
};

/// What recovery knows of a path, told when an acknowledgment or a loss has changed it.
struct observed_recovery {
  std::uint16_t path = 0;
  duration latest_rtt{};
  duration smoothed_rtt{};
  duration minimum_rtt{};
  duration rtt_variation{};
  std::uint32_t pto_count = 0;
  std::uint64_t congestion_window = 0;  ///< Bytes.
  std::uint64_t bytes_in_flight = 0;
  std::optional<std::uint64_t> slow_start_threshold;  ///< Bytes; empty while it is infinite.
  std::uint64_t pacing_rate = 0;                      ///< Bytes per second.
};

/// The congestion controller has entered another state.
struct observed_congestion_state {
  std::uint16_t path = 0;
  std::string_view before;  ///< Empty at the start.
  std::string_view now;     ///< "slow_start", "congestion_avoidance", "recovery", or a controller's own.
};

/// What became of a path (RFC 9000, sections 8.2 and 9).
enum class path_event : std::uint8_t {
  added,      ///< Of the first path of a connection on_started() tells.
  moved,      ///< The number belongs to another address from now on: only a port has changed, and all is as before.
  probed,     ///< Challenges are being sent.
  validated,  ///< A challenge was answered.
  failed,     ///< None was.
  taken,      ///< Data goes this way from now on, proved or not.
  settled,    ///< The path in use is proved: there is no way back but by another move.
  given_up,   ///< Was in use and was abandoned for one that had worked before.
  forgotten,
};

/// Something that happened to a path.
struct observed_path {
  path_event what = path_event::added;
  std::uint16_t id = 0;  ///< Tells the paths of a connection apart; the one of the handshake is 0.
  network_path address;
  connection_id own_id;   ///< By which the peer addresses us there; empty where that is not known.
  connection_id peer_id;  ///< By which we address it; empty while it has supplied none.
};

/// One side's packets on a path are addressed to another connection ID than before (RFC 9000, section 5.1).
struct observed_connection_id {
  std::uint16_t path = 0;
  bool of_peer = false;  ///< The peer's, by which we address it. Else ours.
  connection_id before;
  connection_id now;
};

/// The size of the datagrams that a path is known to carry, or how far the search for it is, has changed.
struct observed_mtu {
  std::uint16_t path = 0;
  std::size_t before = 0;  ///< UDP payload bytes.
  std::size_t now = 0;
  mtu_state state = mtu_state::base;
};

/// Whether a path carries ECN marks (RFC 9000, section 13.4) is known better than before.
struct observed_ecn {
  std::uint16_t path = 0;
  std::optional<ecn_state> before;  ///< Empty at the start of a path.
  ecn_state now = ecn_state::testing;
};

/// The timers of which changes are told. The idle timer, which every packet restarts, is told when its length changes.
enum class timer_kind : std::uint8_t { loss_time, probe_timeout, path_validation, handshake, idle };

/// What happened to a timer.
enum class timer_event : std::uint8_t { set, expired, cancelled };

/// A change of one of the timers.
struct observed_timer {
  timer_kind kind = timer_kind::loss_time;
  timer_event what = timer_event::set;
  std::optional<packet_kind> space;  ///< Of loss_time and probe_timeout: as observed_acks::space.
  duration remaining{};              ///< From now; of `set` only.
};

/// What keeps data from being sent.
enum class send_obstacle : std::uint8_t {
  none,
  pacing,
  congestion_window,
  amplification_limit,  ///< RFC 9000, section 8.1.
  flow_control,         ///< The peer's, of the connection or of all streams that have data.
};

/// What happened to keys.
enum class key_event : std::uint8_t {
  installed,        ///< TLS gave the secrets of a level.
  updated_locally,  ///< A key update that this end began (RFC 9001, section 6).
  updated_by_peer,
  discarded,
};

/// A change of the keys that protect packets.
struct observed_key {
  key_event what = key_event::installed;
  packet_kind level = packet_kind::one_rtt;  ///< Of the packets that the keys protect.
  std::uint64_t phase = 0;                   ///< How many updates came before; 1-RTT keys only.
};

/// The way of a connection from its first packet to its last.
enum class connection_progress : std::uint8_t {
  attempted,          ///< Always the first.
  handshake_started,  ///< There are keys for Handshake packets.
  peer_validated,     ///< A server's: the client's address is proved (RFC 9000, section 8.1).
  early_write,        ///< A server's: it can send 1-RTT packets before the handshake is complete.
  handshake_complete,
  handshake_confirmed,
  closing,
  draining,
  closed,
};

/// Between whom stream or datagram data moved, as seen from the connection.
enum class data_movement : std::uint8_t {
  from_application,  ///< Written to the stream.
  to_application,    ///< Read from it.
};

/// Bytes of a stream that have changed hands.
struct observed_stream_data {
  stream_id id = 0;
  std::uint64_t length = 0;
  data_movement movement = data_movement::from_application;
  bool fin = false;
};

/// What happened to a stream.
enum class stream_change : std::uint8_t {
  opened,
  reset_sent,      ///< Our sending side was abandoned.
  reset_received,  ///< The peer's was.
  closed,          ///< All is delivered or abandoned, both ways.
};

/// A stream has entered another state.
struct observed_stream_state {
  stream_id id = 0;
  stream_change what = stream_change::opened;
  bool by_peer = false;  ///< It began this; a STOP_SENDING frame does, too. Without meaning for `closed`.
};

/// A DATAGRAM frame's data (RFC 9221) has changed hands.
struct observed_datagram_data {
  std::uint64_t length = 0;
  data_movement movement = data_movement::from_application;
};

/// Datagrams did not get where they should.
struct observed_datagram_drops {
  std::uint64_t count = 0;

  /// Of those to be sent. Empty: they came, and were not read in time.
  std::optional<datagram_outcome> outcome;
};

}  // namespace quasio::quic
