#pragma once

#include <chrono>

#include "quasio/base/time.hpp"

namespace quasio {

/// A moment of the calendar, in seconds (UTC).
using wall_time = std::chrono::sys_seconds;

/// Ties the monotonic clock to the calendar, for what outlives a process or is read on another machine, such as the age
/// of a token. The core never asks what time it is: whoever drives it says so once, and again now and then.
class wall_clock {
public:
  /// The calendar begins where the monotonic clock does: good within one process.
  constexpr wall_clock() = default;

  /// At `moment` it was `then`.
  constexpr wall_clock(time_point moment, wall_time then) noexcept : moment_(moment), then_(then) {}

  /// The time of day at that instant.
  constexpr wall_time operator()(time_point now) const noexcept {
    return then_ + std::chrono::floor<std::chrono::seconds>(now - moment_);
  }

private:
  time_point moment_{};
  wall_time then_{};
};

}  // namespace quasio
