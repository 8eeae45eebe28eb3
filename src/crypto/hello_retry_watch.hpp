#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "quasio/base/bytes.hpp"

namespace quasio::crypto {

/// Reads along with a client's Initial CRYPTO stream and says when the server asks for another ClientHello. The second
/// one must do without early data (RFC 8446, section 4.1.2), which OpenSSL does not see to by itself.
class hello_retry_watch {
public:
  /// True once: with the bytes that complete the random value of a HelloRetryRequest.
  bool sees_retry(byte_view bytes) noexcept {
    if (read_ == head_.size()) return false;
    const std::size_t taken = std::min(bytes.size(), head_.size() - read_);
    std::copy_n(bytes.begin(), taken, head_.begin() + static_cast<std::ptrdiff_t>(read_));
    read_ += taken;
    return read_ == head_.size() && std::equal(retry_random.begin(), retry_random.end(), head_.begin() + random_at);
  }

private:
  // SHA-256 of "HelloRetryRequest" (RFC 8446, section 4.1.3).
  static constexpr std::array<std::uint8_t, 32> retry_random{
      0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
      0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};

  // Behind the type, the length in three bytes, and the version.
  static constexpr std::size_t random_at = 1 + 3 + 2;

  std::array<std::uint8_t, random_at + retry_random.size()> head_{};
  std::size_t read_ = 0;
};

}  // namespace quasio::crypto
