#pragma once

#include <cstdint>

namespace quasio::quic {

/// Frames of one direction that tell of abandoned streams and of limits that hurt. Repetitions count.
struct frame_counts {
  std::uint64_t reset_stream = 0;
  std::uint64_t stop_sending = 0;
  std::uint64_t data_blocked = 0;
  std::uint64_t stream_data_blocked = 0;
  std::uint64_t streams_blocked_bidirectional = 0;
  std::uint64_t streams_blocked_unidirectional = 0;
  std::uint64_t path_challenge = 0;  ///< Of those received.
};

}  // namespace quasio::quic
