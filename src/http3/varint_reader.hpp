#pragma once

#include <optional>

#include "quasio/base/bytes.hpp"

namespace quasio::http3 {

/// Reads one variable-length integer after the other (RFC 9000, section 16) from bytes that come in any pieces.
class varint_reader {
public:
  /// Takes from the front of `bytes` what belongs to the integer; the integer once it is whole.
  std::optional<std::uint64_t> read(byte_view& bytes) noexcept {
    while (!bytes.empty()) {
      const std::uint8_t next = bytes.front();
      bytes = bytes.subspan(1);
      if (!begun_) {
        begun_ = true;
        missing_ = static_cast<std::uint8_t>((1u << (next >> 6)) - 1);
        value_ = next & 0x3f;
      } else {
        value_ = value_ << 8 | next;
        --missing_;
      }
      if (missing_ == 0) {
        begun_ = false;
        return value_;
      }
    }
    return std::nullopt;
  }

  /// Whether an integer has begun and is not whole yet.
  bool in_progress() const noexcept { return begun_; }

private:
  std::uint64_t value_ = 0;
  std::uint8_t missing_ = 0;
  bool begun_ = false;
};

}  // namespace quasio::http3
