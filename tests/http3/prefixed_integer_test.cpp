#include "http3/prefixed_integer.hpp"

#include <gtest/gtest.h>

#include "http3/test_bytes.hpp"
#include "quasio/base/varint.hpp"

namespace quasio::http3 {
namespace {

using namespace testing;

bytes encode(std::uint64_t value, unsigned prefix, std::uint8_t high = 0) {
  bytes out;
  append_prefixed_integer(out, high, prefix, value);
  return out;
}

std::optional<std::uint64_t> decode(const bytes& encoded, unsigned prefix) {
  byte_reader reader(encoded);
  const auto first = reader.read_u8();
  const auto value = read_prefixed_integer(reader, *first, prefix);
  if (value) {
    EXPECT_TRUE(reader.empty());
  }
  return value;
}

/// RFC 7541, appendix C.1.
TEST(prefixed_integer, agrees_with_the_examples_of_hpack) {
  EXPECT_EQ(encode(10, 5), from_hex("0a"));
  EXPECT_EQ(encode(1337, 5), from_hex("1f9a0a"));
  EXPECT_EQ(encode(42, 8), from_hex("2a"));
  EXPECT_EQ(decode(from_hex("1f9a0a"), 5), 1337u);
}

// [rfc9204 4.1.1#1]
TEST(prefixed_integer, brings_back_values_of_all_sizes_with_all_prefixes) {
  for (unsigned prefix = 3; prefix <= 8; ++prefix) {
    for (unsigned bits = 0; bits <= 62; ++bits) {
      const std::uint64_t power = std::uint64_t{1} << bits;
      for (const std::uint64_t value : {power - 1, power, power + 1}) {
        if (value > varint_max) continue;
        EXPECT_EQ(decode(encode(value, prefix), prefix), value);
      }
    }
  }
}

TEST(prefixed_integer, keeps_the_high_bits_apart) {
  EXPECT_EQ(encode(3, 6, 0xc0), from_hex("c3"));
  EXPECT_EQ(encode(63, 6, 0xc0), from_hex("ff00"));
  EXPECT_EQ(decode(from_hex("c3"), 6), 3u);
}

TEST(prefixed_integer, refuses_more_than_62_bits) {
  EXPECT_TRUE(decode(encode(varint_max, 8), 8));
  EXPECT_FALSE(decode(encode(varint_max + 1, 8), 8));
  EXPECT_FALSE(decode(from_hex("ff ff ff ff ff ff ff ff ff ff 01"), 8));
}

TEST(prefixed_integer, refuses_an_encoding_that_goes_on_for_ever) {
  EXPECT_EQ(decode(from_hex("ff 80 80 00"), 8), 255u);  // Longer than needed, yet bounded.
  EXPECT_FALSE(decode(from_hex("ff 80 80 80 80 80 80 80 80 80 80 80 80 00"), 8));
}

TEST(prefixed_integer, refuses_what_is_cut_short) {
  EXPECT_FALSE(decode(from_hex("ff"), 8));
  EXPECT_FALSE(decode(from_hex("1f9a"), 5));
}

}  // namespace
}  // namespace quasio::http3
