#pragma once

#include <optional>
#include <string>
#include <type_traits>

#include "quasio/asio.hpp"
#include "quasio/quic/close_reason.hpp"
#include "quasio/quic/datagram.hpp"
#include "quasio/quic/path_error.hpp"
#include "quasio/quic/stream_error.hpp"

namespace quasio::runtime {

/// What can end a connection or an operation beside the protocol's own codes.
enum class error {
  connection_closed = 1,  ///< This side closed it, or it had ended before the operation began.
  idle_timeout,           ///< Nothing came for the negotiated time (RFC 9000, section 10.1).
  handshake_timeout,      ///< The peer did not complete the handshake in time.
  version_negotiation,    ///< The server speaks no QUIC version in common.
  already_started,        ///< An operation of this kind is pending on this object.
  too_many_waiting,       ///< As many operations as allowed are waiting already.
  listener_closed,        ///< The listener takes no more connections.
  stateless_reset,        ///< The peer has lost the connection's state (RFC 9000, section 10.3).
  not_delivered,          ///< The connection ended before the peer had acknowledged all that was written.
  peer_lost,              ///< The peer's host says that nobody is there any more, and nothing else was heard of it.
  key_update_refused,     ///< A key update is not allowed yet (quic::key_update_error); it will be.
  path_failed,            ///< The new path does not lead to the peer (RFC 9000, section 8.2.4).
  no_viable_path,         ///< No path is left on which the peer can be reached (RFC 9000, section 9.3.2).
};

/// The category of runtime::error.
const error_category& runtime_category() noexcept;

/// Errors of the transport, sent by either side: the value is a transport_error_code (RFC 9000, section 20.1). Codes
/// that do not fit an int are held as INT_MAX.
const error_category& transport_category() noexcept;

/// Codes with which the peer's application closed a connection; what they mean is for the application protocol to say.
const error_category& application_category() noexcept;

/// Codes with which the peer abandoned a stream (RESET_STREAM) or refused it (STOP_SENDING).
const error_category& stream_abandoned_category() noexcept;

/// The category of quic::stream_error.
const error_category& stream_category() noexcept;

/// The category of quic::datagram_error.
const error_category& datagram_category() noexcept;

/// The category of quic::path_error.
const error_category& path_category() noexcept;

error_code make_error_code(error value) noexcept;

/// An error_code of `category` for a code of 62 bits; what is too large for an int becomes INT_MAX.
error_code make_wire_error(std::uint64_t code, const error_category& category) noexcept;

/// How a connection ended, for programs and for people.
struct connection_end {
  error_code code;      ///< Never "no error": a connection that this side closed in peace is error::connection_closed.
  std::string message;  ///< One sentence without a full stop, with the peer's or TLS's own words where there are any.

  /// What the QUIC connection says of it; empty when the network ended it before, or no connection could be made.
  std::optional<quic::close_reason> reason;
};

/// Puts a close reason of a raw QUIC connection into an error_code and a sentence.
connection_end describe(const quic::close_reason& reason);

/// The same for an error of the system.
connection_end describe(const error_code& code);

}  // namespace quasio::runtime

namespace quasio::quic {

/// So that a stream_error or path_error converts to an error_code.
error_code make_error_code(stream_error value) noexcept;
error_code make_error_code(path_error value) noexcept;

/// The same for a datagram_error.
error_code make_error_code(datagram_error value) noexcept;

}  // namespace quasio::quic

template <>
struct boost::system::is_error_code_enum<quasio::runtime::error> : std::true_type {};
template <>
struct boost::system::is_error_code_enum<quasio::quic::stream_error> : std::true_type {};
template <>
struct boost::system::is_error_code_enum<quasio::quic::datagram_error> : std::true_type {};
template <>
struct boost::system::is_error_code_enum<quasio::quic::path_error> : std::true_type {};
