#pragma once

#include <chrono>

#include "quasio/base/time.hpp"

namespace quasio::recovery {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

/// An instant of a simulated clock that starts well away from zero, so that no test relies on the epoch.
constexpr time_point at(duration since_start) { return time_point(std::chrono::hours(1)) + since_start; }

}  // namespace quasio::recovery
