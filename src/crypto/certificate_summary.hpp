#pragma once

#include <string>

#include <openssl/x509.h>

namespace quasio::crypto {

/// Whom a certificate names, who issued it, and what came of verifying it (an X509_V_ number), on one line.
std::string summary_of(const X509* certificate, long verify_result);

}  // namespace quasio::crypto
