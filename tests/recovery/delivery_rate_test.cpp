#include "recovery/delivery_rate.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "recovery/moment.hpp"

namespace quasio::recovery {
namespace {

constexpr std::uint32_t datagram = 1000;

/// A sender that keeps the records of its packets, as a connection does.
class measured_path : public testing::Test {
protected:
  std::size_t send(duration when, bool idle_pace = false) {
    const auto snapshot = rate.on_sent(datagram, in_flight, idle_pace, at(when));
    in_flight += datagram;
    packets.push_back({.packet_number = packets.size(),
                       .time_sent = at(when),
                       .bytes = datagram,
                       .ack_eliciting = true,
                       .in_flight = true,
                       .delivery = snapshot});
    return packets.size() - 1;
  }

  rate_sample acknowledge(const std::vector<std::size_t>& numbers, duration when, duration minimum_rtt = {}) {
    for (const std::size_t number : numbers) {
      in_flight -= datagram;
      rate.on_acked(packets[number], at(when));
    }
    return rate.take_sample(minimum_rtt, at(when));
  }

  lost_packet lose(std::size_t number) {
    in_flight -= datagram;
    return rate.on_lost(packets[number]);
  }

  delivery_rate rate;
  std::uint64_t in_flight = 0;
  std::vector<sent_packet_info> packets;
};

using delivery_rate_test = measured_path;

TEST(bytes_per_second, counts_exactly_and_saturates) {
  EXPECT_EQ(bytes_per_second(1000, milliseconds(1)), 1'000'000u);
  EXPECT_EQ(bytes_per_second(1, std::chrono::seconds(2)), 0u);
  EXPECT_EQ(bytes_per_second(1000, duration::zero()), 0u);
  EXPECT_EQ(bytes_per_second(1000, duration(-1)), 0u);
  EXPECT_EQ(bytes_per_second(1'000'000'000, duration(1)), maximum_measured_rate);
  EXPECT_EQ(bytes_per_second(~std::uint64_t{0}, duration(1)), maximum_measured_rate);
}

TEST_F(delivery_rate_test, measures_one_packet_over_its_round_trip) {
  send(milliseconds(0));
  const rate_sample sample = acknowledge({0}, milliseconds(100));
  EXPECT_EQ(sample.interval, milliseconds(100));
  EXPECT_EQ(sample.delivered, 1000u);
  EXPECT_EQ(sample.prior_delivered, 0u);
  EXPECT_EQ(sample.total_delivered, 1000u);
  EXPECT_EQ(sample.delivery_rate, 10'000u);
  EXPECT_EQ(sample.tx_in_flight, 1000u);
  EXPECT_EQ(sample.rtt, duration(milliseconds(100)));
  EXPECT_FALSE(sample.app_limited);
  EXPECT_EQ(rate.latest(), 10'000u);
}

// A bottleneck that passes a packet each 10 ms on a path of 100 ms shows as 100 packets a second, from the second round
// trip on.
TEST_F(delivery_rate_test, finds_the_rate_of_the_bottleneck) {
  for (int i = 0; i < 10; ++i) send(milliseconds(i));
  rate_sample sample;
  for (int i = 0; i < 40; ++i) {
    const auto arrival = milliseconds(100 + 10 * i);
    sample = acknowledge({static_cast<std::size_t>(i)}, arrival);
    send(arrival);
  }
  EXPECT_EQ(sample.delivery_rate, 100'000u);
  EXPECT_EQ(sample.interval, milliseconds(100));
}

// "Compression and Aggregation": ACKs that were held up come at once, but data cannot have arrived faster than they
// were sent.
TEST_F(delivery_rate_test, is_not_deceived_by_compressed_acks) {
  for (int i = 0; i < 10; ++i) send(milliseconds(10 * i));
  for (std::size_t i = 0; i < 10; ++i) {
    const auto when = milliseconds(100 + 10 * static_cast<int>(i));
    acknowledge({i}, when);
    send(when);
  }
  for (std::size_t i = 10; i < 20; ++i) EXPECT_LE(acknowledge({i}, milliseconds(290)).delivery_rate, 100'000u);
  EXPECT_EQ(rate.latest(), 100'000u);
}

TEST_F(delivery_rate_test, takes_the_newest_packet_of_an_ack_whatever_the_order) {
  for (int i = 0; i < 3; ++i) send(milliseconds(10 * i));
  const rate_sample sample = acknowledge({1, 2, 0}, milliseconds(100));
  EXPECT_EQ(sample.rtt, duration(milliseconds(80)));
  EXPECT_EQ(sample.tx_in_flight, 3000u);
  EXPECT_EQ(sample.delivered, 3000u);
}

TEST_F(delivery_rate_test, tells_packets_sent_at_one_moment_apart_by_number) {
  for (int i = 0; i < 3; ++i) send(milliseconds(0));
  EXPECT_EQ(acknowledge({2, 1, 0}, milliseconds(100)).tx_in_flight, 3000u);
}

TEST_F(delivery_rate_test, distrusts_intervals_shorter_than_the_minimum_rtt) {
  send(milliseconds(0));
  const rate_sample sample = acknowledge({0}, milliseconds(10), milliseconds(11));
  EXPECT_EQ(sample.delivery_rate, 0u);
  EXPECT_EQ(sample.delivered, 1000u);
  EXPECT_EQ(rate.latest(), 0u);
}

TEST_F(delivery_rate_test, begins_anew_after_silence) {
  send(milliseconds(0));
  acknowledge({0}, milliseconds(100));
  send(std::chrono::seconds(10));
  EXPECT_EQ(acknowledge({1}, std::chrono::seconds(10) + milliseconds(100)).delivery_rate, 10'000u);
}

TEST_F(delivery_rate_test, counts_losses_since_a_packet_was_sent) {
  for (int i = 0; i < 4; ++i) send(milliseconds(i));
  const lost_packet first = lose(0);
  EXPECT_EQ(first.packet_number, 0u);
  EXPECT_EQ(first.bytes, 1000u);
  EXPECT_EQ(first.lost, 1000u);
  EXPECT_EQ(first.tx_in_flight, 1000u);
  EXPECT_EQ(first.time_sent, at(milliseconds(0)));
  EXPECT_EQ(lose(1).lost, 2000u);
  const std::size_t later = send(milliseconds(50));
  const rate_sample sample = acknowledge({2, 3}, milliseconds(100));
  EXPECT_EQ(sample.lost, 2000u);
  EXPECT_EQ(sample.newly_lost, 2000u);
  EXPECT_EQ(sample.total_delivered, 2000u);
  const rate_sample next = acknowledge({later}, milliseconds(150));
  EXPECT_EQ(next.lost, 0u);
  EXPECT_EQ(next.newly_lost, 0u);
}

TEST_F(delivery_rate_test, counts_late_packets_as_delivered_without_a_sample) {
  for (int i = 0; i < 2; ++i) send(milliseconds(i));
  lose(0);
  rate.on_late(datagram);
  const rate_sample sample = acknowledge({1}, milliseconds(100));
  EXPECT_EQ(sample.total_delivered, 2000u);
  EXPECT_EQ(rate.take_sample({}, at(milliseconds(100))).rtt, std::nullopt);
}

TEST_F(delivery_rate_test, marks_what_follows_a_gap_for_one_round_trip) {
  send(milliseconds(0));
  send(milliseconds(1));
  rate.on_ran_dry(at(milliseconds(2)));
  EXPECT_FALSE(rate.app_limited());
  const std::size_t after_gap = send(milliseconds(20));
  EXPECT_TRUE(rate.app_limited());
  EXPECT_FALSE(acknowledge({0, 1}, milliseconds(100)).app_limited);
  const std::size_t same_round = send(milliseconds(100));
  EXPECT_TRUE(acknowledge({after_gap}, milliseconds(120)).app_limited);
  // The bubble has left the pipe.
  EXPECT_FALSE(rate.app_limited());
  const std::size_t next_round = send(milliseconds(120));
  EXPECT_TRUE(acknowledge({same_round}, milliseconds(200)).app_limited);
  EXPECT_FALSE(acknowledge({next_round}, milliseconds(220)).app_limited);
}

TEST_F(delivery_rate_test, forgives_a_pause_that_the_pacer_makes_up_for) {
  send(milliseconds(0));
  rate.on_ran_dry(at(milliseconds(1)));
  send(milliseconds(1) + std::chrono::microseconds(300));
  EXPECT_FALSE(rate.app_limited());
  rate.on_ran_dry(at(milliseconds(2)));
  send(milliseconds(3));
  EXPECT_TRUE(rate.app_limited());
}

TEST_F(delivery_rate_test, sees_a_gap_in_a_short_pause_of_an_idle_pacer_or_an_empty_path) {
  send(milliseconds(0));
  rate.on_ran_dry(at(milliseconds(1)));
  send(milliseconds(1), true);
  EXPECT_TRUE(rate.app_limited());

  delivery_rate empty;
  empty.on_ran_dry(at(milliseconds(1)));
  EXPECT_EQ(empty.on_sent(datagram, 0, false, at(milliseconds(1))).app_limited, 1u);
}

TEST_F(delivery_rate_test, sees_no_gap_where_data_waited) {
  send(milliseconds(0));
  rate.on_ran_dry(at(milliseconds(1)));
  rate.on_held_back();
  send(milliseconds(50), true);
  EXPECT_FALSE(rate.app_limited());
}

// Every ACK that a liar can form names packets that were sent: what is measured stays bounded by what was sent.
TEST_F(delivery_rate_test, survives_records_of_another_path) {
  const sent_packet_info foreign{.packet_number = 7,
                                 .time_sent = at(milliseconds(5)),
                                 .bytes = datagram,
                                 .in_flight = true,
                                 .delivery = {.delivered = 1'000'000, .delivered_time = at(milliseconds(4))}};
  rate.on_acked(foreign, at(milliseconds(9)));
  const rate_sample sample = rate.take_sample({}, at(milliseconds(9)));
  EXPECT_EQ(sample.total_delivered, 0u);
  EXPECT_EQ(sample.delivery_rate, 0u);
}

TEST_F(delivery_rate_test, keeps_the_record_of_a_packet_small) { EXPECT_LE(sizeof(sent_packet_info), 64u); }

}  // namespace
}  // namespace quasio::recovery
