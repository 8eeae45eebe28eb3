#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quasio::apps {

/// "example.org:443", "192.0.2.1:443", "[2001:db8::1]:443", taken apart.
struct host_port {
  std::string host;  ///< Without brackets; may be empty (":443").
  std::uint16_t port = 0;

  friend bool operator==(const host_port&, const host_port&) = default;
};

/// Empty when the text is not of this form: the port is missing or above 65535, brackets do not match, or an IPv6
/// address stands without them.
std::optional<host_port> parse_host_port(std::string_view text);

/// 0 to 65535 in decimal; nothing else.
std::optional<std::uint16_t> parse_port(std::string_view text) noexcept;

/// Cuts at the colons that do not stand in brackets, and takes the brackets away: "a:1:[::1]:2" gives a, 1, ::1, 2.
/// Empty when the brackets are not in order.
std::optional<std::vector<std::string>> split_at_colons(std::string_view text);

}  // namespace quasio::apps
