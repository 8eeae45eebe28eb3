#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace quasio::http3 {

struct static_entry {
  std::string_view name;
  std::string_view value;
};

inline constexpr std::size_t qpack_static_table_size = 99;

/// The entry with this index of the static table (RFC 9204, appendix A); null beyond its end.
const static_entry* qpack_static_entry(std::uint64_t index) noexcept;

struct static_match {
  std::uint8_t index = 0;
  bool whole = false;  ///< The value matches as well as the name.
};

/// The entry that matches name and value, else the first with that name, else nothing.
std::optional<static_match> find_qpack_static(std::string_view name, std::string_view value) noexcept;

}  // namespace quasio::http3
