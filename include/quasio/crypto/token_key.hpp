#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "quasio/base/bytes.hpp"
#include "quasio/base/random.hpp"

namespace quasio::crypto {

/// The secret under which a server seals the address validation tokens that it hands out (RFC 9000, section 8.1).
/// Servers that share it honour each other's tokens. Wiped when it goes. 256 bits; never all zero unless it was made
/// so.
class token_key {
public:
  static constexpr std::size_t size = 32;  ///< Bytes.

  /// Of 32 bytes that nobody can predict.
  explicit token_key(const std::array<std::uint8_t, size>& bytes) noexcept : bytes_(bytes) {}

  /// A fresh one, of bytes that nobody can predict.
  static token_key generate(random_source& random);

  token_key(const token_key&) = default;
  token_key& operator=(const token_key&) = default;
  ~token_key();

  /// The key itself, valid as long as this object is.
  byte_view bytes() const noexcept { return bytes_; }

private:
  std::array<std::uint8_t, size> bytes_;
};

}  // namespace quasio::crypto
