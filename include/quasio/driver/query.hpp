#pragma once

#include <charconv>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace quasio::http3 {

/// The number that a text is, all of it and in decimal; nothing where it is none, or does not fit.
template <std::integral Number>
std::optional<Number> parse_number(std::string_view text) noexcept {
  Number number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// The parameters in a query, "a=1&b=x+y&b=z", in the order in which they were sent. As in a form, '+' is a space, and
/// '%' that begins no valid encoding stands for itself, which is how browsers read it: a query cannot be malformed.
class query_parameters {
public:
  /// Name and value, decoded.
  using parameter = std::pair<std::string, std::string>;

  query_parameters() = default;

  /// `text` is what stands between '?' and '#'.
  explicit query_parameters(std::string_view text);

  /// The first value with this name, which may be empty; nothing when there is none.
  std::optional<std::string_view> find(std::string_view name) const noexcept;

  /// The same, with a value for when there is none.
  std::string_view value_or(std::string_view name, std::string_view otherwise) const noexcept;

  /// The first value with this name as a number; nothing when there is none, or it is no number.
  template <std::integral Number>
  std::optional<Number> number(std::string_view name) const noexcept {
    const auto text = find(name);
    return text ? parse_number<Number>(*text) : std::nullopt;
  }

  /// All values with this name.
  std::vector<std::string_view> all(std::string_view name) const;

  /// Whether there is one with this name.
  bool contains(std::string_view name) const noexcept { return find(name).has_value(); }
  bool empty() const noexcept { return parameters_.empty(); }
  std::size_t size() const noexcept { return parameters_.size(); }
  auto begin() const noexcept { return parameters_.begin(); }
  auto end() const noexcept { return parameters_.end(); }

private:
  std::vector<parameter> parameters_;
};

}  // namespace quasio::http3
