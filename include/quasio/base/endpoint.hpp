#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>

namespace quasio {

/// An IP address and UDP port without any networking library. IPv4 is held as an IPv4-mapped IPv6 address.
struct ip_endpoint {
  std::array<std::uint8_t, 16> address{};  ///< Network byte order.
  std::uint32_t scope_id = 0;              ///< IPv6 zone; 0 where none is meant.
  std::uint16_t port = 0;                  ///< Host byte order.

  /// `address` in network byte order: {192, 0, 2, 1}.
  static ip_endpoint v4(std::array<std::uint8_t, 4> address, std::uint16_t port) noexcept;

  /// Whether the address is an IPv4-mapped one.
  bool is_v4() const noexcept;

  /// "192.0.2.1:443", "[2001:db8::1]:443" or, with a zone, "[fe80::1%2]:443".
  std::string to_string() const;

  friend auto operator<=>(const ip_endpoint&, const ip_endpoint&) = default;
};

/// The two ends a datagram travels between (RFC 9000, section 9).
struct network_path {
  ip_endpoint local;  ///< Of this host.
  ip_endpoint peer;   ///< Of the other.

  friend auto operator<=>(const network_path&, const network_path&) = default;
};

/// The two ECN bits of the IP header (RFC 3168, section 5).
enum class ecn_codepoint : std::uint8_t { not_ect = 0, ect1 = 1, ect0 = 2, ce = 3 };

}  // namespace quasio
