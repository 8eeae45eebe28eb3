#pragma once

#include <string>

#include "quasio/base/result.hpp"
#include "quasio/crypto/pem.hpp"

namespace quasio::apps {

/// Who a server says it is: certificates, the leaf first, and the leaf's key.
struct identity {
  crypto::pem certificate_chain;
  crypto::pem private_key;
};

/// An identity made for tests and development, which nobody trusts by itself.
struct self_signed {
  identity who;

  /// The SHA-256 of the certificate's SubjectPublicKeyInfo, in base64, as Chromium takes it in
  /// --ignore-certificate-errors-spki-list.
  std::string spki_sha256;
};

/// Makes an ECDSA P-256 key and a certificate for localhost, 127.0.0.1 and ::1 that holds from an hour ago (clocks
/// differ) for ten days: browsers take serverCertificateHashes of at most fourteen. The error is OpenSSL's.
result<self_signed, std::string> make_self_signed();

}  // namespace quasio::apps
