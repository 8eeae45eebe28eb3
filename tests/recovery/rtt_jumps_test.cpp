#include "recovery/rtt_jumps.hpp"

#include <gtest/gtest.h>

namespace quasio::recovery {
namespace {

using namespace std::chrono_literals;

std::uint64_t take(rtt_jumps& jumps, duration rtt, unsigned times = rtt_jumps::persistent) {
  for (unsigned i = 0; i < times; ++i) jumps.on_sample(rtt);
  return jumps.count();
}

TEST(rtt_jumps, are_counted_when_they_last) {
  rtt_jumps jumps;
  EXPECT_EQ(take(jumps, 20ms), 0u);
  EXPECT_EQ(take(jumps, 50ms, rtt_jumps::persistent - 1), 0u);
  EXPECT_EQ(take(jumps, 50ms, 1), 1u);
  EXPECT_EQ(take(jumps, 50ms, 100), 1u) << "that is how long the path is now";
  EXPECT_EQ(take(jumps, 101ms), 2u);
}

TEST(rtt_jumps, are_no_single_late_packets) {
  rtt_jumps jumps;
  for (int i = 0; i < 100; ++i) {
    take(jumps, 20ms, 1);
    take(jumps, 500ms, rtt_jumps::persistent - 1);
  }
  EXPECT_EQ(jumps.count(), 0u);
  EXPECT_EQ(take(jumps, 40ms, 1000), 0u) << "not more than the double";
}

TEST(rtt_jumps, are_measured_from_the_least_there_was) {
  rtt_jumps jumps;
  take(jumps, 20ms);
  EXPECT_EQ(take(jumps, 60ms), 1u);
  take(jumps, 10ms);
  EXPECT_EQ(take(jumps, 60ms), 2u);
}

TEST(rtt_jumps, are_nothing_where_round_trips_are_tiny) {
  rtt_jumps jumps;
  take(jumps, 30us);
  EXPECT_EQ(take(jumps, 1900us, 1000), 0u);
}

}  // namespace
}  // namespace quasio::recovery
