#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "quasio/base/bytes.hpp"

namespace quasio::wire {

using byte_vector = std::vector<std::uint8_t>;

/// The bytes written in `text` as hexadecimal; blanks and line ends are skipped.
inline byte_vector from_hex(std::string_view text) {
  byte_vector bytes;
  int high = -1;
  for (const char c : text) {
    const std::size_t digit = std::string_view("0123456789abcdef").find(c);
    if (digit == std::string_view::npos) continue;
    if (high < 0) {
      high = static_cast<int>(digit);
      continue;
    }
    bytes.push_back(static_cast<std::uint8_t>(high << 4 | static_cast<int>(digit)));
    high = -1;
  }
  return bytes;
}

inline std::string to_hex(byte_view bytes) {
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 0xf];
  }
  return text;
}

inline byte_vector to_vector(byte_view bytes) { return {bytes.begin(), bytes.end()}; }

}  // namespace quasio::wire
