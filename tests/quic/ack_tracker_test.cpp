// When and what to acknowledge (RFC 9000, section 13.2).

#include "quic/ack_tracker.hpp"

#include <gtest/gtest.h>

namespace quasio::quic {
namespace {

using namespace std::chrono_literals;

constexpr time_point start{1000s};
constexpr auto plain = ecn_codepoint::not_ect;

ack_tracker application() { return {64, 25ms}; }

TEST(ack_tracker, waits_with_the_first_and_hurries_with_the_second) {
  ack_tracker acks = application();
  acks.on_received(0, true, plain, start);
  EXPECT_FALSE(acks.is_due(start));
  EXPECT_TRUE(acks.has_unacknowledged());
  EXPECT_EQ(acks.deadline(), start + 25ms);
  EXPECT_TRUE(acks.is_due(start + 25ms));
  acks.on_received(1, true, plain, start + 1ms);
  EXPECT_TRUE(acks.is_due(start + 1ms));
  EXPECT_FALSE(acks.deadline());
  acks.on_ack_sent();
  EXPECT_FALSE(acks.is_due(start + 1s));
  EXPECT_FALSE(acks.has_unacknowledged());
}

// [rfc9000 13.2.1#1]
TEST(ack_tracker, counts_the_delay_from_the_first_packet_that_waits) {
  ack_tracker acks = application();
  acks.on_received(0, true, plain, start);
  acks.on_received(1, false, plain, start + 10ms);
  EXPECT_EQ(acks.deadline(), start + 25ms);
}

// [rfc9000 13.2.1#4]
TEST(ack_tracker, never_hurries_for_what_elicits_nothing) {
  ack_tracker acks = application();
  for (std::uint64_t number = 0; number < 10; ++number) acks.on_received(2 * number, false, ecn_codepoint::ce, start);
  EXPECT_FALSE(acks.is_due(start + 1s));
  EXPECT_FALSE(acks.deadline());
  EXPECT_FALSE(acks.has_unacknowledged());
}

TEST(ack_tracker, tells_of_a_gap_at_once) {
  ack_tracker acks = application();
  acks.on_received(0, true, plain, start);
  acks.on_ack_sent();
  acks.on_received(2, true, plain, start);
  EXPECT_TRUE(acks.is_due(start));
  acks.on_ack_sent();
  acks.on_received(1, true, plain, start);
  EXPECT_TRUE(acks.is_due(start)) << "what fills a gap is news too";
}

TEST(ack_tracker, tells_of_congestion_at_once) {
  ack_tracker acks = application();
  acks.on_received(0, true, ecn_codepoint::ce, start);
  EXPECT_TRUE(acks.is_due(start));
}

// [rfc9000 13.2.1#2]
TEST(ack_tracker, of_the_handshake_never_waits) {
  ack_tracker acks(64, 0ms);
  acks.on_received(0, true, plain, start);
  EXPECT_TRUE(acks.is_due(start));
  EXPECT_FALSE(acks.deadline());
}

// [rfc9000 12.3#4]
TEST(ack_tracker, knows_duplicates) {
  ack_tracker acks = application();
  EXPECT_FALSE(acks.is_duplicate(0));
  acks.on_received(5, true, plain, start);
  EXPECT_TRUE(acks.is_duplicate(5));
  EXPECT_FALSE(acks.is_duplicate(4));
  EXPECT_FALSE(acks.is_duplicate(6));
}

// [rfc9000 13.2.3#1]
TEST(ack_tracker, forgets_the_oldest_ranges_and_takes_nothing_from_below_them) {
  ack_tracker acks(3, 25ms);
  for (const std::uint64_t number : {10u, 20u, 30u, 40u}) acks.on_received(number, true, plain, start);
  EXPECT_EQ(acks.received().size(), 3u);
  EXPECT_EQ(acks.received().lowest().begin, 20u);
  EXPECT_TRUE(acks.is_duplicate(10));
  EXPECT_TRUE(acks.is_duplicate(3)) << "nobody knows any more";
  EXPECT_FALSE(acks.is_duplicate(15));
  acks.on_received(1000, true, plain, start);
  EXPECT_EQ(acks.received().size(), 3u);
  EXPECT_EQ(acks.largest(), 1000u);
}

TEST(ack_tracker, with_a_range_below_all_others_stays_bounded) {
  ack_tracker acks(2, 25ms);
  for (const std::uint64_t number : {100u, 90u, 80u, 70u}) {
    if (!acks.is_duplicate(number)) acks.on_received(number, true, plain, start);
    EXPECT_LE(acks.received().size(), 2u);
  }
  EXPECT_EQ(acks.largest(), 100u);
}

// [rfc9000 13.2.3#2]
TEST(ack_tracker, stops_telling_what_the_peer_knows_that_we_know) {
  ack_tracker acks = application();
  for (std::uint64_t number = 0; number < 10; ++number) acks.on_received(number, true, plain, start);
  acks.on_ack_delivered(4);
  EXPECT_EQ(acks.received().lowest().begin, 5u);
  EXPECT_TRUE(acks.is_duplicate(2));
  acks.on_ack_delivered(9);
  EXPECT_FALSE(acks.empty());
  EXPECT_EQ(acks.largest(), 9u);
  acks.on_ack_delivered(3);
  EXPECT_EQ(acks.largest(), 9u);
}

TEST(ack_tracker, counts_ecn) {
  ack_tracker acks = application();
  EXPECT_FALSE(acks.has_ecn());
  acks.on_received(0, true, ecn_codepoint::ect0, start);
  acks.on_received(1, true, ecn_codepoint::ect0, start);
  acks.on_received(2, false, ecn_codepoint::ce, start);
  acks.on_received(3, true, ecn_codepoint::ect1, start);
  EXPECT_TRUE(acks.has_ecn());
  EXPECT_EQ(acks.ect0(), 2u);
  EXPECT_EQ(acks.ect1(), 1u);
  EXPECT_EQ(acks.ce(), 1u);
}

// [rfc9000 13.2.5#1]
TEST(ack_tracker, measures_the_delay_of_the_largest) {
  ack_tracker acks = application();
  acks.on_received(5, true, plain, start);
  acks.on_received(3, true, plain, start + 10ms);
  EXPECT_EQ(acks.delay(start + 15ms), 15ms);
  acks.on_received(6, true, plain, start + 20ms);
  EXPECT_EQ(acks.delay(start + 20ms), 0ms);
}

TEST(ack_tracker, has_no_deadline_that_has_passed) {
  ack_tracker acks = application();
  acks.on_received(0, true, plain, start);
  acks.on_timeout(start + 24ms);
  EXPECT_EQ(acks.deadline(), start + 25ms);
  acks.on_timeout(start + 25ms);
  EXPECT_FALSE(acks.deadline()) << "it would make its owner spin while nothing may be sent";
  EXPECT_TRUE(acks.is_due(start + 25ms));
}

}  // namespace
}  // namespace quasio::quic
