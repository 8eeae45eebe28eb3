// Key updates on networks that lose and reorder what comes around them (RFC 9001, section 6).

#include <gtest/gtest.h>

#include "sim/simulation.hpp"

namespace quasio::sim {
namespace {

using namespace std::chrono_literals;

TEST(key_update_scenario, updates_of_both_ends_cost_no_packet_on_rough_networks) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    const link_settings rough{.delay = 10ms,
                              .jitter = 5ms,
                              .loss = 0.02,
                              .duplication = 0.02,
                              .reordering = 0.1,
                              .reorder_delay = 20ms,
                              .bits_per_second = 20'000'000};
    world_settings settings = between(rough, seed);
    // Now one end begins, now the other, now both at once.
    settings.client.key_update_packets = seed % 3 == 0 ? 0 : 30;
    settings.server.key_update_packets = seed % 3 == 1 ? 0 : 30 + seed % 5;
    simulation run(settings, {.streams = 3, .bytes_per_stream = 400'000});
    run.finish(120s);
    run.expect_success();
    const quic::statistics client = run.client_statistics();
    EXPECT_GE(client.key_updates, 3u);
    EXPECT_EQ(client.authentication_failures, 0u) << "keys were missing for an honest packet";
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(key_update_scenario, an_update_is_not_held_up_by_darkness) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    const link_settings good{.delay = 10ms, .bits_per_second = 20'000'000};
    link_settings dark = good;
    dark.loss = 1;
    simulation run(between(good, seed), {.streams = 2, .bytes_per_stream = 600'000});
    run.run(100ms + 10ms * static_cast<int>(seed));
    EXPECT_TRUE(run.network.client().connection().update_keys(run.network.now()));
    run.network.to_server().change(dark);
    run.run(1s);
    run.network.to_server().change(good);
    run.finish(60s);
    run.expect_success();
    EXPECT_EQ(run.client_statistics().key_updates, 1u);
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace quasio::sim
