#include "crypto/token_sealer.hpp"

#include <algorithm>
#include <utility>

namespace quasio::crypto {

namespace {

aead_key make_key(const token_key& key) { return {aead_algorithm::aes_256_gcm, key.bytes()}; }

std::optional<std::vector<std::uint8_t>> open_with(aead_key& key, byte_view token, byte_view associated_data) {
  aead_nonce nonce;
  std::copy_n(token.begin(), nonce.size(), nonce.begin());
  const byte_view sealed = token.subspan(nonce.size());
  std::vector<std::uint8_t> plaintext(sealed.begin(), sealed.end());
  if (!key.open(nonce, {}, associated_data, plaintext)) return std::nullopt;
  plaintext.resize(plaintext.size() - aead_tag_size);
  return plaintext;
}

}  // namespace

token_sealer::token_sealer(const token_key& key) : current_(make_key(key)) {}

void token_sealer::rotate(const token_key& key) { previous_ = std::exchange(current_, make_key(key)); }

std::vector<std::uint8_t> token_sealer::seal(byte_view plaintext, byte_view associated_data, random_source& random) {
  aead_nonce nonce;
  random.fill(nonce);
  std::vector<std::uint8_t> token(overhead + plaintext.size());
  const auto text = std::copy(nonce.begin(), nonce.end(), token.begin());
  std::copy(plaintext.begin(), plaintext.end(), text);
  current_.seal(nonce, {}, associated_data, byte_span(token).subspan(nonce.size()));
  return token;
}

std::optional<std::vector<std::uint8_t>> token_sealer::open(byte_view token, byte_view associated_data) {
  if (token.size() < overhead) return std::nullopt;
  if (auto plaintext = open_with(current_, token, associated_data)) return plaintext;
  if (!previous_) return std::nullopt;
  return open_with(*previous_, token, associated_data);
}

}  // namespace quasio::crypto
