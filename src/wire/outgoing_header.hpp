#pragma once

#include "quasio/base/byte_writer.hpp"
#include "quasio/base/bytes.hpp"
#include "quasio/wire/connection_id.hpp"
#include "quasio/wire/packet_number.hpp"
#include "wire/packet_type.hpp"

namespace quasio::wire {

/// The header of an Initial, 0-RTT or Handshake packet to send (RFC 9000, section 17.2).
struct outgoing_long_header {
  packet_type type = packet_type::initial;
  quic_version version = quic_version::v1;
  connection_id destination;
  connection_id source;
  byte_view token;                ///< Written in Initial packets only.
  packet_number number = 0;       ///< In full; it is truncated on the wire.
  std::size_t number_length = 4;  ///< 1 to 4 bytes, from packet_number_length().
};

/// The Length field is always written as a varint of two bytes, because it is filled in after the payload.
inline constexpr std::size_t length_field_size = 2;
inline constexpr std::uint64_t max_length_field = (1u << 14) - 1;

/// Writes the header up to and with the packet number, and returns where its Length field stands, counted from the
/// packet's first byte; the packet number follows it directly.
std::size_t encode_long_header(byte_writer& out, const outgoing_long_header& header) noexcept;
std::size_t long_header_size(const outgoing_long_header& header) noexcept;

/// Fills in the Length field: packet number, payload and authentication tag together, at most max_length_field.
void set_length(byte_span packet, std::size_t length_field_position, std::uint64_t length) noexcept;

/// Writes the header of a 1-RTT packet up to and with the packet number (RFC 9000, section 17.3.1).
void encode_short_header(byte_writer& out, const connection_id& destination, bool spin, bool key_phase,
                         packet_number number, std::size_t number_length) noexcept;

constexpr std::size_t short_header_size(std::size_t destination_size, std::size_t number_length) noexcept {
  return 1 + destination_size + number_length;
}

}  // namespace quasio::wire
