#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "quasio/recovery/bbr_settings.hpp"
#include "quasio/recovery/congestion_controller.hpp"

namespace quasio::recovery {

/// The congestion controllers that the library brings along.
enum class congestion_algorithm : std::uint8_t {
  new_reno,  ///< RFC 9002, section 7 and appendix B.
  cubic,     ///< RFC 9438.
  bbr,       ///< BBRv3: draft-ietf-ccwg-bbr.
};

/// How a controller starts and what bounds it. Sizes in packets are multiples of the path's largest datagram.
struct congestion_settings {
  /// Which of them serves; settings::congestion_controller goes before it.
  congestion_algorithm algorithm = congestion_algorithm::cubic;

  /// The window at the start of a path, in packets (RFC 9002, section 7.2). At least minimum_window_packets.
  std::uint32_t initial_window_packets = 10;

  /// The initial window is no larger than this many bytes, unless the minimum window is (RFC 9002, section 7.2).
  /// Raise it together with initial_window_packets.
  std::uint64_t initial_window_limit = 14720;

  /// What the window never falls below, in packets (RFC 9002, section 7.2). At least 2.
  std::uint32_t minimum_window_packets = 2;

  /// What the window never exceeds, in bytes: 1 GiB fills 40 Gbit/s over 200 ms. It bounds what a peer that
  /// acknowledges generously can make this side keep in flight. At most 1 GiB, which keeps the arithmetic exact.
  std::uint64_t maximum_window = std::uint64_t{1} << 30;

  /// What is left of the window of NewReno or CUBIC after a loss: above 0, below 1. Empty: what the algorithm's RFC
  /// says, 0.5 for NewReno (RFC 9002, kLossReductionFactor) and 0.7 for CUBIC (RFC 9438, section 4.6).
  std::optional<double> loss_reduction_factor;

  /// HyStart++ (RFC 9406): NewReno and CUBIC leave the first slow start when the round trip grows longer, rather than
  /// only when the queue of the bottleneck overflows.
  bool hystart = true;

  /// Proportional Rate Reduction (RFC 9937): through the recovery period NewReno and CUBIC send in proportion to what
  /// arrives, rather than nothing until the flight has shrunk to the new window.
  bool rate_reduction = true;

  /// When all packets whose loss reduced the window turn out to have arrived, NewReno and CUBIC take the reduction
  /// back (RFC 9438, section 4.9.2).
  bool undo_spurious_reductions = true;

  /// CUBIC gives way faster to new flows when its window shrinks twice in a row (RFC 9438, section 4.7).
  bool cubic_fast_convergence = true;

  /// How long the window of NewReno and CUBIC stays valid while nothing is in flight; after that the path is probed
  /// anew from the initial window. Five minutes are what RFC 7661, section 4.3 holds a window to be valid for; pacing
  /// sees to it that what was learnt is no burst (RFC 9002, section 7.7). Never less than a probe timeout.
  std::chrono::milliseconds idle_window_validity = std::chrono::minutes(5);

  /// Whether packets will be paced; a connection sets this from its own settings. Without pacing a window is valid for
  /// one probe timeout of idleness only (RFC 5681, section 4.1).
  bool paced = true;

  /// For congestion_algorithm::bbr only.
  bbr_settings bbr;

  /// Where the random choices of a controller begin (BBR spreads its probes). 0: the connection draws a fresh one for
  /// each path. For runs that repeat.
  std::uint64_t seed = 0;
};

/// The window that a path starts with, in bytes (RFC 9002, section 7.2).
std::uint64_t initial_window(const congestion_settings& settings, std::size_t max_datagram_size) noexcept;

/// The window that a path never falls below, in bytes (RFC 9002, section 7.2).
std::uint64_t minimum_window(const congestion_settings& settings, std::size_t max_datagram_size) noexcept;

/// Makes the controller that `settings.algorithm` names, for one path. Never null.
std::unique_ptr<congestion_controller> make_congestion_controller(const congestion_settings& settings,
                                                                  std::size_t max_datagram_size);

/// What an application gives to use a controller of its own; called once a path.
using congestion_controller_factory =
    std::function<std::unique_ptr<congestion_controller>(const congestion_settings&, std::size_t max_datagram_size)>;

}  // namespace quasio::recovery
