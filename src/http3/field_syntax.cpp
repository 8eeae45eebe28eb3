#include "http3/field_syntax.hpp"

#include <algorithm>
#include <array>

#include "quasio/base/varint.hpp"

namespace quasio::http3 {
namespace {

/// Kinds of characters, as bits.
constexpr std::uint8_t lower_token = 1;
constexpr std::uint8_t upper_token = 2;
constexpr std::uint8_t value_text = 4;   ///< field-vchar, or a blank inside.
constexpr std::uint8_t target_text = 8;  ///< May stand in a path.
constexpr std::uint8_t host_text = 16;   ///< May stand in an authority.

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool is_lower(char c) noexcept { return c >= 'a' && c <= 'z'; }
constexpr bool is_upper(char c) noexcept { return c >= 'A' && c <= 'Z'; }

constexpr std::array<std::uint8_t, 256> classify() {
  std::array<std::uint8_t, 256> kinds{};
  const auto add = [&](std::string_view characters, std::uint8_t kind) {
    for (const char c : characters) kinds[static_cast<std::uint8_t>(c)] |= kind;
  };
  for (unsigned c = 0x21; c < 256; ++c) {
    if (c != 0x7f) kinds[c] |= value_text | target_text;
  }
  kinds[' '] |= value_text;
  kinds['\t'] |= value_text;
  kinds['#'] &= static_cast<std::uint8_t>(~target_text);
  constexpr std::string_view small = "abcdefghijklmnopqrstuvwxyz0123456789";
  constexpr std::string_view big = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  add(small, lower_token | host_text);
  add(big, upper_token | host_text);
  add("!#$%&'*+-.^_`|~", lower_token);
  add("!$%&'()*+,-.;=_~", host_text);
  return kinds;
}
constexpr auto kinds = classify();

bool all_are(std::string_view text, std::uint8_t kind) noexcept {
  return std::all_of(text.begin(), text.end(),
                     [&](char c) { return (kinds[static_cast<std::uint8_t>(c)] & kind) != 0; });
}

/// What follows the host, which must be one: nothing, or what begins with the colon before a port. An address in
/// brackets may have colons of its own (RFC 3986, section 3.2.2).
std::optional<std::string_view> port_after_host(std::string_view text) noexcept {
  std::size_t end = 0;
  if (!text.empty() && text.front() == '[') {
    end = text.find(']');
    if (end == std::string_view::npos || end == 1) return std::nullopt;
    const std::string_view address = text.substr(1, end - 1);
    const auto may_stand = [](char c) { return c == ':' || (kinds[static_cast<std::uint8_t>(c)] & host_text) != 0; };
    if (!std::all_of(address.begin(), address.end(), may_stand)) return std::nullopt;
    ++end;
  } else {
    end = std::min(text.find(':'), text.size());
    if (end == 0 || !all_are(text.substr(0, end), host_text)) return std::nullopt;
  }
  const std::string_view rest = text.substr(end);
  if (!rest.empty() && rest.front() != ':') return std::nullopt;
  return rest;
}

std::optional<unsigned> parse_port(std::string_view text) noexcept {
  if (text.empty() || text.size() > 5 || !std::all_of(text.begin(), text.end(), is_digit)) return std::nullopt;
  unsigned number = 0;
  for (const char c : text) number = number * 10 + static_cast<unsigned>(c - '0');
  return number <= 65535 ? std::optional(number) : std::nullopt;
}

constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }

}  // namespace

bool is_field_name(std::string_view text) noexcept { return !text.empty() && all_are(text, lower_token); }

bool is_token(std::string_view text) noexcept { return !text.empty() && all_are(text, lower_token | upper_token); }

bool is_field_value(std::string_view text) noexcept {
  if (text.empty()) return true;
  return !is_blank(text.front()) && !is_blank(text.back()) && all_are(text, value_text);
}

bool is_scheme(std::string_view text) noexcept {
  if (text.empty() || !(is_lower(text.front()) || is_upper(text.front()))) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return is_lower(c) || is_upper(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
  });
}

bool is_authority(std::string_view text) noexcept {
  const auto port = port_after_host(text);
  if (!port) return false;
  return port->empty() || port->size() == 1 || parse_port(port->substr(1)).has_value();
}

bool is_authority_with_port(std::string_view text) noexcept {
  const auto port = port_after_host(text);
  return port && !port->empty() && parse_port(port->substr(1)).value_or(0) > 0;
}

bool is_path(std::string_view text) noexcept {
  return !text.empty() && text.front() == '/' && all_are(text, target_text);
}

std::optional<unsigned> parse_status(std::string_view text) noexcept {
  if (text.size() != 3 || !std::all_of(text.begin(), text.end(), is_digit) || text.front() == '0') return std::nullopt;
  unsigned status = 0;
  for (const char c : text) status = status * 10 + static_cast<unsigned>(c - '0');
  return status;
}

std::optional<std::uint64_t> parse_content_length(std::string_view text) noexcept {
  constexpr std::size_t max_digits = 19;  // 64 bits hold any number of 19 digits.
  if (text.empty() || text.size() > max_digits || !std::all_of(text.begin(), text.end(), is_digit)) return std::nullopt;
  std::uint64_t length = 0;
  for (const char c : text) length = length * 10 + static_cast<std::uint64_t>(c - '0');
  return length <= varint_max ? std::optional(length) : std::nullopt;
}

}  // namespace quasio::http3
