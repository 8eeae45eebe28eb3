// Paths that reorder: packets that come late are taken for lost, and what follows from that.

#include <gtest/gtest.h>

#include "sim/transfer.hpp"
#include "sim/world.hpp"

namespace quasio::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t seeds = 3;

/// One datagram in fifty is held back for 15 ms: a third of the round trip, and 60 datagrams at this rate.
world_settings reordering_world(std::uint64_t seed) {
  const link_settings link{.delay = 20ms, .reordering = 0.02, .reorder_delay = 15ms, .bits_per_second = 50'000'000};
  world_settings settings{.seed = seed, .to_server = link, .to_client = link};
  // A search for larger datagrams changes sizes in the midst of what is measured here.
  settings.client.mtu.discovery = settings.server.mtu.discovery = false;
  return settings;
}

struct totals {
  std::uint64_t sent = 0;
  std::uint64_t lost = 0;
  std::uint64_t spurious = 0;
  std::uint64_t events = 0;
  std::uint64_t undone = 0;
  duration time{};
};

totals transfer_over_reordering_paths(const recovery::loss_detection_settings& detection, bool undo) {
  totals all;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    world_settings settings = reordering_world(seed);
    settings.client.loss_detection = settings.server.loss_detection = detection;
    settings.client.congestion.undo_spurious_reductions = undo;
    settings.server.congestion.undo_spurious_reductions = undo;
    seed_openssl(seed);
    const auto client = std::make_shared<transfer_report>();
    const auto server = std::make_shared<transfer_report>();
    const transfer_plan plan{.bytes_per_stream = 6'000'000};
    world network(settings, std::make_unique<transfer>(endpoint_role::client, plan, client),
                  [&] { return std::make_unique<transfer>(endpoint_role::server, plan, server); });
    const time_point begin = network.now();
    EXPECT_TRUE(network.run_until([&] { return client->done && server->done; }, 120s));
    EXPECT_EQ(client->failure + server->failure, "");
    const auto counted = network.client().connection().statistics();
    all.sent += counted.packets_sent;
    all.lost += counted.packets_lost;
    all.spurious += counted.packets_spuriously_lost;
    all.events += counted.congestion_events;
    all.undone += counted.congestion_events_undone;
    all.time += network.now() - begin;
  }
  return all;
}

constexpr recovery::loss_detection_settings fixed{.maximum_packet_threshold = 3, .maximum_time_threshold = 1.125};

// Each is looked at by more than one test.
const totals& with_fixed_thresholds() {
  static const totals all = transfer_over_reordering_paths(fixed, true);
  return all;
}

const totals& with_adaptive_thresholds() {
  static const totals all = transfer_over_reordering_paths({}, true);
  return all;
}

TEST(reordering, is_learnt_so_that_far_fewer_packets_are_taken_for_lost) {
  EXPECT_GT(with_fixed_thresholds().spurious, 50 * seeds);
  EXPECT_LT(with_adaptive_thresholds().spurious, with_fixed_thresholds().spurious / 5);
  EXPECT_LT(with_adaptive_thresholds().time, with_fixed_thresholds().time);
}

TEST(reordering, needs_both_thresholds_to_grow) {
  recovery::loss_detection_settings packets_only;
  packets_only.maximum_time_threshold = recovery::default_time_threshold;
  const totals half = transfer_over_reordering_paths(packets_only, true);
  EXPECT_LT(with_adaptive_thresholds().spurious, half.spurious);
}

TEST(reordering, does_not_keep_the_window_small_when_reductions_are_undone) {
  const totals kept = transfer_over_reordering_paths(fixed, false);
  EXPECT_EQ(kept.undone, 0u);
  EXPECT_GT(with_fixed_thresholds().undone, 0u);
  EXPECT_LT(with_fixed_thresholds().time, kept.time * 9 / 10);
}

}  // namespace
}  // namespace quasio::sim
