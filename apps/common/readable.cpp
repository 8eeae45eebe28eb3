#include "common/readable.hpp"

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>

namespace quasio::apps {

namespace {

std::string with_three_digits(double value, std::string_view unit) {
  const int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*f %.*s", decimals, value, static_cast<int>(unit.size()), unit.data());
  return text.data();
}

std::string two_units(long long large, const char* large_unit, long long small, const char* small_unit) {
  return std::to_string(large) + " " + large_unit + " " + std::to_string(small) + " " + small_unit;
}

}  // namespace

std::string readable_size(double bytes) {
  constexpr std::array<std::string_view, 6> units = {"B", "kB", "MB", "GB", "TB", "PB"};
  if (bytes < 999.5) return std::to_string(std::llround(bytes)) + " B";
  std::size_t unit = 0;
  while (bytes >= 999.5 && unit + 1 < units.size()) {
    bytes /= 1000;
    ++unit;
  }
  return with_three_digits(bytes, units[unit]);
}

std::string readable_duration(std::chrono::duration<double> duration) {
  const double seconds = duration.count();
  if (seconds < 0.9995) return with_three_digits(seconds * 1000, "ms");
  if (seconds < 59.95) return with_three_digits(seconds, "s");
  const long long whole = std::llround(seconds);
  if (whole < 3600) return two_units(whole / 60, "min", whole % 60, "s");
  return two_units(whole / 3600, "h", whole % 3600 / 60, "min");
}

std::string quic_version_name(quic_version version) {
  if (version == quic_version::v1) return "QUIC version 1";
  if (version == quic_version::v2) return "QUIC version 2";
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "QUIC version 0x%08x", static_cast<unsigned>(version));
  return text.data();
}

std::string printable(std::string_view text, std::size_t longest) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (const char c : text.substr(0, longest)) {
    if (c >= ' ' && c < '\x7f') {
      out.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += "\\x";
    out.push_back(digits[byte >> 4]);
    out.push_back(digits[byte & 15]);
  }
  if (text.size() > longest) out += "...";
  return out;
}

}  // namespace quasio::apps
