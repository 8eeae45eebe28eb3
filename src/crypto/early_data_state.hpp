#pragma once

#include <cstdint>

namespace quasio::crypto {

/// What became of early data in a TLS handshake (RFC 8446, section 4.2.10).
enum class early_data_state : std::uint8_t {
  not_offered,
  offered,  ///< By a client that has not heard about it.
  accepted,
  rejected,
};

}  // namespace quasio::crypto
