#include "http3/line_hashes.hpp"

#include <cstring>

namespace quasio::http3 {
namespace {

constexpr std::uint64_t multiplier = 0x9e3779b97f4a7c15;

std::uint64_t mix(std::uint64_t hash, std::uint64_t word) noexcept {
  hash = (hash ^ word) * multiplier;
  return hash ^ hash >> 29;
}

/// Eight bytes a step. Collisions cost a comparison and nothing else.
std::uint64_t mix(std::uint64_t hash, std::string_view text) noexcept {
  const char* at = text.data();
  std::size_t left = text.size();
  for (; left >= 8; at += 8, left -= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, 8);
    hash = mix(hash, word);
  }
  std::uint64_t word = 0;
  if (left > 0) std::memcpy(&word, at, left);
  return mix(hash, word ^ std::uint64_t{text.size()} << 56);
}

std::uint32_t fold(std::uint64_t hash) noexcept { return static_cast<std::uint32_t>(hash ^ hash >> 32); }

}  // namespace

line_hashes hash_line(std::string_view name, std::string_view value) noexcept {
  const std::uint64_t of_name = mix(multiplier, name);
  return {fold(mix(of_name, value)), fold(of_name)};
}

}  // namespace quasio::http3
