#pragma once

#include <cstdint>

namespace quasio {

/// A QUIC version as it stands in long headers (RFC 9000, section 15). Any 32-bit value may come off the wire.
enum class quic_version : std::uint32_t {
  negotiation = 0x00000000,  ///< Marks a Version Negotiation packet; never a version to speak.
  v1 = 0x00000001,           ///< RFC 9000.
  v2 = 0x6b3343cf,           ///< RFC 9369.
};

/// Versions of the form 0x?a?a?a?a are reserved to exercise negotiation (RFC 9000, section 15).
constexpr bool is_reserved_version(quic_version version) noexcept {
  return (static_cast<std::uint32_t>(version) & 0x0f0f0f0f) == 0x0a0a0a0a;
}

/// Whether quasio speaks this version.
constexpr bool is_supported_version(quic_version version) noexcept {
  return version == quic_version::v1 || version == quic_version::v2;
}

}  // namespace quasio
