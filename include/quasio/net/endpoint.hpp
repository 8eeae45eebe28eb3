#pragma once

#include "quasio/asio.hpp"
#include "quasio/base/endpoint.hpp"

namespace quasio::net {

/// The same address for Asio. What ip_endpoint holds as an IPv4-mapped address becomes a true IPv4 endpoint.
asio::ip::udp::endpoint to_udp_endpoint(const ip_endpoint& endpoint) noexcept;

/// The same address without Asio. An IPv4-mapped IPv6 endpoint, as dual-stack sockets report it, equals the IPv4 one.
ip_endpoint to_ip_endpoint(const asio::ip::udp::endpoint& endpoint) noexcept;

/// Whether the address, not the port, is 0.0.0.0 or ::, which as a source means "let the kernel choose".
bool is_unspecified(const ip_endpoint& endpoint) noexcept;

/// Whether the address is in fe80::/10, so that its zone is part of it (RFC 4007, section 6).
bool is_link_local_v6(const ip_endpoint& endpoint) noexcept;

}  // namespace quasio::net
