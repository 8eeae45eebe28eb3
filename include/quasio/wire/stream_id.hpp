#pragma once

#include <cstdint>

namespace quasio {

/// Which side of a connection an endpoint is.
enum class endpoint_role : std::uint8_t { client, server };

/// The side that `role` is not.
constexpr endpoint_role other(endpoint_role role) noexcept {
  return role == endpoint_role::client ? endpoint_role::server : endpoint_role::client;
}

/// Whether both sides may send on a stream, or only the one that opened it.
enum class stream_direction : std::uint8_t { bidirectional, unidirectional };

/// A stream ID: its two lowest bits say who opened it and whether both sides may send (RFC 9000, section 2.1).
using stream_id = std::uint64_t;

/// Who opened the stream.
constexpr endpoint_role stream_initiator(stream_id id) noexcept {
  return (id & 1) == 0 ? endpoint_role::client : endpoint_role::server;
}

/// Whether both sides may send on it.
constexpr stream_direction direction_of(stream_id id) noexcept {
  return (id & 2) == 0 ? stream_direction::bidirectional : stream_direction::unidirectional;
}

/// How many streams of the same kind come before this one.
constexpr std::uint64_t stream_index(stream_id id) noexcept { return id >> 2; }

/// The ID of the stream of this kind before which `index` others come: 0 to 2^60 - 1.
constexpr stream_id make_stream_id(std::uint64_t index, endpoint_role initiator, stream_direction direction) noexcept {
  return index << 2 | (direction == stream_direction::unidirectional ? 2u : 0u) |
         (initiator == endpoint_role::server ? 1u : 0u);
}

}  // namespace quasio
