#pragma once

#include "quasio/base/result.hpp"
#include "quasio/crypto/pem.hpp"
#include "quasio/crypto/tls_error.hpp"

struct ssl_ctx_st;

namespace quasio::crypto {

// What these fail with names the file, and OpenSSL's reason.

/// Presents this chain (the leaf first) and key, after checking that they belong together.
result<void, tls_error> use_identity(ssl_ctx_st* context, const pem& chain, const pem& key);

/// Trusts these certificates too.
result<void, tls_error> add_roots(ssl_ctx_st* context, const pem& roots);

/// Demands that clients show a certificate which leads to one of these.
result<void, tls_error> require_client_certificates(ssl_ctx_st* context, const pem& roots);

}  // namespace quasio::crypto
