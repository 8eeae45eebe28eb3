#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "quasio/base/endpoint.hpp"
#include "quasio/quic/close_reason.hpp"
#include "quasio/quic/datagram.hpp"
#include "quasio/quic/saved_session.hpp"
#include "quasio/wire/connection_id.hpp"
#include "quasio/wire/stream_id.hpp"
#include "quasio/wire/version.hpp"

namespace quasio::quic {

/// TLS is through and the peer is who it should be: application data flows both ways.
struct handshake_completed {};

/// The peer has said so too (RFC 9001, section 4.1.2).
struct handshake_confirmed {};

/// A server with acceptor_options::ask_about_client_hello: the handshake waits until connection::answer_client_hello()
/// says how it goes on. Nothing of this is authenticated. The handshake timeout runs on meanwhile.
struct client_hello_received {
  std::string server_name;        ///< SNI; empty when the client names nobody.
  std::vector<std::string> alpn;  ///< Protocols offered, in the client's order.
};

/// Streams may be used before the handshake is complete. At a client: what is written now is early data. It stays
/// within what the server allowed the last time, may be seen by the server more than once, and unless the server takes
/// it goes out again by itself after the handshake. At a server: early data was accepted; who sent it is not proven
/// before handshake_completed.
struct early_data_ready {};

/// A client's early data was not accepted. Its streams begin anew: all that was written to them is sent again, within
/// the limits that the server gives now. What the application had based on the former session (other than data, such as
/// remembered settings) holds no longer. Comes before handshake_completed.
struct early_data_rejected {};

/// A client may resume a later connection with this: see client_options::session. Comes only after the handshake, up to
/// 16 times.
struct session_received {
  std::shared_ptr<saved_session> session;  ///< Never null, and the receiver's own.
};

/// The peer opened a stream.
struct stream_opened {
  stream_id id = 0;
  bool is_early_data = false;  ///< Its first data came before the handshake was complete: maybe a replay (RFC 8470).
};

/// There are new bytes, or the end, to be read. Said once until the reader has drained the stream.
struct stream_readable {
  stream_id id;
};

/// A stream whose last write was cut short takes data again.
struct stream_writable {
  stream_id id;
};

/// The peer abandoned its sending side (RESET_STREAM): no more bytes come.
struct stream_reset {
  stream_id id;
  std::uint64_t code;
};

/// The peer does not want what is sent (STOP_SENDING). The sending side has been reset with the same code.
struct stream_stopped {
  stream_id id;
  std::uint64_t code;
};

/// Both sides of the stream have ended and everything was delivered or abandoned; its ID is no longer known.
struct stream_closed {
  stream_id id;
};

/// After open_stream() failed with stream_error::limit_reached: the peer raised the limit.
struct streams_available {
  stream_direction direction;
};

/// There are datagrams to be read. Said once until the reader has drained them.
struct datagrams_readable {};

/// After send_datagram() failed with datagram_error::queue_full: half of the queue is free.
struct datagrams_writable {};

/// What became of a datagram that was given a cookie.
struct datagram_fate {
  std::uint64_t cookie;
  datagram_outcome outcome;
};

/// The largest payload of a datagram is another than at the handshake, or than was told last: the path, its MTU or the
/// peer's connection ID changed. What waits and is larger will be dropped.
struct datagram_limit_changed {
  std::size_t max_payload;  ///< What connection::max_datagram_payload() says.
};

/// Packets that carry this destination connection ID belong to this connection from now on.
struct connection_id_issued {
  connection_id id;
};

/// Packets that carry this ID no longer come.
struct connection_id_retired {
  connection_id id;
};

/// A server has given a client a token for another connection to it, which spares that one the proof of its address:
/// see client_options::token and token_store (RFC 9000, section 8.1.3).
struct new_token_received {
  std::vector<std::uint8_t> token;
  quic_version version;  ///< Of the connections that it is good for (RFC 9369, section 5).
};

/// The path in use is now found to carry datagrams of this size: UDP payload bytes.
struct mtu_updated {
  std::size_t max_datagram_size;
};

/// New keys protect 1-RTT packets from now on (RFC 9001, section 6).
struct keys_updated {
  bool by_peer = false;  ///< The peer began it.
};

/// A path has proved that it carries datagrams of 1200 bytes both ways (RFC 9000, section 8.2.3).
struct path_validated {
  network_path path;
};

/// No challenge sent on the path was answered (section 8.2.4): it is forgotten. Where it was the one in use, the
/// connection goes back to the last good one, and path_changed follows.
struct path_failed {
  network_path path;
};

/// Why a connection changed its path.
enum class path_change : std::uint8_t {
  migrated,           ///< connection::migrate() was called on this side.
  peer_migrated,      ///< The client speaks from another address, on purpose or because of a NAT (section 9.3).
  preferred_address,  ///< The server's preferred address is used from now on (section 9.6).
  reverted,           ///< The new path did not work, or was given up: back to one that did (section 9.3.2).
};

/// Data is sent on another path from now on.
struct path_changed {
  network_path from;
  network_path to;
  path_change why;

  /// The peer came under the connection ID that it used before, as happens behind a NAT: an observer can link the two
  /// paths (section 9.5).
  bool reused_connection_id = false;
};

/// A path that had worked, whose trial ended, or that was given up on purpose, is forgotten: nothing is sent on it or
/// taken from it any more.
struct path_closed {
  network_path path;
};

/// The server would rather be reached there (section 9.6), and the client could. With
/// preferred_address_policy::follow the move has begun; else connection::migrate() makes it.
struct preferred_address_offered {
  ip_endpoint address;
};

/// The connection has ended for the application. What is left is to send the closing packets: keep calling transmit()
/// and on_timeout() until connection::is_drained().
struct connection_closed {
  close_reason reason;
};

using event = std::variant<handshake_completed, handshake_confirmed, client_hello_received, early_data_ready,
                           early_data_rejected, session_received, stream_opened, stream_readable, stream_writable,
                           stream_reset, stream_stopped, stream_closed, streams_available, datagrams_readable,
                           datagrams_writable, datagram_fate, datagram_limit_changed, connection_id_issued,
                           connection_id_retired, new_token_received, path_validated, path_failed, path_changed,
                           path_closed, preferred_address_offered, mtu_updated, keys_updated, connection_closed>;

}  // namespace quasio::quic
