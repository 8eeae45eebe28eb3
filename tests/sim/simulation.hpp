#pragma once

#include <gtest/gtest.h>

#include "sim/transfer.hpp"
#include "sim/world.hpp"

namespace quasio::sim {

/// A transfer that the test can interfere with.
struct simulation {
  std::shared_ptr<transfer_report> client = std::make_shared<transfer_report>();
  std::shared_ptr<transfer_report> server = std::make_shared<transfer_report>();
  world network;

  simulation(const world_settings& settings, const transfer_plan& plan)
      : network((seed_openssl(settings.seed), settings),
                std::make_unique<transfer>(endpoint_role::client, plan, client),
                [this, plan] { return std::make_unique<transfer>(endpoint_role::server, plan, server); }) {}

  bool is_done() const { return client->done && server->done; }

  bool finish(duration limit = std::chrono::seconds(300)) {
    return network.run_until([this] { return is_done(); }, limit);
  }

  /// Lets the network run for this long, or until the transfer is done.
  void run(duration time) {
    network.run_until([this] { return is_done(); }, time);
  }

  void expect_success() const {
    EXPECT_TRUE(is_done());
    EXPECT_EQ(client->failure, "");
    EXPECT_EQ(server->failure, "");
    EXPECT_TRUE(network.amplification_kept());
  }

  bool server_is_established() {
    auto& accepted = network.server().connections();
    return !accepted.empty() && accepted.front()->connection().is_established();
  }

  quic::statistics client_statistics() { return network.client().connection().statistics(); }

  /// Of the one connection that the server has.
  quic::statistics server_statistics() { return network.server().connections().at(0)->connection().statistics(); }
};

inline world_settings between(const link_settings& link, std::uint64_t seed = 1) {
  return {.seed = seed, .to_server = link, .to_client = link};
}

}  // namespace quasio::sim
