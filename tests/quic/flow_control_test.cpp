#include "quic/flow_control.hpp"

#include <gtest/gtest.h>

#include "quasio/base/varint.hpp"

namespace quasio::quic {
namespace {

using std::chrono::milliseconds;

constexpr duration rtt = milliseconds(100);
constexpr time_point at(int ms) { return time_point(milliseconds(ms)); }

// [rfc9000 4.1#1]
TEST(send_window, lets_go_what_the_limit_allows) {
  send_window window(10);
  EXPECT_EQ(window.available(), 10u);
  window.use(7);
  EXPECT_EQ(window.available(), 3u);
  EXPECT_FALSE(window.blocked_frame_due());
  window.use(3);
  EXPECT_TRUE(window.blocked_frame_due());
}

// [rfc9000 4.1#3]
TEST(send_window, ignores_limits_that_do_not_rise) {
  send_window window(10);
  EXPECT_FALSE(window.raise(10));
  EXPECT_FALSE(window.raise(5));
  EXPECT_EQ(window.limit(), 10u);
  EXPECT_TRUE(window.raise(11));
  EXPECT_EQ(window.available(), 11u);
}

TEST(send_window, says_once_a_limit_that_it_is_blocked) {
  send_window window(0);
  EXPECT_TRUE(window.blocked_frame_due());
  window.on_blocked_told();
  EXPECT_FALSE(window.blocked_frame_due());
  window.on_blocked_lost(0);
  EXPECT_TRUE(window.blocked_frame_due());
  window.on_blocked_told();
  window.raise(5);
  window.use(5);
  EXPECT_TRUE(window.blocked_frame_due());
  window.on_blocked_told();
  window.on_blocked_lost(0);  // About the old limit.
  EXPECT_FALSE(window.blocked_frame_due());
}

TEST(receive_window, allows_up_to_the_limit_that_was_told) {
  receive_window window(100, 100);
  EXPECT_TRUE(window.allows(100));
  EXPECT_FALSE(window.allows(101));
  window.on_received(60);
  EXPECT_TRUE(window.allows(40));
  EXPECT_FALSE(window.allows(41));
  window.on_consumed(60, at(0), rtt);
  EXPECT_FALSE(window.allows(41)) << "the peer does not know yet";
  window.announce();
  EXPECT_TRUE(window.allows(41));
}

// [rfc9000 4.2#1]
TEST(receive_window, announces_when_half_is_consumed) {
  receive_window window(100, 100);
  window.on_received(100);
  window.on_consumed(49, at(0), rtt);
  EXPECT_FALSE(window.update_due());
  window.on_consumed(1, at(0), rtt);
  EXPECT_TRUE(window.update_due());
  EXPECT_EQ(window.announce(), 150u);
  EXPECT_FALSE(window.update_due());
}

TEST(receive_window, doubles_up_to_its_maximum_while_the_reader_is_fast) {
  receive_window window(100, 350);
  window.on_received(50);
  window.on_consumed(50, at(0), rtt);
  window.announce();
  EXPECT_EQ(window.window(), 200u);
  window.on_received(100);
  window.on_consumed(100, at(199), rtt);
  EXPECT_EQ(window.window(), 350u);
  EXPECT_EQ(window.announce(), 150u + 350u);
  window.on_received(250);
  window.on_consumed(250, at(200), rtt);
  EXPECT_EQ(window.window(), 350u);
}

TEST(receive_window, keeps_its_size_while_the_reader_is_slow) {
  receive_window window(100, 1000);
  window.on_received(100);
  window.on_consumed(1, at(0), rtt);
  window.on_consumed(49, at(200), rtt);
  EXPECT_TRUE(window.update_due());
  EXPECT_EQ(window.window(), 100u);
  window.announce();
  window.on_consumed(50, at(400), rtt);
  EXPECT_EQ(window.window(), 100u);
}

TEST(receive_window, does_not_grow_for_bytes_that_nobody_read) {
  receive_window window(100, 1000);
  window.on_received(100);
  window.on_discarded(100);
  EXPECT_TRUE(window.update_due());
  EXPECT_EQ(window.window(), 100u);
  EXPECT_EQ(window.announce(), 200u);
}

TEST(receive_window, announces_again_only_what_was_announced_last) {
  receive_window window(100, 100);
  window.on_received(100);
  window.on_consumed(50, at(0), rtt);
  const auto first = window.announce();
  window.on_consumed(50, at(500), rtt);
  const auto second = window.announce();
  window.on_announcement_lost(first);
  EXPECT_FALSE(window.update_due());
  window.on_announcement_lost(second);
  EXPECT_TRUE(window.update_due());
  EXPECT_EQ(window.announce(), second);
}

TEST(receive_window, can_be_made_larger_for_the_sake_of_a_stream) {
  receive_window window(100, 300);
  window.grow_to(50);
  EXPECT_EQ(window.window(), 100u);
  EXPECT_FALSE(window.update_due());
  window.grow_to(1000);
  EXPECT_EQ(window.window(), 300u);
  EXPECT_TRUE(window.update_due());
  EXPECT_EQ(window.announce(), 300u);
}

TEST(receive_window, of_no_bytes_stays_shut) {
  receive_window window(0, 0);
  EXPECT_FALSE(window.allows(1));
  window.on_consumed(0, at(0), rtt);
  EXPECT_FALSE(window.update_due());
}

TEST(receive_window, never_announces_more_than_a_varint_holds) {
  receive_window window(varint_max - 10, varint_max);
  window.on_received(varint_max - 10);
  window.on_consumed(varint_max - 10, at(0), rtt);
  EXPECT_EQ(window.announce(), varint_max);
}

}  // namespace
}  // namespace quasio::quic
