#include "quasio/base/endpoint.hpp"

#include <algorithm>
#include <cstdio>

namespace quasio {
namespace {

constexpr std::array<std::uint8_t, 12> v4_mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

struct zero_run {
  int begin = -1;
  int length = 0;
};

// RFC 5952, section 4.2: the longest run of two or more zero groups is the one that "::" replaces.
zero_run longest_zero_run(const std::array<std::uint16_t, 8>& groups) {
  zero_run best;
  for (int begin = 0; begin < 8;) {
    int end = begin;
    while (end < 8 && groups[end] == 0) ++end;
    if (end - begin > best.length && end - begin >= 2) best = {begin, end - begin};
    begin = std::max(end, begin + 1);
  }
  return best;
}

std::string v6_text(const std::array<std::uint8_t, 16>& address) {
  std::array<std::uint16_t, 8> groups{};
  for (std::size_t i = 0; i < 8; ++i) {
    groups[i] = static_cast<std::uint16_t>(address[2 * i] << 8 | address[2 * i + 1]);
  }
  const zero_run zeros = longest_zero_run(groups);
  std::string text;
  for (int i = 0; i < 8; ++i) {
    if (i == zeros.begin) {
      text += "::";
      i += zeros.length - 1;
      continue;
    }
    if (!text.empty() && text.back() != ':') text += ':';
    char group[5];
    std::snprintf(group, sizeof group, "%x", static_cast<unsigned>(groups[static_cast<std::size_t>(i)]));
    text += group;
  }
  return text;
}

}  // namespace

ip_endpoint ip_endpoint::v4(std::array<std::uint8_t, 4> v4_address, std::uint16_t v4_port) noexcept {
  ip_endpoint endpoint;
  std::copy(v4_mapped_prefix.begin(), v4_mapped_prefix.end(), endpoint.address.begin());
  std::copy(v4_address.begin(), v4_address.end(), endpoint.address.begin() + v4_mapped_prefix.size());
  endpoint.port = v4_port;
  return endpoint;
}

bool ip_endpoint::is_v4() const noexcept {
  return std::equal(v4_mapped_prefix.begin(), v4_mapped_prefix.end(), address.begin());
}

std::string ip_endpoint::to_string() const {
  if (is_v4()) {
    char text[24];
    std::snprintf(text, sizeof text, "%d.%d.%d.%d:%u", address[12], address[13], address[14], address[15],
                  unsigned{port});
    return text;
  }
  const std::string zone = scope_id != 0 ? "%" + std::to_string(scope_id) : std::string();
  return "[" + v6_text(address) + zone + "]:" + std::to_string(port);
}

}  // namespace quasio
