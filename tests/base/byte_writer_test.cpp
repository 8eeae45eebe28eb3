#include "quasio/base/byte_writer.hpp"

#include <array>
#include <vector>

#include <gtest/gtest.h>

namespace quasio {
namespace {

using bytes = std::vector<std::uint8_t>;

bytes written(const byte_writer& out) { return {out.written().begin(), out.written().end()}; }

TEST(byte_writer, writes_big_endian_numbers) {
  std::array<std::uint8_t, 18> buffer{};
  byte_writer out(buffer);
  out.write_u8(0x01);
  out.write_u16(0x0203);
  out.write_u32(0x04050607);
  out.write_u64(0x08090a0b0c0d0e0f);
  out.write_big_endian(0xff101112, 3);
  EXPECT_EQ(written(out), (bytes{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18}));
  EXPECT_EQ(out.remaining(), 0u);
  EXPECT_FALSE(out.overflowed());
}

TEST(byte_writer, writes_bytes_zeros_and_lengths) {
  std::array<std::uint8_t, 8> buffer;
  buffer.fill(0xee);
  byte_writer out(buffer);
  out.write_varint_prefixed(bytes{0xaa, 0xbb});
  out.write_bytes({});
  out.write_zeros(2);
  out.write_zeros(0);
  EXPECT_EQ(written(out), (bytes{2, 0xaa, 0xbb, 0, 0}));
  EXPECT_EQ(buffer[5], 0xee) << "nothing behind what is written is touched";
}

TEST(byte_writer, leaves_a_gap_that_is_filled_later) {
  std::array<std::uint8_t, 4> buffer{};
  byte_writer out(buffer);
  const byte_span gap = out.reserve(2);
  out.write_u8(9);
  gap[0] = 7;
  gap[1] = 8;
  EXPECT_EQ(written(out), (bytes{7, 8, 9}));
  EXPECT_TRUE(out.reserve(2).empty());
  EXPECT_TRUE(out.overflowed());
}

TEST(byte_writer, never_writes_past_its_buffer) {
  std::array<std::uint8_t, 4> guarded;
  guarded.fill(0xee);
  byte_writer out(byte_span(guarded).first(2));
  out.write_u32(1);
  EXPECT_TRUE(out.overflowed());
  EXPECT_EQ(out.position(), 0u);
  EXPECT_EQ(guarded, (std::array<std::uint8_t, 4>{0xee, 0xee, 0xee, 0xee}));
}

TEST(byte_writer, stays_overflowed_so_that_no_later_write_makes_a_torn_output) {
  std::array<std::uint8_t, 2> buffer{};
  byte_writer out(buffer);
  out.write_varint(varint_max);
  out.write_u8(1);
  out.write_bytes(bytes{1});
  out.write_zeros(1);
  EXPECT_TRUE(out.overflowed());
  EXPECT_EQ(out.position(), 0u);
}

}  // namespace
}  // namespace quasio
