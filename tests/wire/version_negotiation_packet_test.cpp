#include "wire/version_negotiation_packet.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "wire/hostile_input.hpp"

namespace quasio::wire {
namespace {

static_assert(std::forward_iterator<version_list::iterator>);

const quic_version ours[] = {quic_version::v2, quic_version::v1, static_cast<quic_version>(0x1a2a3a4a)};

byte_vector encoded(byte_view destination, byte_view source, std::span<const quic_version> versions,
                    std::uint8_t random = 0) {
  byte_vector buffer(version_negotiation_size(destination.size(), source.size(), versions.size()));
  byte_writer out(buffer);
  encode_version_negotiation(out, random, destination, source, versions);
  EXPECT_FALSE(out.overflowed());
  EXPECT_EQ(out.remaining(), 0u);
  return buffer;
}

// [rfc9000 17.2.1#2 17.2.1#3 17.2.1#4]
TEST(version_negotiation, is_written_as_the_invariants_say) {
  EXPECT_EQ(to_hex(encoded(from_hex("aabb"), from_hex("cc"), ours, 0x15)),
            "d50000000002aabb01cc6b3343cf000000011a2a3a4a");
}

TEST(version_negotiation, is_read_back) {
  const byte_vector datagram = encoded(from_hex("aabb"), from_hex("cc"), ours);
  const auto packet = parse_version_negotiation(datagram);
  ASSERT_TRUE(packet);
  EXPECT_EQ(to_hex(packet->destination), "aabb");
  EXPECT_EQ(to_hex(packet->source), "cc");
  EXPECT_EQ(packet->versions.size(), 3u);
  EXPECT_TRUE(std::equal(packet->versions.begin(), packet->versions.end(), std::begin(ours), std::end(ours)));
  EXPECT_TRUE(packet->versions.contains(quic_version::v1));
  EXPECT_FALSE(packet->versions.contains(static_cast<quic_version>(0xff00001d)));
}

// [rfc9000 17.2.1#1]
TEST(version_negotiation, is_read_whatever_its_unused_bits_are) {
  byte_vector datagram = encoded(from_hex("aabb"), from_hex("cc"), ours);
  for (unsigned bits = 0; bits < 0x80; ++bits) {
    datagram[0] = static_cast<std::uint8_t>(0x80 | bits);
    EXPECT_TRUE(parse_version_negotiation(datagram)) << bits;
  }
}

TEST(version_negotiation, echoes_ids_of_255_bytes) {
  const byte_vector destination(255, 0xdd);
  const byte_vector source(255, 0x55);
  const byte_vector datagram = encoded(destination, source, ours);
  const auto packet = parse_version_negotiation(datagram);
  ASSERT_TRUE(packet);
  EXPECT_EQ(to_vector(packet->destination), destination);
  EXPECT_EQ(to_vector(packet->source), source);
}

TEST(version_negotiation, is_ignored_without_versions_or_with_a_torn_one) {
  EXPECT_FALSE(parse_version_negotiation(encoded({}, {}, {})));
  for (std::size_t cut = 1; cut < 4; ++cut) {
    byte_vector datagram = encoded({}, {}, ours);
    datagram.resize(datagram.size() - cut);
    EXPECT_FALSE(parse_version_negotiation(datagram));
  }
}

TEST(version_negotiation, is_not_read_from_a_packet_of_a_version) {
  byte_vector datagram = encoded({}, {}, ours);
  datagram[4] = 1;
  EXPECT_FALSE(parse_version_negotiation(datagram));
  datagram[4] = 0;
  datagram[0] = 0x40;
  EXPECT_FALSE(parse_version_negotiation(datagram));
}

TEST(version_negotiation, stays_inside_any_datagram) {
  for_each_hostile_input(encoded(from_hex("aabb"), from_hex("cc"), ours), [](const byte_vector& datagram) {
    const auto packet = parse_version_negotiation(datagram);
    if (!packet) return;
    EXPECT_FALSE(packet->versions.empty());
    EXPECT_EQ(packet->versions.size(), static_cast<std::size_t>(std::ranges::distance(packet->versions)));
    EXPECT_EQ(version_negotiation_size(packet->destination.size(), packet->source.size(), packet->versions.size()),
              datagram.size());
  });
}

}  // namespace
}  // namespace quasio::wire
