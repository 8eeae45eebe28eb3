#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace quasio {

/// Bytes that are only looked at. The viewer never owns them.
using byte_view = std::span<const std::uint8_t>;

/// Bytes that may be written. The holder never owns them.
using byte_span = std::span<std::uint8_t>;

/// The bytes of a text, without copying it.
inline byte_view as_bytes(std::string_view text) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// The text whose bytes these are, without copying them. No encoding is checked.
inline std::string_view as_text(byte_view bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace quasio
