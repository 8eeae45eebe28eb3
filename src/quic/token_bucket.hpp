#pragma once

#include <algorithm>
#include <cstdint>

#include "quasio/base/time.hpp"

namespace quasio::quic {

/// Lets so many events through a second, and after a quiet time so many at once.
class token_bucket {
public:
  /// `per_second` 0 lets nothing through but the first `burst`.
  token_bucket(std::uint32_t per_second, std::uint32_t burst) noexcept
      : credit_each_(per_second == 0 ? duration::zero() : duration(std::chrono::seconds(1)) / per_second),
        burst_(burst),
        left_(burst) {}

  /// Whether one more event may happen now.
  bool take(time_point now) noexcept {
    refill(now);
    if (left_ == 0) return false;
    --left_;
    return true;
  }

  /// So many more may happen, as long as it is not more than after a quiet time.
  void give(std::uint32_t count) noexcept { left_ += std::min(count, burst_ - left_); }

private:
  void refill(time_point now) noexcept {
    if (left_ == burst_ || now < filled_at_) filled_at_ = now;
    if (credit_each_ == duration::zero()) return;
    const auto earned = (now - filled_at_) / credit_each_;
    filled_at_ += earned * credit_each_;
    left_ = static_cast<std::uint32_t>(std::min<std::int64_t>(burst_, earned + left_));
  }

  duration credit_each_;
  std::uint32_t burst_;
  std::uint32_t left_;
  time_point filled_at_{};
};

}  // namespace quasio::quic
