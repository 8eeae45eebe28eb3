#pragma once

#include <cstdint>
#include <string_view>

namespace quasio::http3 {

/// A field line by the hashes of its whole and of its name.
struct line_hashes {
  std::uint32_t line = 0;
  std::uint32_t name = 0;
};

line_hashes hash_line(std::string_view name, std::string_view value) noexcept;

}  // namespace quasio::http3
