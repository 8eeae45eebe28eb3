#include "recovery/persistent_congestion.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "recovery/loss_detection.hpp"
#include "recovery/numbered_packets.hpp"

namespace quasio::recovery {
namespace {

TEST(persistent_congestion_duration, follows_section_7_6_1) {
  rtt_estimator rtt;
  EXPECT_EQ(persistent_congestion_duration(rtt, milliseconds(25)), milliseconds(3 * (333 + 666 + 25)));
  rtt.update(milliseconds(100), {}, true, milliseconds(25), at({}));
  EXPECT_EQ(persistent_congestion_duration(rtt, milliseconds(25)), milliseconds(3 * (100 + 200 + 25)));
}

TEST(persistent_congestion_duration, counts_at_least_the_granularity_as_variation) {
  rtt_estimator rtt(milliseconds(50));
  for (int i = 0; i < 100; ++i) rtt.update(milliseconds(10), {}, true, {}, at(seconds(i)));
  EXPECT_EQ(persistent_congestion_duration(rtt, milliseconds(9)), milliseconds(3 * (10 + 1 + 9)));
}

/// A packet number space whose RTT sample was taken at zero, unless the test says otherwise.
struct space {
  cargo_packets packets;
  loss_detection detection;

  void ack(std::uint64_t first, std::uint64_t last) {
    ack_summary summary;
    const auto ignore = [](auto&) {};
    ASSERT_EQ(packets.check_ack(first, last), std::nullopt);
    detection.acknowledge(packets, first, last, summary, ignore, ignore);
  }

  numbers detect(const rtt_estimator& rtt, duration now) {
    numbers lost;
    detection.detect_lost(packets, rtt, at(now), note_in(lost));
    return lost;
  }
};

class persistent_congestion : public testing::Test {
protected:
  persistent_congestion() { rtt_.update(milliseconds(200), {}, true, {}, at({})); }

  bool established(duration threshold = seconds(6), std::uint16_t path = 0) {
    const std::array histories{&handshake_.detection.history(), &application_.detection.history()};
    return establish_persistent_congestion(histories, path, threshold);
  }

  rtt_estimator rtt_{milliseconds(200)};
  space handshake_;
  space application_;
};

duration in_seconds(int count) { return seconds(count); }

// The table of section 7.6.3, with its packets numbered from 1 and times shifted past the first RTT sample.
void send_rfc_example(space& application, const std::vector<int>& times) {
  std::uint64_t number = 1;
  for (const int time : times) application.packets.append(eliciting(number++, seconds(1) + in_seconds(time)));
}

TEST_F(persistent_congestion, is_established_in_the_example_of_section_7_6_3) {
  send_rfc_example(application_, {0, 1, 2, 3, 4, 5, 6, 8, 12});
  application_.ack(1, 1);
  EXPECT_EQ(application_.detect(rtt_, milliseconds(2200)), numbers{});
  EXPECT_FALSE(established());
  application_.ack(9, 9);
  EXPECT_EQ(application_.detect(rtt_, milliseconds(13200)), (numbers{2, 3, 4, 5, 6, 7, 8}));
  EXPECT_EQ(application_.detection.history().lost.last() - application_.detection.history().lost.first(), seconds(7));
  EXPECT_TRUE(established());
  EXPECT_FALSE(established()) << "the same losses are not judged twice";
}

TEST_F(persistent_congestion, needs_more_than_the_duration) {
  send_rfc_example(application_, {0, 1, 2, 3, 4, 5, 6, 7, 12});
  application_.ack(1, 1);
  application_.ack(9, 9);
  application_.detect(rtt_, milliseconds(13200));
  EXPECT_FALSE(established(seconds(6))) << "7 - 1 does not exceed 6";
  EXPECT_TRUE(established(seconds(6) - nanoseconds(1)));
}

TEST_F(persistent_congestion, is_prevented_by_an_acknowledgment_in_between) {
  send_rfc_example(application_, {0, 1, 2, 3, 4, 5, 6, 8, 12});
  application_.ack(1, 1);
  application_.ack(9, 9);
  application_.ack(5, 5);
  application_.detect(rtt_, milliseconds(13200));
  EXPECT_FALSE(established());
}

TEST_F(persistent_congestion, counts_losses_found_one_after_the_other) {
  application_.packets.append(eliciting(0, seconds(1)));
  application_.packets.append(eliciting(1, seconds(2)));
  for (std::uint64_t number = 2; number < 5; ++number) application_.packets.append(eliciting(number, seconds(9)));
  application_.ack(4, 4);
  EXPECT_EQ(application_.detect(rtt_, milliseconds(9200)), (numbers{0, 1})) << "by either threshold";
  EXPECT_FALSE(established());
  EXPECT_EQ(application_.detect(rtt_, milliseconds(9225)), (numbers{2, 3})) << "by time, without another ACK";
  EXPECT_TRUE(established());
}

TEST_F(persistent_congestion, does_not_join_losses_across_an_acknowledgment) {
  application_.packets.append(eliciting(0, seconds(1)));
  application_.packets.append(eliciting(1, seconds(2)));
  application_.ack(1, 1);
  EXPECT_EQ(application_.detect(rtt_, seconds(3)), (numbers{0}));
  application_.packets.append(eliciting(2, seconds(9)));
  application_.packets.append(eliciting(3, seconds(10)));
  application_.ack(3, 3);
  EXPECT_EQ(application_.detect(rtt_, seconds(11)), (numbers{2}));
  EXPECT_FALSE(established());
}

TEST_F(persistent_congestion, ignores_packets_sent_before_the_first_rtt_sample) {
  rtt_estimator fresh;
  send_rfc_example(application_, {0, 1, 2, 3, 4, 5, 6, 8, 12});
  application_.ack(9, 9);
  application_.detect(fresh, milliseconds(13200));
  EXPECT_FALSE(established()) << "there was no sample at all";

  space late;
  send_rfc_example(late, {0, 1, 2, 3, 4, 5, 6, 8, 12});
  rtt_estimator sampled;
  sampled.update(milliseconds(200), {}, true, {}, at(milliseconds(3500)));
  late.ack(9, 9);
  late.detect(sampled, milliseconds(13200));
  EXPECT_EQ(late.detection.history().lost.first(), at(seconds(4))) << "the packet sent at t=3";
  EXPECT_EQ(late.detection.history().lost.last(), at(seconds(9)));
}

// [rfc9002 7.6.2#1]
TEST_F(persistent_congestion, needs_ack_eliciting_packets_at_both_ends) {
  application_.packets.append(ack_only(0, seconds(1)));
  application_.packets.append(eliciting(1, seconds(3)));
  application_.packets.append(eliciting(2, seconds(8)));
  application_.packets.append(ack_only(3, seconds(12)));
  for (std::uint64_t number = 4; number < 8; ++number) application_.packets.append(eliciting(number, seconds(12)));
  application_.ack(7, 7);
  EXPECT_EQ(application_.detect(rtt_, seconds(13)), (numbers{0, 1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(application_.detection.history().lost.first(), at(seconds(3)));
  EXPECT_EQ(application_.detection.history().lost.last(), at(seconds(12)));
  EXPECT_FALSE(established(seconds(9)));
  EXPECT_TRUE(established(seconds(8)));
}

TEST_F(persistent_congestion, is_not_interrupted_by_skipped_numbers) {
  application_.packets.append(eliciting(0, seconds(1)));
  application_.packets.append(eliciting(3, seconds(5)));
  application_.packets.append(eliciting(4, seconds(9)));
  application_.packets.append(eliciting(6, seconds(10)));
  application_.ack(6, 6);
  EXPECT_EQ(application_.detect(rtt_, seconds(11)), (numbers{0, 3, 4}));
  EXPECT_TRUE(established());
}

TEST_F(persistent_congestion, is_judged_for_each_path_alone) {
  sent_packet_info first = eliciting(0, seconds(1));
  sent_packet_info second = eliciting(1, seconds(9));
  second.path = 1;
  application_.packets.append(first);
  application_.packets.append(second);
  application_.packets.append(eliciting(2, seconds(10)));
  application_.ack(2, 2);
  EXPECT_EQ(application_.detect(rtt_, seconds(11)), (numbers{0, 1}));
  EXPECT_FALSE(established(seconds(6), 0));
  EXPECT_FALSE(established(seconds(6), 1));
}

TEST_F(persistent_congestion, is_prevented_by_an_acknowledgment_in_another_space) {
  handshake_.packets.append(eliciting(0, seconds(5)));
  handshake_.ack(0, 0);
  for (std::uint64_t number = 0; number < 3; ++number)
    application_.packets.append(eliciting(number, seconds(1 + 4 * static_cast<int>(number))));
  application_.packets.append(eliciting(3, seconds(10)));
  application_.ack(3, 3);
  EXPECT_EQ(application_.detect(rtt_, seconds(11)), (numbers{0, 1, 2}));
  EXPECT_FALSE(established());
}

TEST_F(persistent_congestion, is_not_prevented_by_acknowledgments_outside_the_stretch) {
  handshake_.packets.append(eliciting(0, milliseconds(900)));
  handshake_.packets.append(eliciting(1, milliseconds(9001)));
  handshake_.ack(0, 1);
  for (std::uint64_t number = 0; number < 3; ++number)
    application_.packets.append(eliciting(number, seconds(1 + 4 * static_cast<int>(number))));
  application_.packets.append(eliciting(3, seconds(10)));
  application_.ack(3, 3);
  application_.detect(rtt_, seconds(11));
  EXPECT_TRUE(established());
}

TEST_F(persistent_congestion, spans_losses_of_two_spaces) {
  handshake_.packets.append(eliciting(0, seconds(1)));
  handshake_.packets.append(eliciting(1, seconds(20)));
  handshake_.ack(1, 1);
  EXPECT_EQ(handshake_.detect(rtt_, seconds(21)), (numbers{0}));
  application_.packets.append(eliciting(0, seconds(9)));
  application_.packets.append(eliciting(1, seconds(20)));
  application_.ack(1, 1);
  EXPECT_EQ(application_.detect(rtt_, seconds(21)), (numbers{0}));
  EXPECT_TRUE(established()) << "9 - 1 exceeds 6, and nothing sent in between arrived";
}

TEST_F(persistent_congestion, does_not_span_two_spaces_across_an_acknowledgment) {
  handshake_.packets.append(eliciting(0, seconds(1)));
  handshake_.packets.append(eliciting(1, seconds(4)));
  handshake_.ack(1, 1);
  EXPECT_EQ(handshake_.detect(rtt_, seconds(5)), (numbers{0}));
  application_.packets.append(eliciting(0, seconds(9)));
  application_.packets.append(eliciting(1, seconds(20)));
  application_.ack(1, 1);
  EXPECT_EQ(application_.detect(rtt_, seconds(21)), (numbers{0}));
  EXPECT_FALSE(established());
}

TEST_F(persistent_congestion, leaves_out_discarded_spaces) {
  application_.packets.append(eliciting(0, seconds(1)));
  application_.packets.append(eliciting(1, seconds(9)));
  application_.packets.append(eliciting(2, seconds(10)));
  application_.ack(2, 2);
  application_.detect(rtt_, seconds(11));
  const std::array<delivery_history*, 3> histories{nullptr, nullptr, &application_.detection.history()};
  EXPECT_TRUE(establish_persistent_congestion(histories, 0, seconds(6)));
}

TEST(acked_times, answers_as_a_full_list_would) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    std::mt19937_64 random(seed);
    std::uniform_int_distribution<int> moment(0, 60);
    acked_times times;
    std::vector<int> all;
    for (int i = 0; i < 8; ++i) {
      all.push_back(moment(random));
      times.add(at(milliseconds(all.back())));
      const int begin = moment(random);
      const int end = begin + 4 + moment(random) / 4;
      const bool expected = std::any_of(all.begin(), all.end(), [&](int time) { return begin < time && time < end; });
      EXPECT_EQ(times.any_between(at(milliseconds(begin)), at(milliseconds(end))), expected) << "seed " << seed;
    }
  }
}

TEST(acked_times, forgets_the_oldest_when_there_are_too_many) {
  acked_times times;
  for (int i = 0; i <= static_cast<int>(acked_times::limit); ++i) times.add(at(seconds(i)));
  EXPECT_FALSE(times.any_between(at(-seconds(1)), at(milliseconds(500))));
  EXPECT_TRUE(times.any_between(at(milliseconds(500)), at(milliseconds(1500))));
  EXPECT_TRUE(times.any_between(at(milliseconds(15500)), at(milliseconds(16500))));
}

}  // namespace
}  // namespace quasio::recovery
