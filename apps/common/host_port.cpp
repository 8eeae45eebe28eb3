#include "common/host_port.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <utility>

namespace quasio::apps {

std::optional<std::uint16_t> parse_port(std::string_view text) noexcept {
  std::uint16_t port = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, port);
  if (text.empty() || error != std::errc() || stopped != end) return std::nullopt;
  return port;
}

std::optional<std::vector<std::string>> split_at_colons(std::string_view text) {
  std::vector<std::string> parts;
  for (;;) {
    std::string_view part;
    if (text.substr(0, 1) == "[") {
      const std::size_t close = text.find(']');
      if (close == std::string_view::npos) return std::nullopt;
      part = text.substr(1, close - 1);
      text.remove_prefix(close + 1);
      if (!text.empty() && text.front() != ':') return std::nullopt;
    } else {
      part = text.substr(0, text.find(':'));
      text.remove_prefix(part.size());
    }
    if (part.find_first_of("[]") != std::string_view::npos) return std::nullopt;
    parts.emplace_back(part);
    if (text.empty()) return parts;
    text.remove_prefix(1);
  }
}

std::optional<host_port> parse_host_port(std::string_view text) {
  auto parts = split_at_colons(text);
  if (!parts || parts->size() != 2) return std::nullopt;
  const auto port = parse_port((*parts)[1]);
  if (!port) return std::nullopt;
  return host_port{std::move((*parts)[0]), *port};
}

}  // namespace quasio::apps
