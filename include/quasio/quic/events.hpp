#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>

#include "quasio/quic/close_reason.hpp"
#include "quasio/wire/connection_id.hpp"
#include "quasio/wire/stream_id.hpp"

namespace quasio::quic {

/// TLS is through and the peer is who it should be: application data flows both ways.
struct handshake_completed {};

/// The peer has said so too (RFC 9001, section 4.1.2).
struct handshake_confirmed {};

/// The peer opened a stream.
struct stream_opened {
  stream_id id;
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

/// Packets that carry this destination connection ID belong to this connection from now on.
struct connection_id_issued {
  connection_id id;
};

/// Packets that carry this ID no longer come.
struct connection_id_retired {
  connection_id id;
};

/// The path in use is now found to carry datagrams of this size: UDP payload bytes.
struct mtu_updated {
  std::size_t max_datagram_size;
};

/// The connection has ended for the application. What is left is to send the closing packets: keep calling transmit()
/// and on_timeout() until connection::is_drained().
struct connection_closed {
  close_reason reason;
};

using event = std::variant<handshake_completed, handshake_confirmed, stream_opened, stream_readable, stream_writable,
                           stream_reset, stream_stopped, stream_closed, streams_available, connection_id_issued,
                           connection_id_retired, mtu_updated, connection_closed>;

}  // namespace quasio::quic
