// Version negotiation on networks that lose, reorder and spoil its packets (RFC 9368, RFC 9369).

#include <gtest/gtest.h>

#include "sim/transfer.hpp"
#include "sim/world.hpp"

namespace quasio::sim {
namespace {

using namespace std::chrono_literals;

constexpr quic_version v1 = quic_version::v1;
constexpr quic_version v2 = quic_version::v2;

struct outcome {
  quic::handshake_summary client;
  std::string failure;
};

outcome shake_hands(world_settings settings) {
  seed_openssl(settings.seed);
  settings.client.handshake_timeout = settings.server.handshake_timeout = 240s;
  settings.client.max_idle_timeout = settings.server.max_idle_timeout = 240s;
  const auto client = std::make_shared<transfer_report>();
  const auto server = std::make_shared<transfer_report>();
  const transfer_plan plan{.bytes_per_stream = 20'000};
  world network(settings, std::make_unique<transfer>(endpoint_role::client, plan, client),
                [&] { return std::make_unique<transfer>(endpoint_role::server, plan, server); });
  network.run_until([&] { return client->done && server->done; }, 240s);
  EXPECT_TRUE(client->done && server->done);
  EXPECT_EQ(server->failure, "");
  EXPECT_TRUE(network.amplification_kept());
  return {network.client().connection().handshake(), client->failure};
}

link_settings rough(std::uint64_t seed) {
  return {.delay = 20ms,
          .jitter = std::chrono::milliseconds(seed % 30),
          .loss = 0.2,
          .duplication = 0.2,
          .corruption = 0.05,
          .reordering = 0.3,
          .reorder_delay = 30ms};
}

/// Every combination of client's wish, server's wish and Retry, each on a network of its own.
TEST(version_scenario, every_negotiation_comes_to_its_end_on_rough_networks) {
  for (std::uint64_t seed = 1; seed <= 120; ++seed) {
    SCOPED_TRACE(seed);
    world_settings settings{.seed = seed, .to_server = rough(seed), .to_client = rough(seed + 1)};
    settings.retry = seed % 2 == 0 ? quic::retry_policy::always : quic::retry_policy::never;
    settings.version = seed % 4 < 2 ? v1 : v2;
    const quic_version other = settings.version == v1 ? v2 : v1;
    const quic_version wanted = seed % 3 == 0 ? settings.version : other;
    if (seed % 3 == 1) settings.client.versions.supported = {other, settings.version};
    if (seed % 3 == 2) settings.server.versions.supported = {other};
    const outcome result = shake_hands(settings);
    EXPECT_EQ(result.failure, "");
    EXPECT_EQ(result.client.version, wanted);
    EXPECT_EQ(result.client.original_version, settings.version);
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(version_scenario, compatible_negotiation_costs_no_round_trip) {
  world_settings settings{.to_server = {.delay = 50ms}, .to_client = {.delay = 50ms}};
  const duration plain = shake_hands(settings).client.elapsed;
  settings.client.versions.supported = {v2, v1};
  const outcome upgraded = shake_hands(settings);
  EXPECT_EQ(upgraded.client.version, v2);
  EXPECT_EQ(upgraded.client.elapsed, plain);
}

TEST(version_scenario, incompatible_negotiation_costs_one_round_trip) {
  world_settings settings{.to_server = {.delay = 50ms}, .to_client = {.delay = 50ms}};
  const duration plain = shake_hands(settings).client.elapsed;
  settings.server.versions.supported = {v2};
  const outcome again = shake_hands(settings);
  EXPECT_EQ(again.client.version, v2);
  EXPECT_EQ(again.client.elapsed, plain + 100ms);
}

}  // namespace
}  // namespace quasio::sim
