// How many packets one acknowledgment stands for: by itself, and as the peer wishes (draft-ietf-quic-ack-frequency).

#include "quic/ack_policy.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "quic/ack_tracker.hpp"

namespace quasio::quic {
namespace {

using namespace std::chrono_literals;

constexpr duration max_delay = 25ms;
constexpr auto no_mark = ecn_codepoint::not_ect;
constexpr auto mark = ecn_codepoint::ce;

time_point at(duration time) { return time_point(std::chrono::seconds(1000)) + time; }

/// Packets that come at an even rate over some round trips.
void receive_rounds(ack_policy& policy, int rounds, int packets_per_round, duration round_trip, duration& time) {
  for (int i = 0; i < rounds * packets_per_round; ++i) {
    policy.on_packet(at(time), round_trip);
    time += round_trip / packets_per_round;
  }
}

TEST(ack_policy, follows_the_rate_of_packets) {
  ack_policy policy(max_delay, {});
  duration time{};
  EXPECT_EQ(policy.threshold(), 2u);
  receive_rounds(policy, 4, 20, 40ms, time);
  EXPECT_EQ(policy.threshold(), 2u) << "few packets are acknowledged as ever";
  EXPECT_EQ(policy.delay(), max_delay);
  receive_rounds(policy, 4, 160, 40ms, time);
  EXPECT_EQ(policy.threshold(), 10u) << "16 acknowledgments a round trip";
  EXPECT_EQ(policy.delay(), 10ms) << "a quarter of the round trip";
  receive_rounds(policy, 4, 5000, 40ms, time);
  EXPECT_EQ(policy.threshold(), 32u) << "the largest burst";
  receive_rounds(policy, 4, 20, 40ms, time);
  EXPECT_EQ(policy.threshold(), 2u);
}

TEST(ack_policy, forgets_after_a_silence) {
  ack_policy policy(max_delay, {});
  duration time{};
  receive_rounds(policy, 4, 500, 40ms, time);
  ASSERT_GT(policy.threshold(), 2u);
  policy.on_packet(at(time + 200ms), 40ms);
  EXPECT_EQ(policy.threshold(), 2u);
}

TEST(ack_policy, knows_nothing_without_a_round_trip) {
  ack_policy policy(max_delay, {});
  for (int i = 0; i < 1000; ++i) policy.on_packet(at(std::chrono::microseconds(i)), {});
  EXPECT_EQ(policy.threshold(), 2u);
}

TEST(ack_policy, waits_a_millisecond_at_least_and_the_declared_delay_at_most) {
  ack_policy policy(max_delay, {});
  duration time{};
  receive_rounds(policy, 4, 320, 100us, time);
  EXPECT_EQ(policy.delay(), 1ms);
  time += 1s;
  receive_rounds(policy, 4, 320, 400ms, time);
  EXPECT_EQ(policy.delay(), max_delay);
}

TEST(ack_policy, is_attentive_for_a_while_after_disorder) {
  ack_policy policy(max_delay, {});
  duration time{};
  receive_rounds(policy, 4, 480, 40ms, time);
  ASSERT_EQ(policy.threshold(), 30u);
  policy.on_disorder();
  for (int i = 0; i < 8; ++i) {
    EXPECT_EQ(policy.threshold(), 2u) << i;
    policy.on_packet(at(time), 40ms);
  }
  EXPECT_EQ(policy.threshold(), 30u);
}

TEST(ack_policy, can_be_told_not_to_adapt) {
  ack_policy policy(max_delay, {.adaptive = false});
  duration time{};
  receive_rounds(policy, 4, 500, 40ms, time);
  EXPECT_EQ(policy.threshold(), 2u);
}

TEST(ack_policy, keeps_its_own_limits) {
  ack_policy policy(max_delay, {.per_round_trip = 4, .max_packets = 100});
  duration time{};
  receive_rounds(policy, 4, 200, 40ms, time);
  EXPECT_EQ(policy.threshold(), 50u);
  receive_rounds(policy, 4, 2000, 40ms, time);
  EXPECT_EQ(policy.threshold(), 100u);
  ack_policy odd(max_delay, {.per_round_trip = 0, .max_packets = 0});
  receive_rounds(odd, 4, 200, 40ms, time);
  EXPECT_EQ(odd.threshold(), 2u);
}

TEST(ack_policy, obeys_the_peer_whatever_the_rate) {
  ack_policy policy(max_delay, {});
  duration time{};
  policy.obey({.ack_eliciting_threshold = 9, .max_ack_delay = 4ms, .reordering_threshold = 5});
  receive_rounds(policy, 4, 2000, 40ms, time);
  EXPECT_EQ(policy.threshold(), 10u);
  EXPECT_EQ(policy.delay(), 4ms);
  EXPECT_EQ(policy.reordering_threshold(), 5u);
  policy.obey({.ack_eliciting_threshold = 0, .max_ack_delay = 4ms, .reordering_threshold = 0});
  EXPECT_EQ(policy.threshold(), 1u);
}

// --- The draft's examples (section 6.2.1) ---

/// Whether each packet, received in this order, calls for an acknowledgment at once; sent at once where it does.
std::vector<bool> acknowledged(std::uint64_t reordering_threshold, const std::vector<std::uint64_t>& packets) {
  ack_tracker acks(64, max_delay);
  acks.obey({.ack_eliciting_threshold = 1000, .max_ack_delay = 1s, .reordering_threshold = reordering_threshold});
  std::vector<bool> due;
  for (const std::uint64_t packet : packets) {
    acks.on_received(packet, true, no_mark, at(0ms));
    due.push_back(acks.is_due(at(0ms)));
    if (due.back()) acks.on_ack_sent();
  }
  return due;
}

TEST(ack_reordering, by_three_is_as_in_the_draft) {
  EXPECT_EQ(acknowledged(3, {0, 1, 3, 4, 5, 8, 9, 10}),
            (std::vector<bool>{false, false, false, false, true, false, true, true}));
}

TEST(ack_reordering, by_five_is_as_in_the_draft) {
  EXPECT_EQ(acknowledged(5, {0, 1, 3, 5, 6, 7, 8, 9}),
            (std::vector<bool>{false, false, false, false, false, true, false, true}));
}

TEST(ack_reordering, of_a_packet_that_was_called_lost_is_told_at_once) {
  EXPECT_EQ(acknowledged(3, {0, 1, 3, 4, 5, 2}), (std::vector<bool>{false, false, false, false, true, true}));
}

TEST(ack_reordering, within_the_threshold_waits) {
  EXPECT_EQ(acknowledged(3, {0, 2, 1, 3, 4}), (std::vector<bool>{false, false, false, false, false}));
}

TEST(ack_reordering, of_one_is_told_at_once_and_of_zero_never) {
  EXPECT_EQ(acknowledged(1, {0, 2, 1, 3}), (std::vector<bool>{false, true, true, false}));
  EXPECT_EQ(acknowledged(0, {0, 20, 1, 3}), (std::vector<bool>{false, false, false, false}));
}

// --- Other causes ---

TEST(ack_request, with_a_large_threshold_still_tells_every_range_once) {
  ack_tracker acks(8, max_delay);
  acks.obey({.ack_eliciting_threshold = 1000, .max_ack_delay = 1s, .reordering_threshold = 0});
  std::uint64_t told = 0;
  for (std::uint64_t packet = 0; packet < 200; packet += 2) {
    acks.on_received(packet, true, no_mark, at(0ms));
    if (!acks.is_due(at(0ms))) continue;
    EXPECT_LE(acks.received().size(), 8u);
    for (const number_range& range : acks.received()) told = std::max(told, range.end);
    acks.on_ack_sent();
  }
  EXPECT_GE(told, 195u);
}

TEST(ack_request, makes_only_the_first_of_several_marks_news) {
  ack_tracker acks(64, max_delay);
  acks.obey({.ack_eliciting_threshold = 9, .max_ack_delay = 1s, .reordering_threshold = 1});
  auto due = [&, next = std::uint64_t{0}](ecn_codepoint ecn) mutable {
    acks.on_received(next++, true, ecn, at(0ms));
    const bool is_due = acks.is_due(at(0ms));
    if (is_due) acks.on_ack_sent();
    return is_due;
  };
  EXPECT_FALSE(due(no_mark));
  EXPECT_TRUE(due(mark));
  EXPECT_FALSE(due(mark));
  EXPECT_FALSE(due(no_mark));
  EXPECT_TRUE(due(mark));
}

TEST(ack_request, for_an_immediate_acknowledgment_is_heard) {
  ack_tracker acks(64, max_delay);
  acks.on_received(0, true, no_mark, at(0ms));
  EXPECT_FALSE(acks.is_due(at(0ms)));
  acks.hasten();
  EXPECT_TRUE(acks.is_due(at(0ms)));
}

}  // namespace
}  // namespace quasio::quic
