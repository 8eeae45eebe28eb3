#pragma once

#include <optional>

#include "quasio/base/time.hpp"

namespace quasio::quic {

/// How long something was so, over a whole life.
class busy_time {
public:
  void note(bool busy, time_point now) noexcept {
    if (busy == since_.has_value()) return;
    if (!busy) total_ += now - *since_;
    since_ = busy ? std::optional(now) : std::nullopt;
  }

  duration total(time_point now) const noexcept { return since_ ? total_ + (now - *since_) : total_; }

private:
  std::optional<time_point> since_;
  duration total_{};
};

}  // namespace quasio::quic
