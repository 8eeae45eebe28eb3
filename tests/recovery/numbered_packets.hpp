#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "recovery/loss_detection.hpp"
#include "recovery/moment.hpp"

namespace quasio::recovery {

/// A content that cannot be copied, as the real one may not be.
struct cargo {
  std::vector<std::unique_ptr<int>> items;
  void clear() noexcept { items.clear(); }
};

using cargo_packets = sent_packets<cargo>;
using numbers = std::vector<std::uint64_t>;

inline sent_packet_info eliciting(std::uint64_t number, duration sent, std::uint32_t bytes = 1200) {
  return {.packet_number = number, .time_sent = at(sent), .bytes = bytes, .ack_eliciting = true, .in_flight = true};
}

inline sent_packet_info ack_only(std::uint64_t number, duration sent) {
  return {.packet_number = number, .time_sent = at(sent), .bytes = 40};
}

/// Sends ack-eliciting packets first to last, one a millisecond.
inline void send_each_millisecond(cargo_packets& packets, std::uint64_t first, std::uint64_t last) {
  for (std::uint64_t number = first; number <= last; ++number)
    packets.append(eliciting(number, milliseconds(static_cast<std::int64_t>(number))));
}

/// A visitor that notes the packet numbers it is shown.
inline auto note_in(numbers& seen) {
  return [&seen](const sent_packet<cargo>& packet) { seen.push_back(packet.packet_number); };
}

}  // namespace quasio::recovery
