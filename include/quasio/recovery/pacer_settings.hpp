#pragma once

#include <cstdint>
#include <limits>

#include "quasio/base/time.hpp"

namespace quasio::recovery {

/// How evenly a path sends (RFC 9002, section 7.7), whatever its congestion controller.
struct pacer_settings {
  /// How many packets may leave at once after a pause, at any rate: the initial window (RFC 9002, section 7.7). At
  /// least 1.
  std::uint32_t burst_packets = 10;

  /// How much of the rate may leave at once after a pause, where that is more; at most 100 ms count. It must exceed
  /// wake_interval by the lateness of the timer that drives the sender, or that lateness costs throughput: this allows
  /// for a tick of 1 ms and half as much of scheduling.
  duration burst_duration = std::chrono::microseconds(2500);

  /// How much of the rate is worth waking up for; see pacer::quantum(). A controller with a send_quantum() of its own
  /// overrules it.
  duration wake_interval = std::chrono::milliseconds(1);

  /// quantum() is no larger, in bytes: what one call with segmentation offload sends.
  std::uint64_t maximum_quantum = 65536;

  /// A ceiling on the rate, in bytes per second, whatever the controller finds. Rates below 1000 count as 1000.
  std::uint64_t maximum_rate = std::numeric_limits<std::uint64_t>::max();
};

}  // namespace quasio::recovery
