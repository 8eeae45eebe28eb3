#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "quasio/base/time.hpp"

namespace quasio::recovery {

/// Counts how often the round trip of a path grew to more than its double and stayed there, as when a route changes or
/// a queue stands; for statistics. What it jumped to is what the next jump is measured against, until it comes down
/// again.
class rtt_jumps {
public:
  void on_sample(duration rtt) noexcept {
    if (base_ == duration::zero() || rtt < base_) base_ = rtt;
    if (rtt <= 2 * std::max(base_, smallest_base)) {
      length_ = 0;
      return;
    }
    lowest_ = length_ == 0 ? rtt : std::min(lowest_, rtt);
    if (++length_ < persistent) return;
    ++count_;
    base_ = lowest_;
    length_ = 0;
  }

  std::uint64_t count() const noexcept { return count_; }

  /// So many samples in a row make a jump.
  static constexpr unsigned persistent = 16;

private:
  // Within a host or a rack round trips double for no reason.
  static constexpr duration smallest_base = std::chrono::milliseconds(1);

  duration base_{};
  duration lowest_{};
  unsigned length_ = 0;
  std::uint64_t count_ = 0;
};

}  // namespace quasio::recovery
