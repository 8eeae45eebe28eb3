// Networks that do what networks do: lose the handshake, go dark, move the client, stretch the delay, squeeze the
// bandwidth; and strangers that inject garbage. Both ends must get every byte, or end for the reason they should.

#include <gtest/gtest.h>

#include "sim/download.hpp"
#include "sim/simulation.hpp"

namespace quasio::sim {
namespace {

using namespace std::chrono_literals;

TEST(scenario, a_handshake_at_30_percent_loss_each_way_completes) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE(seed);
    world_settings settings = between({.delay = 20ms, .loss = 0.3}, seed);
    settings.client.handshake_timeout = settings.server.handshake_timeout = 240s;
    settings.client.max_idle_timeout = settings.server.max_idle_timeout = 240s;
    simulation run(settings, {.bytes_per_stream = 5000});
    run.finish(240s);
    run.expect_success();
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(scenario, two_seconds_of_darkness_are_survived) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    const link_settings good{.delay = 20ms, .bits_per_second = 20'000'000};
    link_settings dark = good;
    dark.loss = 1;
    simulation run(between(good, seed), {.streams = 2, .bytes_per_stream = 1'000'000});
    run.run(50ms * static_cast<int>(seed));
    run.network.to_server().change(dark);
    run.network.to_client().change(dark);
    run.run(2s);
    run.network.to_server().change(good);
    run.network.to_client().change(good);
    run.finish(60s);
    run.expect_success();
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(scenario, a_nat_that_rebinds_the_client_does_not_break_a_transfer) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    simulation run(between({.delay = 15ms, .loss = 0.01, .bits_per_second = 20'000'000}, seed),
                   {.streams = 2, .bytes_per_stream = 500'000});
    // RFC 9000, section 9: before the handshake is confirmed, which losses may delay, no address may change.
    run.network.run_until([&] { return run.server_is_established(); }, 60s);
    run.run(10ms * static_cast<int>(seed));
    run.network.rebind_client();
    run.run(200ms);
    // A client that waits for nothing would have no reason to speak from its new port.
    if (run.client_statistics().bytes_in_flight > 0) run.network.rebind_client();
    run.finish(120s);
    run.expect_success();
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(scenario, a_nat_that_rebinds_a_client_with_nothing_to_say_but_acknowledgments) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    // The window is small, so that few bytes come from the new address.
    world_settings settings = between({.delay = 30ms, .loss = 0.02}, seed);
    settings.client.initial_connection_window = settings.client.max_connection_window = 6'000;
    settings.client.initial_stream_window = settings.client.max_stream_window = 6'000;
    // Nobody can find a client that is silent at that moment; in these runs, with small datagrams, it never is.
    settings.client.mtu.discovery = settings.server.mtu.discovery = false;
    download run(settings, 200'000);
    run.run(200ms + 10ms * static_cast<int>(seed));
    ASSERT_FALSE(run.report->done);
    run.network.rebind_client();
    EXPECT_TRUE(run.run(120s));
    EXPECT_EQ(run.report->failure, "");
    EXPECT_TRUE(run.report->done);
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(scenario, a_second_and_a_half_of_delay_is_no_obstacle) {
  world_settings settings = between({.delay = 750ms});
  simulation run(settings, {.bytes_per_stream = 300'000});
  run.finish(120s);
  run.expect_success();
  EXPECT_GE(run.client_statistics().minimum_rtt, 1500ms);
  EXPECT_EQ(run.client_statistics().packets_lost, 0u);
}

TEST(scenario, tiny_windows_only_make_it_slow) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE(seed);
    world_settings settings = between({.delay = 1ms, .loss = 0.02}, seed);
    for (quic::settings* side : {&settings.client, &settings.server}) {
      side->initial_connection_window = side->max_connection_window = 1500;
      side->initial_stream_window = side->max_stream_window = 400;
    }
    simulation run(settings, {.streams = 4, .bytes_per_stream = 20'000});
    run.finish(300s);
    run.expect_success();
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(scenario, two_hundred_streams_wait_for_their_turn) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE(seed);
    world_settings settings = between({.delay = 10ms, .loss = 0.02}, seed);
    settings.server.max_concurrent_bidirectional_streams = 20;
    simulation run(settings, {.streams = 200, .bytes_per_stream = 3000});
    run.finish(300s);
    run.expect_success();
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(scenario, a_server_that_closes_in_the_middle_is_heard) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    simulation run(between({.delay = 10ms, .loss = 0.2, .bits_per_second = 10'000'000}, seed),
                   {.bytes_per_stream = 5'000'000});
    ASSERT_TRUE(run.network.run_until([&] { return run.network.client().connection().is_established(); }, 60s));
    run.run(500ms);
    ASSERT_FALSE(run.is_done());
    ASSERT_EQ(run.network.server().connections().size(), 1u);
    run.network.server().connections().front()->connection().close(0x77, "over", run.network.now());
    run.network.run_until([&] { return run.network.client().connection().is_drained(); }, 120s);
    quic::connection& client = run.network.client().connection();
    EXPECT_TRUE(client.is_drained());
    // Every answer may be lost: then silence ends it, or a reset by a server that has forgotten it meanwhile.
    const bool was_told = client.reason().cause != quic::close_cause::idle_timeout &&
                          client.reason().cause != quic::close_cause::stateless_reset;
    if (was_told) {
      EXPECT_EQ(client.reason().cause, quic::close_cause::peer_application);
      EXPECT_EQ(client.reason().code, 0x77u);
    }
    run.network.run_until([&] { return run.network.server().connections().empty(); }, 120s);
    EXPECT_TRUE(run.network.server().connections().empty());
    EXPECT_EQ(run.network.server().routes(), 0u);
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(scenario, both_ends_are_gone_after_silence) {
  simulation run(between({.delay = 10ms}), {.bytes_per_stream = 1000});
  run.finish();
  link_settings dark;
  dark.loss = 1;
  run.network.to_server().change(dark);
  run.network.to_client().change(dark);
  run.network.run_until([&] { return false; }, 120s);
  EXPECT_TRUE(run.network.client().connection().is_drained());
  EXPECT_TRUE(run.network.server().connections().empty());
  EXPECT_EQ(run.network.server().routes(), 0u);
}

/// What a stranger makes of a datagram that he saw.
std::vector<std::uint8_t> spoil(byte_view seen, seeded_random& random) {
  std::vector<std::uint8_t> spoilt(seen.begin(), seen.end());
  switch (random.below(4)) {
    case 0:
      spoilt.resize(random.below(spoilt.size() + 1));
      break;
    case 1:
      for (std::uint64_t flips = 1 + random.below(8); flips > 0; --flips)
        spoilt[random.below(spoilt.size())] ^= static_cast<std::uint8_t>(1u << random.below(8));
      break;
    case 2:
      spoilt.resize(random.below(1500));
      random.fill(spoilt);
      break;
    default:
      // A good beginning and another end.
      random.fill(byte_span(spoilt).subspan(random.below(spoilt.size())));
  }
  return spoilt;
}

TEST(scenario, strangers_cannot_disturb_a_transfer) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE(seed);
    simulation run(between({.delay = 10ms, .bits_per_second = 20'000'000}, seed),
                   {.streams = 2, .bytes_per_stream = 300'000});
    // Before the handshake is confirmed an observer can forge Initial packets: that is another story.
    run.run(100ms);
    seeded_random random(seed);
    std::vector<std::vector<std::uint8_t>> seen_by_server;
    std::vector<std::vector<std::uint8_t>> seen_by_client;
    run.network.observe([&](byte_view bytes, bool at_server) {
      auto& seen = at_server ? seen_by_server : seen_by_client;
      if (seen.size() < 200) seen.emplace_back(bytes.begin(), bytes.end());
    });
    for (int round = 0; round < 300 && !run.is_done(); ++round) {
      run.run(1ms);
      if (!seen_by_server.empty())
        run.network.inject_to_server(spoil(seen_by_server[random.below(seen_by_server.size())], random));
      if (!seen_by_client.empty())
        run.network.inject_to_client(spoil(seen_by_client[random.below(seen_by_client.size())], random));
    }
    run.network.observe({});
    run.finish(60s);
    run.expect_success();
    EXPECT_GT(run.client_statistics().packets_dropped, 100u);
    EXPECT_EQ(run.client_statistics().packets_lost, 0u) << "what a stranger says must not look like loss";
    EXPECT_LE(run.network.server().connections().size(), 1u);
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(scenario, new_reno_fills_a_link_whose_queue_holds_a_round_trip) {
  constexpr std::uint64_t rate = 20'000'000;
  constexpr duration delay = 20ms;
  constexpr std::size_t queue = rate / 8 / 25;  // 40 ms: one bandwidth-delay product.
  constexpr std::uint64_t size = 20'000'000;
  world_settings settings = between({.delay = delay, .bits_per_second = rate, .queue_bytes = queue});
  download run(settings, size);
  const time_point begin = run.network.now();
  EXPECT_TRUE(run.run(60s));
  EXPECT_EQ(run.report->failure, "");
  const double seconds = std::chrono::duration<double>(run.network.now() - begin).count();
  EXPECT_GT(static_cast<double>(size) * 8 / seconds, 0.8 * static_cast<double>(rate)) << seconds << " s";
}

}  // namespace
}  // namespace quasio::sim
