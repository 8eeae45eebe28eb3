#include "recovery/loss_detection.hpp"

#include <gtest/gtest.h>

#include "recovery/numbered_packets.hpp"

namespace quasio::recovery {
namespace {

/// One packet number space on a path with a steady RTT of 80 ms, hence a loss delay of 90 ms.
class loss_detection_space : public testing::Test {
protected:
  loss_detection_space() { rtt_.update(milliseconds(80), {}, true, milliseconds(25), at({})); }

  ack_summary acknowledge(std::uint64_t first, std::uint64_t last) {
    ack_summary summary;
    numbers acked;
    late_.clear();
    EXPECT_EQ(packets_.check_ack(first, last), std::nullopt);
    detection_.acknowledge(packets_, first, last, summary, note_in(acked), note_in(late_));
    return summary;
  }

  numbers lost_at(duration now) {
    numbers lost;
    detection_.detect_lost(packets_, rtt_, at(now), note_in(lost));
    return lost;
  }

  rtt_estimator rtt_;
  cargo_packets packets_;
  loss_detection detection_;
  numbers late_;
};

TEST_F(loss_detection_space, finds_nothing_before_the_first_ack) {
  send_each_millisecond(packets_, 0, 9);
  EXPECT_EQ(lost_at(seconds(10)), numbers{});
  EXPECT_EQ(detection_.loss_time(), std::nullopt);
  EXPECT_EQ(detection_.largest_acked(), std::nullopt);
}

TEST_F(loss_detection_space, tolerates_reordering_within_the_packet_threshold) {
  send_each_millisecond(packets_, 0, 9);
  acknowledge(2, 2);
  EXPECT_EQ(lost_at(milliseconds(50)), numbers{}) << "0 was sent only two packets before 2";
  EXPECT_EQ(detection_.loss_time(), at(milliseconds(90)));
  acknowledge(3, 3);
  EXPECT_EQ(lost_at(milliseconds(51)), (numbers{0}));
  EXPECT_EQ(detection_.loss_time(), at(milliseconds(91))) << "1 is due next";
}

TEST_F(loss_detection_space, declares_a_packet_lost_exactly_after_the_time_threshold) {
  send_each_millisecond(packets_, 0, 9);
  acknowledge(1, 1);
  EXPECT_EQ(lost_at(milliseconds(80)), numbers{});
  EXPECT_EQ(detection_.loss_time(), at(milliseconds(90)));
  EXPECT_EQ(lost_at(milliseconds(90) - nanoseconds(1)), numbers{});
  EXPECT_EQ(lost_at(milliseconds(90)), (numbers{0}));
  EXPECT_EQ(detection_.loss_time(), std::nullopt);
}

TEST_F(loss_detection_space, never_loses_packets_sent_after_the_largest_acknowledged) {
  send_each_millisecond(packets_, 0, 9);
  acknowledge(0, 4);
  EXPECT_EQ(lost_at(seconds(100)), numbers{});
  EXPECT_EQ(detection_.loss_time(), std::nullopt);
  EXPECT_EQ(packets_.ack_eliciting_outstanding(), 5u);
}

TEST_F(loss_detection_space, keeps_the_largest_acknowledged) {
  send_each_millisecond(packets_, 0, 9);
  acknowledge(5, 7);
  acknowledge(0, 2);
  EXPECT_EQ(detection_.largest_acked(), 7u);
}

TEST_F(loss_detection_space, does_not_count_skipped_numbers_as_packets) {
  send_each_millisecond(packets_, 0, 1);
  packets_.append(eliciting(4, milliseconds(4)));  // 2 and 3 are left out.
  acknowledge(4, 4);
  EXPECT_EQ(lost_at(milliseconds(60)), numbers{}) << "0 was sent two packets before 4";
  packets_.append(eliciting(5, milliseconds(60)));
  acknowledge(5, 5);
  EXPECT_EQ(lost_at(milliseconds(61)), (numbers{0}));
}

TEST_F(loss_detection_space, crosses_a_huge_gap_at_once) {
  send_each_millisecond(packets_, 0, 0);
  acknowledge(0, 0);
  packets_.append(eliciting(std::uint64_t{1} << 60, milliseconds(5)));
  acknowledge(std::uint64_t{1} << 60, std::uint64_t{1} << 60);
  EXPECT_EQ(lost_at(milliseconds(60)), numbers{});
}

TEST_F(loss_detection_space, reports_lost_acks_without_arming_a_timer_for_them) {
  packets_.append(ack_only(0, milliseconds(0)));
  packets_.append(eliciting(1, milliseconds(1)));
  acknowledge(1, 1);
  EXPECT_EQ(lost_at(milliseconds(81)), numbers{});
  EXPECT_EQ(detection_.loss_time(), std::nullopt);
  send_each_millisecond(packets_, 2, 4);
  acknowledge(2, 4);
  EXPECT_EQ(lost_at(milliseconds(85)), (numbers{0}));
}

TEST_F(loss_detection_space, arms_the_timer_for_the_packet_behind_a_lone_ack) {
  packets_.append(ack_only(0, milliseconds(0)));
  send_each_millisecond(packets_, 1, 2);
  acknowledge(2, 2);
  EXPECT_EQ(lost_at(milliseconds(82)), numbers{});
  EXPECT_EQ(detection_.loss_time(), at(milliseconds(91)));
}

TEST_F(loss_detection_space, reports_a_late_acknowledgment_and_tolerates_more_reordering) {
  send_each_millisecond(packets_, 0, 30);
  acknowledge(4, 5);
  EXPECT_EQ(lost_at(milliseconds(81)), (numbers{0, 1, 2}));
  const ack_summary summary = acknowledge(1, 1);
  EXPECT_TRUE(summary.empty());
  EXPECT_EQ(summary.late, 1u);
  EXPECT_EQ(late_, (numbers{1}));
  EXPECT_EQ(detection_.packet_threshold(), 5u) << "5 arrived before 1";
  acknowledge(10, 10);
  EXPECT_EQ(lost_at(milliseconds(82)), (numbers{3})) << "6 to 9 are within the new threshold";
}

TEST_F(loss_detection_space, bounds_the_packet_threshold) {
  detection_ = loss_detection({.maximum_packet_threshold = 20});
  send_each_millisecond(packets_, 0, 500);
  acknowledge(400, 400);
  lost_at(milliseconds(450));
  acknowledge(200, 200);
  EXPECT_EQ(detection_.packet_threshold(), 20u);
}

TEST(loss_detection, keeps_the_packet_threshold_when_told_to) {
  loss_detection fixed({.packet_threshold = 3, .maximum_packet_threshold = 3});
  rtt_estimator rtt(milliseconds(80));
  cargo_packets packets;
  send_each_millisecond(packets, 0, 30);
  ack_summary summary;
  const auto ignore = [](auto&) {};
  fixed.acknowledge(packets, 20, 20, summary, ignore, ignore);
  fixed.detect_lost(packets, rtt, at(milliseconds(40)), ignore);
  fixed.acknowledge(packets, 5, 5, summary, ignore, ignore);
  EXPECT_EQ(summary.late, 1u);
  EXPECT_EQ(fixed.packet_threshold(), 3u);
}

TEST(loss_detection, never_uses_a_packet_threshold_below_three) {
  EXPECT_EQ(loss_detection({.packet_threshold = 1, .maximum_packet_threshold = 0}).packet_threshold(), 3u);
}

TEST_F(loss_detection_space, forgets_losses_after_three_probe_timeouts) {
  send_each_millisecond(packets_, 0, 9);
  acknowledge(9, 9);
  lost_at(milliseconds(10));
  lost_at(milliseconds(3) + loss_detection::remembered_ptos * rtt_.pto_base());
  acknowledge(0, 6);
  EXPECT_EQ(late_, (numbers{3, 4, 5, 6}));
}

TEST_F(loss_detection_space, forgets_its_timer_when_the_space_is_discarded) {
  send_each_millisecond(packets_, 0, 3);
  acknowledge(1, 1);
  lost_at(milliseconds(50));
  ASSERT_TRUE(detection_.loss_time());
  packets_.discard([](auto&) {});
  detection_.on_discarded();
  EXPECT_EQ(detection_.loss_time(), std::nullopt);
}

TEST_F(loss_detection_space, samples_the_rtt_from_the_largest_acknowledged) {
  send_each_millisecond(packets_, 0, 9);
  EXPECT_EQ(acknowledge(3, 5).rtt_sample(at(milliseconds(70))), milliseconds(65));
  EXPECT_EQ(acknowledge(2, 5).rtt_sample(at(milliseconds(71))), std::nullopt) << "5 is not newly acknowledged";
  EXPECT_EQ(acknowledge(2, 5).rtt_sample(at(milliseconds(72))), std::nullopt) << "nothing is";
}

TEST_F(loss_detection_space, samples_the_rtt_over_all_ranges_of_a_frame) {
  send_each_millisecond(packets_, 0, 9);
  ack_summary summary;
  const auto ignore = [](auto&) {};
  detection_.acknowledge(packets_, 8, 8, summary, ignore, ignore);
  detection_.acknowledge(packets_, 2, 5, summary, ignore, ignore);
  EXPECT_EQ(summary.packets, 5u);
  EXPECT_EQ(summary.largest_named, 8u);
  EXPECT_EQ(summary.newest.packet_number, 8u);
  EXPECT_EQ(summary.rtt_sample(at(milliseconds(88))), milliseconds(80));
}

// [rfc9002 5.1#1]
TEST_F(loss_detection_space, samples_no_rtt_without_an_ack_eliciting_packet) {
  packets_.append(ack_only(0, milliseconds(0)));
  EXPECT_EQ(acknowledge(0, 0).rtt_sample(at(milliseconds(80))), std::nullopt);
  packets_.append(eliciting(1, milliseconds(1)));
  packets_.append(ack_only(2, milliseconds(2)));
  EXPECT_EQ(acknowledge(1, 2).rtt_sample(at(milliseconds(82))), milliseconds(80))
      << "the largest need not be ack-eliciting itself";
}

TEST_F(loss_detection_space, waits_longer_on_a_path_that_delays_packets_by_more_than_the_time_threshold) {
  send_each_millisecond(packets_, 0, 9);
  acknowledge(1, 1);
  EXPECT_EQ(lost_at(milliseconds(90)), (numbers{0}));
  const ack_summary summary = acknowledge(0, 0);
  ASSERT_EQ(summary.late, 1u);
  EXPECT_EQ(summary.late_sent, at({}));
  detection_.adapt_time_threshold(summary, rtt_, at(milliseconds(105)));
  EXPECT_EQ(detection_.time_threshold(), 1.375) << "105 of 80 ms are more than ten eighths";
  acknowledge(3, 3);
  EXPECT_EQ(lost_at(milliseconds(106)), numbers{});
  EXPECT_EQ(detection_.loss_time(), at(milliseconds(2 + 110)));
}

TEST_F(loss_detection_space, does_not_wait_longer_when_the_packets_came_within_the_time_threshold) {
  send_each_millisecond(packets_, 0, 9);
  acknowledge(9, 9);
  ASSERT_FALSE(lost_at(milliseconds(80)).empty());
  detection_.adapt_time_threshold(acknowledge(0, 0), rtt_, at(milliseconds(85)));
  EXPECT_EQ(detection_.time_threshold(), default_time_threshold);
  EXPECT_EQ(detection_.packet_threshold(), 10u);
}

TEST_F(loss_detection_space, waits_no_longer_than_the_maximum) {
  send_each_millisecond(packets_, 0, 9);
  acknowledge(1, 1);
  lost_at(milliseconds(90));
  detection_.adapt_time_threshold(acknowledge(0, 0), rtt_, at(seconds(100)));
  EXPECT_EQ(detection_.time_threshold(), 2);

  loss_detection fixed({.maximum_time_threshold = 1});
  fixed.adapt_time_threshold({.late = 1, .late_sent = at({})}, rtt_, at(seconds(100)));
  EXPECT_EQ(fixed.time_threshold(), default_time_threshold);
}

TEST_F(loss_detection_space, forgets_reordering_after_sixteen_rounds_of_true_losses) {
  send_each_millisecond(packets_, 0, 9);
  acknowledge(1, 9);
  lost_at(milliseconds(90));
  detection_.adapt_time_threshold(acknowledge(0, 0), rtt_, at(milliseconds(150)));
  ASSERT_EQ(detection_.packet_threshold(), 10u);
  ASSERT_EQ(detection_.time_threshold(), 2);
  std::uint64_t number = 10;
  for (unsigned round = 1; round <= loss_detection::rounds_to_forget_reordering; ++round) {
    packets_.append(eliciting(number, seconds(round)));
    packets_.append(eliciting(number + 1, seconds(round)));
    acknowledge(number + 1, number + 1);
    EXPECT_EQ(lost_at(seconds(round) + milliseconds(200)), (numbers{number}));
    EXPECT_EQ(detection_.packet_threshold(), 10u) << round;
    number += 2;
  }
  packets_.append(eliciting(number, seconds(100)));
  packets_.append(eliciting(number + 1, seconds(100)));
  acknowledge(number + 1, number + 1);
  lost_at(seconds(101));
  EXPECT_EQ(detection_.packet_threshold(), 3u);
  EXPECT_EQ(detection_.time_threshold(), default_time_threshold);
}

}  // namespace
}  // namespace quasio::recovery
