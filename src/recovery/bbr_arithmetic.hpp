#pragma once

#include <cstdint>
#include <limits>

#include "quasio/base/time.hpp"

namespace quasio::recovery {

/// No bound: "Infinity" of draft-ietf-ccwg-bbr.
inline constexpr std::uint64_t unbounded = std::numeric_limits<std::uint64_t>::max();

/// More than any window or rate; sums of some such stay far from overflow.
inline constexpr std::uint64_t practically_infinite = std::uint64_t{1} << 56;

/// Whole bytes, within 0 and practically_infinite whatever the settings make of them.
inline std::uint64_t whole(double bytes) noexcept {
  if (!(bytes > 0)) return 0;
  return bytes < static_cast<double>(practically_infinite) ? static_cast<std::uint64_t>(bytes) : practically_infinite;
}

inline std::uint64_t scaled(std::uint64_t bytes, double factor) noexcept {
  return whole(static_cast<double>(bytes) * factor);
}

/// What passes at so many bytes per second.
inline std::uint64_t bytes_within(std::uint64_t rate, duration interval) noexcept {
  return whole(static_cast<double>(rate) * std::chrono::duration<double>(interval).count());
}

}  // namespace quasio::recovery
