// A server that has lost its connections, as after a restart with the key of before: its clients hear of it at once
// (RFC 9000, section 10.3), also where the network loses much.

#include <gtest/gtest.h>

#include "sim/transfer.hpp"
#include "sim/world.hpp"

namespace quasio::sim {
namespace {

using namespace std::chrono_literals;

struct endless {
  std::shared_ptr<transfer_report> client = std::make_shared<transfer_report>();
  std::shared_ptr<transfer_report> server = std::make_shared<transfer_report>();
  transfer_plan plan{.streams = 2, .bytes_per_stream = 100'000'000};
  world network;

  explicit endless(const world_settings& settings)
      : network((seed_openssl(settings.seed), settings),
                std::make_unique<transfer>(endpoint_role::client, plan, client),
                [this] { return std::make_unique<transfer>(endpoint_role::server, plan, server); }) {}

  void run(duration time) {
    network.run_until([] { return false; }, time);
  }

  bool client_has_ended(duration limit) {
    return network.run_until([this] { return network.client().connection().is_closed(); }, limit);
  }
};

TEST(server_without_state, resets_its_clients_within_a_few_round_trips) {
  for (const double loss : {0.0, 0.1, 0.3}) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
      SCOPED_TRACE(::testing::Message() << "loss " << loss << ", seed " << seed);
      const link_settings line{.delay = 10ms, .loss = loss, .bits_per_second = 10'000'000};
      world_settings settings{.seed = seed, .to_server = line, .to_client = line};
      settings.client.max_idle_timeout = settings.server.max_idle_timeout = 60s;
      settings.client.handshake_timeout = settings.server.handshake_timeout = 60s;
      endless run(settings);
      ASSERT_TRUE(run.network.run_until([&] { return run.network.client().connection().is_established(); }, 60s));
      run.run(500ms);
      run.network.server().lose_state();
      ASSERT_TRUE(run.client_has_ended(loss == 0 ? 1s : 20s));
      EXPECT_EQ(run.network.client().connection().reason().cause, quic::close_cause::stateless_reset);
      EXPECT_TRUE(run.network.amplification_kept());
    }
  }
}

TEST(server_without_state, resets_also_a_client_whose_address_has_changed) {
  endless run({.seed = 3, .to_server = {.delay = 10ms}, .to_client = {.delay = 10ms}});
  run.run(300ms);
  run.network.rebind_client();
  run.network.server().lose_state();
  ASSERT_TRUE(run.client_has_ended(1s));
  EXPECT_EQ(run.network.client().connection().reason().cause, quic::close_cause::stateless_reset);
}

}  // namespace
}  // namespace quasio::sim
