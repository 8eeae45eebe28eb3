#include "quic/receive_buffer.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace quasio::quic {
namespace {

struct a_receive_buffer : testing::Test {
  std::uint64_t put(std::uint64_t offset, std::string_view text) { return buffer.put(offset, as_bytes(text)); }

  std::string read() {
    std::string text;
    while (buffer.readable() > 0) {
      const byte_view chunk = buffer.peek();
      text += as_text(chunk);
      buffer.consume(chunk.size());
    }
    return text;
  }

  stream_block_pool pool;
  receive_buffer buffer{pool};
};

// [rfc9000 2.2#1]
TEST_F(a_receive_buffer, gives_what_came_in_order) {
  EXPECT_EQ(put(0, "hel"), 3u);
  EXPECT_EQ(put(3, "lo"), 2u);
  EXPECT_EQ(as_text(buffer.peek()), "hello");
  buffer.consume(2);
  EXPECT_EQ(as_text(buffer.peek()), "llo");
  EXPECT_EQ(read(), "llo");
  EXPECT_EQ(pool.in_use(), 0u);
}

TEST_F(a_receive_buffer, waits_for_the_gap_to_be_filled) {
  EXPECT_EQ(put(2, "llo"), 3u);
  EXPECT_EQ(buffer.readable(), 0u);
  EXPECT_TRUE(buffer.peek().empty());
  EXPECT_EQ(buffer.pieces(), 1u);
  EXPECT_EQ(put(0, "he"), 2u);
  EXPECT_EQ(buffer.pieces(), 0u);
  EXPECT_EQ(read(), "hello");
}

TEST_F(a_receive_buffer, counts_and_keeps_only_what_is_new) {
  EXPECT_EQ(put(0, "abc"), 3u);
  EXPECT_EQ(put(0, "abc"), 0u);
  EXPECT_EQ(put(1, "bcde"), 2u);
  EXPECT_EQ(put(7, "hi"), 2u);
  EXPECT_EQ(put(4, "efghij"), 3u);
  EXPECT_EQ(put(20, ""), 0u);
  EXPECT_EQ(read(), "abcdefghij");
  EXPECT_EQ(put(3, "defg"), 0u);
}

// The data at an offset must not change (RFC 9000, section 2.2); if it does, what came first counts.
TEST_F(a_receive_buffer, does_not_let_later_bytes_change_earlier_ones) {
  put(0, "abc");
  put(6, "ghi");
  put(0, "XXXXXXXXXXXX");
  EXPECT_EQ(read(), "abcXXXghiXXX");
}

TEST_F(a_receive_buffer, takes_blocks_only_where_bytes_are) {
  put(100 * stream_block_size, "x");
  EXPECT_EQ(buffer.blocks_held(), 1u);
}

// One byte at every second offset of a window: the memory is the window, whatever the number of frames.
TEST_F(a_receive_buffer, needs_no_more_memory_than_the_window_for_scattered_bytes) {
  constexpr std::uint64_t window = 3 * stream_block_size;
  for (std::uint64_t offset = 1; offset < window; offset += 2) put(offset, "x");
  EXPECT_EQ(buffer.blocks_held(), 3u);
  EXPECT_EQ(buffer.pieces(), window / 2);
  for (std::uint64_t offset = 0; offset < window; offset += 2) put(offset, "y");
  EXPECT_EQ(buffer.pieces(), 0u);
  EXPECT_EQ(read().size(), window);
  EXPECT_EQ(pool.in_use(), 0u);
}

TEST_F(a_receive_buffer, discards_everything) {
  put(0, "abc");
  put(10, "def");
  buffer.discard();
  EXPECT_EQ(pool.in_use(), 0u);
  EXPECT_EQ(buffer.readable(), 0u);
  EXPECT_EQ(buffer.pieces(), 0u);
}

// [rfc9000 2.2#1]
TEST_F(a_receive_buffer, reassembles_pieces_in_any_order) {
  for (unsigned seed = 0; seed < 100; ++seed) {
    std::mt19937 random(seed);
    buffer.restart();
    std::string sent(50'000, ' ');
    for (char& c : sent) c = static_cast<char>(random());
    std::string received;
    std::uint64_t fresh = 0;
    while (received.size() < sent.size()) {
      // Mostly near what is missing, so that it ends; overlaps and repetitions abound.
      const std::uint64_t from = buffer.in_order() > 500 ? buffer.in_order() - 500 : 0;
      const std::uint64_t offset = std::min<std::uint64_t>(sent.size(), from + random() % 10'000);
      fresh += put(offset, std::string_view(sent).substr(offset, random() % 1500));
      if (random() % 4 == 0) received += read();
    }
    ASSERT_EQ(received, sent) << "seed " << seed;
    ASSERT_EQ(fresh, sent.size());
    ASSERT_EQ(pool.in_use(), 0u);
  }
}

}  // namespace
}  // namespace quasio::quic
