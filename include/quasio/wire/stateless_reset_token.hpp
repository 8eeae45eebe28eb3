#pragma once

#include <array>
#include <cstdint>

namespace quasio {

/// What ends a Stateless Reset, so that the peer knows it for one (RFC 9000, section 10.3). It is a secret until it is
/// used: compare it in constant time.
using stateless_reset_token = std::array<std::uint8_t, 16>;

}  // namespace quasio
