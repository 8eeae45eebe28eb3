#pragma once

#include <array>
#include <cstdint>

#include "crypto/aes_block.hpp"
#include "quasio/base/bytes.hpp"

namespace quasio::quic {

/// Encrypts what a connection ID says without making it longer (QUIC-LB, draft-ietf-quic-load-balancers, section 5.4):
/// one AES block where it has 16 bytes, else a Feistel network of four passes.
///
/// Threads: one at a time.
class connection_id_cipher {
public:
  static constexpr std::size_t min_size = 5;
  static constexpr std::size_t max_size = 19;

  explicit connection_id_cipher(const std::array<std::uint8_t, 16>& key) : block_(key) {}

  /// In place; `text` has 5 to 19 bytes.
  void encrypt(byte_span text) noexcept;
  void decrypt(byte_span text) noexcept;

private:
  using half = std::array<std::uint8_t, 10>;

  struct halves {
    half left{};
    half right{};
  };

  static halves split(byte_view text) noexcept;
  static void join(const halves& both, byte_span text) noexcept;
  void mix(const half& from, half& into, std::uint8_t pass, std::size_t size) noexcept;

  crypto::aes128_block block_;
};

}  // namespace quasio::quic
