#pragma once

#include <string_view>

#include "crypto/aead_algorithm.hpp"
#include "quasio/base/bytes.hpp"

namespace quasio::crypto {

/// HKDF-Extract (RFC 5869, section 2.2). `out` is as long as the hash. False only where the cipher library fails.
bool hkdf_extract(hash_algorithm hash, byte_view salt, byte_view key_material, byte_span out);

/// HKDF-Expand-Label with an empty context (RFC 8446, section 7.1). `label` goes without its "tls13 " prefix.
/// False only where the cipher library fails; then `out` is all zero.
bool hkdf_expand_label(hash_algorithm hash, byte_view secret, std::string_view label, byte_span out);

}  // namespace quasio::crypto
