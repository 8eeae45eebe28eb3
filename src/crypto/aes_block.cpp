#include "crypto/aes_block.hpp"

#include <openssl/evp.h>

namespace quasio::crypto {
namespace {

cipher_context make_context(const std::array<std::uint8_t, 16>& key, int encrypt) {
  cipher_context context(EVP_CIPHER_CTX_new());
  const bool ready = context != nullptr &&
                     EVP_CipherInit_ex2(context.get(), EVP_aes_128_ecb(), key.data(), nullptr, encrypt, nullptr) == 1 &&
                     EVP_CIPHER_CTX_set_padding(context.get(), 0) == 1;
  if (!ready) context.reset();
  return context;
}

aes128_block::block transform(EVP_CIPHER_CTX* context, const aes128_block::block& in) noexcept {
  aes128_block::block out{};
  int written = 0;
  const bool done = context != nullptr &&
                    EVP_CipherUpdate(context, out.data(), &written, in.data(), static_cast<int>(in.size())) == 1 &&
                    written == static_cast<int>(in.size());
  return done ? out : aes128_block::block{};
}

}  // namespace

aes128_block::aes128_block(const std::array<std::uint8_t, 16>& key)
    : encryption_(make_context(key, 1)), decryption_(make_context(key, 0)) {}

aes128_block::block aes128_block::encrypt(const block& plaintext) noexcept {
  return transform(encryption_.get(), plaintext);
}

aes128_block::block aes128_block::decrypt(const block& ciphertext) noexcept {
  return transform(decryption_.get(), ciphertext);
}

}  // namespace quasio::crypto
