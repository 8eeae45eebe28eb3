#include "wire/routing_header.hpp"

#include <gtest/gtest.h>

#include "wire/hostile_input.hpp"
#include "wire/samples.hpp"

namespace quasio::wire {
namespace {

TEST(routing_header, reads_a_client_initial_of_each_version) {
  const byte_vector v1 = from_hex(samples::client_initial);
  const auto header = peek_routing_header(v1, 8);
  ASSERT_TRUE(header);
  EXPECT_TRUE(header->long_form);
  EXPECT_TRUE(header->is_initial());
  EXPECT_EQ(header->version, quic_version::v1);
  EXPECT_EQ(to_hex(header->destination), "8394c8f03e515708");
  EXPECT_TRUE(header->source.empty());
  EXPECT_EQ(header->destination.data(), v1.data() + 6) << "a view into the datagram";

  const byte_vector v2 = from_hex(samples::client_initial_v2);
  EXPECT_EQ(peek_routing_header(v2, 8)->version, quic_version::v2);
  EXPECT_TRUE(peek_routing_header(v2, 8)->is_initial());
}

TEST(routing_header, reads_a_short_header_by_the_length_of_our_ids) {
  const byte_vector datagram = from_hex("4cfe4189655e5cd5");
  const auto header = peek_routing_header(datagram, 4);
  ASSERT_TRUE(header);
  EXPECT_FALSE(header->long_form);
  EXPECT_EQ(header->type, packet_type::one_rtt);
  EXPECT_FALSE(header->is_initial());
  EXPECT_EQ(to_hex(header->destination), "fe418965");
  EXPECT_FALSE(peek_routing_header(datagram, 8)) << "seven bytes are left";
}

TEST(routing_header, reads_ids_of_any_length_in_an_unknown_version) {
  byte_vector datagram = from_hex("801a2a3a4aff");
  datagram.insert(datagram.end(), 255, 0xdd);
  datagram.push_back(0xff);
  datagram.insert(datagram.end(), 255, 0x55);
  const auto header = peek_routing_header(datagram, 8);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->destination.size(), 255u);
  EXPECT_EQ(header->source.size(), 255u);
  EXPECT_EQ(header->source.front(), 0x55);
  EXPECT_FALSE(header->type) << "its types are not ours to know";
  EXPECT_TRUE(is_reserved_version(header->version));
}

TEST(routing_header, knows_version_negotiation_by_its_version) {
  const byte_vector datagram = from_hex("80 00000000 00 00 00000001");
  EXPECT_EQ(peek_routing_header(datagram, 8)->type, packet_type::version_negotiation);
}

TEST(routing_header, is_empty_for_every_truncation_of_a_long_header) {
  const byte_vector header = from_hex("c00000000108112233445566778804aabbccdd");
  ASSERT_TRUE(peek_routing_header(header, 8));
  for_each_truncation(header, [](const byte_vector& cut) { EXPECT_FALSE(peek_routing_header(cut, 8)); });
}

TEST(routing_header, keeps_its_views_inside_any_datagram) {
  for_each_hostile_input(from_hex("c00000000108112233445566778804aabbccdd00"), [](const byte_vector& datagram) {
    const auto header = peek_routing_header(datagram, 4);
    if (!header) return;
    for (const byte_view id : {header->destination, header->source}) {
      if (id.empty()) continue;
      EXPECT_GE(id.data(), datagram.data());
      EXPECT_LE(id.data() + id.size(), datagram.data() + datagram.size());
    }
  });
}

}  // namespace
}  // namespace quasio::wire
