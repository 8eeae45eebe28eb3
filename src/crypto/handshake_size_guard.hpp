#pragma once

#include <cstddef>
#include <cstdint>

#include "quasio/base/bytes.hpp"

namespace quasio::crypto {

/// The largest ClientHello that a server takes. OpenSSL would make room for what four bytes announce, up to 128 kB, for
/// anyone who sends one Initial packet; real ones, with post-quantum key shares and Encrypted ClientHello, stay below 4
/// kB.
inline constexpr std::size_t max_client_hello_size = std::size_t{16} * 1024;

/// Follows the framing of handshake messages (RFC 8446, section 4) in a CRYPTO stream, to see how large they claim to
/// be before TLS does.
class handshake_size_guard {
public:
  /// False when a message claims to be larger than `most` bytes.
  bool accept(byte_view bytes, std::size_t most) noexcept {
    while (!bytes.empty()) {
      if (body_left_ > 0) {
        const std::size_t taken = bytes.size() < body_left_ ? bytes.size() : body_left_;
        body_left_ -= taken;
        bytes = bytes.subspan(taken);
        continue;
      }
      header_ = header_ << 8 | bytes.front();
      bytes = bytes.subspan(1);
      if (++header_size_ < 4) continue;
      body_left_ = header_ & 0xffffff;
      header_size_ = 0;
      if (body_left_ > most) return false;
    }
    return true;
  }

private:
  std::uint32_t header_ = 0;  // The message's type, and its length in the lower three bytes.
  std::size_t header_size_ = 0;
  std::size_t body_left_ = 0;
};

}  // namespace quasio::crypto
