#include "client/certificate_view.hpp"

#include <array>
#include <cstddef>
#include <memory>
#include <utility>

#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "common/readable.hpp"

namespace quasio::apps {

namespace {

using teller = std::function<void(const std::string&)>;

int teller_index() {
  static const int index = SSL_CTX_get_ex_new_index(
      0, nullptr, nullptr, nullptr,
      [](void*, void* function, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<teller*>(function); });
  return index;
}

// What `print` writes, as one line.
template <class Print>
std::string printed(Print print) {
  const std::unique_ptr<BIO, decltype(&BIO_free_all)> memory(BIO_new(BIO_s_mem()), BIO_free_all);
  if (!memory) return {};
  print(memory.get());
  char* start = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &start);
  return size > 0 ? printable({start, static_cast<std::size_t>(size)}) : std::string();
}

std::string name_text(const X509_NAME* name) {
  return printed([&](BIO* out) { X509_NAME_print_ex(out, name, 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB); });
}

std::string time_text(const ASN1_TIME* time) {
  return printed([&](BIO* out) { ASN1_TIME_print_ex(out, time, ASN1_DTFLGS_ISO8601); });
}

std::string alternative_names(X509* certificate) {
  const int where = X509_get_ext_by_NID(certificate, NID_subject_alt_name, -1);
  X509_EXTENSION* const extension = where < 0 ? nullptr : X509_get_ext(certificate, where);
  if (extension == nullptr) return "none";
  return printed([&](BIO* out) { X509V3_EXT_print(out, extension, 0, 0); });
}

std::string describe(X509* certificate) {
  return "certificate: subject " + name_text(X509_get_subject_name(certificate)) + "; names " +
         alternative_names(certificate) + "; issued by " + name_text(X509_get_issuer_name(certificate)) +
         "; valid from " + time_text(X509_get0_notBefore(certificate)) + " to " +
         time_text(X509_get0_notAfter(certificate));
}

void on_information(const SSL* ssl, int where, int) {
  if ((where & SSL_CB_HANDSHAKE_DONE) == 0) return;
  const auto* tell = static_cast<const teller*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), teller_index()));
  X509* const certificate = SSL_get0_peer_certificate(ssl);
  if (tell != nullptr && certificate != nullptr) (*tell)(describe(certificate));
}

}  // namespace

void watch_certificates(const crypto::tls_context& context, std::function<void(const std::string&)> tell) {
  auto owned = std::make_unique<teller>(std::move(tell));
  if (SSL_CTX_set_ex_data(context.native_handle(), teller_index(), owned.get()) != 1) return;
  static_cast<void>(owned.release());
  SSL_CTX_set_info_callback(context.native_handle(), on_information);
}

}  // namespace quasio::apps
