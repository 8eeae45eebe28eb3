#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "quasio/http3/field.hpp"

namespace quasio::http3 {

/// How a response is wanted, compared with the others of its connection (RFC 9218, section 4).
struct priority {
  std::uint8_t urgency = 3;  ///< 0, the most urgent, to 7, for what nobody waits for.
  bool incremental = false;  ///< Parts of it are of use before it is whole: it shares with others of its urgency.

  friend bool operator==(const priority&, const priority&) = default;
};

/// What a Priority field names. What it does not name is the default in a request, and in a response whatever the
/// client said (RFC 9218, sections 4 and 8).
struct priority_parameters {
  std::optional<std::uint8_t> urgency;  ///< 0 to 7; parameter u.
  std::optional<bool> incremental;      ///< Parameter i.

  friend bool operator==(const priority_parameters&, const priority_parameters&) = default;
};

/// Reads the value of a Priority field or of a PRIORITY_UPDATE frame as the dictionary that it is (RFC 8941, section
/// 4.2.2); empty when it is none. Members that are unknown, out of range or of another type count as not named.
std::optional<priority_parameters> parse_priority(std::string_view value);

/// What the Priority lines of a section name together: nothing where there are none, or they are malformed.
priority_parameters find_priority(const field_list& fields);

/// The value of a Priority field that says this, as in "u=5, i".
std::string to_field_value(const priority& wanted);

/// `wanted`, but as `other` says where it says anything (RFC 9218, section 8).
constexpr priority merge(priority wanted, const priority_parameters& other) noexcept {
  return {other.urgency.value_or(wanted.urgency), other.incremental.value_or(wanted.incremental)};
}

}  // namespace quasio::http3
