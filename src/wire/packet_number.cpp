#include "wire/packet_number.hpp"

#include "quasio/base/varint.hpp"

namespace quasio::wire {

std::size_t packet_number_length(packet_number number, std::optional<packet_number> largest_acked) noexcept {
  const std::uint64_t unacknowledged = largest_acked ? number - *largest_acked : number + 1;
  // Section 17.1 asks for "more than twice" the distance, which is one stricter than the pseudocode of section A.2
  // where the distance is a power of two; this satisfies both.
  if (unacknowledged < std::uint64_t{1} << 7) return 1;
  if (unacknowledged < std::uint64_t{1} << 15) return 2;
  if (unacknowledged < std::uint64_t{1} << 23) return 3;
  return 4;
}

packet_number expand_packet_number(std::optional<packet_number> largest_received, std::uint64_t truncated,
                                   std::size_t length) noexcept {
  const packet_number expected = largest_received ? *largest_received + 1 : 0;
  const std::uint64_t window = std::uint64_t{1} << (8 * length);
  const std::uint64_t half_window = window / 2;
  const packet_number candidate = (expected & ~(window - 1)) | truncated;
  if (candidate + half_window <= expected && candidate + window <= varint_max) return candidate + window;
  // A number beyond 2^62-1 does not exist, so only the window below can be meant.
  const bool too_high = candidate > expected + half_window || candidate > varint_max;
  if (too_high && candidate >= window) return candidate - window;
  return candidate;
}

}  // namespace quasio::wire
