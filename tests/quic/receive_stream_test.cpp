#include "quic/receive_stream.hpp"

#include <gtest/gtest.h>

namespace quasio::quic {
namespace {

struct a_receive_stream : testing::Test {
  a_receive_stream() { receiving.restart(100, 100); }

  transport_error_code admit(std::uint64_t end, bool is_final = false) {
    const auto admitted = receiving.admit(end, is_final);
    return admitted ? transport_error_code::no_error : admitted.error().code;
  }
  std::uint64_t take(std::uint64_t offset, std::string_view text, bool fin = false) {
    EXPECT_TRUE(receiving.admit(offset + text.size(), fin));
    return receiving.take(offset, as_bytes(text), fin);
  }
  std::uint64_t consume(std::uint64_t count) { return receiving.consume(count, time_point{}, std::chrono::seconds(0)); }

  stream_block_pool pool;
  receive_stream receiving{pool};
};

// RFC 9000, figure 3, the left side.
TEST_F(a_receive_stream, goes_from_receive_to_data_read) {
  EXPECT_EQ(receiving.state(), receive_state::receive);
  take(3, "lo", true);
  EXPECT_EQ(receiving.state(), receive_state::size_known);
  take(0, "hel");
  EXPECT_EQ(receiving.state(), receive_state::data_received);
  const stream_chunk all = receiving.peek();
  EXPECT_EQ(as_text(all.bytes), "hello");
  EXPECT_TRUE(all.fin);
  EXPECT_EQ(consume(4), 4u);
  EXPECT_FALSE(receiving.is_done());
  EXPECT_EQ(consume(1), 1u);
  EXPECT_EQ(receiving.state(), receive_state::data_read);
  EXPECT_TRUE(receiving.is_done());
}

TEST_F(a_receive_stream, ends_when_an_empty_end_is_consumed) {
  take(0, "hello");
  EXPECT_FALSE(receiving.peek().fin);
  consume(5);
  EXPECT_FALSE(receiving.is_done());
  take(5, "", true);
  EXPECT_TRUE(receiving.peek().fin);
  EXPECT_TRUE(receiving.peek().bytes.empty());
  EXPECT_FALSE(receiving.is_done());
  consume(0);
  EXPECT_TRUE(receiving.is_done());
}

TEST_F(a_receive_stream, does_not_end_by_consuming_nothing_before_its_end) {
  take(0, "hello", true);
  consume(0);
  EXPECT_FALSE(receiving.is_done());
  EXPECT_EQ(consume(100), 5u) << "no more than there is";
  EXPECT_TRUE(receiving.is_done());
}

TEST_F(a_receive_stream, shows_the_end_only_with_the_last_chunk) {
  receiving.restart(10 * stream_block_size, 10 * stream_block_size);
  take(0, std::string(stream_block_size + 1, 'x'), true);
  EXPECT_FALSE(receiving.peek().fin);
  consume(receiving.peek().bytes.size());
  EXPECT_EQ(receiving.peek().bytes.size(), 1u);
  EXPECT_TRUE(receiving.peek().fin);
}

// Section 4.5.
TEST_F(a_receive_stream, refuses_a_final_size_that_changes) {
  take(0, "hello", true);
  EXPECT_EQ(admit(5, true), transport_error_code::no_error);
  EXPECT_EQ(admit(3, false), transport_error_code::no_error);
  EXPECT_EQ(admit(4, true), transport_error_code::final_size_error);
  EXPECT_EQ(admit(6, true), transport_error_code::final_size_error);
  EXPECT_EQ(admit(6, false), transport_error_code::final_size_error);
}

TEST_F(a_receive_stream, refuses_a_final_size_below_what_came) {
  take(5, "hello");
  EXPECT_EQ(admit(9, true), transport_error_code::final_size_error);
  EXPECT_EQ(admit(10, true), transport_error_code::no_error);
}

TEST_F(a_receive_stream, refuses_what_is_beyond_the_window) {
  EXPECT_EQ(admit(100), transport_error_code::no_error);
  EXPECT_EQ(admit(101), transport_error_code::flow_control_error);
  EXPECT_EQ(admit(101, true), transport_error_code::flow_control_error);
  take(0, std::string(100, 'x'));
  consume(100);
  EXPECT_EQ(admit(101), transport_error_code::flow_control_error);
  EXPECT_TRUE(receiving.update_due());
  EXPECT_EQ(receiving.announce(), 200u);
  EXPECT_EQ(admit(200), transport_error_code::no_error);
}

TEST_F(a_receive_stream, says_how_much_credit_a_frame_uses) {
  EXPECT_EQ(*receiving.admit(10, false), 10u);
  take(5, "hello");
  EXPECT_EQ(*receiving.admit(5, false), 0u);
  EXPECT_EQ(*receiving.admit(12, false), 2u);
}

TEST_F(a_receive_stream, asks_for_no_more_once_the_size_is_known) {
  take(0, std::string(60, 'x'), true);
  consume(59);
  EXPECT_FALSE(receiving.update_due());
}

TEST_F(a_receive_stream, tells_once_that_it_is_readable_until_it_was_drained) {
  EXPECT_FALSE(receiving.take_readable_news());
  take(2, "llo");
  EXPECT_FALSE(receiving.take_readable_news());
  take(0, "he");
  EXPECT_TRUE(receiving.take_readable_news());
  take(5, " world");
  EXPECT_FALSE(receiving.take_readable_news());
  consume(5);
  EXPECT_FALSE(receiving.take_readable_news()) << "not drained yet";
  consume(6);
  EXPECT_FALSE(receiving.take_readable_news());
  take(11, "", true);
  EXPECT_TRUE(receiving.take_readable_news());
}

TEST_F(a_receive_stream, is_interrupted_by_a_reset) {
  take(0, "hel");
  ASSERT_TRUE(receiving.admit(5, true));
  EXPECT_TRUE(receiving.take_reset(5));
  EXPECT_EQ(receiving.state(), receive_state::reset);
  EXPECT_TRUE(receiving.is_done());
  EXPECT_EQ(receiving.release_credit(), 5u);
  EXPECT_EQ(receiving.release_credit(), 0u);
  EXPECT_EQ(pool.in_use(), 0u);
  EXPECT_FALSE(receiving.take_reset(5));
  EXPECT_EQ(admit(6), transport_error_code::final_size_error);
  EXPECT_EQ(take(3, "lo"), 0u);
  EXPECT_FALSE(receiving.take_readable_news());
}

// Without the end, what came is not known to be all that was meant: a reset right behind it is still a reset.
TEST_F(a_receive_stream, is_reset_even_if_no_byte_is_missing) {
  take(0, "hello");
  ASSERT_TRUE(receiving.admit(5, true));
  EXPECT_TRUE(receiving.take_reset(5));
  EXPECT_TRUE(receiving.was_reset());
}

// Section 3.2: the signal may be withheld if the data is complete.
TEST_F(a_receive_stream, delivers_complete_data_in_spite_of_a_reset) {
  take(0, "hello", true);
  ASSERT_TRUE(receiving.admit(5, true));
  EXPECT_FALSE(receiving.take_reset(5));
  EXPECT_FALSE(receiving.was_reset());
  EXPECT_EQ(as_text(receiving.peek().bytes), "hello");
}

TEST_F(a_receive_stream, keeps_nothing_once_it_is_abandoned) {
  take(0, "hello");
  consume(2);
  EXPECT_TRUE(receiving.abandon());
  EXPECT_EQ(receiving.release_credit(), 3u);
  EXPECT_EQ(take(5, " world"), 0u);
  EXPECT_EQ(receiving.release_credit(), 6u);
  EXPECT_EQ(pool.in_use(), 0u);
  EXPECT_EQ(admit(101), transport_error_code::flow_control_error) << "late data still counts (section 3.5)";
  EXPECT_FALSE(receiving.abandon());
  EXPECT_FALSE(receiving.is_done());
  take(11, "", true);
  EXPECT_TRUE(receiving.is_done());
}

TEST_F(a_receive_stream, need_not_ask_the_peer_to_stop_when_its_end_is_known) {
  take(2, "llo", true);
  EXPECT_FALSE(receiving.abandon());
  EXPECT_TRUE(receiving.is_done());
}

TEST_F(a_receive_stream, forgets_all_when_it_becomes_another_stream) {
  take(0, "hello", true);
  receiving.abandon();
  receiving.restart(10, 10);
  EXPECT_EQ(receiving.state(), receive_state::receive);
  EXPECT_EQ(take(0, "again"), 5u);
  EXPECT_EQ(as_text(receiving.peek().bytes), "again");
}

}  // namespace
}  // namespace quasio::quic
