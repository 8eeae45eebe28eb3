#pragma once

#include <cstdint>

namespace quasio::wire {

/// The frame types of RFC 9000, section 19, and RFC 9221, section 4, and draft-ietf-quic-ack-frequency. Of a type that
/// carries flags, the first.
enum class frame_type : std::uint64_t {
  padding = 0x00,
  ping = 0x01,
  ack = 0x02,
  ack_ecn = 0x03,
  reset_stream = 0x04,
  stop_sending = 0x05,
  crypto = 0x06,
  new_token = 0x07,
  stream = 0x08,  ///< To 0x0f, by the bits in stream_bits.
  max_data = 0x10,
  max_stream_data = 0x11,
  max_streams_bidi = 0x12,
  max_streams_uni = 0x13,
  data_blocked = 0x14,
  stream_data_blocked = 0x15,
  streams_blocked_bidi = 0x16,
  streams_blocked_uni = 0x17,
  new_connection_id = 0x18,
  retire_connection_id = 0x19,
  path_challenge = 0x1a,
  path_response = 0x1b,
  connection_close = 0x1c,              ///< By QUIC itself.
  connection_close_application = 0x1d,  ///< By the application.
  handshake_done = 0x1e,
  immediate_ack = 0x1f,
  datagram = 0x30,  ///< The data reaches to the end of the packet.
  datagram_with_length = 0x31,
  ack_frequency = 0xaf,
};

/// The flags in the type of a STREAM frame (RFC 9000, section 19.8).
namespace stream_bits {

inline constexpr std::uint8_t fin = 0x01;
inline constexpr std::uint8_t length = 0x02;
inline constexpr std::uint8_t offset = 0x04;

}  // namespace stream_bits

}  // namespace quasio::wire
