#pragma once

#include <cstdint>

namespace quasio::quic {

/// How a server answers packets of connections that it knows nothing of (RFC 9000, section 10.3).
struct stateless_reset_settings {
  /// None are sent either where connection IDs are shorter than 8 bytes: all of those could be tried beforehand, for
  /// the tokens of connections yet to come (section 21.11).
  bool enabled = true;

  /// Resets a second, an acceptor, and as many at once after a quiet time. Each costs an HMAC and a datagram smaller
  /// than its cause; so many are far below what a thread can do, and tell all clients of a restarted server of their
  /// fate within seconds. The rest hear when they ask again.
  std::uint32_t per_second = 1000;
  std::uint32_t burst = 1000;
};

}  // namespace quasio::quic
