#include "quic/keep_alive.hpp"

#include <gtest/gtest.h>

namespace quasio::quic {
namespace {

using namespace std::chrono_literals;

constexpr time_point start{1000s};

settings every(std::chrono::milliseconds interval, keep_alive_scope scope = keep_alive_scope::open_streams) {
  settings own;
  own.keep_alive_interval = interval;
  own.keep_alive_scope = scope;
  return own;
}

TEST(a_keep_alive, is_off_by_default) {
  const keep_alive alive({}, start);
  EXPECT_FALSE(alive.deadline({.has_streams = true, .idle_timeout = 30s}));
}

TEST(a_keep_alive, counts_from_what_was_sent_last) {
  keep_alive alive(every(10s, keep_alive_scope::always), start);
  EXPECT_EQ(alive.deadline({}), start + 10s);
  alive.on_ack_eliciting_sent(start + 3s);
  EXPECT_EQ(alive.deadline({}), start + 13s);
  EXPECT_FALSE(alive.on_timeout(start + 12s, {}));
  EXPECT_FALSE(alive.is_due());
  EXPECT_TRUE(alive.on_timeout(start + 13s, {}));
  EXPECT_TRUE(alive.is_due());
  EXPECT_FALSE(alive.deadline({})) << "what is due has no deadline any more";
  alive.on_ack_eliciting_sent(start + 14s);
  EXPECT_FALSE(alive.is_due());
  EXPECT_EQ(alive.deadline({}), start + 24s);
}

TEST(a_keep_alive, lets_go_without_streams_unless_it_is_always_wanted) {
  keep_alive alive(every(10s), start);
  EXPECT_FALSE(alive.deadline({}));
  EXPECT_TRUE(alive.deadline({.has_streams = true}));
  alive.set(5s, keep_alive_scope::always);
  EXPECT_EQ(alive.deadline({}), start + 5s);
  alive.set(0s, keep_alive_scope::always);
  EXPECT_FALSE(alive.deadline({.has_streams = true}));
}

TEST(a_keep_alive, comes_before_the_idle_timeout) {
  const keep_alive alive(every(60s, keep_alive_scope::always), start);
  EXPECT_EQ(alive.deadline({.idle_timeout = 30s}), start + 15s);
}

TEST(a_keep_alive, waits_for_an_answer_that_is_due_anyway) {
  const keep_alive alive(every(1s, keep_alive_scope::always), start);
  EXPECT_FALSE(alive.deadline({.awaits_acknowledgment = true}));
}

TEST(a_keep_alive, speaks_for_who_is_blocked_without_being_asked) {
  settings own;
  own.blocked_repeat_interval = 4s;
  const keep_alive alive(own, start);
  EXPECT_EQ(alive.deadline({.is_blocked = true}), start + 4s);
  EXPECT_EQ(alive.deadline({.is_blocked = true, .idle_timeout = 2s}), start + 1s);
  EXPECT_FALSE(alive.deadline({.is_blocked = true, .awaits_acknowledgment = true}));
  own.blocked_repeat_interval = 0s;
  EXPECT_FALSE(keep_alive(own, start).deadline({.is_blocked = true}));
}

}  // namespace
}  // namespace quasio::quic
