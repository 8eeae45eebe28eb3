#include <gtest/gtest.h>

#include "http3/huffman.hpp"
#include "http3/qpack_decoder.hpp"
#include "http3/qpack_encoder.hpp"
#include "http3/qpack_static_table.hpp"
#include "http3/test_bytes.hpp"

namespace quasio::http3 {
namespace {

using namespace testing;

constexpr section_limits wide{1 << 20, 1000};

result<field_list, breach> decode(const bytes& encoded, section_limits limits = wide) {
  return qpack_decoder().decode(0, encoded, limits);
}

void expect_decompression_failed(const bytes& encoded) {
  const auto decoded = decode(encoded);
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().what.code, error_code::qpack_decompression_failed);
  EXPECT_EQ(decoded.error().cost, breach::scope::connection);
}

// --- Static table --------------------------------------------------------------------------------------------------

TEST(qpack_static_table, finds_every_entry_and_only_those) {
  for (std::uint64_t i = 0; i < qpack_static_table_size; ++i) {
    const static_entry* entry = qpack_static_entry(i);
    ASSERT_NE(entry, nullptr);
    const auto match = find_qpack_static(entry->name, entry->value);
    ASSERT_TRUE(match && match->whole) << i;
    EXPECT_EQ(match->index, i);
  }
  EXPECT_EQ(qpack_static_entry(99), nullptr);
  EXPECT_EQ(qpack_static_entry(UINT64_MAX), nullptr);
  EXPECT_FALSE(find_qpack_static("x-unheard-of", "1"));
  EXPECT_FALSE(find_qpack_static("", ""));
}

TEST(qpack_static_table, gives_the_first_entry_of_a_name_for_another_value) {
  const auto match = find_qpack_static("content-type", "text/x-unheard-of");
  ASSERT_TRUE(match);
  EXPECT_FALSE(match->whole);
  EXPECT_EQ(match->index, 44);
  EXPECT_EQ(find_qpack_static(":status", "299")->index, 24);
}

TEST(qpack_static_table, agrees_with_the_rfc_at_some_places) {
  EXPECT_EQ(qpack_static_entry(1)->value, "/");
  EXPECT_EQ(qpack_static_entry(29)->value, "*/*");
  EXPECT_EQ(qpack_static_entry(57)->value, "max-age=31536000; includesubdomains");
  EXPECT_EQ(qpack_static_entry(85)->value, "script-src 'none'; object-src 'none'; base-uri 'none'");
  EXPECT_EQ(qpack_static_entry(98)->value, "sameorigin");
}

// --- Encoder -------------------------------------------------------------------------------------------------------

TEST(qpack_encoder, refers_to_whole_static_entries) {
  EXPECT_EQ(section({{":method", "GET", false}, {":path", "/", false}}), from_hex("0000 d1 c1"));
}

TEST(qpack_encoder, refers_to_static_names_and_codes_the_value_in_its_shorter_form) {
  EXPECT_EQ(
      section({{":path", "/index.html", false}}),
      from_hex("0000 51") + bytes{static_cast<std::uint8_t>(0x80 | huffman_size("/index.html"))} + [] {
        bytes coded;
        append_huffman(coded, "/index.html");
        return coded;
      }());
  EXPECT_EQ(section({{":path", "\\\\", false}}), from_hex("0000 51 02") + bytes_of("\\\\"));
}

TEST(qpack_encoder, spells_out_names_that_the_table_lacks) {
  EXPECT_EQ(section({{"\\", "", false}}), from_hex("0000 21 5c 00"));
}

TEST(qpack_encoder, never_indexes_what_is_marked_or_secret) {
  const auto literal_with_n = [](const field& line) { return (section({line})[2] & 0xe0) == 0x60; };
  EXPECT_TRUE(literal_with_n({":method", "GET", true}));
  EXPECT_TRUE(literal_with_n({"authorization", "Basic " + std::string(100, 'x'), false}));
  EXPECT_TRUE(literal_with_n({"cookie", "pin=1234", false}));
  EXPECT_FALSE(literal_with_n({"cookie", "session=" + std::string(40, 'x'), false}));
  EXPECT_FALSE(literal_with_n({"accept", "text/html", false}));
  EXPECT_EQ(section({{"x-secret", "1", true}})[2] & 0xf0, 0x30);
}

// [rfc9204 2.1#1]
TEST(qpack_encoder, brings_back_what_it_encodes) {
  const field_list fields = {{":status", "200", false},
                             {"content-type", "text/html", false},
                             {"x-empty", "", false},
                             {"x-binary", std::string("\x80\xff\x01", 3), false},
                             {"x-long", std::string(5000, 'z'), false},
                             {"authorization", "secret", true},
                             {std::string(200, 'n'), "v", true}};
  const auto decoded = decode(section(fields));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(*decoded, fields);
}

TEST(qpack_encoder, takes_cancellations_and_nothing_else_from_the_decoder_stream) {
  qpack_encoder tolerant;
  EXPECT_TRUE(tolerant.on_decoder_stream(from_hex("48 7f")));
  EXPECT_TRUE(tolerant.on_decoder_stream(from_hex("80 01")));
  for (const char* hex : {"84", "00", "01", "3f 00"}) {
    const auto taken = qpack_encoder().on_decoder_stream(from_hex(hex));
    ASSERT_FALSE(taken) << hex;
    EXPECT_EQ(taken.error().what.code, error_code::qpack_decoder_stream_error);
  }
  EXPECT_FALSE(qpack_encoder().on_decoder_stream(from_hex("7f ff ff ff ff ff ff ff ff ff ff")));
}

// --- Decoder -------------------------------------------------------------------------------------------------------

/// RFC 9204, appendix B.1.
TEST(qpack_decoder, agrees_with_the_example_of_the_rfc) {
  const auto decoded = decode(from_hex("0000 510b 2f69 6e64 6578 2e68 746d 6c"));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(*decoded, (field_list{{":path", "/index.html", false}}));
}

TEST(qpack_decoder, takes_any_positive_base) { EXPECT_TRUE(decode(from_hex("00 7f ff 01 d1"))); }

// [rfc9204 4.5.4#2]
TEST(qpack_decoder, tells_what_must_never_be_indexed) {
  EXPECT_TRUE(decode(from_hex("0000 71 01 2f"))->front().never_indexed);
  EXPECT_FALSE(decode(from_hex("0000 51 01 2f"))->front().never_indexed);
  EXPECT_TRUE(decode(from_hex("0000 31 61 01 2f"))->front().never_indexed);
  EXPECT_FALSE(decode(from_hex("0000 21 61 01 2f"))->front().never_indexed);
}

/// RFC 9204, appendix B.2 and B.4: what needs a dynamic table.
TEST(qpack_decoder, refuses_references_to_the_dynamic_table) {
  expect_decompression_failed(from_hex("0381 10 11"));
  expect_decompression_failed(from_hex("0500 80 c1 81"));
  expect_decompression_failed(from_hex("0000 80"));        // Indexed.
  expect_decompression_failed(from_hex("0000 10"));        // Indexed, post-base.
  expect_decompression_failed(from_hex("0000 40 01 61"));  // Name reference.
  expect_decompression_failed(from_hex("0000 00 01 61"));  // Name reference, post-base.
}

// [rfc9204 4.5.1.2#2]
TEST(qpack_decoder, refuses_a_negative_base) { expect_decompression_failed(from_hex("0080 d1")); }

// [rfc9204 3.1#1]
TEST(qpack_decoder, refuses_an_index_beyond_the_static_table) {
  EXPECT_TRUE(decode(from_hex("0000 ff23")));                // 98.
  expect_decompression_failed(from_hex("0000 ff24"));        // 99.
  expect_decompression_failed(from_hex("0000 5f54 01 61"));  // A name at 99.
  expect_decompression_failed(from_hex("0000 ff ffffffffffffffffffff"));
}

TEST(qpack_decoder, refuses_every_truncation) {
  const bytes whole = section({{":path", "/index.html", false}, {"x-name", "value", false}, {"cookie", "a=b", true}});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto decoded = decode(bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)));
    // A cut between two lines leaves a whole, shorter section.
    if (decoded) {
      EXPECT_LT(decoded->size(), 3u);
    } else {
      EXPECT_EQ(decoded.error().what.code, error_code::qpack_decompression_failed);
    }
  }
}

/// Inputs that the public QPACK interop collection wants refused.
TEST(qpack_decoder, refuses_the_errors_of_the_interop_collection) {
  for (const char* hex : {"ff", "00", "00ff", "0081", "000041", "000027", "000051ff", "0000bf"}) {
    expect_decompression_failed(from_hex(hex));
  }
  for (const char* hex : {"01", "ff80ffffffff01"}) {
    const auto taken = qpack_decoder().on_encoder_stream(from_hex(hex));
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().what.code, error_code::qpack_encoder_stream_error);
  }
}

TEST(qpack_decoder, refuses_bad_huffman_codes) {
  expect_decompression_failed(from_hex("0000 51 81 00"));
  expect_decompression_failed(from_hex("0000 51 84 ffffffff"));
  expect_decompression_failed(from_hex("0000 29 00 00"));
}

TEST(qpack_decoder, counts_the_size_while_it_decodes) {
  const field_list fields(100, field{"x-name", "value", false});
  const bytes encoded = section(fields);
  EXPECT_TRUE(decode(encoded, {100 * (6 + 5 + 32), 100}));
  for (const section_limits limits : {section_limits{100 * (6 + 5 + 32) - 1, 100}, section_limits{wide.max_size, 99}}) {
    const auto decoded = decode(encoded, limits);
    ASSERT_FALSE(decoded);
    EXPECT_TRUE(decoded.error().section_too_large);
    EXPECT_EQ(decoded.error().cost, breach::scope::exchange);
  }
}

/// One byte an entry must not unfold into a hundred times as much.
TEST(qpack_decoder, stops_a_bomb_of_static_references) {
  const auto decoded = decode(from_hex("0000") + bytes(60'000, 0xff), {64 * 1024, 256});
  EXPECT_FALSE(decoded);
  const auto valid = decode(from_hex("0000") + bytes(60'000, 0xd1), {64 * 1024, 256});
  ASSERT_FALSE(valid);
  EXPECT_TRUE(valid.error().section_too_large);
}

TEST(qpack_decoder, takes_a_capacity_of_zero_and_nothing_else_from_the_encoder_stream) {
  qpack_decoder tolerant;
  EXPECT_TRUE(tolerant.on_encoder_stream(from_hex("20 20 20")));
  for (const char* hex : {"21", "3fbd01", "3f00", "c0 01 61", "41 61 01 61", "00", "02", "80 01 61"}) {
    const auto taken = qpack_decoder().on_encoder_stream(from_hex(hex));
    ASSERT_FALSE(taken) << hex;
    EXPECT_EQ(taken.error().what.code, error_code::qpack_encoder_stream_error);
  }
}

TEST(qpack_decoder, follows_the_encoder_stream_in_single_bytes) {
  qpack_decoder decoder;
  EXPECT_TRUE(decoder.on_encoder_stream(from_hex("20")));
  EXPECT_TRUE(decoder.on_encoder_stream(from_hex("3f")));
  EXPECT_FALSE(decoder.on_encoder_stream(from_hex("01")));  // 31 + 1.
}

}  // namespace
}  // namespace quasio::http3
