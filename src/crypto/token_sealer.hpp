#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "crypto/aead.hpp"
#include "quasio/base/bytes.hpp"
#include "quasio/base/random.hpp"
#include "quasio/crypto/token_key.hpp"

namespace quasio::crypto {

/// Seals small plaintexts into tokens that only this server (and those who share its key) can read or make: AES-256-GCM
/// under a random nonce, which stands in front. What the token is bound to goes into the associated data.
///
/// A key is good for 2^32 tokens, beyond which random nonces may meet (NIST SP 800-38D, section 8.3): rotate before.
/// Threads: one at a time; give each thread its own sealer of the same key.
class token_sealer {
public:
  /// What a token is longer than its plaintext.
  static constexpr std::size_t overhead = aead_nonce_size + aead_tag_size;

  explicit token_sealer(const token_key& key);

  /// Seals with `key` from now on; the key so far still opens, the one before it no longer does.
  void rotate(const token_key& key);

  std::vector<std::uint8_t> seal(byte_view plaintext, byte_view associated_data, random_source& random);

  /// The plaintext, or nothing when the token was not sealed with one of the two keys for the same associated data.
  std::optional<std::vector<std::uint8_t>> open(byte_view token, byte_view associated_data);

private:
  aead_key current_;
  std::optional<aead_key> previous_;
};

}  // namespace quasio::crypto
