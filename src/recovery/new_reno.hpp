#pragma once

#include "recovery/loss_based_controller.hpp"

namespace quasio::recovery {

/// One datagram more for each window acknowledged (RFC 9002, section 7.3.3), by byte counting.
class reno_avoidance {
public:
  static constexpr std::string_view name = "reno";
  static constexpr double reduction_factor = 0.5;  // kLossReductionFactor of RFC 9002, appendix B.1.

  explicit reno_avoidance(const congestion_settings&) noexcept {}

  std::uint64_t grow(const avoidance_step& step) noexcept;
  void on_reduction(std::uint64_t) noexcept { acked_since_increase_ = 0; }
  void on_slow_start() noexcept { acked_since_increase_ = 0; }
  void on_pause(time_point) noexcept {}
  void on_datagram_size_change() noexcept {}

private:
  std::uint64_t acked_since_increase_ = 0;
};

/// The controller of RFC 9002, section 7 and appendix B.
using new_reno = loss_based_controller<reno_avoidance>;

extern template class loss_based_controller<reno_avoidance>;

}  // namespace quasio::recovery
