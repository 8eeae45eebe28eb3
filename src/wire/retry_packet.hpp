#pragma once

#include <optional>

#include "quasio/base/byte_writer.hpp"
#include "quasio/base/bytes.hpp"
#include "wire/packet_header.hpp"

namespace quasio::wire {

/// RFC 9001, section 5.8.
inline constexpr std::size_t retry_integrity_tag_size = 16;

/// A Retry packet (RFC 9000, section 17.2.5). The views point into the datagram.
struct retry_packet {
  quic_version version = quic_version::v1;
  connection_id destination;
  connection_id source;
  byte_view token;             ///< Never empty.
  byte_view integrity_tag;     ///< retry_integrity_tag_size bytes; the caller verifies it.
  byte_view body_without_tag;  ///< What the tag covers, apart from the original destination connection ID.
};

/// Empty when `datagram` is not a Retry packet of a supported version, or must be discarded: a client ignores a Retry
/// with an empty token (RFC 9000, section 17.2.5.2).
std::optional<retry_packet> parse_retry_packet(byte_view datagram,
                                               fixed_bit_rule rule = fixed_bit_rule::must_be_set) noexcept;

/// A Retry packet to send, short of its tag.
struct outgoing_retry {
  quic_version version = quic_version::v1;
  connection_id destination;
  connection_id source;
  byte_view token;
  std::uint8_t unused_bits = 0;  ///< Arbitrary; the lowest four are sent.
};

/// Writes all of the packet but the integrity tag. The caller computes that over what is written, and appends it.
void encode_retry_body(byte_writer& out, const outgoing_retry& retry) noexcept;
std::size_t retry_packet_size(const outgoing_retry& retry) noexcept;  ///< With the tag.

}  // namespace quasio::wire
