#pragma once

#include <cstddef>
#include <optional>

#include "quasio/base/bytes.hpp"
#include "quasio/wire/packet_number.hpp"

namespace quasio::wire {

/// How many bytes, 1 to 4, `number` takes in a header so that the peer can expand it again (RFC 9000, sections 17.1 and
/// A.2). `largest_acked` is what the peer acknowledged in this space, and is below `number`.
std::size_t packet_number_length(packet_number number, std::optional<packet_number> largest_acked) noexcept;

/// The full packet number whose `length` lowest bytes are `truncated` and that is closest to the one expected next
/// (RFC 9000, section A.3). `largest_received` counts only packets that were authenticated.
packet_number expand_packet_number(std::optional<packet_number> largest_received, std::uint64_t truncated,
                                   std::size_t length) noexcept;

/// The truncated packet number that stands in `field`, the 1 to 4 bytes of the Packet Number field.
constexpr std::uint64_t truncated_packet_number(byte_view field) noexcept {
  std::uint64_t truncated = 0;
  for (const std::uint8_t byte : field) truncated = truncated << 8 | byte;
  return truncated;
}

}  // namespace quasio::wire
