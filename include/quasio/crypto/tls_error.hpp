#pragma once

#include <cstdint>
#include <string>

namespace quasio::crypto {

/// Why TLS cannot go on, or cannot begin.
struct tls_error {
  /// The alert of TLS (RFC 8446, section 6.2) to close the connection with: a CONNECTION_CLOSE of type 0x1c carries
  /// 0x0100 + alert (RFC 9001, section 4.8). 80 (internal_error) where it is no fault of the peer's.
  std::uint8_t alert = 80;
  std::string reason;  ///< For people, such as "certificate verify failed: self-signed certificate".

  /// TLS has an alert for it, but in QUIC it is a PROTOCOL_VIOLATION (RFC 9001, sections 4.1.3, 4.4, 4.6.1 and
  /// 8.4).
  bool violates_quic = false;

  friend bool operator==(const tls_error&, const tls_error&) = default;
};

}  // namespace quasio::crypto
