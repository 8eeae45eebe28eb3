#pragma once

#include <algorithm>
#include <array>
#include <optional>

#include "quasio/base/byte_writer.hpp"
#include "quasio/wire/stream_id.hpp"
#include "wire/frame_type.hpp"

/// What stands before the data of STREAM, CRYPTO and DATAGRAM frames. The packet builder writes it and copies the data
/// after it itself, so that the data is copied once. Without a Length field the data reaches to the end of the packet.
namespace quasio::wire {

/// How many bytes of data fit into `space` with their length before them; empty when not even the length fits.
constexpr std::optional<std::size_t> prefixed_capacity(std::size_t space) noexcept {
  if (space == 0) return std::nullopt;
  std::size_t best = 0;
  for (const std::size_t prefix : std::array<std::size_t, 3>{1, 2, 4}) {
    if (space < prefix) break;
    const std::size_t largest = (std::size_t{1} << (8 * prefix - 2)) - 1;
    best = std::max(best, std::min(space - prefix, largest));
  }
  return best;
}

constexpr std::size_t stream_frame_header_size(stream_id id, std::uint64_t offset, std::size_t length,
                                               bool has_length) noexcept {
  return 1 + varint_size(id) + (offset > 0 ? varint_size(offset) : 0) + (has_length ? varint_size(length) : 0);
}

/// The most data that a STREAM frame of at most `space` bytes holds; empty when its header alone does not fit.
constexpr std::optional<std::size_t> stream_frame_capacity(std::size_t space, stream_id id, std::uint64_t offset,
                                                           bool has_length) noexcept {
  const std::size_t header = stream_frame_header_size(id, offset, 0, false);
  if (space < header) return std::nullopt;
  if (!has_length) return space - header;
  return prefixed_capacity(space - header);
}

inline void write_stream_frame_header(byte_writer& out, stream_id id, std::uint64_t offset, std::size_t length,
                                      bool fin, bool has_length) noexcept {
  out.write_u8(static_cast<std::uint8_t>(static_cast<unsigned>(frame_type::stream) | (fin ? stream_bits::fin : 0u) |
                                         (has_length ? stream_bits::length : 0u) |
                                         (offset > 0 ? stream_bits::offset : 0u)));
  out.write_varint(id);
  if (offset > 0) out.write_varint(offset);
  if (has_length) out.write_varint(length);
}

constexpr std::size_t crypto_frame_header_size(std::uint64_t offset, std::size_t length) noexcept {
  return 1 + varint_size(offset) + varint_size(length);
}

/// The most data that a CRYPTO frame of at most `space` bytes holds; empty when its header alone does not fit.
constexpr std::optional<std::size_t> crypto_frame_capacity(std::size_t space, std::uint64_t offset) noexcept {
  const std::size_t header = 1 + varint_size(offset);
  if (space < header) return std::nullopt;
  return prefixed_capacity(space - header);
}

inline void write_crypto_frame_header(byte_writer& out, std::uint64_t offset, std::size_t length) noexcept {
  out.write_u8(static_cast<std::uint8_t>(frame_type::crypto));
  out.write_varint(offset);
  out.write_varint(length);
}

constexpr std::size_t datagram_frame_header_size(std::size_t length, bool has_length) noexcept {
  return 1 + (has_length ? varint_size(length) : 0);
}

/// The most data that a DATAGRAM frame of at most `space` bytes holds; empty when its header alone does not fit.
constexpr std::optional<std::size_t> datagram_frame_capacity(std::size_t space, bool has_length) noexcept {
  if (space == 0) return std::nullopt;
  if (!has_length) return space - 1;
  return prefixed_capacity(space - 1);
}

inline void write_datagram_frame_header(byte_writer& out, std::size_t length, bool has_length) noexcept {
  out.write_u8(static_cast<std::uint8_t>(has_length ? frame_type::datagram_with_length : frame_type::datagram));
  if (has_length) out.write_varint(length);
}

}  // namespace quasio::wire
