#include "server/identity.hpp"

#include <array>
#include <cstddef>
#include <memory>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>

namespace quasio::apps {

namespace {

template <auto Free>
struct freed_by {
  template <class Object>
  void operator()(Object* object) const noexcept {
    Free(object);
  }
};
using owned_key = std::unique_ptr<EVP_PKEY, freed_by<EVP_PKEY_free>>;
using owned_certificate = std::unique_ptr<X509, freed_by<X509_free>>;
using owned_number = std::unique_ptr<BIGNUM, freed_by<BN_free>>;
using owned_extension = std::unique_ptr<X509_EXTENSION, freed_by<X509_EXTENSION_free>>;
using owned_bio = std::unique_ptr<BIO, freed_by<BIO_free_all>>;

constexpr long hour = 3600;
constexpr long ten_days = 10 * 24 * hour;
constexpr int serial_bits = 127;  // RFC 5280, section 4.1.2.2: positive, at most 20 bytes.

bool set_serial(X509* certificate) {
  const owned_number number(BN_new());
  return number && BN_rand(number.get(), serial_bits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
         BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_name(X509* certificate) {
  X509_NAME* const name = X509_get_subject_name(certificate);
  const auto* const text = reinterpret_cast<const unsigned char*>("localhost");
  return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text, -1, -1, 0) == 1 &&
         X509_set_issuer_name(certificate, name) == 1;
}

bool add_extension(X509* certificate, int kind, const char* value) {
  X509V3_CTX context{};
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const owned_extension extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool fill_in(X509* certificate, EVP_PKEY* key) {
  return X509_set_version(certificate, X509_VERSION_3) == 1 && set_serial(certificate) && set_name(certificate) &&
         X509_gmtime_adj(X509_getm_notBefore(certificate), -hour) != nullptr &&
         X509_gmtime_adj(X509_getm_notAfter(certificate), ten_days) != nullptr &&
         X509_set_pubkey(certificate, key) == 1 &&
         add_extension(certificate, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1,IP:::1") &&
         add_extension(certificate, NID_basic_constraints, "critical,CA:FALSE") &&
         add_extension(certificate, NID_key_usage, "critical,digitalSignature") &&
         add_extension(certificate, NID_ext_key_usage, "serverAuth") && X509_sign(certificate, key, EVP_sha256()) > 0;
}

std::string text_of(BIO* memory) {
  char* start = nullptr;
  const long size = BIO_get_mem_data(memory, &start);
  return size > 0 ? std::string(start, static_cast<std::size_t>(size)) : std::string();
}

std::string certificate_text(X509* certificate) {
  const owned_bio memory(BIO_new(BIO_s_mem()));
  return memory && PEM_write_bio_X509(memory.get(), certificate) == 1 ? text_of(memory.get()) : std::string();
}

std::string key_text(EVP_PKEY* key) {
  const owned_bio memory(BIO_new(BIO_s_mem()));
  const bool written =
      memory && PEM_write_bio_PKCS8PrivateKey(memory.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1;
  return written ? text_of(memory.get()) : std::string();
}

std::string spki_hash(X509* certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
  if (size <= 0) return {};
  std::array<unsigned char, SHA256_DIGEST_LENGTH> hash{};
  SHA256(der, static_cast<std::size_t>(size), hash.data());
  OPENSSL_free(der);
  std::array<unsigned char, 48> text{};  // 4 characters for each 3 bytes begun, and a zero
  const int length = EVP_EncodeBlock(text.data(), hash.data(), static_cast<int>(hash.size()));
  return {reinterpret_cast<const char*>(text.data()), static_cast<std::size_t>(length)};
}

unexpected<std::string> openssl_failure() {
  std::array<char, 256> text{};
  ERR_error_string_n(ERR_get_error(), text.data(), text.size());
  ERR_clear_error();
  return unexpected<std::string>(text.data());
}

}  // namespace

result<self_signed, std::string> make_self_signed() {
  ERR_clear_error();
  const owned_key key(EVP_EC_gen("P-256"));
  const owned_certificate certificate(X509_new());
  if (!key || !certificate || !fill_in(certificate.get(), key.get())) return openssl_failure();
  const std::string chain = certificate_text(certificate.get());
  const std::string secret = key_text(key.get());
  self_signed made{.who = {crypto::pem::text(chain), crypto::pem::text(secret)},
                   .spki_sha256 = spki_hash(certificate.get())};
  if (chain.empty() || secret.empty() || made.spki_sha256.empty()) return openssl_failure();
  return made;
}

}  // namespace quasio::apps
