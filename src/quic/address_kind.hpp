#pragma once

#include <algorithm>

#include "quasio/base/endpoint.hpp"

namespace quasio::quic {

/// 0.0.0.0 or ::, which names no host.
inline bool is_unspecified(const ip_endpoint& endpoint) noexcept {
  return endpoint.address == ip_endpoint{}.address || endpoint.address == ip_endpoint::v4({}, 0).address;
}

inline bool is_loopback(const ip_endpoint& endpoint) noexcept {
  if (endpoint.is_v4()) return endpoint.address[12] == 127;
  return endpoint.address[15] == 1 &&
         std::all_of(endpoint.address.begin(), endpoint.address.end() - 1, [](std::uint8_t byte) { return byte == 0; });
}

/// Whether datagrams sent there can reach one host: no group, no broadcast, no reserved address (RFC 6890), and a port.
inline bool is_single_host(const ip_endpoint& endpoint) noexcept {
  if (endpoint.port == 0 || is_unspecified(endpoint)) return false;
  if (!endpoint.is_v4()) return endpoint.address[0] != 0xff;
  const std::uint8_t first = endpoint.address[12];
  return first != 0 && first < 224;
}

/// RFC 9000, section 21.5.6: services on a host's own loopback interface trust whoever reaches them, so that nobody
/// from elsewhere may name an address there.
inline bool leads_to_loopback(const ip_endpoint& from, const ip_endpoint& to) noexcept {
  return is_loopback(to) && !is_loopback(from);
}

}  // namespace quasio::quic
