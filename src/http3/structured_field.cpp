#include "http3/structured_field.hpp"

#include <algorithm>

namespace quasio::http3::structured {
namespace {

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool is_lower(char c) noexcept { return c >= 'a' && c <= 'z'; }
constexpr bool is_letter(char c) noexcept { return is_lower(c) || (c >= 'A' && c <= 'Z'); }

constexpr bool is_one_of(char c, std::string_view set) noexcept { return set.find(c) != std::string_view::npos; }

/// RFC 8941, section 4.2: each function takes from the front of what is left, and fails for good.
class parser {
public:
  explicit parser(std::string_view text) noexcept : rest_(text) {}

  bool at_end() const noexcept { return rest_.empty(); }
  bool next_is(char c) const noexcept { return !rest_.empty() && rest_.front() == c; }

  bool take(char c) noexcept {
    if (!next_is(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  void skip_spaces() noexcept {
    while (take(' ')) {
    }
  }

  void skip_blanks() noexcept {
    while (take(' ') || take('\t')) {
    }
  }

  /// Section 4.2.3.3.
  std::optional<std::string_view> key() noexcept {
    if (rest_.empty() || !(is_lower(rest_.front()) || rest_.front() == '*')) return std::nullopt;
    return take_while([](char c) { return is_lower(c) || is_digit(c) || is_one_of(c, "_-.*"); });
  }

  /// Sections 4.2.1.1 and 4.2.3.
  std::optional<item> item_or_inner_list() noexcept {
    if (next_is('(')) return inner_list() ? std::optional<item>(item{}) : std::nullopt;
    return whole_item();
  }

  std::optional<item> whole_item() noexcept {
    const auto value = bare_item();
    return value && parameters() ? value : std::nullopt;
  }

  /// Section 4.2.3.2.
  bool parameters() noexcept {
    while (take(';')) {
      skip_spaces();
      if (!key()) return false;
      if (take('=') && !bare_item()) return false;
    }
    return true;
  }

private:
  template <class Wanted>
  std::string_view take_while(Wanted wanted) noexcept {
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), wanted);
    const std::string_view taken = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
    rest_.remove_prefix(taken.size());
    return taken;
  }

  /// Section 4.2.1.2.
  bool inner_list() noexcept {
    if (!take('(')) return false;
    while (!at_end()) {
      skip_spaces();
      if (take(')')) return parameters();
      if (!whole_item() || !(next_is(' ') || next_is(')'))) return false;
    }
    return false;
  }

  /// Section 4.2.3.1.
  std::optional<item> bare_item() noexcept {
    if (at_end()) return std::nullopt;
    const char first = rest_.front();
    if (first == '-' || is_digit(first)) return number();
    if (first == '?') return boolean();
    const bool passed = first == '"' ? string() : first == ':' ? byte_sequence() : token();
    return passed ? std::optional<item>(item{}) : std::nullopt;
  }

  /// Section 4.2.4.
  std::optional<item> number() noexcept {
    constexpr std::size_t max_digits = 15;
    constexpr std::size_t max_digits_of_decimal = 12;
    constexpr std::size_t max_fraction = 3;
    const bool negative = take('-');
    const std::string_view digits = take_while(is_digit);
    if (digits.empty() || digits.size() > max_digits) return std::nullopt;
    if (take('.')) {
      const std::string_view fraction = take_while(is_digit);
      if (digits.size() > max_digits_of_decimal || fraction.empty() || fraction.size() > max_fraction)
        return std::nullopt;
      return item{};
    }
    std::int64_t value = 0;
    for (const char c : digits) value = value * 10 + (c - '0');
    return item{item::kind::integer, negative ? -value : value};
  }

  /// Section 4.2.5.
  bool string() noexcept {
    take('"');
    while (!at_end()) {
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '"') return true;
      if (c < 0x20 || c > 0x7e) return false;
      if (c == '\\' && !take('"') && !take('\\')) return false;
    }
    return false;
  }

  /// Section 4.2.6.
  bool token() noexcept {
    if (!is_letter(rest_.front()) && rest_.front() != '*') return false;
    take_while([](char c) { return is_letter(c) || is_digit(c) || is_one_of(c, "!#$%&'*+-.^_`|~:/"); });
    return true;
  }

  /// Section 4.2.7. What the base64 says is nobody's business here.
  bool byte_sequence() noexcept {
    take(':');
    take_while([](char c) { return is_letter(c) || is_digit(c) || is_one_of(c, "+/="); });
    return take(':');
  }

  /// Section 4.2.8.
  std::optional<item> boolean() noexcept {
    take('?');
    if (take('1')) return item{item::kind::boolean, 1};
    if (take('0')) return item{item::kind::boolean, 0};
    return std::nullopt;
  }

  std::string_view rest_;
};

}  // namespace

bool parse_dictionary(std::string_view text, const member_handler& on_member) {
  parser input(text);
  input.skip_spaces();
  while (!input.at_end()) {
    const auto key = input.key();
    if (!key) return false;
    std::optional<item> value = item{item::kind::boolean, 1};
    if (input.take('=')) {
      value = input.item_or_inner_list();
    } else if (!input.parameters()) {
      return false;
    }
    if (!value) return false;
    on_member(*key, *value);
    input.skip_blanks();
    if (input.at_end()) return true;
    if (!input.take(',')) return false;
    input.skip_blanks();
    if (input.at_end()) return false;
  }
  return true;
}

std::optional<item> parse_item(std::string_view text) {
  parser input(text);
  input.skip_spaces();
  const auto value = input.whole_item();
  input.skip_spaces();
  return input.at_end() ? value : std::nullopt;
}

}  // namespace quasio::http3::structured
