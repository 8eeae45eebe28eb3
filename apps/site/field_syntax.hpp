#pragma once

#include <optional>
#include <string_view>

namespace quasio::apps {

/// Without the spaces and tabs around it (OWS of RFC 9110, section 5.6.3).
std::string_view trimmed(std::string_view text) noexcept;

/// Of ASCII letters.
bool equals_ignoring_case(std::string_view left, std::string_view right) noexcept;

/// Walks over the elements of a comma-separated list (RFC 9110, section 5.6.1), without empty ones. Commas in quoted
/// strings separate nothing.
class list_elements {
public:
  explicit list_elements(std::string_view list) noexcept : rest_(list) {}

  /// The next element, trimmed; empty optional at the end.
  std::optional<std::string_view> next() noexcept;

private:
  std::string_view rest_;
};

}  // namespace quasio::apps
