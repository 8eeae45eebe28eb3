// The table of controllers (bench/congestion) in small: cells that take a fraction of a second each.

#include <gtest/gtest.h>

#include "sim/congestion_cell.hpp"

namespace quasio::sim {
namespace {

using namespace std::chrono_literals;
using recovery::congestion_algorithm;

TEST(waiting_times, tell_mean_and_quantile) {
  waiting_times waits(100ms);
  for (int i = 1; i <= 100; ++i) waits.add(i * 1ms);
  EXPECT_EQ(waits.mean(), 50500us);
  EXPECT_NEAR(static_cast<double>(waits.quantile(0.95).count()), 95e6, 1e5);
  EXPECT_NEAR(static_cast<double>(waits.quantile(1).count()), 100e6, 1e5);
}

TEST(shared_link, passes_at_its_rate_and_drops_what_the_queue_cannot_hold) {
  seeded_random random(1);
  shared_link link({.delay = 10ms, .bits_per_second = 8'000'000, .queue_bytes = 5000}, random);
  const std::vector<std::uint8_t> bytes(1000);
  const time_point now{1s};
  for (int i = 0; i < 7; ++i) link.send(bytes, {}, ecn_codepoint::not_ect, now);
  EXPECT_EQ(link.dropped_by_queue(), 2u);
  EXPECT_EQ(link.waits().mean(), 2ms);
  for (int i = 1; i <= 5; ++i) {
    ASSERT_EQ(link.next_arrival(), now + 10ms + i * 1ms);
    link.pop();
  }
  EXPECT_EQ(link.next_arrival(), std::nullopt);
}

TEST(shared_link, loses_at_random_what_it_is_told_to) {
  seeded_random random(1);
  shared_link link({.loss = 0.1}, random);
  const std::vector<std::uint8_t> bytes(100);
  int arrived = 0;
  for (int i = 0; i < 10'000; ++i) link.send(bytes, {}, ecn_codepoint::not_ect, time_point(1s));
  for (; link.next_arrival(); link.pop()) ++arrived;
  EXPECT_NEAR(arrived, 9000, 100);
}

TEST(jain_index, is_one_for_equals_and_one_of_n_for_one_who_takes_all) {
  EXPECT_EQ(jain_index({5, 5, 5}), 1);
  EXPECT_EQ(jain_index({5, 0}), 0.5);
  EXPECT_EQ(jain_index({0, 0}), 0);
}

class every_controller : public testing::TestWithParam<congestion_algorithm> {};

TEST_P(every_controller, fills_a_link_without_random_loss) {
  for (const double queue : {0.5, 1.0, 4.0}) {
    SCOPED_TRACE(queue);
    const auto result = run({.algorithm = GetParam(), .queue_products = queue, .measured = 20s});
    // NewReno halves its window: half a bandwidth-delay product of queue does not bridge that.
    const bool too_short = GetParam() == congestion_algorithm::new_reno && queue < 1;
    EXPECT_GE(result.goodput, too_short ? 0.75 : 0.9);
    EXPECT_LE(result.goodput, 1);
    EXPECT_LT(result.drops, 0.02);
  }
}

TEST_P(every_controller, shares_a_link_with_another_of_its_kind) {
  const auto result = run({.algorithm = GetParam(), .flows = 2, .measured = 30s});
  EXPECT_GE(result.fairness, 0.9) << result.delivered[0] << " and " << result.delivered[1];
  EXPECT_GE(result.goodput, 0.9);
}

TEST_P(every_controller, goes_on_at_one_percent_of_loss) {
  const auto result = run({.algorithm = GetParam(), .loss = 0.01, .measured = 20s});
  // What a loss-based controller can have at this rate of loss; BBR knows better (but see the table: 20 s are few of
  // its cycles).
  EXPECT_GE(result.goodput, GetParam() == congestion_algorithm::bbr ? 0.75 : 0.15);
  EXPECT_GT(result.senders[0].packets_lost, 100u);
}

struct lossy_cell {
  congestion_cell cell;
  double wanted;
};

class bbr_at_one_percent_of_loss : public testing::TestWithParam<lossy_cell> {};

// Acknowledgments for an eighth of the window each, what the sender itself held back taken for congestion, and two lost
// packets of eighty taken for too much each cost it a tenth here.
TEST_P(bbr_at_one_percent_of_loss, has_most_of_the_link) {
  for (const std::uint64_t seed : {1u, 2u}) {
    SCOPED_TRACE(seed);
    congestion_cell cell = GetParam().cell;
    cell.algorithm = congestion_algorithm::bbr;
    cell.loss = 0.01;
    cell.seed = seed;
    EXPECT_GE(run(cell).goodput, GetParam().wanted);
  }
}

INSTANTIATE_TEST_SUITE_P(
    paths, bbr_at_one_percent_of_loss,
    testing::Values(lossy_cell{{.round_trip = 50ms, .queue_products = 4, .measured = 60s}, 0.9},
                    lossy_cell{{.bits_per_second = 100'000'000, .round_trip = 10ms, .measured = 20s}, 0.88},
                    lossy_cell{{.bits_per_second = 100'000'000, .round_trip = 50ms, .measured = 20s}, 0.8}),
    [](const auto& made) {
      return std::to_string(made.param.cell.bits_per_second / 1'000'000) + "_mbit_" +
             std::to_string(made.param.cell.round_trip / 1ms) + "_ms";
    });

TEST_P(every_controller, replays_from_its_seed) {
  const congestion_cell cell{.algorithm = GetParam(), .loss = 0.01, .warm_up = 1s, .measured = 3s, .seed = 7};
  EXPECT_EQ(run(cell).delivered, run(cell).delivered);
}

INSTANTIATE_TEST_SUITE_P(all, every_controller,
                         testing::Values(congestion_algorithm::new_reno, congestion_algorithm::cubic,
                                         congestion_algorithm::bbr),
                         [](const auto& made) { return std::string(name_of(made.param)); });

TEST(hystart_on_a_connection, leaves_slow_start_without_flooding_the_queue) {
  // Four bandwidth-delay products of queue: slow start alone ends only when all of them overflow.
  congestion_cell cell{.queue_products = 4, .warm_up = 3s, .measured = 1s};
  const auto careful = run(cell);
  cell.hystart = false;
  const auto careless = run(cell);
  EXPECT_GT(careless.senders[0].packets_lost, 100u);
  EXPECT_LT(careful.senders[0].packets_lost, careless.senders[0].packets_lost / 2);
}

}  // namespace
}  // namespace quasio::sim
