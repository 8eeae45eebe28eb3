#include "crypto/certificate_summary.hpp"

#include <memory>

#include <openssl/bio.h>
#include <openssl/x509_vfy.h>

namespace quasio::crypto {

namespace {

// Control characters are escaped: names come from the peer and end in terminals and logs.
std::string text_of(const X509_NAME* name) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> memory(BIO_new(BIO_s_mem()), BIO_free);
  if (!memory || X509_NAME_print_ex(memory.get(), name, 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB) < 0) return "?";
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

}  // namespace

std::string summary_of(const X509* certificate, long verify_result) {
  std::string text = text_of(X509_get_subject_name(certificate));
  text += ", issued by " + text_of(X509_get_issuer_name(certificate));
  if (verify_result == X509_V_OK) return text + "; verified";
  return text + "; not verified: " + X509_verify_cert_error_string(verify_result);
}

}  // namespace quasio::crypto
