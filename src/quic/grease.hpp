#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "quasio/base/random.hpp"
#include "quasio/quic/settings.hpp"
#include "quasio/wire/transport_parameters.hpp"

namespace quasio::quic {

/// A transport parameter that means nothing, with a name and a value of random size (RFC 9000, section 18.1).
class reserved_parameter {
public:
  explicit reserved_parameter(random_source& random) {
    random.fill(noise_);
    for (std::size_t i = 0; i < 8; ++i) n_ = n_ << 8 | noise_[i];
    size_ = noise_[8] % (value_capacity + 1);
  }

  /// Points into this object.
  std::optional<reserved_transport_parameter> if_wanted(const settings& config) const noexcept {
    if (!config.grease) return std::nullopt;
    return reserved_transport_parameter{.n = n_, .value = byte_view(noise_).subspan(9, size_)};
  }

private:
  static constexpr std::size_t value_capacity = 16;

  std::array<std::uint8_t, 9 + value_capacity> noise_{};
  std::uint64_t n_ = 0;
  std::size_t size_ = 0;
};

/// Decides packet by packet whether the QUIC bit is cleared (RFC 9287, section 3.1): unpredictably, but without asking
/// for randomness each time.
class quic_bit_grease {
public:
  bool clears_next(random_source& random) {
    if (left_ == 0) refill(random);
    --left_;
    return (bits_ >> left_ & 1u) != 0;
  }

private:
  void refill(random_source& random) {
    std::array<std::uint8_t, 8> noise{};
    random.fill(noise);
    for (const std::uint8_t byte : noise) bits_ = bits_ << 8 | byte;
    left_ = 64;
  }

  std::uint64_t bits_ = 0;
  unsigned left_ = 0;
};

}  // namespace quasio::quic
