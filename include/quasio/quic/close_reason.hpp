#pragma once

#include <cstdint>
#include <string>

#include "quasio/wire/transport_error.hpp"

namespace quasio::quic {

/// Who or what ended a connection.
enum class close_cause : std::uint8_t {
  local_application,    ///< connection::close() was called.
  local_transport,      ///< The peer broke the protocol, or TLS failed here; `code` is what the peer was told.
  peer_application,     ///< The peer's application closed (CONNECTION_CLOSE of type 0x1d).
  peer_transport,       ///< The peer's transport closed (type 0x1c).
  idle_timeout,         ///< Nothing came for the negotiated time (RFC 9000, section 10.1).
  handshake_timeout,    ///< The handshake took longer than settings::handshake_timeout.
  stateless_reset,      ///< The peer has lost the connection's state (section 10.3).
  version_negotiation,  ///< The server speaks no version in common.
  no_viable_path,       ///< No path is left on which the peer can be reached (section 9.3.2).
};

/// Why a connection ended, for programs and for people.
struct close_reason {
  close_cause cause = close_cause::local_application;  ///< Which of the other members have a meaning depends on it.
  std::uint64_t code = 0;        ///< transport_error_code or the application's own code, by cause.
  std::uint64_t frame_type = 0;  ///< The frame that caused a transport error; 0 where none did.
  /// The sentence that went with the code; may be empty, and is the peer's where the peer closed.
  std::string reason;

  /// Whether silence ended it.
  bool is_timeout() const noexcept {
    return cause == close_cause::idle_timeout || cause == close_cause::handshake_timeout;
  }

  /// One sentence, e.g. "the peer closed the connection: FLOW_CONTROL_ERROR: stream 4 beyond its limit".
  std::string to_string() const;
};

}  // namespace quasio::quic
