// Everything at once, on networks that lose up to a fifth of all packets: migrations, rebindings, key updates, early
// data, resets, datagrams, blackouts. Whatever happens, every byte of the streams that nobody abandons arrives once and
// in order, and nobody is flooded.

#include <array>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <set>

#include "quasio/base/byte_reader.hpp"
#include "quasio/base/byte_writer.hpp"
#include "sim/simulation.hpp"

namespace quasio::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t bytes_per_stream = 60'000;

/// What one end has seen of the things that may be lost.
struct mischief {
  std::uint64_t datagrams_sent = 0;
  std::uint64_t datagrams_received = 0;
  std::uint64_t streams_abandoned = 0;
  std::string failure;
};

/// A transfer by an application that also sends datagrams, abandons streams and wants new keys, all at random.
class restless final : public application {
public:
  restless(endpoint_role role, const transfer_plan& plan, std::uint64_t seed, std::shared_ptr<transfer_report> report,
           std::shared_ptr<mischief> done)
      : transfer_(role, plan, std::move(report)), done_(std::move(done)), random_(seed), role_(role) {}

  void on_event(quic::connection& connection, const quic::event& event, time_point now) override {
    if (const auto* readable = std::get_if<quic::stream_readable>(&event); readable && is_ours(readable->id)) {
      drain(connection, readable->id);
    } else if (const auto* reset = std::get_if<quic::stream_reset>(&event); reset && is_ours(reset->id)) {
      return;
    } else if (const auto* stopped = std::get_if<quic::stream_stopped>(&event); stopped && is_ours(stopped->id)) {
      return;
    } else if (const auto* opened = std::get_if<quic::stream_opened>(&event); opened && is_ours(opened->id)) {
      received_[opened->id];
    } else if (const auto* closed = std::get_if<quic::stream_closed>(&event); closed && is_ours(closed->id)) {
      received_.erase(closed->id);
    } else {
      transfer_.on_event(connection, event, now);
    }
    read_datagrams(connection);
  }

  void work(quic::connection& connection, time_point now) override {
    transfer_.work(connection, now);
    if (!connection.is_established()) return;
    if (random_.happens(0.01)) static_cast<void>(connection.update_keys(now));
    if (random_.happens(0.1)) send_datagram(connection);
    if (random_.happens(0.05)) open_and_abandon(connection);
  }

private:
  /// The transfer has the streams of two directions.
  static bool is_ours(stream_id id) noexcept { return direction_of(id) == stream_direction::unidirectional; }

  void send_datagram(quic::connection& connection) {
    const std::size_t room = connection.max_datagram_payload();
    if (room < 8) return;
    std::vector<std::uint8_t> data(8 + random_.below(room - 7));
    byte_writer(data).write_u64(done_->datagrams_sent);
    if (connection.send_datagram(data)) ++done_->datagrams_sent;
  }

  void read_datagrams(quic::connection& connection) {
    while (const auto datagram = connection.peek_datagram()) {
      const auto number = byte_reader(*datagram).read_u64();
      if (!number || !datagrams_.insert(*number).second) done_->failure = "a datagram came twice, or torn";
      ++done_->datagrams_received;
      connection.pop_datagram();
    }
  }

  void open_and_abandon(quic::connection& connection) {
    const auto id = connection.open_stream(stream_direction::unidirectional);
    if (!id) return;
    std::vector<std::uint8_t> data(random_.below(5000));
    for (std::size_t i = 0; i < data.size(); ++i) data[i] = expected_byte(*id, role_, i);
    const bool fin = random_.happens(0.5);
    const auto written = connection.stream_write(*id, data, fin);
    if (!written || !fin || *written < data.size() || random_.happens(0.3)) {
      static_cast<void>(connection.reset_stream(*id, 7));
      ++done_->streams_abandoned;
    }
  }

  void drain(quic::connection& connection, stream_id id) {
    if (random_.happens(0.1)) {
      static_cast<void>(connection.stop_sending(id, 8));
      return;
    }
    std::uint64_t& offset = received_[id];
    while (const auto chunk = connection.stream_peek(id)) {
      if (chunk->bytes.empty() && !chunk->fin) return;
      for (const std::uint8_t byte : chunk->bytes) {
        if (byte != expected_byte(id, other(role_), offset++)) done_->failure = "a byte is not the one that was sent";
      }
      const bool last = chunk->fin;
      if (!connection.stream_consume(id, chunk->bytes.size()) || last) return;
    }
  }

  transfer transfer_;
  std::shared_ptr<mischief> done_;
  seeded_random random_;
  endpoint_role role_;
  std::map<stream_id, std::uint64_t> received_;
  std::set<std::uint64_t> datagrams_;
};

link_settings cruel_link(seeded_random& random) {
  return {.delay = 1ms + std::chrono::microseconds(random.below(80'000)),
          .jitter = std::chrono::microseconds(random.below(3'000)),
          .loss = static_cast<double>(random.below(201)) / 1000,
          .duplication = static_cast<double>(random.below(51)) / 1000,
          .corruption = static_cast<double>(random.below(21)) / 1000,
          .reordering = static_cast<double>(random.below(101)) / 1000,
          .reorder_delay = std::chrono::microseconds(random.below(20'000)),
          .bits_per_second = random.happens(0.5) ? 2'000'000 + random.below(100'000'000) : 0,
          .queue_bytes = 64 * 1024,
          .mtu = random.happens(0.3) ? 1280u : 1500u};
}

recovery::congestion_algorithm any_algorithm(seeded_random& random) {
  using recovery::congestion_algorithm;
  constexpr std::array all{congestion_algorithm::new_reno, congestion_algorithm::cubic, congestion_algorithm::bbr};
  return all[random.below(all.size())];
}

void ready_for_all(quic::settings& settings, seeded_random& random) {
  settings.handshake_timeout = settings.max_idle_timeout = 240s;
  settings.datagrams.max_frame_size = 65535;
  settings.congestion.algorithm = any_algorithm(random);
  settings.initial_stream_window = 4096 + random.below(256 * 1024);
  settings.initial_connection_window = 16384 + random.below(1024 * 1024);
}

world_settings cruel_world(std::uint64_t seed, seeded_random& random) {
  world_settings settings{.seed = seed, .to_server = cruel_link(random), .to_client = cruel_link(random)};
  ready_for_all(settings.client, random);
  ready_for_all(settings.server, random);
  settings.early_data.accept = true;
  settings.retry = random.happens(0.2) ? quic::retry_policy::always : quic::retry_policy::never;
  if (random.happens(0.2)) settings.client.versions.supported = {quic_version::v2, quic_version::v1};
  return settings;
}

/// The world, and both ends' reports.
struct torture {
  torture(const world_settings& settings, const transfer_plan& plan)
      : network((seed_openssl(settings.seed), settings),
                std::make_unique<restless>(endpoint_role::client, plan, settings.seed * 3, client, by_client),
                [this, plan, seed = settings.seed * 5] {
                  return std::make_unique<restless>(endpoint_role::server, plan, seed, server, by_server);
                }) {}

  bool is_done() const { return client->done && server->done; }
  void run(duration time) {
    network.run_until([this] { return is_done(); }, time);
  }

  /// RFC 9000, section 9: addresses stay until the handshake is confirmed, which a server does first.
  bool may_move() {
    const auto& accepted = network.server().connections();
    return !accepted.empty() && accepted.front()->connection().is_established();
  }

  std::shared_ptr<transfer_report> client = std::make_shared<transfer_report>();
  std::shared_ptr<transfer_report> server = std::make_shared<transfer_report>();
  std::shared_ptr<mischief> by_client = std::make_shared<mischief>();
  std::shared_ptr<mischief> by_server = std::make_shared<mischief>();
  world network;
};

void move_client(torture& run) {
  quic::connection& connection = run.network.client().connection();
  const network_path next{run.network.add_client_address(), run.network.server_address()};
  static_cast<void>(connection.migrate(next, run.network.now()));
}

void darken(torture& run, const world_settings& settings, duration time) {
  link_settings dark = settings.to_server;
  dark.loss = 1;
  run.network.to_server().change(dark);
  run.network.to_client().change(dark);
  run.run(time);
  run.network.to_server().change(settings.to_server);
  run.network.to_client().change(settings.to_client);
}

/// What a former connection to the same server leaves to the client.
std::optional<quic::saved_session> session_of(world_settings settings) {
  settings.to_server = settings.to_client = {};
  settings.retry = quic::retry_policy::never;
  torture first(settings, {.bytes_per_stream = 100});
  first.network.run_until([&] { return first.client->session != nullptr; }, 10s);
  return first.client->session ? std::optional(*first.client->session) : std::nullopt;
}

struct tally {
  std::uint64_t resumed = 0;
  std::uint64_t early = 0;
  std::uint64_t migrations = 0;
  std::uint64_t key_updates = 0;
  std::uint64_t datagrams = 0;
  std::uint64_t abandoned = 0;
};

void torment(std::uint64_t seed, tally& all) {
  seeded_random random(seed * 104'729);
  world_settings settings = cruel_world(seed, random);
  if (random.happens(0.4)) settings.session = session_of(settings);
  if (settings.session && random.happens(0.2)) settings.early_data.application_context = {1};  // It is rejected then.
  torture run(settings, {.streams = 1 + random.below(4), .bytes_per_stream = bytes_per_stream});
  for (int step = 0; step < 6 && !run.is_done(); ++step) {
    run.run(std::chrono::milliseconds(10 + random.below(400)));
    if (random.happens(0.3) && run.may_move()) run.network.rebind_client();
    if (random.happens(0.3)) move_client(run);
    if (random.happens(0.2)) darken(run, settings, std::chrono::milliseconds(random.below(2'000)));
  }
  const quic::connection& client = run.network.client().connection();
  run.run(400s);
  EXPECT_TRUE(run.is_done());
  EXPECT_EQ(run.client->failure, "");
  EXPECT_EQ(run.server->failure, "");
  EXPECT_EQ(run.by_client->failure, "");
  EXPECT_EQ(run.by_server->failure, "");
  EXPECT_LE(run.by_client->datagrams_received, run.by_server->datagrams_sent);
  EXPECT_LE(run.by_server->datagrams_received, run.by_client->datagrams_sent);
  EXPECT_TRUE(run.network.amplification_kept());
  const quic::statistics numbers = client.statistics();
  all.resumed += client.handshake().resumed;
  all.early += client.handshake().early_data == quic::early_data_status::accepted;
  all.migrations += numbers.path_changes;
  all.key_updates += numbers.key_updates;
  all.datagrams += run.by_client->datagrams_received + run.by_server->datagrams_received;
  all.abandoned += run.by_client->streams_abandoned + run.by_server->streams_abandoned;
}

std::uint64_t number_from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

// QUASIO_SIM_SEED=n replays one seed; QUASIO_TORTURE_SEEDS=n changes how many are run.
TEST(torture, is_survived_with_every_byte_in_its_place) {
  const std::uint64_t one = number_from_environment("QUASIO_SIM_SEED", 0);
  const std::uint64_t first = one > 0 ? one : 1;
  const std::uint64_t last = one > 0 ? one : number_from_environment("QUASIO_TORTURE_SEEDS", 5000);
  tally all;
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    SCOPED_TRACE("replay with QUASIO_SIM_SEED=" + std::to_string(seed));
    torment(seed, all);
    if (HasFailure()) return;
  }
  std::printf("%llu resumed, %llu with early data, %llu migrations, %llu key updates, %llu datagrams, %llu resets\n",
              static_cast<unsigned long long>(all.resumed), static_cast<unsigned long long>(all.early),
              static_cast<unsigned long long>(all.migrations), static_cast<unsigned long long>(all.key_updates),
              static_cast<unsigned long long>(all.datagrams), static_cast<unsigned long long>(all.abandoned));
  // A torture that nobody feels would prove nothing.
  if (last - first < 100) return;
  EXPECT_GT(all.resumed, 0u);
  EXPECT_GT(all.early, 0u);
  EXPECT_GT(all.migrations, 0u);
  EXPECT_GT(all.key_updates, 0u);
  EXPECT_GT(all.datagrams, 0u);
  EXPECT_GT(all.abandoned, 0u);
}

}  // namespace
}  // namespace quasio::sim
