#include "crypto/traffic_secret.hpp"

#include <openssl/crypto.h>

namespace quasio::crypto {

traffic_secret::~traffic_secret() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }

}  // namespace quasio::crypto
