#pragma once

#include <array>
#include <cstdint>

#include "crypto/aead.hpp"
#include "quasio/base/bytes.hpp"

namespace quasio::crypto {

/// AES-128 on single blocks. Not a way to encrypt messages: for constructions that are made of blocks, such as
/// connection IDs.
///
/// Should the cipher fail, the result is all zero.
class aes128_block {
public:
  static constexpr std::size_t size = 16;
  using block = std::array<std::uint8_t, size>;

  explicit aes128_block(const std::array<std::uint8_t, 16>& key);

  block encrypt(const block& plaintext) noexcept;
  block decrypt(const block& ciphertext) noexcept;

private:
  cipher_context encryption_;
  cipher_context decryption_;
};

}  // namespace quasio::crypto
