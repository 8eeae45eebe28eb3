#pragma once

#include <cstddef>
#include <cstdint>

#include "quasio/wire/version.hpp"

namespace quasio::wire {

/// The kinds of packet of QUIC versions 1 and 2 (RFC 9000, section 17).
enum class packet_type : std::uint8_t { initial, zero_rtt, handshake, retry, version_negotiation, one_rtt };

/// What the bits of a packet's first byte mean (RFC 9000, sections 17.2 and 17.3). Reserved bits, key phase and packet
/// number length can be read only after header protection is removed.
namespace first_byte {

inline constexpr std::uint8_t long_form = 0x80;
inline constexpr std::uint8_t fixed_bit = 0x40;
inline constexpr std::uint8_t long_type_mask = 0x30;
inline constexpr std::uint8_t long_reserved_mask = 0x0c;
inline constexpr std::uint8_t short_reserved_mask = 0x18;
inline constexpr std::uint8_t spin_bit = 0x20;
inline constexpr std::uint8_t key_phase_bit = 0x04;
inline constexpr std::uint8_t packet_number_length_mask = 0x03;

constexpr bool is_long(std::uint8_t byte) noexcept { return (byte & long_form) != 0; }
constexpr bool has_fixed_bit(std::uint8_t byte) noexcept { return (byte & fixed_bit) != 0; }

/// In an authenticated packet these must be clear, else the peer commits a PROTOCOL_VIOLATION.
constexpr bool has_reserved_bits(std::uint8_t byte) noexcept {
  return (byte & (is_long(byte) ? long_reserved_mask : short_reserved_mask)) != 0;
}

constexpr bool spin(std::uint8_t byte) noexcept { return (byte & spin_bit) != 0; }
constexpr bool key_phase(std::uint8_t byte) noexcept { return (byte & key_phase_bit) != 0; }
constexpr std::size_t packet_number_length(std::uint8_t byte) noexcept {
  return std::size_t{1} + (byte & packet_number_length_mask);
}

}  // namespace first_byte

/// The Long Packet Type bits, in place in the first byte. Version 2 counts from Retry instead of Initial (RFC 9369,
/// section 3.2). `type` is initial, zero_rtt, handshake or retry.
constexpr std::uint8_t long_type_bits(quic_version version, packet_type type) noexcept {
  const unsigned shift = version == quic_version::v2 ? 1 : 0;
  return static_cast<std::uint8_t>(((static_cast<unsigned>(type) + shift) & 3u) << 4);
}

/// The type of a long-header packet of a supported version, from its first byte.
constexpr packet_type long_packet_type(quic_version version, std::uint8_t byte) noexcept {
  const unsigned shift = version == quic_version::v2 ? 3 : 0;
  return static_cast<packet_type>((((byte & first_byte::long_type_mask) >> 4) + shift) & 3u);
}

}  // namespace quasio::wire
