#include "crypto/openssl_algorithms.hpp"

namespace quasio::crypto {

EVP_CIPHER* fetched_aead(aead_algorithm aead) {
  static EVP_CIPHER* const aes_128 = EVP_CIPHER_fetch(nullptr, "AES-128-GCM", nullptr);
  static EVP_CIPHER* const aes_256 = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  static EVP_CIPHER* const chacha20 = EVP_CIPHER_fetch(nullptr, "ChaCha20-Poly1305", nullptr);
  switch (aead) {
    case aead_algorithm::aes_128_gcm:
      return aes_128;
    case aead_algorithm::aes_256_gcm:
      return aes_256;
    case aead_algorithm::chacha20_poly1305:
      return chacha20;
  }
  return nullptr;
}

EVP_CIPHER* fetched_mask_cipher(aead_algorithm aead) {
  static EVP_CIPHER* const aes_128 = EVP_CIPHER_fetch(nullptr, "AES-128-ECB", nullptr);
  static EVP_CIPHER* const aes_256 = EVP_CIPHER_fetch(nullptr, "AES-256-ECB", nullptr);
  static EVP_CIPHER* const chacha20 = EVP_CIPHER_fetch(nullptr, "ChaCha20", nullptr);
  switch (aead) {
    case aead_algorithm::aes_128_gcm:
      return aes_128;
    case aead_algorithm::aes_256_gcm:
      return aes_256;
    case aead_algorithm::chacha20_poly1305:
      return chacha20;
  }
  return nullptr;
}

EVP_KDF* fetched_hkdf() {
  static EVP_KDF* const hkdf = EVP_KDF_fetch(nullptr, "HKDF", nullptr);
  return hkdf;
}

}  // namespace quasio::crypto
