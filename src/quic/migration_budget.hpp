#pragma once

#include <algorithm>
#include <chrono>

#include "quasio/base/time.hpp"

namespace quasio::quic {

/// How often a peer may change its address: a few times at once, then one more each interval. Each change costs a path,
/// a controller and challenges, and an attacker that forwards copies of packets can cause them (RFC 9000, section 9.3).
class migration_budget {
public:
  migration_budget(unsigned most, std::chrono::milliseconds interval, time_point now) noexcept
      : most_(most), interval_(interval), left_(most), refilled_(now) {}

  bool is_spent(time_point now) noexcept {
    refill(now);
    return left_ == 0;
  }

  bool spend(time_point now) noexcept {
    if (is_spent(now)) return false;
    --left_;
    return true;
  }

private:
  void refill(time_point now) noexcept {
    if (left_ == most_ || interval_.count() <= 0) {
      left_ = most_;
      refilled_ = now;
      return;
    }
    const auto gained = (now - refilled_) / interval_;
    if (gained <= 0) return;
    refilled_ += gained * interval_;
    left_ = static_cast<unsigned>(std::min<decltype(gained)>(most_, left_ + gained));
  }

  unsigned most_;
  duration interval_;
  unsigned left_;
  time_point refilled_;
};

}  // namespace quasio::quic
