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

  void follow(std::uint64_t number) {
    read.advance(number);
    read.prepare_next();
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

// [rfc9001 6.1#3]
TEST(application_keys, follow_an_update_and_still_open_what_was_reordered) {
  key_pair keys;
  const sealed_packet late = keys.seal(5);
  const sealed_packet too_late = keys.seal(6);
  keys.write.advance();
  const sealed_packet reordered = keys.seal(9);
  const sealed_packet first = keys.seal(10);
  EXPECT_EQ(keys.open(first), outcome::opened_with_next_keys);
  keys.follow(10);
  EXPECT_TRUE(keys.read.key_phase());
  EXPECT_EQ(keys.open(first), outcome::opened);
  EXPECT_EQ(keys.open(reordered), outcome::opened) << "of the new phase, but with a lower number";
  EXPECT_EQ(keys.open(late), outcome::opened);
  keys.read.drop_previous();
  EXPECT_EQ(keys.open(too_late), outcome::failed);
}

// [rfc9001 5.5#1 6.4#2]
TEST(application_keys, tell_old_keys_between_newer_ones) {
  key_pair keys;
  const sealed_packet between = keys.seal(11);
  const sealed_packet behind = keys.seal(20);
  keys.write.advance();
  ASSERT_EQ(keys.open(keys.seal(10)), outcome::opened_with_next_keys);
  keys.follow(10);
  ASSERT_EQ(keys.open(keys.seal(12)), outcome::opened);
  EXPECT_EQ(keys.open(between), outcome::opened_with_keys_given_up) << "section 6.4: old keys after new ones";
  EXPECT_EQ(keys.open(behind), outcome::failed) << "only keys to come may seal higher numbers";
}

TEST(application_keys, know_the_lowest_number_of_their_phase) {
  key_pair keys;
  const sealed_packet old = keys.seal(8);
  keys.write.advance();
  ASSERT_EQ(keys.open(keys.seal(10)), outcome::opened_with_next_keys);
  keys.follow(10);
  EXPECT_EQ(keys.read.lowest(), 10u);
  EXPECT_EQ(keys.open(keys.seal(7)), outcome::opened) << "reordered, under the new keys";
  EXPECT_EQ(keys.read.lowest(), 7u);
  EXPECT_EQ(keys.open(old), outcome::opened_with_keys_given_up) << "8 comes after 7";
}

TEST(application_keys, say_which_generation_opened_a_packet) {
  key_pair keys;
  const sealed_packet late = keys.seal(3);
  keys.write.advance();
  ASSERT_EQ(keys.open(keys.seal(10)), outcome::opened_with_next_keys);
  keys.follow(10);
  EXPECT_EQ(keys.read.generation(), 1u);
  EXPECT_EQ(keys.read.opened_generation(), 1u);
  EXPECT_EQ(keys.open(late), outcome::opened);
  EXPECT_EQ(keys.read.opened_generation(), 0u);
  EXPECT_EQ(keys.open(keys.seal(11)), outcome::opened);
  EXPECT_EQ(keys.read.opened_generation(), 1u);
}

TEST(application_keys, that_are_not_derived_yet_open_nothing) {
  key_pair keys;
  keys.write.advance();
  ASSERT_EQ(keys.open(keys.seal(10)), outcome::opened_with_next_keys);
  keys.read.advance(10);
  keys.write.advance();
  const sealed_packet too_early = keys.seal(11);
  EXPECT_EQ(keys.open(too_early), outcome::failed);
  keys.read.prepare_next();
  EXPECT_EQ(keys.open(too_early), outcome::opened_with_next_keys);
}

// [rfc9001 6.3#2]
TEST(application_keys, follow_many_updates) {
  key_pair keys;
  std::uint64_t number = 0;
  for (int generation = 0; generation < 10; ++generation) {
    EXPECT_EQ(keys.open(keys.seal(number++)), outcome::opened);
    keys.write.advance();
    const sealed_packet first = keys.seal(number++);
    ASSERT_EQ(keys.open(first), outcome::opened_with_next_keys);
    keys.follow(first.number);
  }
  EXPECT_FALSE(keys.read.key_phase());
}

// [rfc9001 5.5#1]
TEST(application_keys, of_two_updates_ago_are_gone) {
  key_pair keys;
  const sealed_packet ancient = keys.seal(0);
  for (const std::uint64_t number : {10u, 20u}) {
    keys.write.advance();
    ASSERT_EQ(keys.open(keys.seal(number)), outcome::opened_with_next_keys);
    keys.follow(number);
  }
  EXPECT_EQ(keys.open(ancient), outcome::failed);
}

// [rfc9001 6.1#2]
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

// [rfc9001 5.3#3 6.6#1 6.6#2 6.6#3]
TEST(application_keys, wear_out_at_half_their_limit) {
  application_write_keys keys(secret(), aead, labels);
  const bytes header(1, 0x40);
  bytes payload(4 + crypto::aead_tag_size);
  const std::uint64_t half = crypto::confidentiality_limit(aead) / 2;
  for (std::uint64_t number = 0; number + 1 < half; ++number) keys.seal(number, header, payload);
  EXPECT_FALSE(keys.wear_out());
  EXPECT_TRUE(keys.wear_out(1000));
  keys.seal(half, header, payload);
  EXPECT_TRUE(keys.wear_out());
  EXPECT_TRUE(keys.wear_out(half - 1)) << "a limit of the settings";
  EXPECT_TRUE(keys.wear_out(2 * half)) << "which cannot go beyond the cipher's";
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
