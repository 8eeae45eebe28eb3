#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "crypto/aead_algorithm.hpp"
#include "quasio/base/bytes.hpp"

struct evp_cipher_ctx_st;

namespace quasio::crypto {

using aead_nonce = std::array<std::uint8_t, aead_nonce_size>;

struct cipher_context_deleter {
  void operator()(evp_cipher_ctx_st* context) const noexcept;
};
using cipher_context = std::unique_ptr<evp_cipher_ctx_st, cipher_context_deleter>;

/// An AEAD under one key, whose caller chooses every nonce and never uses one twice for sealing.
///
/// Should the cipher be unavailable or memory run out, it fails closed: open() is false, and seal() says so and leaves
/// no plaintext behind.
class aead_key {
public:
  aead_key(aead_algorithm aead, byte_view key);

  /// Encrypts in place: all but the last aead_tag_size bytes are the plaintext, those become the tag. The associated
  /// data is `prefix` followed by `header`.
  bool seal(const aead_nonce& nonce, byte_view prefix, byte_view header, byte_span payload_with_tag_room);

  /// Decrypts in place; false when the tag does not fit, and then the bytes are worthless.
  bool open(const aead_nonce& nonce, byte_view prefix, byte_view header, byte_span payload_with_tag);

private:
  cipher_context
      context_;  // Keyed once: keying it anew for each packet would cost three quarters of a small packet's time.
};

/// Protects the payloads of one direction's packets (RFC 9001, section 5.3). Allocates nothing after construction.
class packet_key {
public:
  packet_key(aead_algorithm aead, byte_view key, byte_view iv);

  aead_algorithm algorithm() const noexcept { return algorithm_; }

  /// Encrypts in place: the payload stands in front, its last aead_tag_size bytes become the tag. `header` is the
  /// packet up to and with the packet number, not yet protected.
  void seal(std::uint64_t packet_number, byte_view header, byte_span payload_with_tag_room);

  /// Decrypts in place, and says whether the packet is genuine; it never tells what was wrong. The plaintext is all but
  /// the last aead_tag_size bytes. After false the bytes are worthless.
  bool open(std::uint64_t packet_number, byte_view header, byte_span payload_with_tag);

private:
  aead_nonce nonce_of(std::uint64_t packet_number) const noexcept;

  aead_key key_;
  aead_nonce iv_{};
  aead_algorithm algorithm_;
};

}  // namespace quasio::crypto
