#include <gtest/gtest.h>

#include "driver/retry.hpp"
#include "quasio/crypto/system_random.hpp"

namespace quasio::http3 {
namespace {

using std::chrono::milliseconds;

class constant_random final : public random_source {
public:
  explicit constant_random(std::uint8_t byte) : byte_(byte) {}
  void fill(byte_span out) override { std::fill(out.begin(), out.end(), byte_); }

private:
  std::uint8_t byte_;
};

TEST(retries, of_what_was_not_processed_begin_at_once_and_slow_down) {
  retry_settings settings;
  settings.max_tries = 6;
  settings.max_backoff = milliseconds(350);
  constant_random random(0);
  retry_count tries(settings);
  EXPECT_EQ(tries.next(request_fate::unprocessed, false, random), milliseconds(0));
  EXPECT_EQ(tries.next(request_fate::unprocessed, false, random), milliseconds(100));
  EXPECT_EQ(tries.next(request_fate::unprocessed, false, random), milliseconds(200));
  EXPECT_EQ(tries.next(request_fate::unprocessed, false, random), milliseconds(350));
  EXPECT_EQ(tries.next(request_fate::unprocessed, false, random), milliseconds(350));
  EXPECT_EQ(tries.next(request_fate::unprocessed, false, random), std::nullopt);
  EXPECT_EQ(tries.tries(), 6u);
}

TEST(retries, are_spread_by_chance_over_the_half_of_the_wait) {
  constant_random latest(0), earliest(0xff);
  const retry_settings settings;
  EXPECT_EQ(retry_count(settings).next(request_fate::lost, true, latest), milliseconds(100));
  const auto least = retry_count(settings).next(request_fate::lost, true, earliest);
  EXPECT_GE(least, milliseconds(50));
  EXPECT_LE(least, milliseconds(51));
}

TEST(retries, after_a_lost_connection_are_for_what_may_come_twice) {
  crypto::system_random random;
  const retry_settings settings;
  EXPECT_TRUE(retry_count(settings).next(request_fate::lost, true, random));
  EXPECT_FALSE(retry_count(settings).next(request_fate::lost, false, random));
  retry_settings never = settings;
  never.lost_connections = false;
  EXPECT_FALSE(retry_count(never).next(request_fate::lost, true, random));
}

TEST(retries, without_a_connection_are_for_those_who_want_them) {
  crypto::system_random random;
  retry_settings settings;
  EXPECT_FALSE(retry_count(settings).next(request_fate::unconnected, true, random));
  settings.failed_connects = true;
  EXPECT_TRUE(retry_count(settings).next(request_fate::unconnected, false, random));
  EXPECT_FALSE(retry_count(settings).next(request_fate::failed, true, random));
  settings.max_tries = 1;
  EXPECT_FALSE(retry_count(settings).next(request_fate::unprocessed, true, random));
}

TEST(retries, know_the_idempotent_methods) {
  for (const char* method : {"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"}) EXPECT_TRUE(is_idempotent(method));
  for (const char* method : {"POST", "PATCH", "CONNECT", "get", ""}) EXPECT_FALSE(is_idempotent(method));
}

}  // namespace
}  // namespace quasio::http3
