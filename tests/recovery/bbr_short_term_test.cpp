// The short-term model of BBR: how it follows what losses leave of the bandwidth.

#include "recovery/bbr_short_term.hpp"

#include <gtest/gtest.h>

namespace quasio::recovery {
namespace {

constexpr double beta = 0.7;
constexpr double paced_share = 0.99;

struct lossy_rounds {
  bbr_short_term model;
  std::uint64_t delivered = 0;

  /// A round trip, with a loss, in which so much was delivered at that rate.
  void pass(std::uint64_t rate, std::uint64_t volume) {
    delivered += volume;
    const rate_sample sample{.delivery_rate = rate,
                             .delivered = volume,
                             .prior_delivered = delivered - volume,
                             .total_delivered = delivered};
    model.on_ack(sample);
    model.tighten(1'000'000, 100'000, beta, paced_share);
    model.advance(sample);
    // What was delivered in the round before last is not looked at any more.
    model.forget_signals();
  }
};

TEST(bbr_short_term, falls_by_as_much_as_was_lost_and_not_by_what_the_sender_held_back) {
  lossy_rounds rounds;
  rounds.pass(1'000'000, 100'000);
  double expected = 1;
  for (int round = 0; round < 60; ++round) {
    // The sender paces by 1 % below its bound, and 1 % of that is lost.
    rounds.pass(scaled(rounds.model.bandwidth(), paced_share * 0.99),
                scaled(rounds.model.inflight(), paced_share * 0.99));
    expected *= 0.99;
  }
  EXPECT_NEAR(static_cast<double>(rounds.model.bandwidth()), 1'000'000 * expected, 1000);
  EXPECT_NEAR(static_cast<double>(rounds.model.inflight()), 100'000 * expected, 100);
}

TEST(bbr_short_term, does_not_fall_where_only_that_is_missing_which_the_sender_held_back) {
  lossy_rounds rounds;
  rounds.pass(1'000'000, 100'000);
  for (int round = 0; round < 60; ++round) rounds.pass(995'000, 99'500);
  EXPECT_EQ(rounds.model.bandwidth(), 1'000'000u);
  EXPECT_EQ(rounds.model.inflight(), 100'000u);
}

TEST(bbr_short_term, falls_no_deeper_than_beta_in_one_round_trip) {
  lossy_rounds rounds;
  rounds.pass(1'000'000, 100'000);
  rounds.pass(100'000, 10'000);
  EXPECT_EQ(rounds.model.bandwidth(), 700'000u);
  EXPECT_EQ(rounds.model.inflight(), 70'000u);
}

TEST(bbr_short_term, follows_what_is_delivered_upward) {
  lossy_rounds rounds;
  rounds.pass(500'000, 50'000);
  rounds.pass(900'000, 90'000);
  EXPECT_EQ(rounds.model.bandwidth(), 900'000u);
  EXPECT_EQ(rounds.model.inflight(), 90'000u);
}

TEST(bbr_short_term, survives_shares_that_are_nonsense) {
  for (const double nonsense : {-1.0, 0.0, 1e-300, 2.0, 1e300}) {
    SCOPED_TRACE(nonsense);
    bbr_short_term model;
    model.on_ack({.delivery_rate = 800'000, .delivered = 80'000, .total_delivered = 80'000});
    model.tighten(1'000'000, 100'000, beta, nonsense);
    EXPECT_GE(model.bandwidth(), 800'000u);
    EXPECT_LE(model.bandwidth(), 1'000'000u);
  }
}

}  // namespace
}  // namespace quasio::recovery
