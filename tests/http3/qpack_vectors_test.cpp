#include <gtest/gtest.h>

#include "http3/prefixed_integer.hpp"
#include "http3/qpack_decoder.hpp"
#include "http3/qpack_encoder.hpp"
#include "http3/test_bytes.hpp"

/// The exchange of RFC 9204, appendix B, from the decoder's side and from the encoder's.
namespace quasio::http3 {
namespace {

using namespace testing;

constexpr section_limits wide{1 << 20, 1000};

/// A decoder that takes everything in pieces of one size.
class listener {
public:
  explicit listener(std::size_t piece) : piece_(piece) {}

  void hear(const bytes& instructions) {
    byte_view rest = instructions;
    while (!rest.empty()) {
      const byte_view next = rest.first(std::min(piece_, rest.size()));
      const auto taken = state.on_encoder_stream(next);
      ASSERT_TRUE(taken) << taken.error().what.reason;
      rest = rest.subspan(next.size());
    }
  }

  void expect_table(std::size_t size, std::uint64_t oldest, const field_list& lines) {
    const auto& table = state.table();
    EXPECT_EQ(table.size(), size);
    EXPECT_EQ(table.oldest(), oldest);
    ASSERT_EQ(table.insert_count(), oldest + lines.size());
    for (std::size_t i = 0; i < lines.size(); ++i) {
      EXPECT_EQ(table.at(oldest + i).name, lines[i].name);
      EXPECT_EQ(table.at(oldest + i).value, lines[i].value);
    }
  }

  bytes take_said() { return std::exchange(state.instructions(), {}); }

  qpack_decoder state{{220, 1}};

private:
  std::size_t piece_;
};

const field authority{":authority", "www.example.com", false};
const field path{":path", "/sample/path", false};
const field custom{"custom-key", "custom-value", false};
const field custom2{"custom-key", "custom-value2", false};

void play(std::size_t piece) {
  listener decoder(piece);

  // B.1: literal field line with name reference.
  const auto first = decoder.state.decode(0, from_hex("0000 510b 2f69 6e64 6578 2e68 746d 6c"), wide);
  ASSERT_TRUE(first);
  EXPECT_EQ(*first, (field_list{{":path", "/index.html", false}}));
  EXPECT_EQ(decoder.take_said(), bytes{});

  // B.2: dynamic table. The section comes first, and blocks.
  const bytes second = from_hex("0381 1011");
  EXPECT_EQ(decoder.state.is_decodable(4, byte_view(second).first(0)).value(), std::nullopt);
  EXPECT_EQ(decoder.state.is_decodable(4, byte_view(second).first(1)).value(), false);
  decoder.hear(from_hex("3fbd01 c00f 7777 772e 6578 616d 706c 652e 636f 6d c10c 2f73 616d 706c 652f 7061 7468"));
  decoder.expect_table(106, 0, {authority, path});
  EXPECT_EQ(decoder.state.take_unblocked(), stream_id{4});
  EXPECT_EQ(decoder.state.take_unblocked(), std::nullopt);
  EXPECT_EQ(decoder.state.is_decodable(4, second).value(), true);
  EXPECT_EQ(decoder.state.decode(4, second, wide).value(), (field_list{authority, path}));
  decoder.state.acknowledge_inserts();
  EXPECT_EQ(decoder.take_said(), from_hex("84"));

  // B.3: speculative insert.
  decoder.hear(from_hex("4a63 7573 746f 6d2d 6b65 790c 6375 7374 6f6d 2d76 616c 7565"));
  decoder.expect_table(160, 0, {authority, path, custom});
  decoder.state.acknowledge_inserts();
  EXPECT_EQ(decoder.take_said(), from_hex("01"));

  // B.4: duplicate instruction, stream cancellation.
  const bytes third = from_hex("0500 80c1 81");
  EXPECT_EQ(decoder.state.is_decodable(8, third).value(), false);
  decoder.state.cancel(8);
  EXPECT_EQ(decoder.take_said(), from_hex("48"));
  decoder.hear(from_hex("02"));
  decoder.expect_table(217, 0, {authority, path, custom, authority});
  EXPECT_EQ(decoder.state.take_unblocked(), std::nullopt);

  // Had it not been cancelled:
  EXPECT_EQ(decoder.state.decode(8, third, wide).value(), (field_list{authority, {":path", "/", false}, custom}));
  EXPECT_EQ(decoder.take_said(), from_hex("88"));

  // B.5: dynamic table insert, eviction.
  decoder.hear(from_hex("810d 6375 7374 6f6d 2d76 616c 7565 32"));
  decoder.expect_table(215, 1, {path, custom, authority, custom2});
}

// [rfc9204 2.2.2.1#1]
TEST(qpack_vectors, the_decoder_follows_appendix_b) { play(SIZE_MAX); }

TEST(qpack_vectors, the_decoder_follows_appendix_b_in_pieces) {
  for (const std::size_t piece : {1, 2, 3, 5}) play(piece);
}

/// The encoder's choices are its own; what it hears is the RFC's.
TEST(qpack_vectors, the_encoder_heeds_the_decoder_of_appendix_b) {
  qpack_encoder encoder;
  encoder.allow_dynamic_table({220, 220, 1, 10});
  bytes sent;
  encoder.encode(4, {authority, path}, SIZE_MAX, sent);
  const auto& table = encoder.dynamic()->table();
  ASSERT_GE(table.lines().insert_count(), 1u);
  EXPECT_EQ(bytes(encoder.instructions().begin(), encoder.instructions().begin() + 3), from_hex("3fbd01"));
  EXPECT_EQ(table.known_received_count(), 0u);
  EXPECT_EQ(encoder.dynamic()->unacknowledged().size(), 1u);
  ASSERT_TRUE(encoder.on_decoder_stream(from_hex("84")));
  EXPECT_EQ(table.known_received_count(), table.lines().insert_count());
  EXPECT_EQ(encoder.dynamic()->unacknowledged().size(), 0u);

  encoder.encode(8, {authority}, SIZE_MAX, sent);
  EXPECT_EQ(encoder.dynamic()->unacknowledged().size(), 1u);
  ASSERT_TRUE(encoder.on_decoder_stream(from_hex("48")));
  EXPECT_EQ(encoder.dynamic()->unacknowledged().size(), 0u);

  const auto refused = encoder.on_decoder_stream(from_hex("01"));
  ASSERT_FALSE(refused) << "nothing was inserted since";
  EXPECT_EQ(refused.error().what.code, error_code::qpack_decoder_stream_error);
}

/// The example of RFC 9204, section 4.5.1.1.
// [rfc9204 4.5.1.1#1]
TEST(qpack_vectors, insert_counts_wrap_as_in_the_rfc) {
  EXPECT_EQ(wrap_insert_count(9, 100), 4u);
  EXPECT_EQ(unwrap_insert_count(4, 10, 100), 9u);
  EXPECT_EQ(wrap_insert_count(0, 100), 0u);
  EXPECT_EQ(unwrap_insert_count(0, 10, 100), 0u);
  EXPECT_EQ(unwrap_insert_count(7, 10, 100), std::nullopt) << "beyond the full range";
  EXPECT_EQ(unwrap_insert_count(1, 0, 0), std::nullopt) << "no table, no count";
  EXPECT_EQ(unwrap_insert_count(1, 0, 100), std::nullopt) << "zero must be encoded as zero";
  EXPECT_EQ(unwrap_insert_count(5, 0, 100), std::nullopt) << "more than can have been inserted";
}

TEST(qpack_vectors, insert_counts_survive_the_wire_wherever_they_can_be) {
  for (const std::uint64_t capacity : {32u, 64u, 100u, 4096u}) {
    const std::uint64_t entries = capacity / 32;
    for (std::uint64_t inserted = 0; inserted < 6 * entries; ++inserted) {
      const std::uint64_t least = inserted < entries ? 1 : inserted - entries + 1;
      for (std::uint64_t required = least; required <= inserted + entries; ++required) {
        ASSERT_EQ(unwrap_insert_count(wrap_insert_count(required, capacity), inserted, capacity), required);
      }
    }
  }
}

}  // namespace
}  // namespace quasio::http3
