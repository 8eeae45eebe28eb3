#include "crypto/header_protection.hpp"

#include <algorithm>

#include <openssl/evp.h>

#include "crypto/openssl_algorithms.hpp"

namespace quasio::crypto {

namespace {

// The bits of the first byte that are hidden: four in long headers, five in short ones (RFC 9001, section 5.4.1).
std::uint8_t hidden_bits(std::uint8_t first_byte) { return (first_byte & 0x80) != 0 ? 0x0f : 0x1f; }

std::size_t packet_number_length_of(std::uint8_t first_byte) { return (first_byte & 0x03) + std::size_t{1}; }

// Bounds the batch that lies on the stack; larger ones take several turns.
constexpr std::size_t blocks_per_call = 64;

}  // namespace

header_key::header_key(aead_algorithm aead, byte_view key)
    : context_(EVP_CIPHER_CTX_new()), is_chacha20_(aead == aead_algorithm::chacha20_poly1305) {
  EVP_CIPHER* const cipher = fetched_mask_cipher(aead);
  const bool keyed = context_ && cipher != nullptr && key.size() == key_size(aead) &&
                     EVP_EncryptInit_ex2(context_.get(), cipher, key.data(), nullptr, nullptr) == 1;
  if (keyed) {
    EVP_CIPHER_CTX_set_padding(context_.get(), 0);
  } else {
    context_.reset();
  }
}

header_mask header_key::mask(byte_view sample) {
  header_sample copied{};
  std::copy_n(sample.begin(), std::min(sample.size(), copied.size()), copied.begin());
  header_mask made{};
  masks({&copied, 1}, {&made, 1});
  return made;
}

void header_key::masks(std::span<const header_sample> samples, std::span<header_mask> out) {
  if (!context_) return std::fill(out.begin(), out.end(), header_mask{});
  if (is_chacha20_) {
    for (std::size_t i = 0; i < samples.size(); ++i) mask_with_chacha20(samples[i], out[i]);
    return;
  }
  std::array<header_sample, blocks_per_call> blocks;
  while (!samples.empty()) {
    const std::size_t count = std::min(samples.size(), blocks.size());
    int written = 0;
    EVP_EncryptUpdate(context_.get(), blocks.front().data(), &written, samples.front().data(),
                      static_cast<int>(count * header_sample_size));
    for (std::size_t i = 0; i < count; ++i) std::copy_n(blocks[i].begin(), out[i].size(), out[i].begin());
    samples = samples.subspan(count);
    out = out.subspan(count);
  }
}

// The sample is the block counter (little-endian) and the nonce, which is how OpenSSL takes them too; the mask is the
// key stream over five zero bytes (RFC 9001, section 5.4.4).
void header_key::mask_with_chacha20(byte_view sample, header_mask& mask) {
  static constexpr header_mask zeros{};
  int written = 0;
  EVP_EncryptInit_ex2(context_.get(), nullptr, nullptr, sample.data(), nullptr);
  EVP_EncryptUpdate(context_.get(), mask.data(), &written, zeros.data(), static_cast<int>(zeros.size()));
}

std::optional<header_sample> sample_of(byte_view packet, std::size_t packet_number_offset) {
  if (packet_number_offset > packet.size()) return std::nullopt;
  if (packet.size() - packet_number_offset < header_sample_offset + header_sample_size) return std::nullopt;
  header_sample sample;
  std::copy_n(packet.begin() + static_cast<std::ptrdiff_t>(packet_number_offset + header_sample_offset), sample.size(),
              sample.begin());
  return sample;
}

void apply_mask(byte_span packet, std::size_t packet_number_offset, std::size_t packet_number_length,
                const header_mask& mask) {
  packet[0] ^= mask[0] & hidden_bits(packet[0]);
  for (std::size_t i = 0; i < packet_number_length; ++i) packet[packet_number_offset + i] ^= mask[1 + i];
}

void protect_header(byte_span packet, std::size_t packet_number_offset, std::size_t packet_number_length,
                    header_key& key) {
  const auto sample = sample_of(packet, packet_number_offset);
  if (sample) apply_mask(packet, packet_number_offset, packet_number_length, key.mask(*sample));
}

std::optional<unprotected_header> unprotect_header(byte_span packet, std::size_t packet_number_offset,
                                                   header_key& key) {
  const auto sample = sample_of(packet, packet_number_offset);
  if (!sample) return std::nullopt;
  const header_mask mask = key.mask(*sample);
  packet[0] ^= mask[0] & hidden_bits(packet[0]);
  unprotected_header header{.packet_number_length = packet_number_length_of(packet[0])};
  for (std::size_t i = 0; i < header.packet_number_length; ++i) {
    std::uint8_t& byte = packet[packet_number_offset + i];
    byte ^= mask[1 + i];
    header.truncated_packet_number = header.truncated_packet_number << 8 | byte;
  }
  return header;
}

}  // namespace quasio::crypto
