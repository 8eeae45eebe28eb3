#pragma once

#include <optional>

#include "quasio/base/endpoint.hpp"
#include "quasio/wire/transport_parameters.hpp"

namespace quasio::quic {

/// Which of a server's preferred addresses a client can use that reaches it at `current` (RFC 9000, section 9.6): one
/// of the same family, since the client's address is of that family, and one that can be a single host's at all. A
/// server could otherwise make its clients send to a group or to their own host (section 21.5.3).
std::optional<ip_endpoint> usable_preferred_address(const preferred_address& offered,
                                                    const ip_endpoint& current) noexcept;

}  // namespace quasio::quic
