#pragma once

#include <array>

#include "quasio/base/bytes.hpp"
#include "quasio/base/random.hpp"
#include "quasio/base/time.hpp"
#include "quasio/quic/acceptor_settings.hpp"
#include "quic/token_bucket.hpp"

namespace quasio::quic {

/// Answers packets of connections whose state is lost with a Stateless Reset (RFC 9000, section 10.3), so that the peer
/// gives up at once instead of asking for ever.
class stateless_reset_sender {
public:
  stateless_reset_sender(const std::array<std::uint8_t, 32>& key, const stateless_reset_settings& settings) noexcept
      : key_(key), settings_(settings), rate_(settings.per_second, settings.burst) {}

  enum class outcome : std::uint8_t {
    written,
    not_called_for,  ///< The datagram is none that such an answer is for, or too small to be answered.
    limited,         ///< Too many were sent of late.
  };

  struct answer {
    outcome what = outcome::not_called_for;
    std::size_t size = 0;
  };

  /// Writes the answer to a datagram with a short header whose ID, of `id_size` bytes, is nobody's.
  answer write(byte_view cause, std::size_t id_size, byte_span reply, random_source& random, time_point now);

private:
  std::array<std::uint8_t, 32> key_;
  stateless_reset_settings settings_;
  token_bucket rate_;
};

}  // namespace quasio::quic
