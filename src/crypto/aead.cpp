#include "crypto/aead.hpp"

#include <algorithm>
#include <climits>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "crypto/openssl_algorithms.hpp"

namespace quasio::crypto {

namespace {

// Built by hand: the library's constructors are a call each, on the hottest path there is.
using tag_parameters = std::array<OSSL_PARAM, 2>;

tag_parameters tag_at(std::uint8_t* tag) {
  return {{{OSSL_CIPHER_PARAM_AEAD_TAG, OSSL_PARAM_OCTET_STRING, tag, aead_tag_size, OSSL_PARAM_UNMODIFIED},
           {nullptr, 0, nullptr, 0, 0}}};
}

bool fits(byte_view bytes) { return bytes.size() <= static_cast<std::size_t>(INT_MAX); }

bool authenticate(EVP_CIPHER_CTX* context, byte_view bytes) {
  int unused = 0;
  return bytes.empty() ||
         EVP_CipherUpdate(context, nullptr, &unused, bytes.data(), static_cast<int>(bytes.size())) == 1;
}

bool transform(EVP_CIPHER_CTX* context, byte_span bytes) {
  int written = 0;
  return bytes.empty() ||
         EVP_CipherUpdate(context, bytes.data(), &written, bytes.data(), static_cast<int>(bytes.size())) == 1;
}

bool finish(EVP_CIPHER_CTX* context) {
  // A GCM or Poly1305 context ends without output, but wants a place for it.
  std::array<std::uint8_t, EVP_MAX_BLOCK_LENGTH> unused{};
  int written = 0;
  return EVP_CipherFinal_ex(context, unused.data(), &written) == 1;
}

bool encrypt(EVP_CIPHER_CTX* context, const aead_nonce& nonce, byte_view prefix, byte_view header, byte_span text,
             std::uint8_t* tag) {
  tag_parameters parameters = tag_at(tag);
  return context != nullptr && EVP_EncryptInit_ex2(context, nullptr, nullptr, nonce.data(), nullptr) == 1 &&
         authenticate(context, prefix) && authenticate(context, header) && transform(context, text) &&
         finish(context) && EVP_CIPHER_CTX_get_params(context, parameters.data()) == 1;
}

bool decrypt(EVP_CIPHER_CTX* context, const aead_nonce& nonce, byte_view prefix, byte_view header, byte_span text,
             std::uint8_t* tag) {
  const tag_parameters parameters = tag_at(tag);
  return context != nullptr && EVP_DecryptInit_ex2(context, nullptr, nullptr, nonce.data(), parameters.data()) == 1 &&
         authenticate(context, prefix) && authenticate(context, header) && transform(context, text) && finish(context);
}

}  // namespace

void cipher_context_deleter::operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }

aead_key::aead_key(aead_algorithm aead, byte_view key) : context_(EVP_CIPHER_CTX_new()) {
  EVP_CIPHER* const cipher = fetched_aead(aead);
  const bool keyed = context_ && cipher != nullptr && key.size() == key_size(aead) &&
                     EVP_EncryptInit_ex2(context_.get(), cipher, key.data(), nullptr, nullptr) == 1;
  if (!keyed) context_.reset();
}

bool aead_key::seal(const aead_nonce& nonce, byte_view prefix, byte_view header, byte_span payload_with_tag_room) {
  if (payload_with_tag_room.size() < aead_tag_size || !fits(payload_with_tag_room) || !fits(header)) return false;
  const byte_span text = payload_with_tag_room.first(payload_with_tag_room.size() - aead_tag_size);
  if (encrypt(context_.get(), nonce, prefix, header, text, text.data() + text.size())) return true;
  std::fill(payload_with_tag_room.begin(), payload_with_tag_room.end(), std::uint8_t{0});
  ERR_clear_error();
  return false;
}

bool aead_key::open(const aead_nonce& nonce, byte_view prefix, byte_view header, byte_span payload_with_tag) {
  if (payload_with_tag.size() < aead_tag_size || !fits(payload_with_tag) || !fits(header)) return false;
  const byte_span text = payload_with_tag.first(payload_with_tag.size() - aead_tag_size);
  if (decrypt(context_.get(), nonce, prefix, header, text, text.data() + text.size())) return true;
  ERR_clear_error();
  return false;
}

packet_key::packet_key(aead_algorithm aead, byte_view key, byte_view iv) : key_(aead, key), algorithm_(aead) {
  std::copy_n(iv.begin(), std::min(iv.size(), iv_.size()), iv_.begin());
}

void packet_key::seal(std::uint64_t packet_number, byte_view header, byte_span payload_with_tag_room) {
  key_.seal(nonce_of(packet_number), {}, header, payload_with_tag_room);
}

bool packet_key::open(std::uint64_t packet_number, byte_view header, byte_span payload_with_tag) {
  return key_.open(nonce_of(packet_number), {}, header, payload_with_tag);
}

aead_nonce packet_key::nonce_of(std::uint64_t packet_number) const noexcept {
  aead_nonce nonce = iv_;
  for (std::size_t i = 0; i < sizeof(packet_number); ++i) {
    nonce[aead_nonce_size - 1 - i] ^= static_cast<std::uint8_t>(packet_number >> (8 * i));
  }
  return nonce;
}

}  // namespace quasio::crypto
