#include "crypto/cipher_suites.hpp"

#include <openssl/ssl.h>

namespace quasio::crypto {

namespace {

template <class Visitor>
void for_each_suite(const SSL_CTX* context, Visitor visit) {
  const STACK_OF(SSL_CIPHER)* const suites = SSL_CTX_get_ciphers(context);
  for (int i = 0; i < sk_SSL_CIPHER_num(suites); ++i) visit(sk_SSL_CIPHER_value(suites, i));
}

bool is_tls_1_3(const SSL_CIPHER* suite) { return SSL_CIPHER_get_protocol_id(suite) >> 8 == 0x13; }

}  // namespace

std::optional<aead_algorithm> aead_of(const SSL_CIPHER* suite) {
  switch (suite == nullptr ? 0 : SSL_CIPHER_get_protocol_id(suite)) {  // RFC 8446, appendix B.4.
    case 0x1301:
      return aead_algorithm::aes_128_gcm;
    case 0x1302:
      return aead_algorithm::aes_256_gcm;
    case 0x1303:
      return aead_algorithm::chacha20_poly1305;
    default:
      return std::nullopt;
  }
}

std::string usable_cipher_suites(const SSL_CTX* context) {
  std::string names;
  for_each_suite(context, [&](const SSL_CIPHER* suite) {
    if (!aead_of(suite)) return;
    if (!names.empty()) names += ':';
    names += SSL_CIPHER_standard_name(suite);
  });
  return names;
}

bool has_unusable_cipher_suites(const SSL_CTX* context) {
  bool found = false;
  for_each_suite(context, [&](const SSL_CIPHER* suite) { found = found || (is_tls_1_3(suite) && !aead_of(suite)); });
  return found;
}

}  // namespace quasio::crypto
