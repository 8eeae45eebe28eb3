// That sending capacity never deadlocks: tiny windows of streams and connections, few streams allowed, random
// priorities that change midway, resets, refusals and datagrams, over lossy networks. Whatever meets whatever, it ends.

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

#include "sim/transfer.hpp"
#include "sim/world.hpp"

namespace quasio::sim {
namespace {

using namespace std::chrono_literals;

struct juggling_report {
  bool done = false;
  std::size_t closed = 0;
  std::string failure;
};

/// Opens streams of both kinds, writes random amounts, changes its mind, and reads all it gets.
class juggler final : public application {
public:
  juggler(endpoint_role role, std::uint64_t seed, std::size_t streams, std::shared_ptr<juggling_report> report)
      : role_(role), random_(seed), to_open_(streams), report_(std::move(report)) {}

  void on_event(quic::connection& connection, const quic::event& event, time_point) override {
    if (const auto* opened = std::get_if<quic::stream_opened>(&event)) begin(connection, opened->id);
    if (const auto* readable = std::get_if<quic::stream_readable>(&event)) read(connection, readable->id);
    if (const auto* stopped = std::get_if<quic::stream_stopped>(&event)) to_write_.erase(stopped->id);
    if (const auto* closed = std::get_if<quic::stream_closed>(&event)) {
      to_write_.erase(closed->id);
      received_.erase(closed->id);
      --open_;
      ++report_->closed;
    }
    if (std::holds_alternative<quic::datagrams_readable>(event)) {
      while (connection.peek_datagram()) connection.pop_datagram();
    }
    if (const auto* ended = std::get_if<quic::connection_closed>(&event); ended && !report_->done) {
      report_->failure = ended->reason.to_string();
    }
  }

  void work(quic::connection& connection, time_point) override {
    if (!connection.is_established()) return;
    while (to_open_ > 0) {
      const auto id = connection.open_stream(random_.happens(0.5) ? stream_direction::bidirectional
                                                                  : stream_direction::unidirectional);
      if (!id) break;
      --to_open_;
      begin(connection, *id);
    }
    if (random_.happens(0.3)) (void)connection.send_datagram(bytes_, {.urgency = random_urgency()});
    for (auto next = to_write_.begin(); next != to_write_.end();) {
      const auto current = next++;
      write(connection, current->first, current->second);
    }
    report_->done = to_open_ == 0 && open_ == 0;
  }

private:
  void begin(quic::connection& connection, stream_id id) {
    ++open_;
    const bool ours = stream_initiator(id) == role_;
    if (!ours && direction_of(id) == stream_direction::unidirectional) return;
    to_write_[id] = random_.happens(0.2) ? random_.below(8000) : random_.below(300);
    (void)connection.set_stream_priority(id, random_urgency(), random_.happens(0.5));
  }

  void write(quic::connection& connection, stream_id id, std::uint64_t& left) {
    if (random_.happens(0.02)) (void)connection.set_stream_priority(id, random_urgency(), random_.happens(0.5));
    if (random_.happens(0.005)) {
      (void)connection.reset_stream(id, 1);
      to_write_.erase(id);
      return;
    }
    std::vector<std::uint8_t> data(static_cast<std::size_t>(left));
    for (std::size_t i = 0; i < data.size(); ++i) data[i] = expected_byte(id, role_, written_[id] + i);
    const auto taken = connection.stream_write(id, data, true);
    if (!taken) {
      report_->failure = to_string(taken.error());
      return;
    }
    written_[id] += *taken;
    left -= *taken;
    if (left == 0) to_write_.erase(id);
  }

  void read(quic::connection& connection, stream_id id) {
    if (random_.happens(0.01)) {
      (void)connection.stop_sending(id, 2);
      return;
    }
    while (true) {
      const auto chunk = connection.stream_peek(id);
      if (!chunk || (chunk->bytes.empty() && !chunk->fin)) return;
      for (const std::uint8_t byte : chunk->bytes) {
        if (byte != expected_byte(id, other(role_), received_[id]++)) report_->failure = "a byte is wrong";
      }
      const bool is_end = chunk->fin;
      if (!connection.stream_consume(id, chunk->bytes.size()) || is_end) return;
    }
  }

  std::uint8_t random_urgency() { return static_cast<std::uint8_t>(random_.below(8)); }

  endpoint_role role_;
  seeded_random random_;
  std::size_t to_open_;
  std::size_t open_ = 0;
  std::shared_ptr<juggling_report> report_;
  std::map<stream_id, std::uint64_t> to_write_;  // Bytes left.
  std::map<stream_id, std::uint64_t> written_;
  std::map<stream_id, std::uint64_t> received_;
  std::vector<std::uint8_t> bytes_ = std::vector<std::uint8_t>(700);
};

quic::settings narrow(seeded_random& random) {
  quic::settings own;
  own.initial_stream_window = 1 + random.below(3000);
  own.max_stream_window = own.initial_stream_window * (1 + random.below(4));
  own.initial_connection_window = 1 + random.below(4000);
  own.max_connection_window = own.initial_connection_window * (1 + random.below(4));
  own.max_concurrent_bidirectional_streams = 1 + random.below(6);
  own.max_concurrent_unidirectional_streams = 1 + random.below(6);
  own.stream_send_buffer = static_cast<std::size_t>(1 + random.below(3000));
  own.starvation_guard = static_cast<std::uint32_t>(random.below(6));
  own.datagrams.max_frame_size = random.happens(0.7) ? 65535 : 0;
  own.datagrams.max_to_send = 1 + static_cast<std::size_t>(random.below(10));
  own.max_idle_timeout = own.handshake_timeout = 60s;
  return own;
}

std::uint64_t number_from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

TEST(sending_capacity, never_deadlocks) {
  const std::uint64_t one = number_from_environment("QUASIO_SIM_SEED", 0);
  const std::uint64_t last = one > 0 ? one : number_from_environment("QUASIO_SIM_SEEDS", 1000) / 2;
  for (std::uint64_t seed = one > 0 ? one : 1; seed <= last; ++seed) {
    SCOPED_TRACE("replay with QUASIO_SIM_SEED=" + std::to_string(seed));
    seeded_random random(seed * 31337);
    const link_settings link{.delay = 1ms + std::chrono::microseconds(random.below(20'000)),
                             .loss = static_cast<double>(random.below(61)) / 1000,
                             .reordering = static_cast<double>(random.below(51)) / 1000};
    world_settings settings{.seed = seed, .to_server = link, .to_client = link};
    settings.client = narrow(random);
    settings.server = narrow(random);
    seed_openssl(seed);
    const auto client = std::make_shared<juggling_report>();
    const auto server = std::make_shared<juggling_report>();
    const auto streams = static_cast<std::size_t>(1 + random.below(25));
    world network(settings, std::make_unique<juggler>(endpoint_role::client, seed, streams, client),
                  [&] { return std::make_unique<juggler>(endpoint_role::server, ~seed, streams, server); });
    // A stream of the server's that the client has not heard of yet is not open there.
    const auto both = [&] { return client->done && server->done && client->closed == server->closed; };
    EXPECT_TRUE(network.run_until(both, 1800s)) << client->closed << " and " << server->closed << " of " << 2 * streams;
    EXPECT_EQ(client->failure, "");
    EXPECT_EQ(server->failure, "");
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace quasio::sim
