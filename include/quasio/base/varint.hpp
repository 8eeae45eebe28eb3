#pragma once

#include <cstddef>
#include <cstdint>

namespace quasio {

/// The largest value a variable-length integer holds (RFC 9000, section 16).
inline constexpr std::uint64_t varint_max = (std::uint64_t{1} << 62) - 1;

/// How many bytes the shortest encoding of `value` takes: 1, 2, 4 or 8. `value` must not exceed varint_max.
constexpr std::size_t varint_size(std::uint64_t value) noexcept {
  if (value < (1u << 6)) return 1;
  if (value < (1u << 14)) return 2;
  if (value < (1u << 30)) return 4;
  return 8;
}

}  // namespace quasio
