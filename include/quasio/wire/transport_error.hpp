#pragma once

#include <cstdint>
#include <string>

#include "quasio/base/result.hpp"

namespace quasio {

/// The transport error codes of RFC 9000, section 20.1.
enum class transport_error_code : std::uint64_t {
  no_error = 0x00,
  internal_error = 0x01,
  connection_refused = 0x02,
  flow_control_error = 0x03,
  stream_limit_error = 0x04,
  stream_state_error = 0x05,
  final_size_error = 0x06,
  frame_encoding_error = 0x07,
  transport_parameter_error = 0x08,
  connection_id_limit_error = 0x09,
  protocol_violation = 0x0a,
  invalid_token = 0x0b,
  application_error = 0x0c,
  crypto_buffer_exceeded = 0x0d,
  key_update_error = 0x0e,
  aead_limit_reached = 0x0f,
  no_viable_path = 0x10,
  version_negotiation_error = 0x11,  ///< RFC 9368, section 8.
  crypto_error = 0x0100,             ///< 0x0100 to 0x01ff: a TLS alert is added (RFC 9001, section 4.8).
};

/// "FLOW_CONTROL_ERROR", or "CRYPTO_ERROR (alert 42)" for the range that carries TLS alerts.
std::string to_string(transport_error_code code);

/// What a CONNECTION_CLOSE frame of type 0x1c says: why the connection must end (RFC 9000, section 19.19).
struct transport_error {
  transport_error_code code = transport_error_code::no_error;  ///< What the peer is told.
  std::uint64_t frame_type = 0;  ///< The frame that caused it; 0 where none did or it is unknown.
  std::string reason;            ///< For people; sent to the peer.

  friend bool operator==(const transport_error&, const transport_error&) = default;
};

/// What a decoder or a part of the connection returns when the peer may have broken the protocol.
template <class Value>
using transport_result = result<Value, transport_error>;

}  // namespace quasio
