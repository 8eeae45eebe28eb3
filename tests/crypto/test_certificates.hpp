#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

/// Certificates made at run time, so that no test ever fails because a file in the tree expired. Header-only, and free
/// of any test framework, so that every test folder and every simulation can include it.
namespace quasio::test {

/// A certificate (leaf first, then whatever was appended) and the key that belongs to its first certificate, as PEM
/// text.
struct certificate {
  std::string certificate_pem;
  std::string key_pem;
};

/// What stands in a certificate that is made.
struct certificate_options {
  std::string common_name = "localhost";
  std::vector<std::string> dns_names = {"localhost"};
  std::vector<std::string> ip_addresses = {"127.0.0.1", "::1"};
  std::chrono::seconds not_before = -std::chrono::hours(24);  ///< Relative to now.
  std::chrono::seconds not_after = std::chrono::hours(24 * 365);
  std::size_t comment_size = 0;  ///< Fattens the certificate by a comment of so many bytes.
};

namespace detail {

template <auto Free>
struct openssl_deleter {
  template <class Object>
  void operator()(Object* object) const {
    Free(object);
  }
};

using key_pointer = std::unique_ptr<EVP_PKEY, openssl_deleter<EVP_PKEY_free>>;
using x509_pointer = std::unique_ptr<X509, openssl_deleter<X509_free>>;
using extension_pointer = std::unique_ptr<X509_EXTENSION, openssl_deleter<X509_EXTENSION_free>>;
using bio_pointer = std::unique_ptr<BIO, openssl_deleter<BIO_free_all>>;

inline void require(bool good, const char* what) {
  if (!good) throw std::runtime_error(std::string("test certificate: cannot ") + what);
}

inline bio_pointer read_only(const std::string& text) {
  return bio_pointer(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

inline std::string text_of(BIO* memory) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  return {data, static_cast<std::size_t>(size)};
}

inline void set_name(X509_NAME* name, const std::string& common_name) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(common_name.data());
  const int size = static_cast<int>(common_name.size());
  require(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, bytes, size, -1, 0) == 1, "name it");
}

inline void add_extension(X509* target, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context{};
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, target, nullptr, nullptr, 0);
  const extension_pointer extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  require(extension && X509_add_ext(target, extension.get(), -1) == 1, "add an extension");
}

inline std::string alternative_names(const certificate_options& options) {
  std::string value;
  for (const auto& name : options.dns_names) value += (value.empty() ? "DNS:" : ",DNS:") + name;
  for (const auto& address : options.ip_addresses) value += (value.empty() ? "IP:" : ",IP:") + address;
  return value;
}

inline x509_pointer unsigned_certificate(const certificate_options& options, EVP_PKEY* key) {
  x509_pointer made(X509_new());
  std::uint64_t serial = 0;
  require(made && RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof(serial)) == 1, "number it");
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(made.get()), serial >> 1);
  X509_set_version(made.get(), X509_VERSION_3);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), static_cast<long>(options.not_before.count()));
  X509_gmtime_adj(X509_getm_notAfter(made.get()), static_cast<long>(options.not_after.count()));
  set_name(X509_get_subject_name(made.get()), options.common_name);
  require(X509_set_pubkey(made.get(), key) == 1, "give it a key");
  return made;
}

inline certificate sign(X509* made, EVP_PKEY* key, X509* issuer, EVP_PKEY* issuer_key) {
  require(X509_set_issuer_name(made, X509_get_subject_name(issuer)) == 1, "name its issuer");
  require(X509_sign(made, issuer_key, EVP_sha256()) > 0, "sign it");
  const bio_pointer certificate_text(BIO_new(BIO_s_mem()));
  const bio_pointer key_text(BIO_new(BIO_s_mem()));
  require(PEM_write_bio_X509(certificate_text.get(), made) == 1, "write it");
  require(PEM_write_bio_PrivateKey(key_text.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1, "write its key");
  return {text_of(certificate_text.get()), text_of(key_text.get())};
}

inline void make_authority(X509* made, X509* issuer) {
  add_extension(made, issuer, NID_basic_constraints, "critical,CA:TRUE");
  add_extension(made, issuer, NID_key_usage, "critical,keyCertSign,cRLSign");
  add_extension(made, issuer, NID_subject_key_identifier, "hash");
  if (made != issuer) add_extension(made, issuer, NID_authority_key_identifier, "keyid:always");
}

inline void make_leaf(X509* made, X509* issuer, const certificate_options& options) {
  add_extension(made, issuer, NID_basic_constraints, "critical,CA:FALSE");
  add_extension(made, issuer, NID_subject_key_identifier, "hash");
  if (made != issuer) add_extension(made, issuer, NID_authority_key_identifier, "keyid:always");
  const std::string names = alternative_names(options);
  if (!names.empty()) add_extension(made, issuer, NID_subject_alt_name, names);
  if (options.comment_size > 0)
    add_extension(made, issuer, NID_netscape_comment, std::string(options.comment_size, 'x'));
}

struct issuer_parts {
  x509_pointer certificate;
  key_pointer key;
};

inline issuer_parts parse(const certificate& pem) {
  issuer_parts parts;
  parts.certificate.reset(PEM_read_bio_X509(read_only(pem.certificate_pem).get(), nullptr, nullptr, nullptr));
  parts.key.reset(PEM_read_bio_PrivateKey(read_only(pem.key_pem).get(), nullptr, nullptr, nullptr));
  require(parts.certificate && parts.key, "read its issuer");
  return parts;
}

}  // namespace detail

/// A leaf that vouches for itself: what a client must refuse unless it was told not to verify.
inline certificate make_self_signed(const certificate_options& options = {}) {
  const detail::key_pointer key(EVP_EC_gen("P-256"));
  const auto made = detail::unsigned_certificate(options, key.get());
  detail::make_leaf(made.get(), made.get(), options);
  return detail::sign(made.get(), key.get(), made.get(), key.get());
}

/// A root that may issue.
inline certificate make_ca(const std::string& common_name = "quasio test root") {
  const detail::key_pointer key(EVP_EC_gen("P-256"));
  const auto made =
      detail::unsigned_certificate({.common_name = common_name, .dns_names = {}, .ip_addresses = {}}, key.get());
  detail::make_authority(made.get(), made.get());
  return detail::sign(made.get(), key.get(), made.get(), key.get());
}

/// A leaf that `ca` vouches for. A client trusts it when `ca.certificate_pem` is among its roots.
inline certificate issue(const certificate& ca, const certificate_options& options = {}) {
  const auto issuer = detail::parse(ca);
  const detail::key_pointer key(EVP_EC_gen("P-256"));
  const auto made = detail::unsigned_certificate(options, key.get());
  detail::make_leaf(made.get(), issuer.certificate.get(), options);
  return detail::sign(made.get(), key.get(), issuer.certificate.get(), issuer.key.get());
}

/// An authority that `ca` vouches for. A server whose leaf it issued must append its PEM to its own chain.
inline certificate issue_intermediate(const certificate& ca,
                                      const std::string& common_name = "quasio test intermediate") {
  const auto issuer = detail::parse(ca);
  const detail::key_pointer key(EVP_EC_gen("P-256"));
  const auto made =
      detail::unsigned_certificate({.common_name = common_name, .dns_names = {}, .ip_addresses = {}}, key.get());
  detail::make_authority(made.get(), issuer.certificate.get());
  return detail::sign(made.get(), key.get(), issuer.certificate.get(), issuer.key.get());
}

}  // namespace quasio::test
