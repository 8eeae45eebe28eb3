// Networks that handle ECN well, badly or not at all: data always gets through, and marks only go where they work.

#include "sim/simulation.hpp"

namespace quasio::sim {
namespace {

using namespace std::chrono_literals;
using quic::ecn_state;

constexpr link_settings slow{.delay = 20ms, .bits_per_second = 20'000'000, .queue_bytes = 150'000};

link_settings with(ecn_treatment treatment) {
  link_settings link = slow;
  link.ecn = treatment;
  return link;
}

TEST(ecn_scenario, an_honest_network_is_found_capable_both_ways) {
  simulation run(between(slow), {.bytes_per_stream = 300'000});
  run.finish();
  run.expect_success();
  EXPECT_EQ(run.client_statistics().ecn, ecn_state::capable);
  EXPECT_EQ(run.server_statistics().ecn, ecn_state::capable);
  EXPECT_GT(run.client_statistics().ecn_ect0_acked, 200u);
  EXPECT_GT(run.client_statistics().ecn_ect0_received, 200u);
  EXPECT_EQ(run.client_statistics().ecn_ce_acked, 0u);
}

TEST(ecn_scenario, marks_by_a_queue_spare_losses) {
  const transfer_plan plan{.bytes_per_stream = 5'000'000};
  link_settings marking = slow;
  marking.queue_bytes = 300'000;
  marking.ce_threshold = 50'000;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE(seed);
    simulation with_marks(between(marking, seed), plan);
    with_marks.finish();
    with_marks.expect_success();
    EXPECT_GT(with_marks.client_statistics().ecn_ce_acked, 0u);
    EXPECT_EQ(with_marks.client_statistics().ecn, ecn_state::capable);
    EXPECT_EQ(with_marks.network.to_server().dropped(), 0u) << "the queue never fills up";

    world_settings without = between(marking, seed);
    without.client.ecn = without.server.ecn = false;
    simulation without_marks(without, plan);
    without_marks.finish();
    without_marks.expect_success();
    EXPECT_GT(without_marks.network.to_server().dropped(), 0u);
    EXPECT_EQ(without_marks.network.to_server().marked(), 0u);
  }
}

TEST(ecn_scenario, a_network_that_bleaches_is_given_up) {
  simulation run(between(with(ecn_treatment::bleaches)), {.bytes_per_stream = 200'000});
  run.finish();
  run.expect_success();
  EXPECT_EQ(run.client_statistics().ecn, ecn_state::failed);
  EXPECT_EQ(run.server_statistics().ecn, ecn_state::failed);
  EXPECT_LE(run.client_statistics().ecn_ect0_sent, 10u);
}

TEST(ecn_scenario, a_network_that_swaps_codepoints_is_given_up) {
  simulation run(between(with(ecn_treatment::swaps_codes)), {.bytes_per_stream = 200'000});
  run.finish();
  run.expect_success();
  EXPECT_EQ(run.client_statistics().ecn, ecn_state::failed);
  EXPECT_EQ(run.server_statistics().ecn, ecn_state::failed);
}

TEST(ecn_scenario, a_network_that_marks_everything_is_given_up) {
  simulation run(between(with(ecn_treatment::marks_all)), {.bytes_per_stream = 200'000});
  run.finish();
  run.expect_success();
  EXPECT_EQ(run.client_statistics().ecn, ecn_state::failed);
  EXPECT_EQ(run.server_statistics().ecn, ecn_state::failed);
}

TEST(ecn_scenario, a_network_that_drops_marked_packets_costs_seconds_and_not_the_connection) {
  for (const bool both_ways : {true, false}) {
    SCOPED_TRACE(both_ways);
    world_settings settings = between(with(ecn_treatment::drops));
    if (!both_ways) settings.to_server = slow;
    simulation run(settings, {.bytes_per_stream = 200'000});
    const time_point begin = run.network.now();
    run.finish(30s);
    run.expect_success();
    EXPECT_LT(run.network.now() - begin, 9s);
    EXPECT_EQ(run.server_statistics().ecn, ecn_state::failed);
    EXPECT_EQ(run.client_statistics().ecn, both_ways ? ecn_state::failed : ecn_state::capable);
  }
}

// [rfc9000 13.4.2.2#2]
TEST(ecn_scenario, a_network_that_turns_bad_in_mid_run_is_given_up) {
  for (const auto treatment : {ecn_treatment::bleaches, ecn_treatment::swaps_codes}) {
    simulation run(between(slow), {.bytes_per_stream = 1'000'000});
    run.run(200ms);
    EXPECT_EQ(run.client_statistics().ecn, ecn_state::capable);
    run.network.to_server().change(with(treatment));
    run.finish();
    run.expect_success();
    EXPECT_EQ(run.client_statistics().ecn, ecn_state::failed);
    EXPECT_EQ(run.server_statistics().ecn, ecn_state::capable);
  }
}

TEST(ecn_scenario, loss_and_reordering_do_not_pass_for_a_bad_network) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE(seed);
    simulation run(between({.delay = 15ms,
                            .jitter = 2ms,
                            .loss = 0.05,
                            .duplication = 0.05,
                            .reordering = 0.05,
                            .reorder_delay = 10ms},
                           seed),
                   {.bytes_per_stream = 200'000});
    run.finish();
    run.expect_success();
    EXPECT_EQ(run.client_statistics().ecn, ecn_state::capable);
    EXPECT_EQ(run.server_statistics().ecn, ecn_state::capable);
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(ecn_scenario, any_treatment_with_any_loss_ends_with_equal_bytes) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    world_settings settings = between(slow, seed);
    settings.to_server.ecn = static_cast<ecn_treatment>(seed % 5);
    settings.to_client.ecn = static_cast<ecn_treatment>(seed / 5 % 5);
    settings.to_server.loss = settings.to_client.loss = static_cast<double>(seed % 11) / 100;
    settings.to_server.ce_threshold = settings.to_client.ce_threshold = 20'000;
    settings.client.handshake_timeout = settings.server.handshake_timeout = 60s;
    if (seed % 3 == 0) settings.retry = quic::retry_policy::always;
    simulation run(settings, {.streams = 2, .bytes_per_stream = 200'000});
    run.finish();
    run.expect_success();
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace quasio::sim
