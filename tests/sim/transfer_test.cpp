#include "sim/transfer.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

#include "sim/world.hpp"

namespace quasio::sim {
namespace {

using namespace std::chrono_literals;

struct outcome {
  bool finished = false;
  std::string client_failure;
  std::string server_failure;
  bool amplification_kept = true;
  duration virtual_time{};
  quic::statistics client;
};

outcome run(const world_settings& settings, const transfer_plan& plan) {
  seed_openssl(settings.seed);
  const auto client = std::make_shared<transfer_report>();
  const auto server = std::make_shared<transfer_report>();
  world simulated(settings, std::make_unique<transfer>(endpoint_role::client, plan, client),
                  [&] { return std::make_unique<transfer>(endpoint_role::server, plan, server); });
  const time_point begin = simulated.now();
  outcome result;
  result.finished = simulated.run_until([&] { return client->done && server->done; }, 300s);
  result.client_failure = client->failure;
  result.server_failure = server->failure;
  result.amplification_kept = simulated.amplification_kept();
  result.virtual_time = simulated.now() - begin;
  result.client = simulated.client().connection().statistics();
  return result;
}

void expect_success(const outcome& result) {
  EXPECT_TRUE(result.finished);
  EXPECT_EQ(result.client_failure, "");
  EXPECT_EQ(result.server_failure, "");
  EXPECT_TRUE(result.amplification_kept);
}

TEST(transfer, completes_on_a_perfect_network) {
  const outcome result = run({}, {.streams = 3, .bytes_per_stream = 300'000});
  expect_success(result);
  EXPECT_EQ(result.client.packets_lost, 0u);
  EXPECT_LT(result.virtual_time, 2s);
}

TEST(transfer, completes_after_a_retry) {
  expect_success(run({.retry = quic::retry_policy::always}, {.bytes_per_stream = 10'000}));
}

TEST(transfer, completes_in_version_2) {
  expect_success(run({.version = quic_version::v2}, {.bytes_per_stream = 10'000}));
}

TEST(transfer, verifies_the_certificate) {
  expect_success(run({.verify_certificate = true}, {.bytes_per_stream = 10'000}));
}

/// A bad network, chosen by the seed: up to 10 % loss, and reordering, duplication and corruption.
link_settings bad_link(seeded_random& random) {
  return {.delay = 1ms + std::chrono::microseconds(random.below(50'000)),
          .jitter = std::chrono::microseconds(random.below(3'000)),
          .loss = static_cast<double>(random.below(101)) / 1000,
          .duplication = static_cast<double>(random.below(101)) / 1000,
          .corruption = static_cast<double>(random.below(51)) / 1000,
          .reordering = static_cast<double>(random.below(101)) / 1000,
          .reorder_delay = std::chrono::microseconds(random.below(20'000)),
          .queue_bytes = 256 * 1024};
}

world_settings bad_world(std::uint64_t seed) {
  seeded_random random(seed * 7919);
  world_settings settings{.seed = seed, .to_server = bad_link(random), .to_client = bad_link(random)};
  settings.retry = random.happens(0.2) ? quic::retry_policy::always : quic::retry_policy::never;
  settings.version = random.happens(0.2) ? quic_version::v2 : quic_version::v1;
  if (random.happens(0.3)) settings.client.key_update_packets = 20 + random.below(200);
  if (random.happens(0.3)) settings.server.key_update_packets = 20 + random.below(200);
  // Some clients want the other version, and some servers know only one.
  if (random.happens(0.2)) settings.client.versions.supported = {quic_version::v2, quic_version::v1};
  if (random.happens(0.1)) settings.server.versions.supported = {quic_version::v2};
  settings.client.handshake_timeout = settings.server.handshake_timeout = 120s;
  settings.client.max_idle_timeout = settings.server.max_idle_timeout = 120s;
  return settings;
}

// QUASIO_SIM_SEED=n replays one seed; QUASIO_SIM_SEEDS=n changes how many are run.
std::uint64_t number_from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

// [rfc9000 2.2#2]
TEST(transfer, completes_with_equal_bytes_on_bad_networks) {
  const std::uint64_t one = number_from_environment("QUASIO_SIM_SEED", 0);
  const std::uint64_t count = number_from_environment("QUASIO_SIM_SEEDS", 1000);
  const std::uint64_t first = one > 0 ? one : 1;
  const std::uint64_t last = one > 0 ? one : count;
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    SCOPED_TRACE("replay with QUASIO_SIM_SEED=" + std::to_string(seed));
    const std::size_t streams = 1 + seed % 4;
    expect_success(run(bad_world(seed), {.streams = streams, .bytes_per_stream = 1024 * 1024 / streams}));
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace quasio::sim
