#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "quasio/base/bytes.hpp"

namespace quasio::crypto {

/// Reads along with what a server says after the handshake, for a message that QUIC forbids and TLS only refuses.
class post_handshake_guard {
public:
  /// Whether a CertificateRequest begins among these bytes (RFC 9001, section 4.4).
  bool sees_certificate_request(byte_view bytes) noexcept {
    while (!bytes.empty()) {
      if (body_left_ > 0) {
        const std::size_t taken = std::min(bytes.size(), body_left_);
        body_left_ -= taken;
        bytes = bytes.subspan(taken);
        continue;
      }
      if (header_read_ == 0 && bytes.front() == certificate_request) return true;
      read_header(bytes.front());
      bytes = bytes.subspan(1);
    }
    return false;
  }

private:
  static constexpr std::uint8_t certificate_request = 13;

  // The type, and the length in three bytes (RFC 8446, section 4).
  void read_header(std::uint8_t byte) noexcept {
    header_ = header_ << 8 | byte;
    if (++header_read_ < 4) return;
    header_read_ = 0;
    body_left_ = header_ & 0xffffff;
  }

  std::uint32_t header_ = 0;
  std::size_t header_read_ = 0;
  std::size_t body_left_ = 0;
};

}  // namespace quasio::crypto
