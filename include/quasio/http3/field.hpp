#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace quasio::http3 {

/// One field line of a header or trailer section; pseudo-fields (":status") are fields too (RFC 9114, section 4.2).
struct field {
  std::string name;            ///< Lower case.
  std::string value;           ///< Without white space around it.
  bool never_indexed = false;  ///< Must not enter any compression table, here or beyond (RFC 9204, section 4.5.4).

  friend bool operator==(const field&, const field&) = default;
};

/// A header or trailer section, in order.
using field_list = std::vector<field>;

/// The value of the first field with this name; empty when there is none.
std::string_view find_field(const field_list& fields, std::string_view name) noexcept;

}  // namespace quasio::http3
