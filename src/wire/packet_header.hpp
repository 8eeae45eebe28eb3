#pragma once

#include <optional>

#include "quasio/base/bytes.hpp"
#include "quasio/wire/connection_id.hpp"
#include "quasio/wire/version.hpp"
#include "wire/packet_type.hpp"

namespace quasio::wire {

/// Whether the second bit of a packet must be set (RFC 9000, section 17), or may be anything because this endpoint
/// sent the grease_quic_bit transport parameter (RFC 9287, section 3).
enum class fixed_bit_rule : std::uint8_t { must_be_set, may_be_greased };

/// The header protection sample begins four bytes after the start of the packet number and is 16 bytes long
/// (RFC 9001, section 5.4.2).
inline constexpr std::size_t header_protection_sample_end = 4 + 16;

/// All of a packet's header that can be read before header protection is removed. The token points into the datagram.
struct packet_header {
  packet_type type = packet_type::one_rtt;
  quic_version version = quic_version::negotiation;  ///< A short header names none.
  connection_id destination;
  connection_id source;                  ///< Empty in a short header.
  byte_view token;                       ///< Of an Initial packet.
  std::size_t packet_number_offset = 0;  ///< From the packet's first byte; 0 where there is no packet number.
  std::size_t size = 0;                  ///< Of the whole packet within the datagram.

  bool has_packet_number() const noexcept { return packet_number_offset != 0; }

  /// A packet too short for a sample must be discarded (RFC 9001, section 5.4.2), but those behind it are still good.
  bool has_sample() const noexcept {
    return has_packet_number() && size - packet_number_offset >= header_protection_sample_end;
  }
};

/// Reads the header of the first packet in what is left of a datagram. Empty when the rest of the datagram must be
/// dropped: it is not of a supported version, is cut short, or breaks the format (RFC 9000, section 17). Of a Retry
/// or Version Negotiation packet, which take the whole datagram, it reads up to the connection IDs.
/// `short_header_id_size` (at most max_connection_id_size) is the length of the connection IDs this endpoint issues.
std::optional<packet_header> parse_packet_header(byte_view datagram_rest, std::size_t short_header_id_size,
                                                 fixed_bit_rule rule = fixed_bit_rule::must_be_set) noexcept;

}  // namespace quasio::wire
