#include "net/socket_address.hpp"

#include <algorithm>
#include <cstring>

namespace quasio::net {
namespace {

// Not htons(): its macro form uses casts that our warnings forbid.
std::uint16_t network_order(std::uint16_t port) noexcept {
  const std::uint8_t bytes[2] = {static_cast<std::uint8_t>(port >> 8), static_cast<std::uint8_t>(port)};
  std::uint16_t value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

std::uint16_t host_order(std::uint16_t port) noexcept {
  std::uint8_t bytes[2];
  std::memcpy(bytes, &port, sizeof bytes);
  return static_cast<std::uint16_t>(bytes[0] << 8 | bytes[1]);
}

template <class Address>
Address read_as(const sockaddr_storage& storage) noexcept {
  Address address;
  std::memcpy(&address, &storage, sizeof address);
  return address;
}

}  // namespace

in_addr to_in_addr(const ip_endpoint& endpoint) noexcept {
  in_addr address;
  std::memcpy(&address, endpoint.address.data() + 12, sizeof address);
  return address;
}

in6_addr to_in6_addr(const ip_endpoint& endpoint) noexcept {
  in6_addr address;
  std::memcpy(&address, endpoint.address.data(), sizeof address);
  return address;
}

ip_endpoint from_in_addr(const in_addr& address, std::uint16_t port) noexcept {
  std::array<std::uint8_t, 4> bytes;
  std::memcpy(bytes.data(), &address, bytes.size());
  return ip_endpoint::v4(bytes, port);
}

ip_endpoint from_in6_addr(const in6_addr& address, std::uint16_t port) noexcept {
  ip_endpoint endpoint;
  std::memcpy(endpoint.address.data(), &address, endpoint.address.size());
  endpoint.port = port;
  return endpoint;
}

socklen_t write_socket_address(const ip_endpoint& endpoint, int family, sockaddr_storage& out) noexcept {
  if (family == AF_INET) {
    if (!endpoint.is_v4()) return 0;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = network_order(endpoint.port);
    address.sin_addr = to_in_addr(endpoint);
    std::memcpy(&out, &address, sizeof address);
    return sizeof address;
  }
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = network_order(endpoint.port);
  address.sin6_addr = to_in6_addr(endpoint);
  address.sin6_scope_id = endpoint.scope_id;
  std::memcpy(&out, &address, sizeof address);
  return sizeof address;
}

ip_endpoint read_socket_address(const sockaddr_storage& storage) noexcept {
  if (storage.ss_family == AF_INET) {
    const auto address = read_as<sockaddr_in>(storage);
    return from_in_addr(address.sin_addr, host_order(address.sin_port));
  }
  if (storage.ss_family != AF_INET6) return {};
  const auto address = read_as<sockaddr_in6>(storage);
  ip_endpoint endpoint = from_in6_addr(address.sin6_addr, host_order(address.sin6_port));
  endpoint.scope_id = address.sin6_scope_id;
  return endpoint;
}

}  // namespace quasio::net
