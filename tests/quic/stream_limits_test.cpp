#include "quic/stream_limits.hpp"

#include <gtest/gtest.h>

#include "wire/frame.hpp"

namespace quasio::quic {
namespace {

// [rfc9000 2.1#1 4.6#2 19.11#3]
TEST(outgoing_streams, opens_in_order_up_to_the_limit) {
  outgoing_streams streams;
  EXPECT_EQ(streams.open(), std::nullopt);
  streams.raise(2);
  EXPECT_EQ(streams.left(), 2u);
  EXPECT_EQ(streams.open(), 0u);
  EXPECT_EQ(streams.open(), 1u);
  EXPECT_EQ(streams.open(), std::nullopt);
  streams.close(0);
  EXPECT_EQ(streams.open(), std::nullopt) << "the limit counts closed streams too (RFC 9000, section 19.11)";
}

TEST(outgoing_streams, tells_of_a_raised_limit_only_who_waits_for_it) {
  outgoing_streams streams;
  EXPECT_FALSE(streams.raise(1));
  streams.open();
  streams.open();
  EXPECT_FALSE(streams.raise(1)) << "not raised";
  EXPECT_TRUE(streams.raise(2));
  EXPECT_FALSE(streams.raise(3));
}

TEST(outgoing_streams, says_once_a_limit_that_it_is_blocked) {
  outgoing_streams streams;
  streams.raise(1);
  streams.open();
  EXPECT_FALSE(streams.blocked_frame_due()) << "nobody wanted more";
  streams.open();
  EXPECT_TRUE(streams.blocked_frame_due());
  streams.on_blocked_told();
  streams.open();
  EXPECT_FALSE(streams.blocked_frame_due());
  streams.on_blocked_lost(1);
  EXPECT_TRUE(streams.blocked_frame_due());
  streams.raise(2);
  EXPECT_FALSE(streams.blocked_frame_due());
}

// [rfc9000 3.2#1]
TEST(incoming_streams, opens_all_lower_ones_too) {
  incoming_streams streams(100);
  EXPECT_TRUE(streams.allows(99));
  EXPECT_FALSE(streams.allows(100));
  streams.open_through(50);
  EXPECT_TRUE(streams.ledger().is_opened(0));
  EXPECT_TRUE(streams.ledger().is_opened(50));
  EXPECT_FALSE(streams.ledger().is_opened(51));
  streams.open_through(3);
  EXPECT_TRUE(streams.ledger().is_opened(50));
}

// [rfc9000 4.6#5]
TEST(incoming_streams, raises_the_limit_when_a_quarter_has_ended) {
  incoming_streams streams(100);
  streams.open_through(99);
  for (std::uint64_t index = 0; index < 24; ++index) streams.close(index);
  EXPECT_FALSE(streams.update_due());
  streams.close(24);
  EXPECT_TRUE(streams.update_due());
  EXPECT_FALSE(streams.allows(100));
  EXPECT_EQ(streams.announce(), 125u);
  EXPECT_TRUE(streams.allows(124));
  EXPECT_FALSE(streams.update_due());
}

TEST(incoming_streams, serves_a_limit_of_one) {
  incoming_streams streams(1);
  EXPECT_FALSE(streams.update_due());
  streams.open_through(0);
  streams.close(0);
  EXPECT_TRUE(streams.update_due());
  EXPECT_EQ(streams.announce(), 2u);
}

TEST(incoming_streams, announces_again_only_what_was_announced_last) {
  incoming_streams streams(2);
  streams.open_through(1);
  streams.close(0);
  const auto first = streams.announce();
  streams.close(1);
  const auto second = streams.announce();
  streams.on_announcement_lost(first);
  EXPECT_FALSE(streams.update_due());
  streams.on_announcement_lost(second);
  EXPECT_TRUE(streams.update_due());
  EXPECT_EQ(streams.announce(), second);
}

TEST(incoming_streams, never_allows_more_than_there_are_numbers) {
  incoming_streams streams(~std::uint64_t{0});
  EXPECT_EQ(streams.limit(), wire::max_stream_count);
  streams.open_through(0);
  streams.close(0);
  EXPECT_FALSE(streams.update_due());
}

TEST(stream_ledger, remembers_a_million_closed_streams_in_one_range) {
  stream_ledger ledger;
  for (std::uint64_t index = 0; index < 1'000'000; ++index) {
    ledger.open_through(index);
    ledger.close(index);
  }
  EXPECT_EQ(ledger.ranges(), 1u);
  EXPECT_EQ(ledger.closed(), 1'000'000u);
  EXPECT_TRUE(ledger.is_closed(123'456));
}

TEST(stream_ledger, needs_at_most_one_range_more_than_streams_are_open) {
  stream_ledger ledger;
  ledger.open_through(999);
  for (std::uint64_t index = 0; index < 1000; ++index) {
    if (index % 100 != 50) ledger.close(index);
  }
  EXPECT_EQ(ledger.ranges(), 11u);
}

}  // namespace
}  // namespace quasio::quic
