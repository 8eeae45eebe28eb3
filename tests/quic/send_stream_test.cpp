#include "quic/send_stream.hpp"

#include <gtest/gtest.h>

namespace quasio::quic {
namespace {

struct a_send_stream : testing::Test {
  a_send_stream() { sending.restart(1000); }

  void write(std::string_view text, bool fin = false) {
    sending.write(as_bytes(text));
    if (fin) sending.finish();
  }
  send_piece send_fresh(std::uint64_t credit = 1000) {
    const send_piece piece = sending.next_fresh(credit);
    sending.on_sent(piece.offset, piece.length, piece.fin);
    return piece;
  }
  send_piece repair() {
    const send_piece piece = sending.next_repair();
    sending.on_sent(piece.offset, piece.length, piece.fin);
    return piece;
  }

  stream_block_pool pool;
  send_stream sending{pool};
};

// RFC 9000, figure 2, the left side.
// [rfc9000 3.3#1]
TEST_F(a_send_stream, goes_from_ready_to_data_received) {
  EXPECT_EQ(sending.state(), send_state::ready);
  write("hello");
  EXPECT_EQ(sending.state(), send_state::ready);
  send_fresh();
  EXPECT_EQ(sending.state(), send_state::send);
  write(" world", true);
  const send_piece last = send_fresh();
  EXPECT_TRUE(last.fin);
  EXPECT_EQ(sending.state(), send_state::data_sent);
  sending.on_acked(last.offset, last.length, last.fin);
  EXPECT_EQ(sending.state(), send_state::data_sent);
  sending.on_acked(0, 5, false);
  EXPECT_EQ(sending.state(), send_state::data_received);
  EXPECT_TRUE(sending.is_done());
}

// The right side.
TEST_F(a_send_stream, goes_from_reset_sent_to_reset_received) {
  write("hello");
  send_fresh(3);
  EXPECT_TRUE(sending.reset(7));
  EXPECT_EQ(sending.state(), send_state::reset_sent);
  EXPECT_EQ(sending.reset_code(), 7u);
  EXPECT_EQ(sending.final_size(), 3u);
  EXPECT_FALSE(sending.has_fresh());
  EXPECT_FALSE(sending.reset(8)) << "a RESET_STREAM never changes (section 13.3)";
  EXPECT_EQ(sending.reset_code(), 7u);
  sending.on_reset_acked();
  EXPECT_EQ(sending.state(), send_state::reset_received);
  EXPECT_TRUE(sending.is_done());
}

TEST_F(a_send_stream, can_be_reset_from_data_sent_but_not_once_all_is_acknowledged) {
  write("hello", true);
  send_fresh();
  send_stream other(pool);
  other.restart(1000);
  other.finish();
  other.on_sent(0, 0, true);
  other.on_acked(0, 0, true);
  EXPECT_TRUE(sending.reset(1));
  EXPECT_FALSE(other.reset(1));
  EXPECT_EQ(other.state(), send_state::data_received);
}

TEST_F(a_send_stream, ends_with_an_empty_frame_when_the_data_went_before) {
  write("hello");
  send_fresh();
  EXPECT_FALSE(sending.has_repairs());
  sending.finish();
  ASSERT_TRUE(sending.has_repairs());
  const send_piece end = repair();
  EXPECT_EQ(end.offset, 5u);
  EXPECT_EQ(end.length, 0u);
  EXPECT_TRUE(end.fin);
  EXPECT_FALSE(sending.has_repairs());
}

// [rfc9000 4.5#2]
TEST_F(a_send_stream, ends_only_with_its_last_byte) {
  write("hello", true);
  EXPECT_FALSE(send_fresh(2).fin);
  EXPECT_TRUE(send_fresh(100).fin);
}

TEST_F(a_send_stream, sends_a_lost_end_again) {
  write("hello", true);
  send_fresh();
  sending.on_lost(0, 5, true);
  EXPECT_TRUE(sending.has_repairs());
  const send_piece again = repair();
  EXPECT_EQ(again.length, 5u);
  EXPECT_TRUE(again.fin);
  sending.on_acked(0, 5, false);
  sending.on_lost(5, 0, true);
  const send_piece end = repair();
  EXPECT_EQ(end.length, 0u);
  EXPECT_TRUE(end.fin);
  sending.on_acked(5, 0, true);
  EXPECT_TRUE(sending.is_done());
}

// [rfc9000 3.3#2]
TEST_F(a_send_stream, sends_nothing_again_after_a_reset) {
  write("hello", true);
  send_fresh();
  sending.reset(1);
  sending.on_lost(0, 5, true);
  EXPECT_FALSE(sending.has_repairs());
  sending.on_acked(0, 5, true);
  EXPECT_EQ(sending.state(), send_state::reset_sent);
}

// [rfc9000 2.2#3 19.10#3]
TEST_F(a_send_stream, stays_within_the_peers_limit_but_repairs_at_any_time) {
  sending.restart(4);
  write("hello");
  EXPECT_EQ(send_fresh().length, 4u);
  EXPECT_FALSE(sending.has_fresh());
  EXPECT_TRUE(sending.blocked_frame_due());
  sending.on_lost(0, 4, false);
  EXPECT_TRUE(sending.has_repairs());
  EXPECT_EQ(repair().length, 4u);
  EXPECT_TRUE(sending.raise_limit(10));
  EXPECT_FALSE(sending.blocked_frame_due());
  EXPECT_EQ(send_fresh().length, 1u);
}

TEST_F(a_send_stream, may_end_empty_without_credit) {
  sending.restart(0);
  sending.finish();
  EXPECT_TRUE(sending.has_repairs());
  EXPECT_FALSE(sending.blocked_frame_due());
}

TEST_F(a_send_stream, forgets_all_when_it_becomes_another_stream) {
  write("hello", true);
  send_fresh();
  sending.on_lost(0, 5, true);
  sending.reset(1);
  sending.restart(5);
  EXPECT_EQ(sending.state(), send_state::ready);
  EXPECT_FALSE(sending.is_finished());
  EXPECT_FALSE(sending.has_repairs());
  EXPECT_EQ(sending.final_size(), 0u);
  write("again");
  EXPECT_EQ(send_fresh().length, 5u);
}

}  // namespace
}  // namespace quasio::quic
