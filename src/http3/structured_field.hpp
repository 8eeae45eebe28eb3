#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

/// Structured Field Values (RFC 8941), as far as HTTP/3 itself reads them: all of their syntax is checked, and what is
/// neither an Integer nor a Boolean is passed over.
namespace quasio::http3::structured {

struct item {
  enum class kind : std::uint8_t { boolean, integer, other };

  kind type = kind::other;
  std::int64_t value = 0;  ///< The integer; 1 or 0 of a boolean.
};

/// Is told each member of a dictionary in order. Of members with the same key the last counts.
using member_handler = std::function<void(std::string_view key, const item& value)>;

/// Reads a Dictionary (section 4.2.2). False when it is malformed: what was told before must be forgotten then.
bool parse_dictionary(std::string_view text, const member_handler& on_member);

/// Reads an Item (section 4.2.3); empty when it is malformed. Its parameters are ignored.
std::optional<item> parse_item(std::string_view text);

}  // namespace quasio::http3::structured
