#include "wire/packet_type.hpp"

#include <gtest/gtest.h>

namespace quasio::wire {
namespace {

TEST(packet_type, has_the_bits_of_version_1) {
  EXPECT_EQ(long_type_bits(quic_version::v1, packet_type::initial), 0x00);
  EXPECT_EQ(long_type_bits(quic_version::v1, packet_type::zero_rtt), 0x10);
  EXPECT_EQ(long_type_bits(quic_version::v1, packet_type::handshake), 0x20);
  EXPECT_EQ(long_type_bits(quic_version::v1, packet_type::retry), 0x30);
}

TEST(packet_type, has_other_bits_in_version_2) {
  EXPECT_EQ(long_type_bits(quic_version::v2, packet_type::initial), 0x10);
  EXPECT_EQ(long_type_bits(quic_version::v2, packet_type::zero_rtt), 0x20);
  EXPECT_EQ(long_type_bits(quic_version::v2, packet_type::handshake), 0x30);
  EXPECT_EQ(long_type_bits(quic_version::v2, packet_type::retry), 0x00);
}

TEST(packet_type, is_found_again_whatever_the_other_bits_are) {
  for (const quic_version version : {quic_version::v1, quic_version::v2}) {
    for (const packet_type type :
         {packet_type::initial, packet_type::zero_rtt, packet_type::handshake, packet_type::retry}) {
      const std::uint8_t bits = long_type_bits(version, type);
      EXPECT_EQ(long_packet_type(version, bits), type);
      EXPECT_EQ(long_packet_type(version, bits | 0xcf), type);
    }
  }
}

TEST(first_byte, reads_the_fields_of_both_forms) {
  EXPECT_TRUE(first_byte::is_long(0xc3));
  EXPECT_FALSE(first_byte::is_long(0x43));
  EXPECT_TRUE(first_byte::has_fixed_bit(0x40));
  EXPECT_FALSE(first_byte::has_fixed_bit(0x80));
  EXPECT_EQ(first_byte::packet_number_length(0xc0), 1u);
  EXPECT_EQ(first_byte::packet_number_length(0xc3), 4u);
  EXPECT_TRUE(first_byte::spin(0x60));
  EXPECT_TRUE(first_byte::key_phase(0x44));
  EXPECT_FALSE(first_byte::spin(0x40) || first_byte::key_phase(0x40));
}

TEST(first_byte, knows_the_reserved_bits_of_each_form) {
  EXPECT_TRUE(first_byte::has_reserved_bits(0xc4));
  EXPECT_TRUE(first_byte::has_reserved_bits(0xc8));
  EXPECT_FALSE(first_byte::has_reserved_bits(0xf3));
  EXPECT_TRUE(first_byte::has_reserved_bits(0x48));
  EXPECT_TRUE(first_byte::has_reserved_bits(0x50));
  EXPECT_FALSE(first_byte::has_reserved_bits(0x67)) << "spin, key phase and length are not reserved";
}

}  // namespace
}  // namespace quasio::wire
