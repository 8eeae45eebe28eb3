#include <atomic>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "quasio/crypto/replay_guard.hpp"
#include "quasio/crypto/system_random.hpp"

namespace {

using namespace quasio;
using namespace quasio::crypto;
using namespace std::chrono_literals;

constexpr time_point start{1000s};

std::array<std::uint8_t, 32> hello(std::uint32_t number) {
  std::array<std::uint8_t, 32> random{};
  for (std::size_t i = 0; i < 4; ++i) random[31 - i] = static_cast<std::uint8_t>(number >> (8 * i));
  return random;
}

struct striking : testing::Test {
  system_random random;
};

// [rfc9001 9.2#1]
TEST_F(striking, takes_each_hello_once) {
  strike_register guard({}, random);
  for (std::uint32_t i = 0; i < 1000; ++i) EXPECT_TRUE(guard.is_first(hello(i), start));
  for (std::uint32_t i = 0; i < 1000; ++i) EXPECT_FALSE(guard.is_first(hello(i), start + 1s));
}

TEST_F(striking, remembers_for_as_long_as_a_hello_is_fresh) {
  strike_register guard({.window = 12s}, random);
  time_point now = start;
  for (std::uint32_t i = 0; i < 200; ++i, now += 700ms) {
    ASSERT_TRUE(guard.is_first(hello(i), now));
    // Whatever window it fell into, every copy that is still fresh is known.
    for (std::uint32_t earlier = i < 15 ? 0 : i - 15; earlier <= i; ++earlier) {
      ASSERT_FALSE(guard.is_first(hello(earlier), now)) << i << " " << earlier;
    }
  }
}

TEST_F(striking, never_looks_back_for_less_than_freshness_lasts) {
  strike_register guard({.window = 0s}, random);
  ASSERT_TRUE(guard.is_first(hello(1), start));
  EXPECT_FALSE(guard.is_first(hello(1), start + max_hello_freshness));
}

TEST_F(striking, forgets_after_two_windows) {
  strike_register guard({.window = 12s}, random);
  ASSERT_TRUE(guard.is_first(hello(1), start));
  EXPECT_TRUE(guard.is_first(hello(1), start + 24s));
}

TEST_F(striking, refuses_when_it_is_full_and_recovers) {
  strike_register guard({.window = 12s, .capacity = 100}, random);
  for (std::uint32_t i = 0; i < 100; ++i) EXPECT_TRUE(guard.is_first(hello(i), start));
  for (std::uint32_t i = 100; i < 1000; ++i) EXPECT_FALSE(guard.is_first(hello(i), start + 1s));
  for (std::uint32_t i = 0; i < 100; ++i) EXPECT_FALSE(guard.is_first(hello(i), start + 12s)) << "known still";
  EXPECT_TRUE(guard.is_first(hello(500), start + 12s)) << "it was refused, so it may come again";
}

TEST_F(striking, trusts_nothing_after_a_start_where_that_is_asked_for) {
  strike_register guard({.window = 12s, .distrust_start = true}, random);
  EXPECT_FALSE(guard.is_first(hello(1), start));
  EXPECT_FALSE(guard.is_first(hello(2), start + 11s));
  EXPECT_TRUE(guard.is_first(hello(3), start + 12s));
  EXPECT_FALSE(guard.is_first(hello(2), start + 12s));
}

TEST_F(striking, lets_one_of_many_threads_win) {
  strike_register guard({}, random);
  std::atomic<int> wins = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (std::uint32_t each = 0; each < 500; ++each) wins += guard.is_first(hello(each), start) ? 1 : 0;
    });
  }
  for (std::thread& each : threads) each.join();
  EXPECT_EQ(wins, 500);
}

}  // namespace
