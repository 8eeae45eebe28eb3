#pragma once

#include <cstdint>

namespace quasio::recovery {

/// kTimeThreshold of RFC 9002, appendix A.2.
inline constexpr double default_time_threshold = 9.0 / 8;

/// When a packet counts as lost (RFC 9002, section 6.1). Both thresholds grow on a path that reorders, as far as
/// packets that were taken for lost and arrived after all show it to be needed, and return to where they began after 16
/// rounds of losses without such a mistake (RFC 8985, sections 6.2 and 7.2 do likewise).
struct loss_detection_settings {
  /// kPacketThreshold: a packet is lost once one sent this many packets later is acknowledged. At least 3 (RFC 9002,
  /// section 6.1.1).
  std::uint32_t packet_threshold = 3;

  /// How far the packet threshold may grow; the time threshold bounds what waiting so long can cost. 300 packets are
  /// 4 ms of 1 Gbit/s. The value of packet_threshold turns growing off.
  std::uint32_t maximum_packet_threshold = 300;

  /// kTimeThreshold: a packet is lost once one sent later is acknowledged and so many round trips have passed since it
  /// was sent. At least 1.125 (RFC 9002, section 6.1.2).
  double time_threshold = default_time_threshold;

  /// How far the time threshold may grow: two round trips find a loss still before a probe timeout does. The value of
  /// time_threshold turns that off.
  double maximum_time_threshold = 2;
};

}  // namespace quasio::recovery
