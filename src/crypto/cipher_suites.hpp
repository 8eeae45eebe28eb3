#pragma once

#include <optional>
#include <string>

#include "crypto/aead_algorithm.hpp"

struct ssl_ctx_st;
struct ssl_cipher_st;

namespace quasio::crypto {

/// The AEAD of a TLS 1.3 cipher suite, or nothing where quasio has none for it: the CCM suites, and the integrity-only
/// ones, which QUIC forbids (RFC 9001, section 5.3).
std::optional<aead_algorithm> aead_of(const ssl_cipher_st* suite);

/// The names of those suites of a context that can protect packets, as SSL_set_ciphersuites() takes them.
std::string usable_cipher_suites(const ssl_ctx_st* context);

/// Whether a context has TLS 1.3 suites besides the usable ones, so that a peer might choose one of those.
bool has_unusable_cipher_suites(const ssl_ctx_st* context);

}  // namespace quasio::crypto
