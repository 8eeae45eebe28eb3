#include "recovery/rtt_estimator.hpp"

#include <gtest/gtest.h>

#include "recovery/moment.hpp"

namespace quasio::recovery {
namespace {

constexpr duration no_delay{};
constexpr duration peer_limit = milliseconds(25);

rtt_estimator after_first_sample(duration first) {
  rtt_estimator rtt;
  rtt.update(first, no_delay, false, peer_limit, at(first));
  return rtt;
}

TEST(rtt_estimator, starts_from_the_initial_rtt) {
  const rtt_estimator rtt;
  EXPECT_FALSE(rtt.has_sample());
  EXPECT_EQ(rtt.smoothed(), milliseconds(333));
  EXPECT_EQ(rtt.variation(), microseconds(166500));
  EXPECT_EQ(rtt.latest(), no_delay);
  EXPECT_EQ(rtt.minimum(), no_delay);
  // Section 6.2.2: handshakes start with a PTO of one second.
  EXPECT_EQ(rtt.pto_base(), milliseconds(999));
}

TEST(rtt_estimator, takes_another_initial_rtt) {
  const rtt_estimator rtt(milliseconds(40));
  EXPECT_EQ(rtt.smoothed(), milliseconds(40));
  EXPECT_EQ(rtt.pto_base(), milliseconds(120));
}

TEST(rtt_estimator, resets_to_the_first_sample_and_ignores_its_ack_delay) {
  rtt_estimator rtt;
  rtt.update(milliseconds(100), milliseconds(60), true, peer_limit, at(seconds(3)));
  EXPECT_TRUE(rtt.has_sample());
  EXPECT_EQ(rtt.first_sample_at(), at(seconds(3)));
  EXPECT_EQ(rtt.latest(), milliseconds(100));
  EXPECT_EQ(rtt.minimum(), milliseconds(100));
  EXPECT_EQ(rtt.smoothed(), milliseconds(100));
  EXPECT_EQ(rtt.variation(), milliseconds(50));
}

struct second_sample {
  const char* name;
  duration latest;
  duration ack_delay;
  bool confirmed;
  duration expected_minimum;
  duration expected_smoothed;
  duration expected_variation;
};

class rtt_after_second_sample : public testing::TestWithParam<second_sample> {};

// After a first sample of 80 ms: smoothed 80, variation 40. Expectations follow appendix A.7 by hand.
// [rfc9002 5.2#1 5.3#1 5.3#2]
TEST_P(rtt_after_second_sample, follows_appendix_a7) {
  rtt_estimator rtt = after_first_sample(milliseconds(80));
  const second_sample& sample = GetParam();
  rtt.update(sample.latest, sample.ack_delay, sample.confirmed, peer_limit, at(seconds(1)));
  EXPECT_EQ(rtt.latest(), sample.latest);
  EXPECT_EQ(rtt.minimum(), sample.expected_minimum);
  EXPECT_EQ(rtt.smoothed(), sample.expected_smoothed);
  EXPECT_EQ(rtt.variation(), sample.expected_variation);
  EXPECT_EQ(rtt.first_sample_at(), at(milliseconds(80)));
}

INSTANTIATE_TEST_SUITE_P(
    table, rtt_after_second_sample,
    testing::Values(second_sample{"same", milliseconds(80), no_delay, true, milliseconds(80), milliseconds(80),
                                  milliseconds(30)},
                    second_sample{"delay_is_subtracted", milliseconds(120), milliseconds(24), true, milliseconds(80),
                                  milliseconds(82), milliseconds(34)},
                    second_sample{"delay_down_to_the_minimum", milliseconds(104), milliseconds(24), true,
                                  milliseconds(80), milliseconds(80), milliseconds(30)},
                    second_sample{"delay_below_the_minimum_is_ignored", milliseconds(96), milliseconds(24), true,
                                  milliseconds(80), milliseconds(82), milliseconds(34)},
                    second_sample{"delay_is_capped_once_confirmed", milliseconds(185), milliseconds(90), true,
                                  milliseconds(80), milliseconds(90), milliseconds(50)},
                    second_sample{"delay_is_not_capped_before", milliseconds(176), milliseconds(80), false,
                                  milliseconds(80), milliseconds(82), milliseconds(34)},
                    second_sample{"smaller_sample_lowers_the_minimum", milliseconds(48), milliseconds(8), true,
                                  milliseconds(48), milliseconds(76), milliseconds(38)},
                    second_sample{"absurd_delay_does_not_overflow", milliseconds(80), duration::max(), false,
                                  milliseconds(80), milliseconds(80), milliseconds(30)}),
    [](const auto& test) { return test.param.name; });

// [rfc9002 6.1.2#1 6.2.1#1]
TEST(rtt_estimator, treats_a_negative_sample_as_zero) {
  rtt_estimator rtt;
  rtt.update(-milliseconds(5), no_delay, true, peer_limit, at(seconds(1)));
  EXPECT_EQ(rtt.latest(), no_delay);
  EXPECT_EQ(rtt.smoothed(), no_delay);
  EXPECT_EQ(rtt.pto_base(), timer_granularity);
  EXPECT_EQ(rtt.loss_delay(), timer_granularity);
}

TEST(rtt_estimator, keeps_the_loss_delay_at_nine_eighths_of_the_larger_rtt) {
  rtt_estimator rtt = after_first_sample(milliseconds(80));
  EXPECT_EQ(rtt.loss_delay(), milliseconds(90));
  rtt.update(milliseconds(160), no_delay, true, peer_limit, at(seconds(1)));
  EXPECT_EQ(rtt.loss_delay(), milliseconds(180)) << "the latest sample is larger";
  rtt.update(milliseconds(8), no_delay, true, peer_limit, at(seconds(2)));
  EXPECT_EQ(rtt.loss_delay(), rtt.smoothed() * 9 / 8) << "the smoothed RTT is larger";
}

// [rfc9002 6.2.1#1]
TEST(rtt_estimator, adds_at_least_the_granularity_to_the_probe_timeout) {
  rtt_estimator rtt = after_first_sample(milliseconds(10));
  for (int i = 0; i < 40; ++i) rtt.update(milliseconds(10), no_delay, true, peer_limit, at(seconds(i + 1)));
  EXPECT_LT(4 * rtt.variation(), timer_granularity);
  EXPECT_EQ(rtt.pto_base(), milliseconds(11));
}

TEST(rtt_estimator, restarts_the_minimum_after_persistent_congestion) {
  rtt_estimator rtt = after_first_sample(milliseconds(20));
  rtt.update(milliseconds(200), no_delay, true, peer_limit, at(seconds(1)));
  EXPECT_EQ(rtt.minimum(), milliseconds(20));
  rtt.on_persistent_congestion();
  EXPECT_EQ(rtt.minimum(), milliseconds(200));
}

TEST(rtt_estimator, converges_to_a_steady_path) {
  rtt_estimator rtt = after_first_sample(milliseconds(300));
  for (int i = 0; i < 200; ++i) rtt.update(milliseconds(50), milliseconds(10), true, peer_limit, at(seconds(i + 1)));
  EXPECT_NEAR(static_cast<double>(rtt.smoothed().count()), 50e6, 100);
  EXPECT_LT(rtt.variation(), microseconds(1));
}

}  // namespace
}  // namespace quasio::recovery
