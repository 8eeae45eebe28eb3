#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "quasio/base/bytes.hpp"
#include "quasio/base/endpoint.hpp"
#include "quasio/base/time.hpp"
#include "quasio/quic/close_reason.hpp"
#include "quasio/wire/connection_id.hpp"
#include "quasio/wire/stream_id.hpp"
#include "quasio/wire/transport_parameters.hpp"
#include "quasio/wire/version.hpp"

namespace quasio::quic {

/// The kinds of QUIC packet (RFC 9000, section 17).
enum class packet_kind : std::uint8_t { initial, zero_rtt, handshake, retry, version_negotiation, one_rtt };

/// A connection as it begins.
struct observed_start {
  endpoint_role role = endpoint_role::client;
  network_path path;
  connection_id original_destination;  ///< Of the client's first packet: what both ends' logs can be joined by.
  connection_id local_id;
  quic_version version = quic_version::v1;
};

/// A packet that was sent, or received and authenticated.
struct observed_packet {
  packet_kind kind = packet_kind::one_rtt;
  std::uint64_t number = 0;
  std::size_t size = 0;    ///< Of the whole packet with header and authentication tag, in bytes.
  bool key_phase = false;  ///< Of 1-RTT packets.
  std::uint16_t path = 0;  ///< Tells the paths of a connection apart.
  byte_view frames;        ///< In plaintext; valid during the call only.
};

/// Why a received packet was of no use.
enum class drop_cause : std::uint8_t {
  malformed,         ///< Not a packet, or not one for this connection.
  unexpected,        ///< A packet that has no place at this time, or of another version.
  no_keys,           ///< Its keys are not known yet, or not any more.
  unauthentic,       ///< It does not open.
  duplicate,         ///< It was received before.
  unknown_path,      ///< From an address that the peer may not use now.
  too_many_waiting,  ///< No room to keep it until its keys come.
};

struct observed_drop {
  std::optional<packet_kind> kind;  ///< Empty when that much could not be read.
  std::size_t size = 0;
  drop_cause cause = drop_cause::malformed;
};

/// What a loss was concluded from (RFC 9002, section 6.1).
enum class loss_cause : std::uint8_t { packet_threshold, time_threshold };

struct observed_loss {
  packet_kind kind = packet_kind::one_rtt;
  std::uint64_t number = 0;
  std::size_t size = 0;
  std::uint16_t path = 0;
  loss_cause cause = loss_cause::packet_threshold;
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

enum class key_event : std::uint8_t {
  installed,        ///< TLS gave the secrets of a level.
  updated_locally,  ///< A key update that this end began (RFC 9001, section 6).
  updated_by_peer,
  discarded,
};

struct observed_key {
  key_event what = key_event::installed;
  packet_kind level = packet_kind::one_rtt;  ///< Of the packets that the keys protect.
  std::uint64_t phase = 0;                   ///< How many updates came before; 1-RTT keys only.
};

/// The way of a connection from its first packet to its last.
enum class connection_progress : std::uint8_t {
  handshake_complete,
  handshake_confirmed,
  closing,
  draining,
  closed,
};

enum class data_movement : std::uint8_t {
  from_application,  ///< Written to the stream.
  to_application,    ///< Read from it.
};

struct observed_stream_data {
  stream_id id = 0;
  std::uint64_t length = 0;
  data_movement movement = data_movement::from_application;
  bool fin = false;
};

/// Is told what a connection does, as it happens: for logs (qlog::connection_log is one), metrics and tests. What it
/// does not override costs one virtual call; a connection without an observer pays nothing.
///
/// Called from within the connection's own functions, on the thread that runs it. It must neither block nor throw, nor
/// call the connection. Views are valid during the call only. An observer that is shared by connections of several
/// threads must be safe for that.
class connection_observer {
public:
  virtual ~connection_observer() = default;

  virtual void on_started(const observed_start&, time_point) {}

  /// Our transport parameters, and later the peer's.
  virtual void on_local_parameters(const transport_parameters&, time_point) {}
  virtual void on_peer_parameters(const transport_parameters&, time_point) {}

  virtual void on_packet_sent(const observed_packet&, time_point) {}
  virtual void on_packet_received(const observed_packet&, time_point) {}
  virtual void on_packet_dropped(const observed_drop&, time_point) {}
  virtual void on_packet_lost(const observed_loss&, time_point) {}
  virtual void on_recovery(const observed_recovery&, time_point) {}
  virtual void on_congestion_state(const observed_congestion_state&, time_point) {}
  virtual void on_key(const observed_key&, time_point) {}
  virtual void on_progress(connection_progress, time_point) {}
  virtual void on_stream_data(const observed_stream_data&, time_point) {}
  virtual void on_alpn(std::string_view, time_point) {}

  /// The connection has ended for the application; `closing`, `draining` or `closed` follows.
  virtual void on_closed(const close_reason&, time_point) {}
};

/// Makes the observer of a connection that is about to begin; null for none. Called on the thread that begins it.
using observer_factory = std::function<std::shared_ptr<connection_observer>(const observed_start&)>;

}  // namespace quasio::quic
