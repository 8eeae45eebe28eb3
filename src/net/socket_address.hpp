#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include "quasio/base/endpoint.hpp"

namespace quasio::net {

/// The address in the kernel's form. An IPv4 address for an IPv6 socket is written as IPv4-mapped. Returns its length,
/// or 0 if a socket of that family cannot reach it.
socklen_t write_socket_address(const ip_endpoint& endpoint, int family, sockaddr_storage& out) noexcept;

/// The kernel's form read; a default ip_endpoint if it is no IP address.
ip_endpoint read_socket_address(const sockaddr_storage& address) noexcept;

in_addr to_in_addr(const ip_endpoint& endpoint) noexcept;
in6_addr to_in6_addr(const ip_endpoint& endpoint) noexcept;
ip_endpoint from_in_addr(const in_addr& address, std::uint16_t port) noexcept;
ip_endpoint from_in6_addr(const in6_addr& address, std::uint16_t port) noexcept;

}  // namespace quasio::net
