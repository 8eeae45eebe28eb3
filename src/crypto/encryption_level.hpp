#pragma once

#include <cstdint>

namespace quasio::crypto {

/// The four sets of keys that a connection goes through (RFC 9001, section 2.1). `early_data` never carries CRYPTO
/// frames.
enum class encryption_level : std::uint8_t { initial, early_data, handshake, application };

}  // namespace quasio::crypto
