#include "quasio/crypto/master_secret.hpp"

#include <charconv>

#include <openssl/crypto.h>

#include "crypto/hkdf.hpp"

namespace quasio::crypto {

master_secret master_secret::generate(random_source& random) {
  master_secret made{std::array<std::uint8_t, size>{}};
  random.fill(made.bytes_);
  return made;
}

std::optional<master_secret> master_secret::from_hex(std::string_view text) {
  if (text.size() != 2 * size) return std::nullopt;
  master_secret made{std::array<std::uint8_t, size>{}};
  for (std::size_t i = 0; i < size; ++i) {
    const char* const begin = text.data() + 2 * i;
    const auto [end, failure] = std::from_chars(begin, begin + 2, made.bytes_[i], 16);
    if (failure != std::errc() || end != begin + 2) return std::nullopt;
  }
  return made;
}

std::string master_secret::to_hex() const {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * size);
  for (const std::uint8_t byte : bytes_) {
    text += digits[byte >> 4];
    text += digits[byte & 0x0f];
  }
  return text;
}

master_secret::~master_secret() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }

std::array<std::uint8_t, 32> master_secret::derive(std::string_view purpose) const {
  // HKDF (RFC 5869) with the purpose as salt, which makes the steps independent.
  std::array<std::uint8_t, 32> mixed{};
  std::array<std::uint8_t, 32> key{};
  hkdf_extract(hash_algorithm::sha256, as_bytes(purpose), bytes_, mixed);
  hkdf_expand_label(hash_algorithm::sha256, mixed, "quasio derived key", key);
  OPENSSL_cleanse(mixed.data(), mixed.size());
  return key;
}

}  // namespace quasio::crypto
