#pragma once

#include <cstdint>
#include <string_view>

#include "quasio/base/time.hpp"
#include "quasio/quic/datagram.hpp"
#include "quasio/quic/ecn_state.hpp"
#include "quasio/quic/frame_counts.hpp"
#include "quasio/quic/mtu_settings.hpp"

namespace quasio::quic {

/// What a connection has counted since it began. Bytes are UDP payload bytes unless said otherwise.
struct statistics {
  std::uint64_t packets_sent = 0;
  std::uint64_t packets_received = 0;  ///< Authenticated ones.
  std::uint64_t packets_lost = 0;
  std::uint64_t packets_spuriously_lost = 0;
  std::uint64_t packets_dropped = 0;  ///< Received and not usable: unauthentic, unknown, duplicate, without keys.
  std::uint64_t datagrams_sent = 0;
  std::uint64_t datagrams_received = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t bytes_lost = 0;
  std::uint64_t bytes_acked = 0;        ///< Of QUIC packets.
  std::uint64_t packets_resent = 0;     ///< Sent with stream data that had been sent before.
  std::uint64_t stream_bytes_sent = 0;  ///< Of stream data, first transmissions only.
  std::uint64_t stream_bytes_resent = 0;
  std::uint64_t stream_bytes_received = 0;    ///< New stream data.
  std::uint64_t streams_reset = 0;            ///< On this side; without those that a STOP_SENDING frame ended.
  std::uint64_t streams_reset_by_peer = 0;    ///< Where something was still to be read.
  std::uint64_t streams_stopped = 0;          ///< By connection::stop_sending().
  std::uint64_t streams_stopped_by_peer = 0;  ///< Where something was still to be sent.
  std::size_t open_streams = 0;               ///< Now, of either side and kind.
  std::size_t peak_streams = 0;               ///< The most that were open at once.
  std::uint64_t probe_timeouts = 0;
  std::uint64_t acknowledgments_sent = 0;        ///< Packets with an ACK frame.
  std::uint64_t acknowledgments_received = 0;    ///< ACK frames.
  std::uint64_t ack_requests_sent = 0;           ///< ACK_FREQUENCY frames.
  std::uint64_t ack_requests_received = 0;       ///< Those that were news.
  std::uint64_t packets_per_acknowledgment = 0;  ///< Ack-eliciting packets that call for one, now.
  std::uint64_t congestion_events = 0;           ///< Losses or marks that began a recovery period.
  std::uint64_t congestion_events_undone = 0;    ///< Of the path in use: all their losses were spurious.
  std::uint64_t key_updates = 0;                 ///< Of 1-RTT keys, whoever began them.
  std::uint64_t key_updates_by_peer = 0;         ///< Those that the peer began.
  std::uint64_t authentication_failures = 0;     ///< Packets that keys which were there did not open.
  std::uint64_t tokens_given = 0;                ///< By a server, in NEW_TOKEN frames (RFC 9000, section 8.1.3).
  std::uint64_t tokens_received = 0;             ///< By a client; each was an event.
  std::uint64_t tokens_ignored =
      0;                           ///< Repetitions, and those beyond settings::max_received_tokens and max_token_size.
  std::uint64_t keep_alives = 0;   ///< Times that silence was broken for its own sake.
  std::size_t paths = 0;           ///< Known now, see connection::paths().
  std::uint64_t path_changes = 0;  ///< Of the path in use, by either side.
  std::uint64_t path_validations = 0;        ///< Paths that were proved to work.
  std::uint64_t path_failures = 0;           ///< Paths on which no challenge was answered.
  std::uint64_t peer_migrations_denied = 0;  ///< Datagrams dropped because the peer changed its address too often.

  /// How often there was something to send that the client's unproven address forbade (RFC 9000, section 8.1).
  std::uint64_t amplification_limited = 0;

  frame_counts frames_sent;
  frame_counts frames_received;

  // Probes for larger datagrams (RFC 8899). They are no part of packets_lost and bytes_lost.
  std::uint64_t mtu_probes_sent = 0;
  std::uint64_t mtu_probes_lost = 0;  ///< With those that this host refused to send.
  std::uint64_t mtu_black_holes = 0;  ///< Times that a path ceased to carry what it had carried.

  // ECN (RFC 9000, section 13.4), in packets.
  std::uint64_t ecn_ect0_sent = 0;      ///< Marked ECT(0).
  std::uint64_t ecn_ect0_acked = 0;     ///< Of those, acknowledged with counts that passed validation.
  std::uint64_t ecn_ce_acked = 0;       ///< Marks of congestion that the peer reported and that were heeded.
  std::uint64_t ecn_ect0_received = 0;  ///< Received with each codepoint, all packet number spaces together.
  std::uint64_t ecn_ect1_received = 0;
  std::uint64_t ecn_ce_received = 0;

  /// DATAGRAM frames; `datagrams_sent` above are those of UDP.
  sent_datagram_statistics datagram_frames_out;
  received_datagram_statistics datagram_frames_in;

  duration idle_timeout{};  ///< The one in force; 0: none.
  duration smoothed_rtt{};
  duration rtt_variation{};
  duration minimum_rtt{};
  duration maximum_rtt{};
  duration latest_rtt{};
  std::uint32_t packet_threshold = 0;  ///< For losses of application data, now (RFC 9002, section 6.1.1).
  double time_threshold = 0;           ///< The same in round trips (section 6.1.2).
  std::uint64_t congestion_window = 0;
  std::uint64_t bytes_in_flight = 0;
  duration time_in_flight{};            ///< How long anything was in flight, over the connection's life.
  std::size_t max_datagram_size = 0;    ///< Of the path in use, now.
  mtu_state mtu = mtu_state::disabled;  ///< Of the path in use.
  ecn_state ecn = ecn_state::disabled;  ///< Of the path in use.

  // Of the path in use, in bytes per second.
  std::uint64_t pacing_rate = 0;         ///< What the pacer lets through.
  std::uint64_t delivery_rate = 0;       ///< What the newest acknowledgment measured; 0 before the first.
  std::uint64_t bandwidth_estimate = 0;  ///< What the congestion controller believes in; 0 when it keeps no estimate.

  std::string_view congestion_controller;  ///< Its name, such as "reno".
  std::string_view congestion_state;       ///< Such as "slow_start"; the words are the controller's own.
};

}  // namespace quasio::quic
