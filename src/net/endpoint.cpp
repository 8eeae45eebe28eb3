#include "quasio/net/endpoint.hpp"

#include <algorithm>
#include <array>

namespace quasio::net {

asio::ip::udp::endpoint to_udp_endpoint(const ip_endpoint& endpoint) noexcept {
  if (endpoint.is_v4()) {
    asio::ip::address_v4::bytes_type bytes;
    std::copy_n(endpoint.address.end() - static_cast<std::ptrdiff_t>(bytes.size()), bytes.size(), bytes.begin());
    return {asio::ip::address_v4{bytes}, endpoint.port};
  }
  asio::ip::address_v6::bytes_type bytes;
  std::copy(endpoint.address.begin(), endpoint.address.end(), bytes.begin());
  return {asio::ip::address_v6{bytes, endpoint.scope_id}, endpoint.port};
}

ip_endpoint to_ip_endpoint(const asio::ip::udp::endpoint& endpoint) noexcept {
  const asio::ip::address address = endpoint.address();
  if (address.is_v4()) {
    const auto bytes = address.to_v4().to_bytes();
    return ip_endpoint::v4({bytes[0], bytes[1], bytes[2], bytes[3]}, endpoint.port());
  }
  const asio::ip::address_v6 v6 = address.to_v6();
  const auto bytes = v6.to_bytes();
  ip_endpoint converted;
  std::copy(bytes.begin(), bytes.end(), converted.address.begin());
  converted.scope_id = static_cast<std::uint32_t>(v6.scope_id());
  converted.port = endpoint.port();
  return converted;
}

bool is_unspecified(const ip_endpoint& endpoint) noexcept {
  const auto significant = endpoint.address.begin() + (endpoint.is_v4() ? 12 : 0);
  return std::all_of(significant, endpoint.address.end(), [](std::uint8_t byte) { return byte == 0; });
}

bool is_link_local_v6(const ip_endpoint& endpoint) noexcept {
  return endpoint.address[0] == 0xfe && (endpoint.address[1] & 0xc0) == 0x80;
}

}  // namespace quasio::net
