#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "crypto/token_sealer.hpp"
#include "quasio/base/wall_clock.hpp"
#include "quasio/quic/token_keys.hpp"

namespace quasio::quic {

/// Seals and opens with the keys that derive from a token_keys, and follows its rotation. In front of each token stands
/// which key it was: the secret's name, the period, and the series, a number that this sealer has drawn for itself.
///
/// Threads: one at a time; each thread has a sealer of its own on the shared set.
class rotating_sealer {
public:
  explicit rotating_sealer(std::shared_ptr<const token_keys> keys, std::uint64_t seals_per_series = max_seals);

  /// What a token is longer than its plaintext.
  static constexpr std::size_t overhead = 16 + crypto::token_sealer::overhead;

  std::vector<std::uint8_t> seal(byte_view plaintext, random_source& random, wall_time now);

  /// The plaintext, or nothing when the token was not sealed with a key that is still good.
  std::optional<std::vector<std::uint8_t>> open(byte_view token, wall_time now);

private:
  static constexpr std::uint64_t max_seals = std::uint64_t{1} << 32;

  using key_name = std::array<std::uint8_t, 16>;

  struct named_secret {
    std::uint32_t name;
    crypto::token_key secret;
  };

  struct derived_key {
    key_name name;
    crypto::token_sealer sealer;
  };

  void follow_rotation();
  std::uint32_t period_of(wall_time now) const noexcept;
  static named_secret with_name(const crypto::token_key& secret);
  static crypto::token_sealer derive(const crypto::token_key& secret, const key_name& name);
  void begin_series(random_source& random, std::uint32_t period);
  const crypto::token_key* secret_of(const key_name& name, wall_time now) const noexcept;
  void remember(derived_key key);

  std::shared_ptr<const token_keys> keys_;
  std::uint64_t seals_per_series_;
  std::uint64_t version_ = 0;
  std::vector<named_secret> secrets_;  // The current one first.
  std::chrono::seconds period_{};

  std::optional<derived_key> sealing_;
  std::uint32_t sealing_period_ = 0;
  std::uint64_t sealed_ = 0;

  std::vector<derived_key> opening_;  // Those that opened something of late.
  std::size_t oldest_ = 0;
};

}  // namespace quasio::quic
