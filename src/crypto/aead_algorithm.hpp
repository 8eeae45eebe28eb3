#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

namespace quasio::crypto {

/// The AEADs of the TLS 1.3 cipher suites that quasio negotiates (RFC 9001, section 5.3).
enum class aead_algorithm : std::uint8_t { aes_128_gcm, aes_256_gcm, chacha20_poly1305 };

/// The hash of a cipher suite: what its key schedule runs on.
enum class hash_algorithm : std::uint8_t { sha256, sha384 };

/// Common to all three.
inline constexpr std::size_t aead_tag_size = 16;
inline constexpr std::size_t aead_nonce_size = 12;
inline constexpr std::size_t max_aead_key_size = 32;

/// Bytes of the packet key; the header protection key is as long (RFC 9001, section 5.4.1).
constexpr std::size_t key_size(aead_algorithm aead) noexcept { return aead == aead_algorithm::aes_128_gcm ? 16 : 32; }

constexpr hash_algorithm hash_of(aead_algorithm aead) noexcept {
  return aead == aead_algorithm::aes_256_gcm ? hash_algorithm::sha384 : hash_algorithm::sha256;
}

constexpr std::size_t hash_size(hash_algorithm hash) noexcept { return hash == hash_algorithm::sha384 ? 48 : 32; }

/// Packets that may be sealed with one key before it must be updated (RFC 9001, section 6.6).
constexpr std::uint64_t confidentiality_limit(aead_algorithm aead) noexcept {
  if (aead == aead_algorithm::chacha20_poly1305) return std::numeric_limits<std::uint64_t>::max();
  return std::uint64_t{1} << 23;
}

/// Packets that may fail to open in the life of a connection, over all its keys, before it must close
/// (RFC 9001, section 6.6).
constexpr std::uint64_t integrity_limit(aead_algorithm aead) noexcept {
  return std::uint64_t{1} << (aead == aead_algorithm::chacha20_poly1305 ? 36 : 52);
}

}  // namespace quasio::crypto
