#include "recovery/pacer.hpp"

#include <gtest/gtest.h>

#include <random>

#include "recovery/moment.hpp"
#include "recovery/new_reno.hpp"

namespace quasio::recovery {
namespace {

constexpr std::uint64_t datagram = 1200;

pacer paced_at(std::uint64_t bytes_per_second, const pacer_settings& settings = {}) {
  pacer paced(settings, datagram, at({}));
  paced.set_rate(bytes_per_second, at({}));
  return paced;
}

void empty_at(pacer& paced, time_point now) { paced.on_sent(now, paced.budget(now)); }

TEST(pacing_rate, is_twice_the_window_a_round_trip_in_slow_start) {
  const new_reno reno({}, datagram);
  EXPECT_EQ(pacing_rate(reno, milliseconds(100)), 240'000u);
}

TEST(pacing_rate, is_five_quarters_of_the_window_a_round_trip_after) {
  new_reno reno({}, datagram);
  reno.on_congestion_event({.newest_time_sent = at({})}, at(milliseconds(1)));
  EXPECT_EQ(pacing_rate(reno, milliseconds(100)), 75'000u);
}

TEST(pacing_rate, does_not_overflow) {
  new_reno reno({.initial_window_packets = 1'000'000, .initial_window_limit = std::uint64_t{1} << 40}, 65527);
  EXPECT_GT(pacing_rate(reno, nanoseconds(1)), std::uint64_t{1} << 40);
  EXPECT_GT(pacing_rate(reno, duration::zero()), 0u);
}

TEST(pacer, lets_a_first_burst_of_ten_packets_go) {
  pacer paced = paced_at(120'000);
  EXPECT_EQ(paced.budget(at({})), 12'000u);
  EXPECT_EQ(paced.release_time(at({}), 12'000), std::nullopt);
  empty_at(paced, at({}));
  EXPECT_EQ(paced.budget(at({})), 0u);
}

TEST(pacer, spaces_packets_by_the_interval_of_the_rate) {
  pacer paced = paced_at(120'000);
  empty_at(paced, at({}));
  EXPECT_EQ(paced.release_time(at({}), datagram), at(milliseconds(10)));
  EXPECT_EQ(paced.release_time(at(milliseconds(4)), datagram), at(milliseconds(10)));
  EXPECT_EQ(paced.budget(at(milliseconds(5))), 600u);
  EXPECT_EQ(paced.release_time(at(milliseconds(10)), datagram), std::nullopt);
}

// [rfc9002 7.7#1]
TEST(pacer, gathers_no_more_than_a_burst_during_a_pause) {
  pacer paced = paced_at(120'000);
  empty_at(paced, at({}));
  EXPECT_EQ(paced.budget(at(std::chrono::hours(500))), 12'000u);
}

TEST(pacer, allows_larger_bursts_where_the_rate_does) {
  const pacer paced = paced_at(125'000'000);
  EXPECT_EQ(paced.budget(at(seconds(1))), 312'500u) << "two and a half milliseconds of 1 Gbit/s";
  EXPECT_EQ(paced.quantum(), 64'800u) << "whole datagrams of one batch";
}

TEST(pacer, waits_for_single_packets_at_low_rates) { EXPECT_EQ(paced_at(120'000).quantum(), datagram); }

TEST(pacer, takes_the_quantum_of_a_controller_that_has_one) {
  pacer paced = paced_at(10'000'000);
  EXPECT_EQ(paced.quantum(), 9'600u);
  paced.set_quantum(2500);
  EXPECT_EQ(paced.quantum(), 2'400u) << "whole datagrams";
  paced.set_quantum(1);
  EXPECT_EQ(paced.quantum(), datagram);
  paced.set_quantum(congestion_controller::infinite);
  EXPECT_EQ(paced.quantum(), 64'800u);
  paced.set_quantum(std::nullopt);
  EXPECT_EQ(paced.quantum(), 9'600u);
}

TEST(pacer, is_full_until_something_leaves_and_again_after_a_pause) {
  pacer paced = paced_at(120'000);
  EXPECT_TRUE(paced.is_full(at({})));
  paced.on_sent(at({}), datagram);
  EXPECT_FALSE(paced.is_full(at({})));
  EXPECT_FALSE(paced.is_full(at(milliseconds(9))));
  EXPECT_TRUE(paced.is_full(at(milliseconds(10))));
}

TEST(pacer, waits_only_for_a_burst_when_more_is_asked_for) {
  pacer paced = paced_at(120'000);
  EXPECT_EQ(paced.release_time(at({}), 1'000'000), std::nullopt);
  empty_at(paced, at({}));
  EXPECT_EQ(paced.release_time(at({}), 1'000'000), at(milliseconds(100)));
}

TEST(pacer, makes_up_for_probes_that_went_unasked) {
  pacer paced = paced_at(120'000);
  empty_at(paced, at({}));
  paced.on_sent(at({}), 2 * datagram);
  EXPECT_EQ(paced.budget(at(milliseconds(10))), 0u);
  EXPECT_EQ(paced.release_time(at({}), datagram), at(milliseconds(30)));
  paced.on_sent(at({}), 1'000'000);
  EXPECT_EQ(paced.release_time(at({}), datagram), at(milliseconds(110))) << "at most one burst is owed";
}

TEST(pacer, keeps_what_was_gathered_when_the_rate_changes) {
  pacer paced = paced_at(120'000);
  empty_at(paced, at({}));
  paced.set_rate(240'000, at(milliseconds(5)));
  EXPECT_EQ(paced.budget(at(milliseconds(5))), 600u);
  EXPECT_EQ(paced.budget(at(milliseconds(10))), 1800u);
}

TEST(pacer, shrinks_its_bucket_with_the_rate) {
  pacer paced = paced_at(125'000'000);
  paced.set_rate(120'000, at({}));
  EXPECT_EQ(paced.budget(at({})), 12'000u);
}

TEST(pacer, grows_its_burst_with_the_datagram) {
  pacer paced = paced_at(120'000);
  paced.set_max_datagram_size(1400, at({}));
  EXPECT_EQ(paced.budget(at(seconds(10))), 14'000u);
}

TEST(pacer, obeys_a_ceiling) { EXPECT_EQ(paced_at(1'000'000, {.maximum_rate = 50'000}).rate(), 50'000u); }

TEST(pacer, bears_extreme_rates_and_times) {
  for (const std::uint64_t rate : {std::uint64_t{0}, std::uint64_t{1}, congestion_controller::infinite}) {
    pacer paced = paced_at(rate, {.burst_packets = 0xffffffff, .burst_duration = std::chrono::hours(24)});
    empty_at(paced, at({}));
    const auto release = paced.release_time(at({}), congestion_controller::infinite);
    ASSERT_TRUE(release);
    EXPECT_GT(*release, at({}));
    EXPECT_EQ(paced.release_time(*release, congestion_controller::infinite), std::nullopt);
    paced.on_sent(at({}), congestion_controller::infinite);
    EXPECT_GT(paced.budget(at(std::chrono::hours(100'000))), 0u);
    EXPECT_EQ(paced.budget(at({})), 0u);
  }
}

TEST(pacer, ignores_a_clock_that_steps_back) {
  pacer paced = paced_at(120'000);
  empty_at(paced, at(seconds(1)));
  EXPECT_EQ(paced.budget(at({})), 0u);
  paced.on_sent(at({}), 0);
  EXPECT_EQ(paced.budget(at(seconds(1))), 0u) << "no time is counted twice";
}

/// The timer that a simulated sender sleeps on.
struct timer_kind {
  const char* name;
  duration tick;      ///< Deadlines are rounded up to a multiple of it.
  duration lateness;  ///< And may be missed by up to this much.
};

struct rate_case {
  std::uint64_t bits_per_second;
  timer_kind timer;
};

class paced_sender : public testing::TestWithParam<rate_case> {};

time_point woken(time_point deadline, const timer_kind& timer, std::mt19937_64& random) {
  const auto since = deadline.time_since_epoch().count();
  const auto tick = timer.tick.count();
  const auto late = std::uniform_int_distribution<std::int64_t>(0, timer.lateness.count())(random);
  return time_point(duration((since + tick - 1) / tick * tick + late));
}

TEST_P(paced_sender, reaches_its_rate_within_two_percent) {
  const std::uint64_t rate = GetParam().bits_per_second / 8;
  pacer paced = paced_at(rate);
  std::mt19937_64 random(GetParam().bits_per_second);
  empty_at(paced, at({}));
  const duration span = seconds(5);
  std::uint64_t sent = 0;
  std::uint64_t wakeups = 0;
  for (time_point now = at({}); now < at(span); ++wakeups) {
    const std::uint64_t batch = paced.budget(now) / datagram * datagram;
    paced.on_sent(now, batch);
    sent += batch;
    const auto release = paced.release_time(now, paced.quantum());
    ASSERT_TRUE(release);
    ASSERT_GT(*release, now);
    now = woken(*release, GetParam().timer, random);
  }
  const double expected = 5.0 * static_cast<double>(rate);
  EXPECT_NEAR(static_cast<double>(sent), expected, expected * 0.02);
  EXPECT_LT(wakeups, std::max<std::uint64_t>(5'300, sent / 60'000)) << "about one wakeup a millisecond, or one a batch";
}

constexpr timer_kind exact{"exact", nanoseconds(1), nanoseconds(0)};
constexpr timer_kind coarse{"coarse", milliseconds(1), nanoseconds(0)};
constexpr timer_kind late{"late", milliseconds(1), microseconds(400)};

std::vector<rate_case> rate_cases() {
  std::vector<rate_case> cases;
  for (const std::uint64_t rate : {300'000ull, 10'000'000ull, 100'000'000ull, 1'000'000'000ull, 10'000'000'000ull})
    for (const timer_kind& timer : {exact, coarse, late}) cases.push_back({rate, timer});
  return cases;
}

INSTANTIATE_TEST_SUITE_P(rates, paced_sender, testing::ValuesIn(rate_cases()), [](const auto& test) {
  return std::to_string(test.param.bits_per_second) + "_" + test.param.timer.name;
});

}  // namespace
}  // namespace quasio::recovery
