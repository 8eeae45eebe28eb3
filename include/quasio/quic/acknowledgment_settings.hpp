#pragma once

#include <chrono>
#include <cstdint>

namespace quasio::quic {

/// How often an endpoint acknowledges what it receives, and what it asks of its peer.
///
/// RFC 9000, section 13.2.2, has a receiver acknowledge every second packet, and lets one that knows better do so less
/// often. On fast paths that makes a large share of both ends' work; a sender does not need more than some
/// acknowledgments a round trip.
struct acknowledgment_settings {
  /// The number of packets for one acknowledgment follows their rate: so many acknowledgments a round trip remain.
  /// What is out of order, or marked by the network, is acknowledged at once in any case. Off: every second packet.
  bool adaptive = true;

  /// 8 or more keep slow start, HyStart++ and bandwidth estimators of senders fed.
  std::uint64_t per_round_trip = 16;

  /// Packets for one acknowledgment at most, so that an acknowledgment never lets go more than a common burst.
  std::uint64_t max_packets = 32;

  /// Lets the peer say how often it wishes to be acknowledged (draft-ietf-quic-ack-frequency); what it asks for counts
  /// more than `adaptive`.
  bool accept_requests = true;

  /// The shortest delay that a peer may ask for: what timers can keep. Where it is more than settings::max_ack_delay,
  /// that is declared instead.
  std::chrono::microseconds min_delay{1000};

  /// Asks a peer that allows it for as many acknowledgments as are of use here: `requested_per_window` for each
  /// congestion window, and one within a quarter of the round-trip time.
  bool request = true;
  std::uint64_t requested_per_window = 8;

  /// What that grows to, doubling each round trip, while a controller with a pacing rate of its own has to stop for
  /// want of window before the next acknowledgment comes (draft-ietf-ccwg-bbr, "Impact of changing ACK frequency"). No
  /// less than requested_per_window counts.
  std::uint64_t most_requested_per_window = 32;
  std::uint64_t max_requested_packets = 64;  ///< Packets for one acknowledgment at most.
};

}  // namespace quasio::quic
