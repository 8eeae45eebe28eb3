#include "quasio/base/byte_reader.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace quasio {
namespace {

const std::vector<std::uint8_t> nine{1, 2, 3, 4, 5, 6, 7, 8, 9};

std::vector<std::uint8_t> copy(byte_view bytes) { return {bytes.begin(), bytes.end()}; }

TEST(byte_reader, reads_big_endian_numbers) {
  byte_reader in(nine);
  EXPECT_EQ(in.read_u8(), 0x01);
  EXPECT_EQ(in.read_u16(), 0x0203);
  EXPECT_EQ(in.read_u32(), 0x04050607u);
  EXPECT_EQ(in.position(), 7u);
  EXPECT_EQ(in.remaining(), 2u);
  EXPECT_EQ(byte_reader(nine).read_u64(), 0x0102030405060708u);
}

TEST(byte_reader, moves_nothing_when_a_read_fails) {
  byte_reader in(byte_view(nine).first(1));
  EXPECT_FALSE(in.read_u16());
  EXPECT_FALSE(in.read_u32());
  EXPECT_FALSE(in.read_u64());
  EXPECT_FALSE(in.read_bytes(2));
  EXPECT_FALSE(in.read_varint_prefixed());
  EXPECT_EQ(in.position(), 0u);
  EXPECT_EQ(in.read_u8(), 1);
  EXPECT_FALSE(in.read_u8());
  EXPECT_FALSE(in.read_varint());
}

TEST(byte_reader, gives_views_into_the_bytes_it_reads) {
  byte_reader in(nine);
  const auto bytes = in.read_bytes(4);
  ASSERT_TRUE(bytes);
  EXPECT_EQ(bytes->data(), nine.data());
  EXPECT_EQ(bytes->size(), 4u);
  EXPECT_EQ(in.rest().data(), nine.data() + 4);
  EXPECT_EQ(in.rest().size(), 5u);
}

TEST(byte_reader, refuses_a_count_that_no_buffer_can_hold) {
  byte_reader in(nine);
  EXPECT_FALSE(in.read_bytes(~std::uint64_t{0}));
  EXPECT_EQ(in.remaining(), nine.size());
}

TEST(byte_reader, reads_no_bytes_from_nothing) {
  byte_reader in(byte_view{});
  EXPECT_TRUE(in.empty());
  const auto bytes = in.read_bytes(0);
  ASSERT_TRUE(bytes);
  EXPECT_TRUE(bytes->empty());
}

TEST(byte_reader, reads_bytes_behind_their_length) {
  const std::vector<std::uint8_t> encoded{0x40, 0x02, 0xaa, 0xbb, 0x00, 0x02, 0xcc};
  byte_reader in(encoded);
  EXPECT_EQ(copy(in.read_varint_prefixed().value()), (std::vector<std::uint8_t>{0xaa, 0xbb}));
  EXPECT_TRUE(in.read_varint_prefixed().value().empty());
  EXPECT_FALSE(in.read_varint_prefixed()) << "one byte of two is there";
  EXPECT_EQ(in.remaining(), 2u) << "not even the length is taken";
}

}  // namespace
}  // namespace quasio
