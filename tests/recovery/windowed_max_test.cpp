#include "recovery/windowed_max.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <random>

#include "recovery/bbr_bandwidth.hpp"

namespace quasio::recovery {
namespace {

TEST(windowed_max, begins_with_the_first_sample_and_follows_larger_ones) {
  windowed_max filter;
  EXPECT_EQ(filter.get(), 0u);
  EXPECT_EQ(filter.update(5, 0, 10), 5u);
  EXPECT_EQ(filter.update(9, 1, 10), 9u);
  EXPECT_EQ(filter.update(7, 2, 10), 9u);
}

TEST(windowed_max, forgets_what_is_older_than_the_window) {
  windowed_max filter;
  filter.update(9, 0, 10);
  filter.update(7, 4, 10);
  filter.update(5, 8, 10);
  EXPECT_EQ(filter.update(1, 10, 10), 7u);
  EXPECT_EQ(filter.update(1, 14, 10), 5u);
  EXPECT_EQ(filter.update(1, 40, 10), 1u);
}

TEST(windowed_max, remembers_one_round_when_the_window_is_one_long) {
  windowed_max filter;
  filter.update(9, 0, 1);
  EXPECT_EQ(filter.update(3, 1, 1), 3u);
}

TEST(windowed_max, is_never_above_the_true_maximum_nor_below_that_of_the_newest_quarter) {
  std::mt19937_64 random(3);
  windowed_max filter;
  std::deque<std::uint64_t> window;
  constexpr std::uint64_t length = 20;
  for (std::uint64_t now = 0; now < 5000; ++now) {
    window.push_back(random() % 1000);
    if (window.size() > length) window.pop_front();
    const std::uint64_t got = filter.update(window.back(), now, length);
    ASSERT_LE(got, *std::ranges::max_element(window));
    const auto quarter = window.end() - static_cast<std::ptrdiff_t>(std::min<std::size_t>(window.size(), length / 4));
    ASSERT_GE(got, *std::max_element(quarter, window.end()));
  }
}

TEST(bbr_max_bandwidth, remembers_two_cycles) {
  bbr_max_bandwidth filter;
  filter.on_sample(100, false);
  filter.advance();
  filter.on_sample(60, false);
  EXPECT_EQ(filter.get(), 100u);
  filter.advance();
  EXPECT_EQ(filter.get(), 60u);
}

TEST(bbr_max_bandwidth, takes_application_limited_samples_only_when_they_are_larger) {
  bbr_max_bandwidth filter;
  filter.on_sample(100, false);
  filter.advance();
  filter.on_sample(90, true);
  EXPECT_EQ(filter.get(), 100u);
  filter.on_sample(120, true);
  EXPECT_EQ(filter.get(), 120u);
}

TEST(bbr_max_bandwidth, keeps_what_it_knows_through_cycles_without_samples) {
  bbr_max_bandwidth filter;
  filter.on_sample(100, false);
  for (int i = 0; i < 5; ++i) filter.advance();
  EXPECT_EQ(filter.get(), 100u);
}

}  // namespace
}  // namespace quasio::recovery
