#pragma once

#include <optional>

#include "quasio/base/bytes.hpp"
#include "quasio/wire/version.hpp"
#include "wire/packet_type.hpp"

namespace quasio::wire {

/// What one can know of a datagram's first packet without knowing its version (RFC 8999): enough to route it, and to
/// answer an unknown version with a Version Negotiation packet. The views point into the datagram.
struct routing_header {
  bool long_form = false;
  quic_version version = quic_version::negotiation;  ///< Of a long header; a short one names none.
  byte_view destination;                             ///< Up to 255 bytes where the version is not ours.
  byte_view source;                                  ///< Empty in a short header.
  std::optional<packet_type> type;                   ///< Empty where the version is not ours.

  bool is_initial() const noexcept { return type == packet_type::initial; }
};

/// Empty when the bytes cannot be QUIC of any version. `short_header_id_size` is the length of the connection IDs that
/// this endpoint issues. Nothing of one version is checked, not even the fixed bit.
std::optional<routing_header> peek_routing_header(byte_view datagram, std::size_t short_header_id_size) noexcept;

}  // namespace quasio::wire
