#include "wire/packet_header.hpp"

#include <gtest/gtest.h>

#include "wire/hostile_input.hpp"
#include "wire/samples.hpp"

namespace quasio::wire {
namespace {

connection_id id(std::string_view hex) { return connection_id(from_hex(hex)); }

struct initial_sample {
  std::string_view packet;
  quic_version version;
};

TEST(packet_header, reads_the_client_initials_of_the_rfcs) {
  for (const auto& [packet, version] : {initial_sample{samples::client_initial, quic_version::v1},
                                        initial_sample{samples::client_initial_v2, quic_version::v2}}) {
    const byte_vector datagram = from_hex(packet);
    const auto header = parse_packet_header(datagram, 8);
    ASSERT_TRUE(header);
    EXPECT_EQ(header->type, packet_type::initial);
    EXPECT_EQ(header->version, version);
    EXPECT_EQ(header->destination, id("8394c8f03e515708"));
    EXPECT_EQ(header->source, connection_id());
    EXPECT_TRUE(header->token.empty());
    EXPECT_EQ(header->packet_number_offset, 18u);
    EXPECT_EQ(header->size, 1200u);
    EXPECT_TRUE(header->has_sample());
  }
}

TEST(packet_header, reads_the_server_initials_of_the_rfcs) {
  for (const auto& [packet, version] : {initial_sample{samples::server_initial, quic_version::v1},
                                        initial_sample{samples::server_initial_v2, quic_version::v2}}) {
    const byte_vector datagram = from_hex(packet);
    const auto header = parse_packet_header(datagram, 8);
    ASSERT_TRUE(header);
    EXPECT_EQ(header->type, packet_type::initial);
    EXPECT_EQ(header->version, version);
    EXPECT_EQ(header->destination, connection_id());
    EXPECT_EQ(header->source, id("f067a5502a4262b5"));
    EXPECT_EQ(header->packet_number_offset, 18u);
    EXPECT_EQ(header->size, datagram.size());
  }
}

TEST(packet_header, reads_the_short_header_packet_of_the_rfc) {
  const byte_vector datagram = from_hex(samples::short_header_packet);
  const auto header = parse_packet_header(datagram, 0);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->type, packet_type::one_rtt);
  EXPECT_EQ(header->packet_number_offset, 1u);
  EXPECT_EQ(header->size, 21u);
  EXPECT_TRUE(header->has_sample());
}

// [rfc9001 5.4.2#1]
TEST(packet_header, has_no_sample_when_the_packet_is_one_byte_too_short) {
  byte_vector datagram = from_hex(samples::short_header_packet);
  datagram.pop_back();
  const auto header = parse_packet_header(datagram, 0);
  ASSERT_TRUE(header);
  EXPECT_FALSE(header->has_sample());
}

// [rfc9000 12.2#1]
TEST(packet_header, finds_each_packet_of_a_coalesced_datagram) {
  byte_vector datagram = from_hex(samples::server_initial);
  const std::size_t initial_size = datagram.size();
  // A Handshake packet of version 1, too short to be good, and a 1-RTT packet to the end.
  const byte_vector handshake = from_hex("e0000000010008f067a5502a4262b50401020304");
  const byte_vector one_rtt = from_hex(samples::short_header_packet);
  datagram.insert(datagram.end(), handshake.begin(), handshake.end());
  datagram.insert(datagram.end(), one_rtt.begin(), one_rtt.end());

  byte_view rest = datagram;
  EXPECT_EQ(parse_packet_header(rest, 0)->size, initial_size);
  rest = rest.subspan(initial_size);
  const auto second = parse_packet_header(rest, 0);
  EXPECT_EQ(second->type, packet_type::handshake);
  EXPECT_EQ(second->size, handshake.size());
  EXPECT_FALSE(second->has_sample()) << "discarded, but what is behind it is not";
  rest = rest.subspan(second->size);
  EXPECT_EQ(parse_packet_header(rest, 0)->type, packet_type::one_rtt);
  EXPECT_EQ(parse_packet_header(rest, 0)->size, one_rtt.size());
}

TEST(packet_header, reads_the_token_of_an_initial_only) {
  const byte_vector initial = from_hex("c000000001000003aabbcc0401020304");
  const auto header = parse_packet_header(initial, 8);
  ASSERT_TRUE(header);
  EXPECT_EQ(to_hex(header->token), "aabbcc");
  EXPECT_EQ(header->packet_number_offset, 12u);
  const byte_vector zero_rtt = from_hex("d000000001000003aabbcc");
  ASSERT_TRUE(parse_packet_header(zero_rtt, 8));
  EXPECT_EQ(parse_packet_header(zero_rtt, 8)->type, packet_type::zero_rtt);
  EXPECT_TRUE(parse_packet_header(zero_rtt, 8)->token.empty());
  EXPECT_EQ(parse_packet_header(zero_rtt, 8)->packet_number_offset, 8u);
}

TEST(packet_header, takes_a_retry_and_a_version_negotiation_as_the_whole_datagram) {
  const byte_vector retry = from_hex(samples::retry);
  const auto header = parse_packet_header(retry, 0);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->type, packet_type::retry);
  EXPECT_EQ(header->source, id("f067a5502a4262b5"));
  EXPECT_EQ(header->size, retry.size());
  EXPECT_FALSE(header->has_packet_number());
  EXPECT_FALSE(header->has_sample());

  const byte_vector negotiation = from_hex("80 00000000 01aa 01bb 00000001");
  EXPECT_EQ(parse_packet_header(negotiation, 0)->type, packet_type::version_negotiation)
      << "its fixed bit has no meaning";
}

// [rfc9000 17.2#1]
TEST(packet_header, drops_a_clear_fixed_bit_unless_it_may_be_greased) {
  for (const std::string_view sample : {samples::client_initial, samples::retry, samples::short_header_packet}) {
    byte_vector datagram = from_hex(sample);
    datagram[0] = static_cast<std::uint8_t>(datagram[0] & ~0x40);
    EXPECT_FALSE(parse_packet_header(datagram, 0));
    EXPECT_TRUE(parse_packet_header(datagram, 0, fixed_bit_rule::may_be_greased));
  }
}

// [rfc9000 17.2#3 17.2#5]
TEST(packet_header, drops_ids_longer_than_20_bytes) {
  for (const unsigned destination_size : {20u, 21u}) {
    for (const unsigned source_size : {20u, 21u}) {
      byte_vector datagram = from_hex("e000000001");
      for (const unsigned size : {destination_size, source_size}) {
        datagram.push_back(static_cast<std::uint8_t>(size));
        datagram.insert(datagram.end(), size, 0xaa);
      }
      datagram.push_back(0);
      EXPECT_EQ(parse_packet_header(datagram, 8).has_value(), destination_size == 20 && source_size == 20);
    }
  }
}

// [rfc9000 5.2.1#1]
TEST(packet_header, drops_unknown_versions) {
  byte_vector datagram = from_hex(samples::client_initial);
  datagram[4] = 0x02;
  EXPECT_FALSE(parse_packet_header(datagram, 8));
}

TEST(packet_header, drops_a_length_beyond_the_datagram) {
  byte_vector datagram = from_hex(samples::client_initial);
  datagram.pop_back();
  EXPECT_FALSE(parse_packet_header(datagram, 8));
  const byte_vector huge = from_hex("c00000000100 00 00 ffffffffffffffff 0102030405");
  EXPECT_FALSE(parse_packet_header(huge, 8));
  const byte_vector huge_token = from_hex("c00000000100 00 ffffffffffffffff 0102030405");
  EXPECT_FALSE(parse_packet_header(huge_token, 8));
}

TEST(packet_header, is_empty_for_every_truncation_of_a_packet_with_a_length) {
  for (const std::string_view sample : {samples::server_initial, samples::server_initial_v2}) {
    for_each_truncation(from_hex(sample), [](const byte_vector& cut) { EXPECT_FALSE(parse_packet_header(cut, 8)); });
  }
}

TEST(packet_header, stays_inside_any_datagram) {
  const auto check = [](const byte_vector& datagram) {
    for (const fixed_bit_rule rule : {fixed_bit_rule::must_be_set, fixed_bit_rule::may_be_greased}) {
      for (const std::size_t id_size : {0u, 8u, 20u}) {
        const auto header = parse_packet_header(datagram, id_size, rule);
        if (!header) continue;
        EXPECT_LE(header->size, datagram.size());
        EXPECT_GT(header->size, 0u) << "whoever walks over a datagram gets on";
        EXPECT_LE(header->packet_number_offset, header->size);
        if (header->token.empty()) continue;
        EXPECT_LE(header->token.data() + header->token.size(), datagram.data() + datagram.size());
      }
    }
  };
  for (const std::string_view sample : {samples::server_initial, samples::retry_v2, samples::short_header_packet}) {
    for_each_hostile_input(from_hex(sample), check);
  }
  for_each_hostile_input(from_hex("c00000000104aabbccdd04aabbccdd03aabbcc0401020304"), check);
}

}  // namespace
}  // namespace quasio::wire
