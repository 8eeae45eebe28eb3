#pragma once

#include <cstdint>

#include "quasio/base/time.hpp"

namespace quasio::recovery {

/// The constants of BBRv3 (draft-ietf-ccwg-bbr); the defaults are the draft's, and the reasons too. Gains multiply the
/// estimated bandwidth (pacing) or the bandwidth-delay product (cwnd). Shares are between 0 and 1. Other values than
/// the defaults make another algorithm, of which nobody knows how it shares a bottleneck: for experiments.
struct bbr_settings {
  // Startup: the smallest gains with which the rate doubles each round trip: 4 * ln 2, and 2.
  double startup_pacing_gain = 2.77;  ///< Of the bandwidth.
  double startup_cwnd_gain = 2.0;     ///< Of the bandwidth-delay product.

  /// Startup and ProbeBW_UP end after full_bw_rounds round trips in each of which the delivery rate grew by less than
  /// this factor. Three, since a receiver that tunes its window needs some to do so.
  double full_bw_threshold = 1.25;
  std::uint32_t full_bw_rounds = 3;

  /// Startup also ends after a round trip with more than loss_threshold lost in at least this many separate ranges:
  /// fewer may be one burst, which says little.
  std::uint32_t startup_full_loss_count = 6;

  // Drain: half the rate empties in one round trip a queue of one bandwidth-delay product, all that Startup leaves. It
  // ends without that after so many round trips: then the bandwidth was overestimated.
  double drain_pacing_gain = 0.5;  ///< Of the bandwidth.
  double drain_cwnd_gain = 2.0;    ///< Of the bandwidth-delay product.
  std::uint32_t drain_rounds = 3;  ///< Round trips.

  // ProbeBW: 0.9 is the least restraint with which flows converge to equal shares when they probe with 1.25.
  double probe_bw_up_pacing_gain = 1.25;   ///< While it probes for more.
  double probe_bw_up_cwnd_gain = 2.25;     ///< While it probes for more.
  double probe_bw_down_pacing_gain = 0.9;  ///< While it empties the queue of the probe.
  double probe_bw_cwnd_gain = 2.0;         ///< In all phases but the probe.

  // The wait between two probes is random, so that flows do not probe in step: long enough for a loss-based flow of
  // 25 Mbit/s over 30 ms to recover in between, short enough for people not to notice.
  duration probe_wait = std::chrono::seconds(2);         ///< At least.
  duration probe_wait_spread = std::chrono::seconds(1);  ///< At most so much more.

  /// Probes as often as a Reno flow would lose packets, where that is more often: after as many round trips as there
  /// are packets in the bandwidth-delay product, but at the most reno_rounds.
  bool reno_coexistence = true;
  std::uint32_t reno_rounds = 63;

  // ProbeRTT: costs about 2 % of the throughput at worst, and leaves quiet applications alone.
  double probe_rtt_pacing_gain = 1.0;                            ///< Of the bandwidth.
  double probe_rtt_cwnd_gain = 0.5;                              ///< Of the bandwidth-delay product.
  duration probe_rtt_duration = std::chrono::milliseconds(200);  ///< For how long the window is held down.
  /// How old the shortest round trip may grow before it is measured anew.
  duration probe_rtt_interval = std::chrono::seconds(5);
  duration min_rtt_window = std::chrono::seconds(10);  ///< Over how long the shortest round trip is looked for.

  /// The loss within a round trip beyond which a probe went too high.
  double loss_threshold = 0.02;

  /// What is left of the bounds after a round trip with loss, at least. As with CUBIC.
  double beta = 0.7;

  /// The share of inflight_longterm that is left to others while cruising.
  double headroom = 0.15;

  /// How far below the estimated bandwidth to pace, so that queues drain.
  double pacing_margin = 0.01;

  /// The round trips over which the aggregation of acknowledgments is remembered, once Startup is over.
  std::uint32_t extra_acked_rounds = 10;

  /// What the window does not fall below in normal operation, in packets: two flying while two are being acknowledged.
  std::uint32_t minimum_pipe_packets = 4;

  /// The rate to begin with, in bytes per second; 0: the initial window within the first round trip, times
  /// startup_pacing_gain.
  std::uint64_t initial_pacing_rate = 0;
};

}  // namespace quasio::recovery
