#pragma once

#include <algorithm>
#include <cstdint>

#include "quasio/base/time.hpp"
#include "recovery/bbr_arithmetic.hpp"
#include "recovery/windowed_max.hpp"

namespace quasio::recovery {

/// How much more than the bandwidth explains is acknowledged at once: links and receivers that gather need so much more
/// in flight (draft-ietf-ccwg-bbr, "BBR.extra_acked").
class bbr_aggregation {
public:
  explicit bbr_aggregation(time_point now) noexcept : interval_start_(now) {}

  void on_ack(std::uint64_t newly_acked, std::uint64_t bandwidth, std::uint64_t window, std::uint64_t round,
              std::uint64_t rounds_remembered, time_point now) noexcept {
    std::uint64_t expected = bytes_within(bandwidth, now - interval_start_);
    if (delivered_ <= expected) {
      delivered_ = 0;
      interval_start_ = now;
      expected = 0;
    }
    delivered_ += newly_acked;
    filter_.update(std::min(delivered_ - expected, window), round, rounds_remembered);
  }

  void on_restart_from_idle(time_point now) noexcept { interval_start_ = now; }

  std::uint64_t get() const noexcept { return filter_.get(); }

private:
  time_point interval_start_;
  std::uint64_t delivered_ = 0;
  windowed_max filter_;
};

}  // namespace quasio::recovery
