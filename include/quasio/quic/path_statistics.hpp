#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "quasio/base/endpoint.hpp"
#include "quasio/base/time.hpp"
#include "quasio/quic/ecn_state.hpp"
#include "quasio/quic/mtu_settings.hpp"

namespace quasio::quic {

/// How much is known about whether a path works (RFC 9000, section 8.2).
enum class path_state : std::uint8_t {
  unvalidated,     ///< Nothing is known, and nothing is tried.
  validating,      ///< Challenged; no answer yet.
  validating_mtu,  ///< The peer is there; whether datagrams of 1200 bytes arrive is being tried (section 8.2.1).
  validated,
};

/// What ended the first slow start (or startup) of a path.
enum class slow_start_end : std::uint8_t {
  loss,
  ecn_mark,
  no_growth,  ///< The controller saw that more would only fill queues: round trips grew, or the rate no longer did.
};

/// For logs: the enumerator's name.
constexpr std::string_view to_string(slow_start_end cause) noexcept {
  switch (cause) {
    case slow_start_end::loss:
      return "loss";
    case slow_start_end::ecn_mark:
      return "ecn_mark";
    case slow_start_end::no_growth:
      return "no_growth";
  }
  return "";
}

/// How the first slow start of a path ended.
struct slow_start_exit {
  slow_start_end cause = slow_start_end::loss;
  std::uint64_t congestion_window = 0;  ///< Bytes, right after.
  std::uint64_t delivery_rate = 0;      ///< Bytes per second, as the newest acknowledgment measured it.
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
  std::uint64_t packets_resent = 0;       ///< With stream data that had been sent before.
  std::uint64_t stream_bytes_resent = 0;  ///< Of stream data.

  std::uint64_t datagram_frames_sent = 0;  ///< DATAGRAM frames (RFC 9221).
  std::uint64_t datagram_frames_received = 0;
  std::uint64_t datagram_frames_lost = 0;

  std::uint64_t probe_timeouts = 0;  ///< While the path was the active one.

  std::uint64_t challenges_sent = 0;  ///< PATH_CHALLENGE frames.
  std::uint64_t challenges_received = 0;
  std::uint64_t responses_sent = 0;  ///< PATH_RESPONSE frames.
  std::uint64_t validations_failed = 0;

  duration smoothed_rtt{};
  duration rtt_variation{};
  duration minimum_rtt{};  ///< Zero before the first sample, like the latest.
  duration maximum_rtt{};
  duration latest_rtt{};
  std::uint64_t rtt_jumps = 0;  ///< Times that the round trip more than doubled for 16 samples in a row.
  std::uint64_t congestion_window = 0;
  std::uint64_t bytes_in_flight = 0;
  std::size_t max_datagram_size = 0;
  mtu_state mtu = mtu_state::disabled;
  ecn_state ecn = ecn_state::disabled;

  // Bytes per second.
  std::uint64_t pacing_rate = 0;         ///< What the pacer lets through.
  std::uint64_t delivery_rate = 0;       ///< What the newest acknowledgment measured; 0 before the first.
  std::uint64_t bandwidth_estimate = 0;  ///< What the congestion controller believes in; 0 when it keeps no estimate.

  std::string_view congestion_state;                ///< Such as "slow_start"; the words are the controller's own.
  std::optional<slow_start_exit> slow_start_ended;  ///< Empty while it goes on.
};

}  // namespace quasio::quic
