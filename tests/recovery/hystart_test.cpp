#include "recovery/hystart.hpp"

#include <gtest/gtest.h>

#include "recovery/cubic.hpp"
#include "recovery/moment.hpp"
#include "recovery/new_reno.hpp"

namespace quasio::recovery {
namespace {

/// Acknowledges `samples` packets of one round: sent at its begin, each acknowledged after `rtt`. The next round begins
/// where this one ends.
class rounds {
public:
  explicit rounds(hystart& watched) : watched_(watched) {}

  void pass(duration rtt, unsigned samples = hystart::samples_needed) {
    const time_point sent = now_;
    now_ += rtt;
    for (unsigned i = 0; i < samples; ++i) watched_.on_ack(sent, now_);
  }

private:
  hystart& watched_;
  time_point now_ = at({});
};

TEST(hystart, never_slows_down_on_a_steady_round_trip) {
  hystart watched;
  rounds path(watched);
  for (int i = 0; i < 50; ++i) path.pass(milliseconds(100));
  EXPECT_FALSE(watched.is_conservative());
  EXPECT_FALSE(watched.is_over());
  EXPECT_EQ(watched.growth(4000), 4000u);
}

struct threshold_row {
  duration before;
  duration after;
  bool slows;
};

class hystart_thresholds : public testing::TestWithParam<threshold_row> {};

TEST_P(hystart_thresholds, are_an_eighth_of_the_round_trip_within_4_and_16_milliseconds) {
  hystart watched;
  rounds path(watched);
  path.pass(GetParam().before);
  path.pass(GetParam().after);
  EXPECT_EQ(watched.is_conservative(), GetParam().slows);
}

INSTANTIATE_TEST_SUITE_P(table, hystart_thresholds,
                         testing::Values(threshold_row{milliseconds(8), microseconds(11999), false},
                                         threshold_row{milliseconds(8), milliseconds(12), true},
                                         threshold_row{milliseconds(80), microseconds(89999), false},
                                         threshold_row{milliseconds(80), milliseconds(90), true},
                                         threshold_row{milliseconds(400), microseconds(415999), false},
                                         threshold_row{milliseconds(400), milliseconds(416), true}));

TEST(hystart, judges_no_round_with_fewer_than_eight_samples) {
  hystart watched;
  rounds path(watched);
  path.pass(milliseconds(50));
  path.pass(milliseconds(90), 7);
  EXPECT_FALSE(watched.is_conservative());
}

TEST(hystart, looks_at_the_fastest_packet_of_a_round) {
  hystart watched;
  rounds path(watched);
  path.pass(milliseconds(50));
  const time_point sent = at(seconds(10));
  watched.on_ack(sent, sent + milliseconds(51));
  for (int i = 0; i < 20; ++i) watched.on_ack(sent - nanoseconds(1), sent + milliseconds(90));
  EXPECT_FALSE(watched.is_conservative());
}

TEST(hystart, grows_by_a_quarter_in_conservative_slow_start) {
  hystart watched;
  rounds path(watched);
  path.pass(milliseconds(50));
  path.pass(milliseconds(70));
  ASSERT_TRUE(watched.is_conservative());
  EXPECT_EQ(watched.growth(4001), 1000u);
  EXPECT_EQ(watched.growth(3), 1u) << "the fraction was kept";
}

TEST(hystart, is_over_after_five_conservative_rounds_with_the_one_in_which_they_began) {
  hystart watched;
  rounds path(watched);
  path.pass(milliseconds(50));
  path.pass(milliseconds(70));
  for (int i = 0; i < 4; ++i) {
    path.pass(milliseconds(70));
    EXPECT_FALSE(watched.is_over()) << i;
  }
  path.pass(milliseconds(70), 1);
  EXPECT_TRUE(watched.is_over());
}

TEST(hystart, resumes_slow_start_when_the_round_trip_shrinks_again) {
  hystart watched;
  rounds path(watched);
  path.pass(milliseconds(50));
  path.pass(milliseconds(70));
  path.pass(milliseconds(70));
  path.pass(milliseconds(69));
  EXPECT_FALSE(watched.is_conservative());
  for (int i = 0; i < 9; ++i) path.pass(milliseconds(69));
  EXPECT_FALSE(watched.is_over());
  path.pass(milliseconds(90));
  EXPECT_TRUE(watched.is_conservative());
}

constexpr std::uint64_t datagram = 1200;

/// Acknowledges the whole window at once in eight pieces, `rtt` after it was sent.
void pass_round(congestion_controller& controller, time_point& now, duration rtt) {
  const time_point sent = now;
  now += rtt;
  const std::uint64_t piece = controller.window() / 8;
  for (int i = 0; i < 8; ++i)
    controller.on_packets_acked({.bytes = piece, .bytes_in_flight_before = piece, .newest_time_sent = sent}, now);
}

template <class Controller>
class slow_start : public testing::Test {};

using controllers = testing::Types<new_reno, cubic>;
TYPED_TEST_SUITE(slow_start, controllers);

TYPED_TEST(slow_start, ends_without_a_loss_when_the_queue_grows) {
  TypeParam controller({}, datagram);
  time_point now = at({});
  for (int i = 0; i < 4; ++i) pass_round(controller, now, milliseconds(50));
  const std::uint64_t before = controller.window();
  EXPECT_EQ(before, 12000u * 16);
  EXPECT_TRUE(controller.in_slow_start());
  for (int i = 0; i < 7; ++i) pass_round(controller, now, milliseconds(80));
  EXPECT_FALSE(controller.in_slow_start());
  EXPECT_EQ(controller.undone_reductions(), 0u);
  EXPECT_LT(controller.window(), before * 8) << "seven rounds of slow start would have made it 128 times as large";
  EXPECT_GT(controller.window(), before * 3);
}

TYPED_TEST(slow_start, lasts_until_a_loss_without_hystart) {
  TypeParam controller({.hystart = false}, datagram);
  time_point now = at({});
  for (int i = 0; i < 10; ++i) pass_round(controller, now, milliseconds(50 + 20 * i));
  EXPECT_TRUE(controller.in_slow_start());
  EXPECT_EQ(controller.window(), 12000u << 10);
}

TYPED_TEST(slow_start, heeds_no_delay_once_the_threshold_is_known) {
  TypeParam controller({}, datagram);
  time_point now = at({});
  for (int i = 0; i < 6; ++i) pass_round(controller, now, milliseconds(50));
  controller.on_congestion_event({.newest_time_sent = now, .bytes_lost = datagram}, now);
  controller.on_persistent_congestion(now);
  const std::uint64_t threshold = controller.slow_start_threshold();
  for (int i = 0; i < 12; ++i) pass_round(controller, now, milliseconds(50 + 20 * i));
  EXPECT_EQ(controller.slow_start_threshold(), threshold);
  EXPECT_GE(controller.window(), threshold);
}

TYPED_TEST(slow_start, takes_eight_datagrams_from_one_ack_frame_without_pacing) {
  TypeParam controller({.paced = false}, datagram);
  controller.on_packets_acked({.bytes = 12000, .newest_time_sent = at({})}, at(milliseconds(50)));
  EXPECT_EQ(controller.window(), 12000u + 8 * datagram);
}

}  // namespace
}  // namespace quasio::recovery
