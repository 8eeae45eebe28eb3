#include "crypto/key_schedule.hpp"

#include <array>
#include <vector>

#include <gtest/gtest.h>

#include "crypto/hex.hpp"
#include "crypto/hkdf.hpp"
#include "crypto/sample_packets.hpp"

namespace {

using namespace quasio;
using namespace quasio::crypto;
using test::from_hex;
using test::to_hex;

constexpr std::string_view sample_connection_id = "8394c8f03e515708";
constexpr std::string_view sample_secret = "9ac312a7f877468ebe69422748ad00a15443f18203a07d6060f688f30f21632b";

std::string expand(std::string_view secret, std::string_view label, std::size_t size) {
  std::vector<std::uint8_t> out(size);
  EXPECT_TRUE(hkdf_expand_label(hash_algorithm::sha256, from_hex(secret), label, out));
  return to_hex(out);
}

// RFC 5869, appendix A.1.
TEST(hkdf, extracts_as_the_rfc_prints) {
  std::array<std::uint8_t, 32> out{};
  ASSERT_TRUE(hkdf_extract(hash_algorithm::sha256, from_hex("000102030405060708090a0b0c"),
                           from_hex("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"), out));
  EXPECT_EQ(to_hex(out), "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5");
}

// RFC 5869, appendix A.3, has a salt and key material of its own; ours is HMAC-SHA256("", ""), which everyone knows.
TEST(hkdf, extracts_from_nothing_at_all) {
  std::array<std::uint8_t, 32> out{};
  ASSERT_TRUE(hkdf_extract(hash_algorithm::sha256, {}, {}, out));
  EXPECT_EQ(to_hex(out), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

// RFC 9001, appendix A.1.
TEST(hkdf, expands_the_labels_of_version_1) {
  const std::string_view client = test::v1_samples.initial_secret_client;
  EXPECT_EQ(expand(client, "quic key", 16), "1f369613dd76d5467730efcbe3b1a22d");
  EXPECT_EQ(expand(client, "quic iv", 12), "fa044b2f42a3fd3b46fb255c");
  EXPECT_EQ(expand(client, "quic hp", 16), "9f50449e04a0e810283a1e9933adedd2");
  const std::string_view server = test::v1_samples.initial_secret_server;
  EXPECT_EQ(expand(server, "quic key", 16), "cf3a5331653c364c88f0f379b6067e37");
  EXPECT_EQ(expand(server, "quic iv", 12), "0ac1493ca1905853b0bba03e");
  EXPECT_EQ(expand(server, "quic hp", 16), "c206b8d9b9f0f37644430b490eeaa314");
}

// RFC 9369, appendix A.1.
TEST(hkdf, expands_the_labels_of_version_2) {
  const std::string_view client = test::v2_samples.initial_secret_client;
  EXPECT_EQ(expand(client, "quicv2 key", 16), "8b1a0bc121284290a29e0971b5cd045d");
  EXPECT_EQ(expand(client, "quicv2 iv", 12), "91f73e2351d8fa91660e909f");
  EXPECT_EQ(expand(client, "quicv2 hp", 16), "45b95e15235d6f45a6b19cbcb0294ba9");
  const std::string_view server = test::v2_samples.initial_secret_server;
  EXPECT_EQ(expand(server, "quicv2 key", 16), "82db637861d55e1d011f19ea71d5d2a7");
  EXPECT_EQ(expand(server, "quicv2 iv", 12), "dd13c276499c0249d3310652");
  EXPECT_EQ(expand(server, "quicv2 hp", 16), "edf6d05c83121201b436e16877593c3a");
}

// RFC 9001, appendix A.5, and RFC 9369, appendix A.5.
TEST(hkdf, expands_the_chacha20_samples) {
  EXPECT_EQ(expand(sample_secret, "quic key", 32), "c6d98ff3441c3fe1b2182094f69caa2ed4b716b65488960a7a984979fb23e1c8");
  EXPECT_EQ(expand(sample_secret, "quic iv", 12), "e0459b3474bdd0e44a41c144");
  EXPECT_EQ(expand(sample_secret, "quic hp", 32), "25a282b9e82f06f21f488917a4fc8f1b73573685608597d0efcb076b0ab7a7a4");
  EXPECT_EQ(expand(sample_secret, "quicv2 key", 32),
            "3bfcddd72bcf02541d7fa0dd1f5f9eeea817e09a6963a0e6c7df0f9a1bab90f2");
  EXPECT_EQ(expand(sample_secret, "quicv2 iv", 12), "a6b5bc6ab7dafce30ffff5dd");
  EXPECT_EQ(expand(sample_secret, "quicv2 hp", 32), "d659760d2ba434a226fd37b35c69e2da8211d10c4f12538787d65645d5d1b8e2");
}

// [rfc9001 5.2#1]
TEST(key_schedule, derives_the_initial_secrets_of_version_1) {
  const auto secrets = derive_initial_secrets(key_labels::v1, from_hex(sample_connection_id));
  EXPECT_EQ(to_hex(secrets.client.bytes()), test::v1_samples.initial_secret_client);
  EXPECT_EQ(to_hex(secrets.server.bytes()), test::v1_samples.initial_secret_server);
}

TEST(key_schedule, derives_the_initial_secrets_of_version_2) {
  const auto secrets = derive_initial_secrets(key_labels::v2, from_hex(sample_connection_id));
  EXPECT_EQ(to_hex(secrets.client.bytes()), test::v2_samples.initial_secret_client);
  EXPECT_EQ(to_hex(secrets.server.bytes()), test::v2_samples.initial_secret_server);
}

// A server may choose an ID of no bytes in its Retry, and the client derives its keys from that.
TEST(key_schedule, derives_initial_secrets_from_an_empty_connection_id) {
  EXPECT_EQ(derive_initial_secrets(key_labels::v1, {}).client.size(), 32u);
}

TEST(key_schedule, steps_to_the_next_generation) {
  const traffic_secret secret(from_hex(sample_secret));
  const auto v1 = next_generation(secret, aead_algorithm::chacha20_poly1305, key_labels::v1);
  EXPECT_EQ(to_hex(v1.bytes()), "1223504755036d556342ee9361d253421a826c9ecdf3c7148684b36b714881f9");
  const auto v2 = next_generation(secret, aead_algorithm::chacha20_poly1305, key_labels::v2);
  EXPECT_EQ(to_hex(v2.bytes()), "c69374c49e3d2a9466fa689e49d476db5d0dfbc87d32ceeaa6343fd0ae4c7d88");
}

TEST(key_schedule, keeps_the_size_of_a_sha384_suite) {
  const traffic_secret secret(from_hex(std::string(96, 'a')));
  EXPECT_EQ(secret.size(), 48u);
  EXPECT_EQ(next_generation(secret, aead_algorithm::aes_256_gcm, key_labels::v1).size(), 48u);
}

TEST(aead_algorithm, has_the_limits_of_the_rfc) {
  EXPECT_EQ(confidentiality_limit(aead_algorithm::aes_128_gcm), 8'388'608u);
  EXPECT_EQ(confidentiality_limit(aead_algorithm::aes_256_gcm), 8'388'608u);
  EXPECT_GT(confidentiality_limit(aead_algorithm::chacha20_poly1305), std::uint64_t{1} << 62);
  EXPECT_EQ(integrity_limit(aead_algorithm::aes_128_gcm), std::uint64_t{1} << 52);
  EXPECT_EQ(integrity_limit(aead_algorithm::chacha20_poly1305), std::uint64_t{1} << 36);
}

}  // namespace
