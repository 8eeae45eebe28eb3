// Datagrams beside streams over bad networks: each comes at most once, whole, and its fate is told truly; the streams
// beside them lose nothing.

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <set>

#include "sim/transfer.hpp"
#include "sim/world.hpp"

namespace quasio::sim {
namespace {

using namespace std::chrono_literals;
using quic::datagram_outcome;

/// What both ends of a run know of the datagrams in one direction.
struct datagram_ledger {
  std::map<std::uint64_t, std::size_t> accepted;  // Number -> size.
  std::set<std::uint64_t> received;
  std::map<std::uint64_t, std::vector<datagram_outcome>> fates;
  std::string failure;
};

/// A transfer that also sends numbered datagrams of random sizes and urgencies.
class talker final : public application {
public:
  talker(endpoint_role role, const transfer_plan& plan, std::uint64_t count, std::uint64_t seed,
         std::shared_ptr<transfer_report> report, std::shared_ptr<datagram_ledger> out,
         std::shared_ptr<datagram_ledger> in)
      : streams_(role, plan, std::move(report)),
        random_(seed),
        count_(count),
        out_(std::move(out)),
        in_(std::move(in)) {}

  void on_event(quic::connection& connection, const quic::event& event, time_point now) override {
    if (std::holds_alternative<quic::datagrams_readable>(event)) read(connection);
    if (const auto* fate = std::get_if<quic::datagram_fate>(&event)) out_->fates[fate->cookie].push_back(fate->outcome);
    streams_.on_event(connection, event, now);
  }

  void work(quic::connection& connection, time_point now) override {
    streams_.work(connection, now);
    for (int i = 0; i < 4 && next_ < count_ && connection.is_established(); ++i) {
      if (!send(connection, now)) return;
    }
  }

private:
  static std::uint8_t content(std::uint64_t number, std::size_t at) {
    return static_cast<std::uint8_t>(number * 31 + at * 7);
  }

  bool send(quic::connection& connection, time_point now) {
    const std::size_t most = connection.max_datagram_payload();
    if (most < 8) return false;
    std::vector<std::uint8_t> data(8 + (random_.happens(0.2) ? most - 8 : random_.below(most - 7)));
    for (std::size_t i = 8; i < data.size(); ++i) data[i] = content(next_, i);
    for (std::size_t i = 0; i < 8; ++i) data[i] = static_cast<std::uint8_t>(next_ >> (8 * i));
    quic::datagram_options options{.urgency = static_cast<std::uint8_t>(random_.below(8)), .cookie = next_};
    if (random_.happens(0.3)) options.expires = now + std::chrono::microseconds(random_.below(100'000));
    const auto accepted = connection.send_datagram(data, options);
    if (!accepted) {
      if (accepted.error() != quic::datagram_error::queue_full) out_->failure = to_string(accepted.error());
      return false;
    }
    out_->accepted[next_++] = data.size();
    return true;
  }

  void read(quic::connection& connection) {
    while (const auto data = connection.peek_datagram()) {
      std::uint64_t number = 0;
      for (std::size_t i = 0; i < 8 && i < data->size(); ++i) number |= std::uint64_t{(*data)[i]} << (8 * i);
      if (!in_->received.insert(number).second) in_->failure = "one came twice";
      if (!in_->accepted.contains(number) || in_->accepted[number] != data->size()) in_->failure = "one was torn";
      for (std::size_t i = 8; i < data->size(); ++i) {
        if ((*data)[i] != content(number, i)) in_->failure = "one was changed";
      }
      connection.pop_datagram();
    }
  }

  transfer streams_;
  seeded_random random_;
  std::uint64_t count_;
  std::uint64_t next_ = 0;
  std::shared_ptr<datagram_ledger> out_;
  std::shared_ptr<datagram_ledger> in_;
};

void expect_truth(const datagram_ledger& ledger, std::uint64_t count) {
  EXPECT_EQ(ledger.failure, "");
  EXPECT_EQ(ledger.accepted.size(), count);
  EXPECT_EQ(ledger.fates.size(), count) << "a datagram whose fate nobody told";
  for (const auto& [number, told] : ledger.fates) {
    // Lost first, and then acknowledged after all, is the one change of mind that there is.
    const bool once = told.size() == 1;
    const bool twice = told == std::vector{datagram_outcome::lost, datagram_outcome::acknowledged};
    EXPECT_TRUE(once || twice) << number;
    const bool came = ledger.received.contains(number);
    EXPECT_TRUE(came || told.back() != datagram_outcome::acknowledged) << number;
    EXPECT_FALSE(came && told.back() == datagram_outcome::expired) << number;
  }
}

struct meeting {
  meeting(const world_settings& settings, const transfer_plan& plan, std::uint64_t count)
      : network((seed_openssl(settings.seed), settings),
                std::make_unique<talker>(endpoint_role::client, plan, count, settings.seed, client, upwards, downwards),
                [this, plan, count, seed = settings.seed] {
                  return std::make_unique<talker>(endpoint_role::server, plan, count, ~seed, server, downwards,
                                                  upwards);
                }),
        count_(count) {}

  bool is_done() const {
    return client->done && server->done && upwards->fates.size() == count_ && downwards->fates.size() == count_;
  }

  void run(duration limit) {
    EXPECT_TRUE(network.run_until([this] { return is_done(); }, limit));
    EXPECT_EQ(client->failure, "");
    EXPECT_EQ(server->failure, "");
    expect_truth(*upwards, count_);
    expect_truth(*downwards, count_);
  }

  std::shared_ptr<transfer_report> client = std::make_shared<transfer_report>();
  std::shared_ptr<transfer_report> server = std::make_shared<transfer_report>();
  std::shared_ptr<datagram_ledger> upwards = std::make_shared<datagram_ledger>();
  std::shared_ptr<datagram_ledger> downwards = std::make_shared<datagram_ledger>();
  world network;

private:
  std::uint64_t count_;
};

quic::settings with_datagrams() {
  quic::settings settings;
  settings.datagrams.max_frame_size = 65535;
  settings.max_idle_timeout = settings.handshake_timeout = 120s;
  return settings;
}

TEST(datagrams, all_arrive_on_a_perfect_network) {
  world_settings settings{.client = with_datagrams(), .server = with_datagrams()};
  meeting run(settings, {.streams = 2, .bytes_per_stream = 200'000}, 300);
  run.run(60s);
  std::size_t expired = 0;
  for (const auto& [number, told] : run.upwards->fates) expired += told.back() == datagram_outcome::expired;
  EXPECT_EQ(run.upwards->received.size() + expired, 300u);
}

std::uint64_t number_from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

TEST(datagrams, and_streams_share_bad_networks) {
  const std::uint64_t one = number_from_environment("QUASIO_SIM_SEED", 0);
  const std::uint64_t last = one > 0 ? one : number_from_environment("QUASIO_SIM_SEEDS", 1000) / 5;
  for (std::uint64_t seed = one > 0 ? one : 1; seed <= last; ++seed) {
    SCOPED_TRACE("replay with QUASIO_SIM_SEED=" + std::to_string(seed));
    seeded_random random(seed * 104729);
    const auto bad = [&random] {
      return link_settings{.delay = 1ms + std::chrono::microseconds(random.below(40'000)),
                           .jitter = std::chrono::microseconds(random.below(3'000)),
                           .loss = static_cast<double>(random.below(101)) / 1000,
                           .duplication = static_cast<double>(random.below(101)) / 1000,
                           .corruption = static_cast<double>(random.below(31)) / 1000,
                           .reordering = static_cast<double>(random.below(101)) / 1000,
                           .bits_per_second = random.happens(0.5) ? 5'000'000u : 0u};
    };
    world_settings settings{.seed = seed, .to_server = bad(), .to_client = bad()};
    settings.client = settings.server = with_datagrams();
    settings.client.datagrams.max_to_send = 1 + random.below(50);
    settings.server.starvation_guard = static_cast<std::uint32_t>(random.below(20));
    meeting run(settings, {.streams = 1 + seed % 4, .bytes_per_stream = 60'000}, 100);
    run.run(300s);
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace quasio::sim
