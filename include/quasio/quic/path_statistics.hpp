#pragma once

#include <cstddef>
#include <cstdint>

#include "quasio/base/endpoint.hpp"
#include "quasio/base/time.hpp"

namespace quasio::quic {

/// How much is known about whether a path works (RFC 9000, section 8.2).
enum class path_state : std::uint8_t {
  unvalidated,     ///< Nothing is known, and nothing is tried.
  validating,      ///< Challenged; no answer yet.
  validating_mtu,  ///< The peer is there; whether datagrams of 1200 bytes arrive is being tried (section 8.2.1).
  validated,
};

/// One path of a connection, as connection::paths() shows it. Bytes are UDP payload bytes.
struct path_statistics {
  network_path path;
  path_state state = path_state::unvalidated;
  bool active = false;  ///< Data is sent here.

  std::uint64_t packets_sent = 0;
  std::uint64_t packets_received = 0;  ///< Authenticated ones.
  std::uint64_t packets_lost = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t bytes_lost = 0;
  std::uint64_t probe_timeouts = 0;  ///< While the path was the active one.

  std::uint64_t challenges_sent = 0;  ///< PATH_CHALLENGE frames.
  std::uint64_t challenges_received = 0;
  std::uint64_t responses_sent = 0;  ///< PATH_RESPONSE frames.
  std::uint64_t validations_failed = 0;

  duration smoothed_rtt{};
  duration rtt_variation{};
  duration minimum_rtt{};  ///< Zero before the first sample, like the latest.
  duration latest_rtt{};
  std::uint64_t congestion_window = 0;
  std::uint64_t bytes_in_flight = 0;
  std::size_t max_datagram_size = 0;
};

}  // namespace quasio::quic
