#include "wire/packet_number.hpp"

#include <gtest/gtest.h>

#include "quasio/base/varint.hpp"

namespace quasio::wire {
namespace {

std::uint64_t truncate(packet_number number, std::size_t length) {
  return number & ((std::uint64_t{1} << (8 * length)) - 1);
}

// RFC 9000, section A.2.
TEST(packet_number_length, agrees_with_the_samples_of_the_rfc) {
  EXPECT_EQ(packet_number_length(0xac5c02, 0xabe8b3), 2u);
  EXPECT_EQ(packet_number_length(0xace8fe, 0xabe8b3), 3u);
}

// [rfc9000 17.1#1]
TEST(packet_number_length, covers_all_numbers_while_nothing_is_acknowledged) {
  EXPECT_EQ(packet_number_length(0, std::nullopt), 1u);
  EXPECT_EQ(packet_number_length(126, std::nullopt), 1u);
  EXPECT_EQ(packet_number_length(127, std::nullopt), 2u);
  EXPECT_EQ(packet_number_length(0xffffff, std::nullopt), 4u);
}

// [rfc9000 17.1#2]
TEST(packet_number_length, holds_more_than_twice_the_distance) {
  for (const packet_number acked : {packet_number{0}, packet_number{1000}, packet_number{1} << 61}) {
    for (unsigned bit = 0; bit < 30; ++bit) {
      for (const std::uint64_t distance : {std::uint64_t{1} << bit, (std::uint64_t{2} << bit) - 1}) {
        const std::size_t length = packet_number_length(acked + distance, acked);
        EXPECT_GT(std::uint64_t{1} << (8 * length), 2 * distance);
        EXPECT_TRUE(length == 1 || std::uint64_t{1} << (8 * (length - 1)) <= 2 * distance) << "a shorter one would do";
      }
    }
  }
}

// RFC 9000, section A.3.
TEST(expand_packet_number, agrees_with_the_sample_of_the_rfc) {
  EXPECT_EQ(expand_packet_number(0xa82f30ea, 0x9b32, 2), 0xa82f9b32u);
}

TEST(expand_packet_number, takes_the_first_packet_as_it_stands) {
  EXPECT_EQ(expand_packet_number(std::nullopt, 0, 1), 0u);
  EXPECT_EQ(expand_packet_number(std::nullopt, 0xff, 1), 0xffu) << "nothing lies below 0";
  EXPECT_EQ(expand_packet_number(std::nullopt, 0xffffffff, 4), 0xffffffffu);
}

TEST(expand_packet_number, finds_every_number_within_half_a_window) {
  for (const packet_number largest : {packet_number{1000}, packet_number{0xffff}, packet_number{0x123456789a}}) {
    const packet_number expected = largest + 1;
    for (std::int64_t away = -127; away <= 128; ++away) {
      const packet_number number = expected + static_cast<std::uint64_t>(away);
      EXPECT_EQ(expand_packet_number(largest, truncate(number, 1), 1), number);
    }
  }
}

TEST(expand_packet_number, never_leaves_the_range_of_packet_numbers) {
  for (const packet_number largest : {varint_max, varint_max - 1, varint_max - 200}) {
    for (std::size_t length = 1; length <= 4; ++length) {
      for (const std::uint64_t truncated : {0u, 1u, 0x7fu, 0x80u, 0xffu}) {
        const packet_number number = expand_packet_number(largest, truncated, length);
        EXPECT_LE(number, varint_max);
        EXPECT_EQ(truncate(number, length), truncated);
      }
    }
  }
  EXPECT_EQ(expand_packet_number(varint_max - 1, truncate(varint_max, 2), 2), varint_max);
}

TEST(expand_packet_number, undoes_the_truncation_that_the_sender_chose) {
  const packet_number acked = 0xabe8b3;
  for (packet_number number = acked + 1; number < acked + (1u << 25); number += 4099) {
    const std::size_t length = packet_number_length(number, acked);
    EXPECT_EQ(expand_packet_number(acked, truncate(number, length), length), number);
    EXPECT_EQ(expand_packet_number(number - 1, truncate(number, length), length), number);
  }
}

TEST(truncated_packet_number, reads_the_field_big_endian) {
  const std::uint8_t field[] = {0x01, 0x02, 0x03, 0x04};
  EXPECT_EQ(truncated_packet_number(byte_view(field).first(1)), 0x01u);
  EXPECT_EQ(truncated_packet_number(byte_view(field)), 0x01020304u);
}

}  // namespace
}  // namespace quasio::wire
