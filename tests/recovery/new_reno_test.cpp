#include "recovery/new_reno.hpp"

#include <gtest/gtest.h>

#include "recovery/moment.hpp"

namespace quasio::recovery {
namespace {

constexpr std::size_t datagram = 1200;

ack_event acked(std::uint64_t bytes, duration sent) {
  return {.bytes = bytes, .bytes_in_flight_before = bytes, .newest_time_sent = at(sent)};
}

congestion_event loss(duration sent, std::uint64_t bytes = datagram) {
  return {.newest_time_sent = at(sent), .bytes_lost = bytes};
}

/// Half of the initial window is left, and what is sent after 10 ms ends the recovery.
void pass_into_avoidance(new_reno& reno) { reno.on_congestion_event(loss(milliseconds(0)), at(milliseconds(10))); }

struct window_row {
  std::size_t datagram_size;
  std::uint64_t initial;
  std::uint64_t minimum;
};

class initial_windows : public testing::TestWithParam<window_row> {};

TEST_P(initial_windows, follow_section_7_2) {
  const window_row& row = GetParam();
  EXPECT_EQ(initial_window({}, row.datagram_size), row.initial);
  EXPECT_EQ(minimum_window({}, row.datagram_size), row.minimum);
  EXPECT_EQ(new_reno({}, row.datagram_size).window(), row.initial);
}

INSTANTIATE_TEST_SUITE_P(table, initial_windows,
                         testing::Values(window_row{1200, 12000, 2400}, window_row{1472, 14720, 2944},
                                         window_row{1500, 14720, 3000}, window_row{7360, 14720, 14720},
                                         window_row{9000, 18000, 18000}, window_row{65527, 131054, 131054}));

TEST(congestion_settings, make_the_named_controller) {
  const auto controller = make_congestion_controller({.algorithm = congestion_algorithm::new_reno}, datagram);
  ASSERT_NE(controller, nullptr);
  EXPECT_EQ(controller->name(), "reno");
  EXPECT_EQ(controller->window(), 12000u);
  EXPECT_FALSE(controller->pacing_rate());
}

TEST(congestion_settings, never_allow_a_minimum_below_two_datagrams) {
  EXPECT_EQ(minimum_window({.minimum_window_packets = 0}, datagram), 2400u);
  EXPECT_EQ(initial_window({.initial_window_packets = 1}, datagram), 2400u);
}

TEST(congestion_settings, raise_the_initial_window_when_asked) {
  EXPECT_EQ(initial_window({.initial_window_packets = 32, .initial_window_limit = 65536}, datagram), 38400u);
}

TEST(new_reno, begins_in_slow_start_without_a_threshold) {
  const new_reno reno({}, datagram);
  EXPECT_TRUE(reno.in_slow_start());
  EXPECT_FALSE(reno.in_recovery());
  EXPECT_EQ(reno.slow_start_threshold(), congestion_controller::infinite);
}

TEST(new_reno, grows_by_the_bytes_acknowledged_in_slow_start) {
  new_reno reno({}, datagram);
  reno.on_packets_acked(acked(2400, milliseconds(1)), at(milliseconds(50)));
  EXPECT_EQ(reno.window(), 14400u);
  reno.on_packets_acked(acked(1, milliseconds(2)), at(milliseconds(51)));
  EXPECT_EQ(reno.window(), 14401u);
}

TEST(new_reno, does_not_grow_while_the_window_is_underutilized) {
  new_reno reno({}, datagram);
  ack_event idle = acked(2400, milliseconds(1));
  idle.window_underutilized = true;
  reno.on_packets_acked(idle, at(milliseconds(50)));
  EXPECT_EQ(reno.window(), 12000u);

  new_reno avoiding({}, datagram);
  pass_into_avoidance(avoiding);
  idle = acked(6000, milliseconds(20));
  idle.window_underutilized = true;
  avoiding.on_packets_acked(idle, at(milliseconds(50)));
  EXPECT_EQ(avoiding.window(), 6000u);
}

// [rfc9000 13.3#4] [rfc9002 7.3.1#1 7.3.2#1]
TEST(new_reno, halves_once_for_all_losses_of_one_round_trip) {
  new_reno reno({}, datagram);
  EXPECT_TRUE(reno.on_congestion_event(loss(milliseconds(5)), at(milliseconds(100))));
  EXPECT_EQ(reno.window(), 6000u);
  EXPECT_EQ(reno.slow_start_threshold(), 6000u);
  EXPECT_TRUE(reno.in_recovery());
  EXPECT_FALSE(reno.in_slow_start());

  EXPECT_FALSE(reno.on_congestion_event(loss(milliseconds(99)), at(milliseconds(120))));
  EXPECT_FALSE(reno.on_congestion_event(loss(milliseconds(100)), at(milliseconds(130)))) << "sent at its very start";
  EXPECT_EQ(reno.window(), 6000u);

  EXPECT_TRUE(reno.on_congestion_event(loss(milliseconds(101)), at(milliseconds(200))));
  EXPECT_EQ(reno.window(), 3000u);
}

// [rfc9002 7.3.1#1]
TEST(new_reno, answers_an_ecn_mark_as_a_loss) {
  new_reno reno({}, datagram);
  EXPECT_TRUE(reno.on_congestion_event({.signal = congestion_signal::ecn_ce, .newest_time_sent = at(milliseconds(5))},
                                       at(milliseconds(100))));
  EXPECT_EQ(reno.window(), 6000u);
  EXPECT_TRUE(reno.in_recovery());
}

// [rfc9002 7.3.2#2]
TEST(new_reno, keeps_the_window_during_recovery_and_leaves_on_an_ack_of_a_later_packet) {
  new_reno reno({}, datagram);
  reno.on_congestion_event(loss(milliseconds(5)), at(milliseconds(100)));
  reno.on_packets_acked(acked(6000, milliseconds(100)), at(milliseconds(150)));
  EXPECT_EQ(reno.window(), 6000u);
  EXPECT_TRUE(reno.in_recovery());
  reno.on_packets_acked(acked(1200, milliseconds(101)), at(milliseconds(160)));
  EXPECT_FALSE(reno.in_recovery());
  EXPECT_EQ(reno.window(), 6000u) << "a fifth of a window is not yet a datagram";
}

TEST(new_reno, leaves_recovery_even_when_the_window_is_underutilized) {
  new_reno reno({}, datagram);
  pass_into_avoidance(reno);
  ack_event idle = acked(1200, milliseconds(11));
  idle.window_underutilized = true;
  reno.on_packets_acked(idle, at(milliseconds(60)));
  EXPECT_FALSE(reno.in_recovery());
}

// [rfc9002 7.3.3#1]
TEST(new_reno, grows_by_one_datagram_a_window_in_congestion_avoidance) {
  new_reno reno({}, datagram);
  pass_into_avoidance(reno);
  for (int i = 0; i < 4; ++i) {
    reno.on_packets_acked(acked(1200, milliseconds(20)), at(milliseconds(60)));
    EXPECT_EQ(reno.window(), 6000u);
  }
  reno.on_packets_acked(acked(1200, milliseconds(20)), at(milliseconds(60)));
  EXPECT_EQ(reno.window(), 7200u);
  reno.on_packets_acked(acked(7199, milliseconds(20)), at(milliseconds(60)));
  EXPECT_EQ(reno.window(), 7200u);
  reno.on_packets_acked(acked(1, milliseconds(20)), at(milliseconds(60)));
  EXPECT_EQ(reno.window(), 8400u);
}

TEST(new_reno, passes_from_slow_start_to_avoidance_within_one_ack) {
  new_reno reno({}, datagram);
  reno.on_congestion_event(loss(milliseconds(0)), at(milliseconds(10)));
  reno.on_persistent_congestion(at(milliseconds(20)));
  ASSERT_EQ(reno.window(), 2400u);
  ASSERT_TRUE(reno.in_slow_start());
  // 3600 bytes lift the window to the threshold of 6000, the other 6000 are one window of avoidance.
  reno.on_packets_acked(acked(9600, milliseconds(30)), at(milliseconds(80)));
  EXPECT_EQ(reno.window(), 7200u);
  EXPECT_FALSE(reno.in_slow_start());
}

TEST(new_reno, falls_to_the_minimum_on_persistent_congestion_and_slow_starts) {
  new_reno reno({}, datagram);
  reno.on_congestion_event(loss(milliseconds(5)), at(milliseconds(100)));
  reno.on_persistent_congestion(at(milliseconds(100)));
  EXPECT_EQ(reno.window(), 2400u);
  EXPECT_FALSE(reno.in_recovery());
  EXPECT_TRUE(reno.in_slow_start());
  // congestion_recovery_start_time is forgotten (appendix B.8), so packets sent before count again.
  reno.on_packets_acked(acked(1200, milliseconds(50)), at(milliseconds(150)));
  EXPECT_EQ(reno.window(), 3600u);
}

TEST(new_reno, never_falls_below_the_minimum) {
  new_reno reno({}, datagram);
  for (int i = 0; i < 100; ++i) {
    reno.on_congestion_event(loss(milliseconds(10 * i)), at(milliseconds(10 * i + 5)));
    EXPECT_GE(reno.window(), 2400u);
  }
  EXPECT_EQ(reno.window(), 2400u);
  EXPECT_EQ(reno.slow_start_threshold(), 1200u) << "half the window, as section 7.3.2 asks";
}

TEST(new_reno, never_exceeds_the_maximum) {
  new_reno reno({.maximum_window = 20000}, datagram);
  for (int i = 0; i < 50; ++i) reno.on_packets_acked(acked(12000, milliseconds(i)), at(milliseconds(i + 50)));
  EXPECT_EQ(reno.window(), 20000u);
  reno.on_congestion_event(loss(milliseconds(60)), at(milliseconds(100)));
  EXPECT_EQ(reno.window(), 10000u);
  for (int i = 0; i < 50; ++i) reno.on_packets_acked(acked(12000, milliseconds(101 + i)), at(milliseconds(200 + i)));
  EXPECT_EQ(reno.window(), 20000u);
}

TEST(new_reno, heeds_another_reduction_factor) {
  new_reno reno({.loss_reduction_factor = 0.75}, datagram);
  reno.on_congestion_event(loss(milliseconds(5)), at(milliseconds(100)));
  EXPECT_EQ(reno.window(), 9000u);
}

TEST(new_reno, recalculates_the_initial_window_for_another_datagram_size) {
  new_reno reno({}, 1472);
  reno.set_max_datagram_size(1200);
  EXPECT_EQ(reno.window(), 12000u);
  reno.set_max_datagram_size(1400);
  EXPECT_EQ(reno.window(), 14000u);
}

TEST(new_reno, keeps_a_learnt_window_when_the_datagram_size_changes) {
  new_reno reno({}, datagram);
  pass_into_avoidance(reno);
  reno.set_max_datagram_size(1400);
  EXPECT_EQ(reno.window(), 6000u);
  reno.set_max_datagram_size(9000);
  EXPECT_EQ(reno.window(), 18000u) << "but never less than two datagrams";
}

}  // namespace
}  // namespace quasio::recovery
