#include "quasio/crypto/token_key.hpp"

#include <openssl/crypto.h>

namespace quasio::crypto {

token_key token_key::generate(random_source& random) {
  token_key key{std::array<std::uint8_t, size>{}};
  random.fill(key.bytes_);
  return key;
}

token_key::~token_key() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }

}  // namespace quasio::crypto
