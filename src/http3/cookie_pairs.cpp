#include "http3/cookie_pairs.hpp"

#include <algorithm>
#include <string_view>

#include "http3/field_syntax.hpp"

namespace quasio::http3 {
namespace {

constexpr std::string_view delimiter = "; ";

/// Calls `take` with each pair until it says no. Whether it never did.
template <class Take>
bool each_pair(std::string_view cookie, Take take) {
  for (std::size_t end = cookie.find(delimiter); end != std::string_view::npos; end = cookie.find(delimiter)) {
    if (!take(cookie.substr(0, end))) return false;
    cookie.remove_prefix(end + delimiter.size());
  }
  return take(cookie);
}

/// Pairs with blanks around them would be no valid values by themselves.
bool has_several_pairs(const field& line) {
  if (line.name != "cookie" || line.value.find(delimiter) == std::string::npos) return false;
  return each_pair(line.value, [](std::string_view pair) { return !pair.empty() && is_field_value(pair); });
}

void append_pairs(field_list& out, const field& cookie) {
  each_pair(cookie.value, [&](std::string_view pair) {
    out.push_back({cookie.name, std::string(pair), cookie.never_indexed});
    return true;
  });
}

}  // namespace

std::optional<field_list> split_cookies(const field_list& fields) {
  if (std::none_of(fields.begin(), fields.end(), has_several_pairs)) return std::nullopt;
  field_list split;
  split.reserve(fields.size() + 8);
  for (const field& line : fields) {
    if (has_several_pairs(line)) {
      append_pairs(split, line);
    } else {
      split.push_back(line);
    }
  }
  return split;
}

}  // namespace quasio::http3
