#include "crypto/stateless_reset.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>

namespace quasio::crypto {

std::array<std::uint8_t, 16> derive_stateless_reset_token(const std::array<std::uint8_t, 32>& key,
                                                          byte_view connection_id) {
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), connection_id.data(), connection_id.size(),
       digest.data(), &size);
  std::array<std::uint8_t, 16> token{};
  std::copy_n(digest.begin(), token.size(), token.begin());
  return token;
}

bool equal_in_constant_time(byte_view a, byte_view b) noexcept {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace quasio::crypto
