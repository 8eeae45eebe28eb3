#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "quasio/base/bytes.hpp"

namespace quasio::crypto {

/// The largest ClientHello that a server takes. OpenSSL would make room for what four bytes announce, up to 128 kB, for
/// anyone who sends one Initial packet; real ones, with post-quantum key shares and Encrypted ClientHello, stay below 4
/// kB.
inline constexpr std::size_t max_client_hello_size = std::size_t{16} * 1024;

/// Reads along with a server's Initial CRYPTO stream, for what OpenSSL lets pass and a server should not.
class client_hello_guard {
public:
  enum class verdict : std::uint8_t {
    fine,
    too_large,           ///< It claims to be larger than max_client_hello_size.
    compatibility_mode,  ///< It has a legacy_session_id (RFC 9001, section 8.4).
  };

  verdict judge(byte_view bytes) noexcept {
    while (!bytes.empty()) {
      if (body_left_ == 0) {
        if (read_header(bytes.front()) > max_client_hello_size) return verdict::too_large;
        bytes = bytes.subspan(1);
        continue;
      }
      const std::size_t taken = std::min(bytes.size(), body_left_);
      const bool has_length = body_read_ <= session_id_length_at && session_id_length_at < body_read_ + taken;
      if (has_length && bytes[session_id_length_at - body_read_] != 0) return verdict::compatibility_mode;
      body_read_ += taken;
      body_left_ -= taken;
      bytes = bytes.subspan(taken);
    }
    return verdict::fine;
  }

private:
  // Behind the version and the random (RFC 8446, section 4.1.2).
  static constexpr std::size_t session_id_length_at = 2 + 32;

  // The type, and the length in three bytes (RFC 8446, section 4); returns the length once it is known.
  std::size_t read_header(std::uint8_t byte) noexcept {
    header_ = header_ << 8 | byte;
    if (++header_read_ < 4) return 0;
    header_read_ = 0;
    body_read_ = 0;
    body_left_ = header_ & 0xffffff;
    return body_left_;
  }

  std::uint32_t header_ = 0;
  std::size_t header_read_ = 0;
  std::size_t body_read_ = 0;
  std::size_t body_left_ = 0;
};

}  // namespace quasio::crypto
