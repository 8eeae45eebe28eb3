#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "quasio/recovery/congestion_controller.hpp"

namespace quasio::recovery {

/// The congestion controllers that the library brings along.
enum class congestion_algorithm : std::uint8_t {
  new_reno,  ///< RFC 9002, section 7 and appendix B.
};

/// How a controller starts and what bounds it. Sizes in packets are multiples of the path's largest datagram.
struct congestion_settings {
  congestion_algorithm algorithm = congestion_algorithm::new_reno;

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

  /// What is left of the window after a loss (RFC 9002, section 7.3.2 and kLossReductionFactor). Above 0, below 1.
  double loss_reduction_factor = 0.5;
};

/// The window that a path starts with, in bytes (RFC 9002, section 7.2).
std::uint64_t initial_window(const congestion_settings& settings, std::size_t max_datagram_size) noexcept;

/// The window that a path never falls below, in bytes (RFC 9002, section 7.2).
std::uint64_t minimum_window(const congestion_settings& settings, std::size_t max_datagram_size) noexcept;

/// Makes the controller that `settings.algorithm` names, for one path. Never null.
std::unique_ptr<congestion_controller> make_congestion_controller(const congestion_settings& settings,
                                                                  std::size_t max_datagram_size);

/// What an application gives to use a controller of its own; called once a path. Must not return null.
using congestion_controller_factory =
    std::function<std::unique_ptr<congestion_controller>(const congestion_settings&, std::size_t max_datagram_size)>;

}  // namespace quasio::recovery
