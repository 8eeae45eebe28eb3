// Tokens for later connections on networks that lose, double and reorder (RFC 9000, sections 8.1.3 and 13.3).

#include <gtest/gtest.h>

#include <algorithm>
#include <variant>

#include "sim/transfer.hpp"
#include "sim/world.hpp"

namespace quasio::sim {
namespace {

using namespace std::chrono_literals;

/// A transfer whose client keeps the tokens that it gets.
class collector final : public application {
public:
  collector(const transfer_plan& plan, std::shared_ptr<transfer_report> report,
            std::shared_ptr<std::vector<std::vector<std::uint8_t>>> tokens)
      : transfer_(endpoint_role::client, plan, std::move(report)), tokens_(std::move(tokens)) {}

  void on_event(quic::connection& connection, const quic::event& event, time_point now) override {
    if (const auto* given = std::get_if<quic::new_token_received>(&event)) tokens_->push_back(given->token);
    transfer_.on_event(connection, event, now);
  }
  void work(quic::connection& connection, time_point now) override { transfer_.work(connection, now); }

private:
  transfer transfer_;
  std::shared_ptr<std::vector<std::vector<std::uint8_t>>> tokens_;
};

TEST(new_token, arrives_once_each_whatever_is_lost) {
  for (const double loss : {0.0, 0.1, 0.3}) {
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
      SCOPED_TRACE(::testing::Message() << "loss " << loss << ", seed " << seed);
      const link_settings line{.delay = 20ms, .loss = loss, .bits_per_second = 20'000'000};
      world_settings settings{.seed = seed, .to_server = line, .to_client = line};
      settings.client.handshake_timeout = settings.server.handshake_timeout = 240s;
      settings.client.max_idle_timeout = settings.server.max_idle_timeout = 240s;
      const transfer_plan plan{.streams = 1, .bytes_per_stream = 300'000};
      const auto client = std::make_shared<transfer_report>();
      const auto server = std::make_shared<transfer_report>();
      const auto tokens = std::make_shared<std::vector<std::vector<std::uint8_t>>>();
      seed_openssl(seed);
      world network(settings, std::make_unique<collector>(plan, client, tokens),
                    [&] { return std::make_unique<transfer>(endpoint_role::server, plan, server); });
      ASSERT_TRUE(network.run_until([&] { return client->done && server->done && tokens->size() >= 2; }, 240s))
          << tokens->size() << " tokens";
      network.run_until([] { return false; }, 2s);
      EXPECT_EQ(tokens->size(), 2u);
      EXPECT_FALSE(std::ranges::equal(tokens->front(), tokens->back()));
      EXPECT_EQ(client->failure, "");
      if (::testing::Test::HasFailure()) return;
    }
  }
}

}  // namespace
}  // namespace quasio::sim
