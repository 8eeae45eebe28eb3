#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "quasio/base/result.hpp"

namespace quasio::http3 {

/// The error codes of HTTP/3 (RFC 9114, section 8.1) and QPACK (RFC 9204, section 6).
enum class error_code : std::uint64_t {
  no_error = 0x0100,
  general_protocol_error = 0x0101,
  internal_error = 0x0102,
  stream_creation_error = 0x0103,
  closed_critical_stream = 0x0104,
  frame_unexpected = 0x0105,
  frame_error = 0x0106,
  excessive_load = 0x0107,
  id_error = 0x0108,
  settings_error = 0x0109,
  missing_settings = 0x010a,
  request_rejected = 0x010b,
  request_cancelled = 0x010c,
  request_incomplete = 0x010d,
  message_error = 0x010e,
  connect_error = 0x010f,
  version_fallback = 0x0110,
  datagram_error = 0x0033,  ///< RFC 9297, section 5.2.
  qpack_decompression_failed = 0x0200,
  qpack_encoder_stream_error = 0x0201,
  qpack_decoder_stream_error = 0x0202,
};

/// "H3_FRAME_UNEXPECTED"; for a code that is none of these, "unknown code 0x…".
std::string to_string(error_code code);

/// A breach that ends the connection, or one request (the function that returns it says which).
struct error {
  error_code code = error_code::no_error;  ///< What the peer is told.
  std::string reason;                      ///< For people; sent to the peer where the connection closes.
};

}  // namespace quasio::http3
