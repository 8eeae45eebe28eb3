// Paths of all sizes, and paths whose size changes: the datagrams follow, and the data always get through.

#include "sim/simulation.hpp"

namespace quasio::sim {
namespace {

using namespace std::chrono_literals;
using quic::mtu_state;

constexpr std::size_t udp_over_v4 = 28;

link_settings link_of(std::size_t mtu, double loss = 0) {
  return {.delay = 10ms, .loss = loss, .bits_per_second = 50'000'000, .mtu = mtu - udp_over_v4};
}

/// Both ends would use all that a path gives.
world_settings wide_open(const link_settings& link, std::uint64_t seed = 1) {
  world_settings settings = between(link, seed);
  settings.client.max_datagram_size = settings.server.max_datagram_size = 65'507;
  settings.client.handshake_timeout = settings.server.handshake_timeout = 60s;
  return settings;
}

std::size_t client_mtu(simulation& run) { return run.client_statistics().max_datagram_size; }
std::size_t server_mtu(simulation& run) { return run.server_statistics().max_datagram_size; }

TEST(mtu_scenario, datagrams_grow_to_what_the_path_carries) {
  for (const std::size_t mtu : {1280u, 1400u, 1500u, 4000u, 9000u}) {
    SCOPED_TRACE(mtu);
    link_settings link = link_of(mtu);
    link.bits_per_second = 0;
    simulation run(wide_open(link), {.bytes_per_stream = 1'000'000});
    run.finish();
    run.expect_success();
    run.network.run_until([] { return false; }, 10s);
    for (const std::size_t found : {client_mtu(run), server_mtu(run)}) {
      EXPECT_LE(found, mtu - udp_over_v4);
      EXPECT_GE(found + found / 128 + 1, mtu - udp_over_v4);
    }
    EXPECT_EQ(run.client_statistics().mtu_black_holes, 0u);
    EXPECT_EQ(run.client_statistics().packets_lost, 0u) << "lost probes are none";
  }
}

TEST(mtu_scenario, the_default_uses_ethernet_after_one_round_trip) {
  simulation run(between({.delay = 10ms, .mtu = 1472}), {.bytes_per_stream = 1'000'000});
  run.run(100ms);
  EXPECT_EQ(client_mtu(run), 1472u);
  EXPECT_EQ(server_mtu(run), 1472u);
  run.finish();
  run.expect_success();
  EXPECT_EQ(run.client_statistics().mtu_probes_sent, 1u);
}

TEST(mtu_scenario, fewer_datagrams_carry_the_same_bytes) {
  const transfer_plan plan{.bytes_per_stream = 2'000'000};
  simulation large(wide_open(link_of(9000)), plan);
  large.finish();
  world_settings small_settings = wide_open(link_of(9000));
  small_settings.client.mtu.discovery = small_settings.server.mtu.discovery = false;
  simulation small(small_settings, plan);
  small.finish();
  small.expect_success();
  EXPECT_LT(large.client_statistics().datagrams_sent * 4, small.client_statistics().datagrams_sent);
}

TEST(mtu_scenario, a_path_that_shrinks_is_a_black_hole_for_a_second_at_most) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    for (const std::size_t smaller : {1228u, 1300u, 1400u, 1480u}) {
      SCOPED_TRACE(std::to_string(seed) + ", " + std::to_string(smaller));
      simulation run(between(link_of(1500), seed), {.bytes_per_stream = 3'000'000});
      run.run(150ms + 20ms * static_cast<int>(seed));
      ASSERT_EQ(client_mtu(run), 1472u);
      run.network.to_server().change(link_of(smaller));
      run.network.to_client().change(link_of(smaller));
      run.run(1s);
      EXPECT_LE(client_mtu(run), smaller - udp_over_v4);
      run.finish();
      run.expect_success();
      EXPECT_GE(run.client_statistics().mtu_black_holes, 1u);
      const bool complete = run.client_statistics().mtu == mtu_state::search_complete;
      EXPECT_GE(client_mtu(run) + client_mtu(run) / 128 + 1, complete ? smaller - udp_over_v4 : 0);
      if (::testing::Test::HasFailure()) return;
    }
  }
}

TEST(mtu_scenario, a_path_that_grows_is_used_after_the_raise_interval) {
  world_settings settings = wide_open(link_of(1300));
  settings.client.mtu.raise_interval = settings.server.mtu.raise_interval = 1s;
  simulation run(settings, {.bytes_per_stream = 20'000'000});
  run.run(500ms);
  EXPECT_LE(client_mtu(run), 1272u);
  run.network.to_server().change(link_of(9000));
  run.network.to_client().change(link_of(9000));
  run.finish();
  run.expect_success();
  EXPECT_GE(client_mtu(run), 8900u);
  EXPECT_GE(server_mtu(run), 8900u);
}

TEST(mtu_scenario, each_direction_has_its_own_size) {
  world_settings settings = wide_open(link_of(1500));
  settings.to_client = link_of(1400);
  settings.to_server.bits_per_second = settings.to_client.bits_per_second = 0;
  simulation run(settings, {.bytes_per_stream = 1'000'000});
  run.finish();
  run.expect_success();
  run.network.run_until([] { return false; }, 10s);
  EXPECT_EQ(client_mtu(run), 1472u);
  EXPECT_EQ(server_mtu(run), 1372u);
}

TEST(mtu_scenario, darkness_is_survived_with_large_datagrams) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    simulation run(wide_open(link_of(9000), seed), {.bytes_per_stream = 3'000'000});
    run.run(20ms * static_cast<int>(seed));
    link_settings dark = link_of(9000, 1);
    run.network.to_server().change(dark);
    run.network.to_client().change(dark);
    run.run(2s);
    run.network.to_server().change(link_of(9000));
    run.network.to_client().change(link_of(9000));
    run.finish(60s);
    run.expect_success();
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(mtu_scenario, a_path_below_1200_bytes_is_waited_for) {
  simulation run(between(link_of(1500)), {.bytes_per_stream = 3'000'000});
  run.run(200ms);
  run.network.to_server().change(link_of(1000));
  run.network.to_client().change(link_of(1000));
  run.run(8s);
  EXPECT_FALSE(run.is_done());
  run.network.to_server().change(link_of(1500));
  run.network.to_client().change(link_of(1500));
  run.finish(60s);
  run.expect_success();
}

TEST(mtu_scenario, any_size_any_change_and_any_loss_end_with_equal_bytes) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    seeded_random random(seed * 104'729);
    constexpr std::size_t sizes[] = {1280, 1400, 1500, 9000};
    const auto any_link = [&] {
      link_settings link = link_of(sizes[random.below(4)], static_cast<double>(random.below(101)) / 1000);
      link.ce_threshold = random.happens(0.3) ? 50'000 : 0;
      return link;
    };
    world_settings settings = wide_open(any_link(), seed);
    settings.to_client = any_link();
    settings.client.mtu.raise_interval = settings.server.mtu.raise_interval = 700ms;
    settings.client.mtu.max_probes = 1 + static_cast<unsigned>(random.below(3));
    simulation run(settings, {.streams = 1 + seed % 3, .bytes_per_stream = 300'000});
    for (int change = 0; change < 4; ++change) {
      run.run(std::chrono::milliseconds(50 + random.below(400)));
      if (random.happens(0.5)) run.network.to_server().change(any_link());
      if (random.happens(0.5)) run.network.to_client().change(any_link());
    }
    run.finish();
    run.expect_success();
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace quasio::sim
