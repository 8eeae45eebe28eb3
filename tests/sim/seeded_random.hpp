#pragma once

#include <cstdint>

#include "quasio/base/random.hpp"

namespace quasio::sim {

/// Pseudo-random numbers that replay from their seed on every machine (SplitMix64; std::uniform_* differ between
/// libraries).
class seeded_random final : public random_source {
public:
  explicit seeded_random(std::uint64_t seed) noexcept : state_(seed) {}

  std::uint64_t next() noexcept {
    state_ += 0x9e3779b97f4a7c15u;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return mixed ^ (mixed >> 31);
  }

  /// 0 to bound - 1.
  std::uint64_t below(std::uint64_t bound) noexcept { return next() % bound; }

  bool happens(double probability) noexcept { return static_cast<double>(next() >> 11) * 0x1p-53 < probability; }

  void fill(byte_span out) override {
    for (std::uint8_t& byte : out) byte = static_cast<std::uint8_t>(next());
  }

private:
  std::uint64_t state_;
};

}  // namespace quasio::sim
