#pragma once

#include <cstdint>
#include <optional>

#include "quasio/base/time.hpp"

namespace quasio::recovery {

/// How fast the path delivered, measured by one ACK frame over about one round trip: from the sending of the newest
/// packet that it newly acknowledged until now (draft-ietf-ccwg-bbr, "Delivery Rate Samples"). Counts are bytes of
/// packets in flight, over the life of the path.
struct rate_sample {
  /// In bytes per second; 0 when the frame gave no reliable measurement (over less than the minimum RTT, or none).
  std::uint64_t delivery_rate = 0;

  /// The longer of the time it took to send `delivered` and the time it took to acknowledge them.
  duration interval{};

  std::uint64_t delivered = 0;        ///< Within the interval.
  std::uint64_t prior_delivered = 0;  ///< The path's count of delivered bytes when the newest packet was sent.
  std::uint64_t total_delivered = 0;  ///< That count now: a round trip is over when prior_delivered reaches it.
  std::uint64_t lost = 0;             ///< Declared lost since the newest packet was sent.
  std::uint64_t newly_lost = 0;       ///< Declared lost by this ACK frame.
  std::uint64_t tx_in_flight = 0;     ///< What was in flight when the newest packet was sent, itself included.

  /// The sender ran out of data within the interval, so that the path may be faster than this.
  bool app_limited = false;

  /// From sending the newest packet until now: unlike the RTT samples of RFC 9002 also when the largest packet that
  /// the frame names was acknowledged before. The peer's delay is included.
  std::optional<duration> rtt;
};

/// A packet in flight that was declared lost.
struct lost_packet {
  std::uint64_t packet_number = 0;
  std::uint64_t bytes = 0;
  time_point time_sent{};
  std::uint64_t tx_in_flight = 0;     ///< What was in flight when it was sent, itself included.
  std::uint64_t lost = 0;             ///< Declared lost since it was sent, itself included.
  std::uint64_t total_delivered = 0;  ///< The path's count of delivered bytes now.
  bool app_limited = false;           ///< It was sent in a phase in which the sender had run out of data.
};

}  // namespace quasio::recovery
