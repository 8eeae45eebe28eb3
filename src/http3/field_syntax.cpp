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
  add("!$%&'()*+,-.:;=[]_~", host_text);
  return kinds;
}
constexpr auto kinds = classify();

bool all_are(std::string_view text, std::uint8_t kind) noexcept {
  return std::all_of(text.begin(), text.end(),
                     [&](char c) { return (kinds[static_cast<std::uint8_t>(c)] & kind) != 0; });
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

bool is_authority(std::string_view text) noexcept { return !text.empty() && all_are(text, host_text); }

bool is_authority_with_port(std::string_view text) noexcept {
  const std::size_t colon = text.rfind(':');
  if (!is_authority(text) || colon == std::string_view::npos || colon == 0) return false;
  const std::string_view port = text.substr(colon + 1);
  if (port.empty() || port.size() > 5 || !std::all_of(port.begin(), port.end(), is_digit)) return false;
  unsigned number = 0;
  for (const char c : port) number = number * 10 + static_cast<unsigned>(c - '0');
  return number > 0 && number <= 65535;
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
