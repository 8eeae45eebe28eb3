#pragma once

#include <chrono>
#include <optional>

namespace quasio {

/// Durations are in nanoseconds; std::chrono converts what callers pass.
using duration = std::chrono::nanoseconds;

/// An instant of the monotonic clock. The core never reads that clock: every call that needs the time is given it.
using time_point = std::chrono::time_point<std::chrono::steady_clock, duration>;

/// The earlier of two deadlines, where an empty one means "never".
constexpr std::optional<time_point> earliest(std::optional<time_point> a, std::optional<time_point> b) noexcept {
  if (!a) return b;
  if (!b) return a;
  return *a < *b ? a : b;
}

}  // namespace quasio
