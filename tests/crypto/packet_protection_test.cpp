#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <openssl/err.h>

#include "crypto/aead.hpp"
#include "crypto/header_protection.hpp"
#include "crypto/hex.hpp"
#include "crypto/key_schedule.hpp"
#include "crypto/sample_packets.hpp"

namespace {

using namespace quasio;
using namespace quasio::crypto;
using test::from_hex;
using test::to_hex;
using bytes = std::vector<std::uint8_t>;

constexpr aead_algorithm all_algorithms[] = {aead_algorithm::aes_128_gcm, aead_algorithm::aes_256_gcm,
                                             aead_algorithm::chacha20_poly1305};

traffic_secret secret_for(aead_algorithm aead, std::uint8_t fill) {
  return traffic_secret(bytes(hash_size(hash_of(aead)), fill));
}

packet_key key_for(aead_algorithm aead, std::uint8_t fill = 7) {
  return make_packet_key(secret_for(aead, fill), aead, key_labels::v1);
}

struct packet_shape {
  std::uint64_t packet_number;
  std::size_t packet_number_length;
  std::size_t padded_size;  // Of the frames.
};

std::string protect(packet_key& packet, header_key& header, std::string_view header_hex, std::string_view frames_hex,
                    const packet_shape& shape) {
  bytes built = from_hex(header_hex);
  const std::size_t header_size = built.size();
  bytes frames = from_hex(frames_hex);
  frames.resize(std::max(frames.size(), shape.padded_size));
  built.insert(built.end(), frames.begin(), frames.end());
  built.resize(built.size() + aead_tag_size);
  packet.seal(shape.packet_number, byte_view(built).first(header_size), byte_span(built).subspan(header_size));
  protect_header(built, header_size - shape.packet_number_length, shape.packet_number_length, header);
  return to_hex(built);
}

std::string unprotect(packet_key& packet, header_key& header, std::string_view packet_hex, std::size_t number_offset,
                      std::uint64_t packet_number) {
  bytes received = from_hex(packet_hex);
  const auto opened = unprotect_header(received, number_offset, header);
  if (!opened) return "too short";
  const std::size_t header_size = number_offset + opened->packet_number_length;
  const byte_span payload = byte_span(received).subspan(header_size);
  if (!packet.open(packet_number, byte_view(received).first(header_size), payload)) return "forged";
  return to_hex(byte_view(received).first(received.size() - aead_tag_size));
}

std::string padded(std::string_view frames_hex, std::size_t size) {
  std::string text(frames_hex);
  text.resize(2 * size, '0');
  return text;
}

// RFC 9001, appendices A.2 and A.3; RFC 9369, appendices A.2 and A.3.
void expect_initial_samples(key_labels labels, const test::sample_packets& samples) {
  const auto secrets = derive_initial_secrets(labels, from_hex("8394c8f03e515708"));
  auto client_key = make_packet_key(secrets.client, initial_aead, labels);
  auto client_header = make_header_key(secrets.client, initial_aead, labels);
  EXPECT_EQ(protect(client_key, client_header, samples.client_header, test::sample_client_frames, {2, 4, 1162}),
            samples.client_packet);
  EXPECT_EQ(unprotect(client_key, client_header, samples.client_packet, 18, 2),
            std::string(samples.client_header) + padded(test::sample_client_frames, 1162));

  auto server_key = make_packet_key(secrets.server, initial_aead, labels);
  auto server_header = make_header_key(secrets.server, initial_aead, labels);
  EXPECT_EQ(protect(server_key, server_header, samples.server_header, test::sample_server_frames, {1, 2, 0}),
            samples.server_packet);
  EXPECT_EQ(unprotect(server_key, server_header, samples.server_packet, 18, 1),
            std::string(samples.server_header) + std::string(test::sample_server_frames));
}

TEST(packet_protection, seals_and_opens_the_initial_samples_of_version_1) {
  expect_initial_samples(key_labels::v1, test::v1_samples);
}

TEST(packet_protection, seals_and_opens_the_initial_samples_of_version_2) {
  expect_initial_samples(key_labels::v2, test::v2_samples);
}

// RFC 9001, appendix A.5; RFC 9369, appendix A.5.
TEST(packet_protection, seals_and_opens_the_chacha20_samples) {
  const traffic_secret secret(from_hex("9ac312a7f877468ebe69422748ad00a15443f18203a07d6060f688f30f21632b"));
  const auto expect = [&](key_labels labels, std::string_view sealed) {
    auto key = make_packet_key(secret, aead_algorithm::chacha20_poly1305, labels);
    auto header = make_header_key(secret, aead_algorithm::chacha20_poly1305, labels);
    EXPECT_EQ(protect(key, header, "4200bff4", "01", {654'360'564, 3, 0}), sealed);
    EXPECT_EQ(unprotect(key, header, sealed, 1, 654'360'564), "4200bff401");
  };
  expect(key_labels::v1, "4cfe4189655e5cd55c41f69080575d7999c25a5bfb");
  expect(key_labels::v2, "5558b1c60ae7b6b932bc27d786f4bc2bb20f2162ba");
}

TEST(packet_key, round_trips_payloads_of_every_size) {
  for (const auto aead : all_algorithms) {
    auto key = key_for(aead);
    const bytes header{0x40, 1, 2, 3};
    for (std::size_t size : {0, 1, 15, 16, 17, 64, 1350, 65'000}) {
      bytes payload(size + aead_tag_size, 0x5a);
      const bytes plaintext(payload.begin(), payload.end() - aead_tag_size);
      key.seal(size, header, payload);
      ASSERT_TRUE(key.open(size, header, payload)) << size;
      EXPECT_TRUE(std::equal(plaintext.begin(), plaintext.end(), payload.begin()));
    }
  }
}

TEST(packet_key, refuses_whatever_was_changed) {
  for (const auto aead : all_algorithms) {
    auto key = key_for(aead);
    const bytes header{0x40, 1, 2, 3};
    bytes sealed(40 + aead_tag_size, 0x5a);
    key.seal(9, header, sealed);
    for (std::size_t i = 0; i < sealed.size(); ++i) {
      bytes changed = sealed;
      changed[i] ^= 1;
      EXPECT_FALSE(key.open(9, header, changed)) << i;
    }
    bytes copy = sealed;
    EXPECT_FALSE(key.open(8, header, copy));
    copy = sealed;
    EXPECT_FALSE(key.open(9, bytes{0x40, 1, 2, 4}, copy));
    copy = sealed;
    EXPECT_FALSE(key_for(aead, 8).open(9, header, copy));
    EXPECT_TRUE(key.open(9, header, sealed)) << "a failure must not spoil the key";
  }
  EXPECT_EQ(ERR_peek_error(), 0u);
}

TEST(packet_key, refuses_payloads_shorter_than_a_tag) {
  auto key = key_for(aead_algorithm::aes_128_gcm);
  bytes payload(aead_tag_size - 1);
  EXPECT_FALSE(key.open(0, bytes{0x40}, payload));
  EXPECT_FALSE(key.open(0, bytes{0x40}, {}));
}

TEST(packet_key, uses_all_62_bits_of_the_packet_number) {
  auto key = key_for(aead_algorithm::aes_128_gcm);
  bytes low(32), high(32);
  key.seal(1, {}, low);
  key.seal((std::uint64_t{1} << 61) + 1, {}, high);
  EXPECT_NE(low, high);
}

TEST(packet_key, fails_closed_without_a_secret) {
  auto dead = make_packet_key(traffic_secret{}, aead_algorithm::aes_128_gcm, key_labels::v1);
  bytes payload(32, 0x5a);
  dead.seal(0, {}, payload);
  EXPECT_EQ(payload, bytes(32)) << "nothing of the plaintext may be left";
  EXPECT_FALSE(dead.open(0, {}, payload));
}

TEST(packet_key, survives_being_moved) {
  auto key = key_for(aead_algorithm::aes_256_gcm);
  bytes sealed(32);
  key.seal(3, {}, sealed);
  packet_key moved = std::move(key);
  EXPECT_TRUE(moved.open(3, {}, sealed));
}

TEST(header_key, makes_the_masks_that_the_rfc_prints) {
  header_key aes(aead_algorithm::aes_128_gcm, from_hex("9f50449e04a0e810283a1e9933adedd2"));
  EXPECT_EQ(to_hex(aes.mask(from_hex("d1b1c98dd7689fb8ec11d242b123dc9b"))), "437b9aec36");
  header_key chacha20(aead_algorithm::chacha20_poly1305,
                      from_hex("25a282b9e82f06f21f488917a4fc8f1b73573685608597d0efcb076b0ab7a7a4"));
  EXPECT_EQ(to_hex(chacha20.mask(from_hex("5e5cd55c41f69080575d7999c25a5bfb"))), "aefefe7d03");
}

TEST(header_key, masks_a_batch_as_it_masks_one_by_one) {
  for (const auto aead : all_algorithms) {
    auto key = make_header_key(secret_for(aead, 3), aead, key_labels::v1);
    for (std::size_t count : {0u, 1u, 16u, 64u, 65u, 200u}) {
      std::vector<header_sample> samples(count);
      for (std::size_t i = 0; i < count; ++i) samples[i].fill(static_cast<std::uint8_t>(i));
      std::vector<header_mask> masks(count);
      key.masks(samples, masks);
      for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(masks[i], key.mask(samples[i]));
    }
  }
}

TEST(header_protection, leaves_the_public_bits_alone) {
  auto key = make_header_key(secret_for(aead_algorithm::aes_128_gcm, 3), aead_algorithm::aes_128_gcm, key_labels::v1);
  for (std::uint8_t fill = 0; fill < 64; ++fill) {
    for (const std::uint8_t first : {0xc3, 0x43}) {
      bytes packet(40, fill);
      packet[0] = first;
      protect_header(packet, 7, 4, key);
      const std::uint8_t hidden = first & 0x80 ? 0x0f : 0x1f;
      EXPECT_EQ(packet[0] & ~hidden & 0xff, first & ~hidden & 0xff);
      EXPECT_TRUE(std::all_of(packet.begin() + 11, packet.end(), [&](auto byte) { return byte == fill; }));
    }
  }
}

TEST(header_protection, round_trips_every_packet_number_length) {
  auto key = make_header_key(secret_for(aead_algorithm::aes_256_gcm, 3), aead_algorithm::aes_256_gcm, key_labels::v1);
  for (std::size_t length = 1; length <= 4; ++length) {
    bytes packet(40, 0x77);
    packet[0] = static_cast<std::uint8_t>(0x40 | (length - 1));
    for (std::size_t i = 0; i < length; ++i) packet[9 + i] = static_cast<std::uint8_t>(i + 1);
    const bytes plain = packet;
    protect_header(packet, 9, length, key);
    const auto header = unprotect_header(packet, 9, key);
    ASSERT_TRUE(header);
    EXPECT_EQ(packet, plain);
    EXPECT_EQ(header->packet_number_length, length);
    EXPECT_EQ(header->truncated_packet_number, 0x01020304u >> (8 * (4 - length)));
  }
}

// [rfc9001 5.4.2#1]
TEST(header_protection, needs_a_whole_sample) {
  auto key = make_header_key(secret_for(aead_algorithm::aes_128_gcm, 3), aead_algorithm::aes_128_gcm, key_labels::v1);
  bytes just_enough(9 + header_sample_offset + header_sample_size, 0x77);
  EXPECT_TRUE(unprotect_header(just_enough, 9, key));
  bytes too_short(just_enough.size() - 1, 0x77);
  const bytes untouched = too_short;
  EXPECT_FALSE(unprotect_header(too_short, 9, key));
  EXPECT_FALSE(unprotect_header(too_short, too_short.size() + 1, key));
  EXPECT_EQ(too_short, untouched);
}

}  // namespace
