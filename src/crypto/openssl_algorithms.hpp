#pragma once

#include <openssl/evp.h>
#include <openssl/kdf.h>

#include "crypto/aead_algorithm.hpp"

namespace quasio::crypto {

// Algorithms are fetched from OpenSSL's providers once and shared by everyone: a fetch costs more than sealing a
// packet. The fetched objects are immutable and live as long as the program. Null where the providers lack the
// algorithm.

EVP_CIPHER* fetched_aead(aead_algorithm aead);

/// What header protection masks are made with: AES in ECB mode, or bare ChaCha20.
EVP_CIPHER* fetched_mask_cipher(aead_algorithm aead);

EVP_KDF* fetched_hkdf();

}  // namespace quasio::crypto
