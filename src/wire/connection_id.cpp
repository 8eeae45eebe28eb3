#include "quasio/wire/connection_id.hpp"

namespace quasio {

std::string connection_id::to_string() const {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * size_);
  for (const std::uint8_t byte : bytes()) {
    text += digits[byte >> 4];
    text += digits[byte & 0xf];
  }
  return text;
}

}  // namespace quasio
