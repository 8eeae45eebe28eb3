#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "quasio/base/time.hpp"
#include "quasio/quic/datagram.hpp"

namespace quasio::http3 {

/// The part of http3::settings that concerns HTTP Datagrams (RFC 9297).
struct datagram_settings {
  /// Takes HTTP Datagrams and says so (SETTINGS_H3_DATAGRAM), without which none can be sent either. Needs
  /// quic::settings::datagrams.max_frame_size, which is 0 by default: set both. Where this is off, datagrams are left
  /// to the owner of the QUIC connection.
  bool enable = false;

  /// Datagrams of one request that wait to be read, and their bytes; those of all requests together. Nothing else
  /// bounds what a peer sends to a slow reader: there is no flow control for datagrams.
  std::size_t max_to_read = 256;
  std::size_t max_bytes_to_read = 256 * 1024;
  std::size_t max_bytes_in_all = 2 * 1024 * 1024;

  /// What gives way when one of these is reached. An older one of the same request does, never one of another.
  quic::datagram_receive_overflow receive_overflow = quic::datagram_receive_overflow::drop_oldest;

  /// Server: datagrams kept that came before their requests, and their bytes, and for how long. The RFC speaks of a
  /// round trip (section 2.1); 0 of them drops all.
  std::size_t max_early = 32;
  std::size_t max_early_bytes = 48 * 1024;
  std::chrono::milliseconds early_lifetime{500};
};

/// How one HTTP Datagram is to be treated on this side.
struct datagram_options {
  /// On one scale with the urgencies of streams, 0 to 7. Empty: that of the request it belongs to.
  std::optional<std::uint8_t> urgency;

  /// When it is worth nothing any more. Empty: never.
  std::optional<time_point> expires;

  /// With a cookie, quic::datagram_fate events of the QUIC connection tell what became of it.
  std::optional<std::uint64_t> cookie;
};

}  // namespace quasio::http3
