#include "crypto/hkdf.hpp"

#include <algorithm>
#include <array>
#include <memory>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "crypto/openssl_algorithms.hpp"
#include "quasio/base/byte_writer.hpp"

namespace quasio::crypto {

namespace {

struct kdf_context_deleter {
  void operator()(EVP_KDF_CTX* context) const noexcept { EVP_KDF_CTX_free(context); }
};
using kdf_context = std::unique_ptr<EVP_KDF_CTX, kdf_context_deleter>;

// OSSL_PARAM holds its inputs by pointers to non-const, though OpenSSL only reads them here; it refuses a null pointer
// even for no bytes at all, which is what a connection ID of length zero comes as.
OSSL_PARAM octets(const char* key, byte_view bytes) {
  static std::uint8_t nothing = 0;
  std::uint8_t* const data = bytes.empty() ? &nothing : const_cast<std::uint8_t*>(bytes.data());
  return OSSL_PARAM_construct_octet_string(key, data, bytes.size());
}

OSSL_PARAM digest(hash_algorithm hash) {
  static std::array<char, 7> sha256{"SHA256"};
  static std::array<char, 7> sha384{"SHA384"};
  return OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST,
                                          hash == hash_algorithm::sha384 ? sha384.data() : sha256.data(), 0);
}

bool derive(int mode, hash_algorithm hash, const OSSL_PARAM& first, const OSSL_PARAM& second, byte_span out) {
  const kdf_context context(fetched_hkdf() == nullptr ? nullptr : EVP_KDF_CTX_new(fetched_hkdf()));
  const std::array<OSSL_PARAM, 5> parameters{OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode), digest(hash), first,
                                             second, OSSL_PARAM_construct_end()};
  if (context && EVP_KDF_derive(context.get(), out.data(), out.size(), parameters.data()) == 1) return true;
  std::fill(out.begin(), out.end(), std::uint8_t{0});
  ERR_clear_error();
  return false;
}

}  // namespace

bool hkdf_extract(hash_algorithm hash, byte_view salt, byte_view key_material, byte_span out) {
  return derive(EVP_KDF_HKDF_MODE_EXTRACT_ONLY, hash, octets(OSSL_KDF_PARAM_SALT, salt),
                octets(OSSL_KDF_PARAM_KEY, key_material), out);
}

bool hkdf_expand_label(hash_algorithm hash, byte_view secret, std::string_view label, byte_span out) {
  static constexpr std::string_view prefix = "tls13 ";
  // The secret that a failed derivation left: keys made of it would be anyone's.
  if (secret.empty()) return std::fill(out.begin(), out.end(), std::uint8_t{0}), false;
  std::array<std::uint8_t, 64> info;
  byte_writer writer(info);
  writer.write_u16(static_cast<std::uint16_t>(out.size()));
  writer.write_u8(static_cast<std::uint8_t>(prefix.size() + label.size()));
  writer.write_bytes(as_bytes(prefix));
  writer.write_bytes(as_bytes(label));
  writer.write_u8(0);
  return derive(EVP_KDF_HKDF_MODE_EXPAND_ONLY, hash, octets(OSSL_KDF_PARAM_KEY, secret),
                octets(OSSL_KDF_PARAM_INFO, writer.written()), out);
}

}  // namespace quasio::crypto
