#include "http3/huffman.hpp"

#include <gtest/gtest.h>

#include "http3/test_bytes.hpp"

namespace quasio::http3 {
namespace {

using namespace testing;

bytes encode(std::string_view text) {
  bytes out;
  append_huffman(out, text);
  return out;
}

std::optional<std::string> decode(const bytes& encoded) {
  std::string out;
  if (!decode_huffman(encoded, out)) return std::nullopt;
  return out;
}

/// The examples of RFC 7541, appendix C.
TEST(huffman, agrees_with_the_examples_of_hpack) {
  const std::pair<std::string_view, std::string_view> examples[] = {
      {"www.example.com", "f1e3 c2e5 f23a 6ba0 ab90 f4ff"},
      {"no-cache", "a8eb 1064 9cbf"},
      {"custom-key", "25a8 49e9 5ba9 7d7f"},
      {"custom-value", "25a8 49e9 5bb8 e8b4 bf"},
      {"302", "6402"},
      {"private", "aec3 771a 4b"},
      {"Mon, 21 Oct 2013 20:13:21 GMT", "d07a be94 1054 d444 a820 0595 040b 8166 e082 a62d 1bff"},
      {"https://www.example.com", "9d29 ad17 1863 c78f 0b97 c8e9 ae82 ae43 d3"},
      {"gzip", "9bd9 ab"},
      {"foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
       "94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 "
       "07"},
  };
  for (const auto& [text, hex] : examples) {
    EXPECT_EQ(encode(text), from_hex(hex)) << text;
    EXPECT_EQ(decode(from_hex(hex)), text);
    EXPECT_EQ(huffman_size(text), from_hex(hex).size());
  }
}

TEST(huffman, brings_back_every_symbol_and_every_pair) {
  for (unsigned a = 0; a < 256; ++a) {
    const std::string one(1, static_cast<char>(a));
    EXPECT_EQ(decode(encode(one)), one) << a;
    for (unsigned b = 0; b < 256; ++b) {
      const std::string two = one + static_cast<char>(b);
      ASSERT_EQ(decode(encode(two)), two) << a << ' ' << b;
      ASSERT_EQ(encode(two).size(), huffman_size(two));
    }
  }
}

TEST(huffman, decodes_nothing_to_nothing) { EXPECT_EQ(decode({}), ""); }

TEST(huffman, refuses_padding_longer_than_seven_bits) {
  EXPECT_FALSE(decode(from_hex("ff")));  // Eight bits of padding and no symbol.
  EXPECT_FALSE(decode(encode("0000") + bytes{0xff}));
  EXPECT_TRUE(decode(from_hex("07")));  // "0" and three bits.
}

TEST(huffman, refuses_padding_that_is_not_ones) {
  EXPECT_FALSE(decode(from_hex("06")));
  EXPECT_FALSE(decode(from_hex("00")));  // "0" and three zeros.
}

TEST(huffman, refuses_the_end_of_string_symbol) {
  EXPECT_FALSE(decode(from_hex("ff ff ff ff")));
  EXPECT_FALSE(decode(from_hex("3f ff ff ff ff")));
  EXPECT_FALSE(decode(from_hex("07 ff ff ff e0 ff")));
}

/// Whatever is decoded encodes to the same again: there is one way to write each text.
TEST(huffman, has_one_encoding_for_each_text) {
  std::size_t decoded = 0;
  for (std::uint32_t n = 0; n < 0x10000; ++n) {
    const bytes input = {static_cast<std::uint8_t>(n >> 8), static_cast<std::uint8_t>(n)};
    if (const auto text = decode(input)) {
      ASSERT_EQ(encode(*text), input);
      ++decoded;
    }
  }
  EXPECT_GT(decoded, 1000u);
}

}  // namespace
}  // namespace quasio::http3
