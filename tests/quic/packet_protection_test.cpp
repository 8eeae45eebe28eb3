// The keys of 1-RTT packets over key updates (RFC 9001, section 6).

#include "quic/packet_protection.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace quasio::quic {
namespace {

using outcome = application_read_keys::outcome;
using bytes = std::vector<std::uint8_t>;

constexpr auto aead = crypto::aead_algorithm::aes_128_gcm;
constexpr auto labels = crypto::key_labels::v1;

crypto::traffic_secret secret() { return crypto::traffic_secret(std::size_t{32}); }

struct sealed_packet {
  std::uint64_t number;
  bool phase;
  bytes header = bytes(4, 0x40);
  bytes payload;
};

struct key_pair {
  application_write_keys write{secret(), aead, labels};
  application_read_keys read{secret(), aead, labels};

  sealed_packet seal(std::uint64_t number) {
    sealed_packet packet{.number = number, .phase = write.key_phase()};
    packet.payload.assign(20 + crypto::aead_tag_size, 0x11);
    write.seal(number, packet.header, packet.payload);
    return packet;
  }

  outcome open(sealed_packet packet) { return read.open(packet.number, packet.phase, packet.header, packet.payload); }
};

TEST(application_keys, open_what_was_sealed) {
  key_pair keys;
  EXPECT_EQ(keys.open(keys.seal(0)), outcome::opened);
  EXPECT_EQ(keys.open(keys.seal(1)), outcome::opened);
  sealed_packet spoilt = keys.seal(2);
  spoilt.payload[0] ^= 1;
  EXPECT_EQ(keys.open(spoilt), outcome::failed);
}

TEST(application_keys, follow_an_update_and_still_open_what_was_reordered) {
  key_pair keys;
  const sealed_packet late = keys.seal(5);
  const sealed_packet too_late = keys.seal(6);
  keys.write.advance();
  const sealed_packet reordered = keys.seal(9);
  const sealed_packet first = keys.seal(10);
  EXPECT_EQ(keys.open(first), outcome::opened_with_next_keys);
  keys.read.advance(10);
  EXPECT_TRUE(keys.read.key_phase());
  EXPECT_EQ(keys.open(first), outcome::opened);
  EXPECT_EQ(keys.open(reordered), outcome::opened) << "of the new phase, but with a lower number";
  EXPECT_EQ(keys.open(late), outcome::opened);
  keys.read.drop_previous();
  EXPECT_EQ(keys.open(too_late), outcome::failed);
}

TEST(application_keys, do_not_open_old_phases_under_new_numbers) {
  key_pair keys;
  const sealed_packet old_phase = keys.seal(20);
  keys.write.advance();
  ASSERT_EQ(keys.open(keys.seal(10)), outcome::opened_with_next_keys);
  keys.read.advance(10);
  EXPECT_EQ(keys.open(old_phase), outcome::failed) << "section 6.4: old keys after new ones are foul play";
}

TEST(application_keys, follow_many_updates) {
  key_pair keys;
  std::uint64_t number = 0;
  for (int generation = 0; generation < 10; ++generation) {
    EXPECT_EQ(keys.open(keys.seal(number++)), outcome::opened);
    keys.write.advance();
    const sealed_packet first = keys.seal(number++);
    ASSERT_EQ(keys.open(first), outcome::opened_with_next_keys);
    keys.read.advance(first.number);
  }
  EXPECT_FALSE(keys.read.key_phase());
}

TEST(application_keys, of_two_updates_ago_are_gone) {
  key_pair keys;
  const sealed_packet ancient = keys.seal(0);
  for (const std::uint64_t number : {10u, 20u}) {
    keys.write.advance();
    ASSERT_EQ(keys.open(keys.seal(number)), outcome::opened_with_next_keys);
    keys.read.advance(number);
  }
  EXPECT_EQ(keys.open(ancient), outcome::failed);
}

TEST(application_keys, update_only_after_an_acknowledgment_of_their_own) {
  key_pair keys;
  EXPECT_FALSE(keys.write.is_acknowledged(100)) << "nothing was sealed yet";
  keys.seal(7);
  EXPECT_TRUE(keys.write.is_acknowledged(7));
  EXPECT_FALSE(keys.write.is_acknowledged(6));
  keys.write.advance();
  EXPECT_FALSE(keys.write.is_acknowledged(7));
  keys.seal(8);
  EXPECT_FALSE(keys.write.is_acknowledged(7));
  EXPECT_TRUE(keys.write.is_acknowledged(8));
}

TEST(application_keys, wear_out_at_half_their_limit) {
  application_write_keys keys(secret(), aead, labels);
  const bytes header(1, 0x40);
  bytes payload(4 + crypto::aead_tag_size);
  const std::uint64_t half = crypto::confidentiality_limit(aead) / 2;
  for (std::uint64_t number = 0; number + 1 < half; ++number) keys.seal(number, header, payload);
  EXPECT_FALSE(keys.wear_out());
  keys.seal(half, header, payload);
  EXPECT_TRUE(keys.wear_out());
  EXPECT_FALSE(keys.worn_out());
  for (std::uint64_t number = half + 1; number < 2 * half - 2000; ++number) keys.seal(number, header, payload);
  EXPECT_FALSE(keys.worn_out());
  for (std::uint64_t number = 2 * half; number < 2 * half + 1500; ++number) keys.seal(number, header, payload);
  EXPECT_TRUE(keys.worn_out()) << "with some left to say so";
  keys.advance();
  EXPECT_FALSE(keys.wear_out());
}

}  // namespace
}  // namespace quasio::quic
