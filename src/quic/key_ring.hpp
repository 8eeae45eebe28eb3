#pragma once

#include <optional>

#include "quic/packet_protection.hpp"

namespace quasio::quic {

/// The keys of a connection by level and direction; empty where they have not come or have been discarded.
struct key_ring {
  std::optional<direction_keys> initial_read;
  /// For Initial packets of another version than the client's first flight: the one that the server chose, or that a
  /// client believes it chose (RFC 9369, section 4.1).
  std::optional<direction_keys> negotiated_initial_read;
  std::optional<direction_keys> initial_write;
  std::optional<direction_keys> early_read;   ///< A server's, of 0-RTT packets.
  std::optional<direction_keys> early_write;  ///< A client's.
  std::optional<direction_keys> handshake_read;
  std::optional<direction_keys> handshake_write;
  std::optional<application_read_keys> application_read;
  std::optional<application_write_keys> application_write;

  /// When the keys of the phase before the last update go (RFC 9001, section 6.5).
  std::optional<time_point> previous_read_keys_expire;

  /// When early_read goes (RFC 9001, section 4.9.3).
  std::optional<time_point> early_read_expires;

  /// Packets that did not open, over all keys: the integrity limit counts them (RFC 9001, section 6.6).
  std::uint64_t failed_to_open = 0;
};

}  // namespace quasio::quic
