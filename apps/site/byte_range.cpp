#include "site/byte_range.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <optional>

#include "site/field_syntax.hpp"

namespace quasio::apps {

namespace {

// Digits only. What is too large for the type is as good as the largest number: it lies beyond every file's end.
std::optional<std::uint64_t> parse_position(std::string_view text) noexcept {
  if (text.empty()) return std::nullopt;
  constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    value = value > (most - digit) / 10 ? most : value * 10 + digit;
  }
  return value;
}

constexpr range_choice whole{};
constexpr range_choice unsatisfiable{.what = range_choice::kind::unsatisfiable};

range_choice part(std::uint64_t first, std::uint64_t size) noexcept {
  return {.what = range_choice::kind::part, .first = first, .size = size};
}

range_choice choose_suffix(std::string_view length, std::uint64_t file_size) noexcept {
  const auto wanted = parse_position(length);
  if (!wanted) return whole;
  if (*wanted == 0) return unsatisfiable;
  const std::uint64_t size = std::min(*wanted, file_size);
  return part(file_size - size, size);
}

range_choice choose_from(std::string_view first, std::string_view last, std::uint64_t file_size) noexcept {
  const auto from = parse_position(first);
  if (!from) return whole;
  const auto to = last.empty() ? file_size - 1 : parse_position(last);
  if (!to) return whole;
  if (!last.empty() && *to < *from) return whole;
  if (*from >= file_size) return unsatisfiable;
  return part(*from, std::min(*to, file_size - 1) - *from + 1);
}

}  // namespace

range_choice choose_range(std::string_view header, std::uint64_t file_size) noexcept {
  if (file_size == 0) return whole;
  const std::size_t equals = header.find('=');
  if (equals == std::string_view::npos || !equals_ignoring_case(header.substr(0, equals), "bytes")) return whole;
  std::string_view only;
  for (list_elements elements(header.substr(equals + 1)); const auto element = elements.next();) {
    if (!only.empty()) return whole;
    only = *element;
  }
  const std::size_t dash = only.find('-');
  if (dash == std::string_view::npos) return whole;
  if (dash == 0) return choose_suffix(only.substr(1), file_size);
  return choose_from(only.substr(0, dash), only.substr(dash + 1), file_size);
}

}  // namespace quasio::apps
