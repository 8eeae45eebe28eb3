// HTTP/3 over bad networks: requests with bodies, priorities that change, datagrams beside them, and a server that goes
// away in the middle. Each request is either answered in full or said to be unprocessed, and then it was.

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <set>

#include "quasio/http3/connection.hpp"
#include "sim/world.hpp"

namespace quasio::sim {
namespace {

using namespace std::chrono_literals;

/// What a run is to do and what it did, as both ends see it.
struct http3_ledger {
  std::size_t requests = 20;
  bool goes_away = false;

  std::set<stream_id> processed;    // By the server.
  std::set<stream_id> answered;     // In full, as the client says.
  std::set<stream_id> unprocessed;  // As the client was told.
  std::size_t refused = 0;          // Requests that could not be begun any more.
  std::size_t datagrams_heard = 0;
  std::string failure;
};

std::string content_of(stream_id id, std::size_t size) {
  std::string text(size, ' ');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + (id * 7 + i * 31) % 26);
  return text;
}

std::size_t size_of_question(stream_id id) { return id % 5 * 3000; }
std::size_t size_of_answer(stream_id id) { return id * 997 % 40'000; }

http3::settings http3_settings() {
  http3::settings settings;
  settings.datagrams.enable = true;
  settings.enable_connect_protocol = true;
  return settings;
}

/// One message as it is written and the other as it is read, on either side.
struct exchange_state {
  std::string out;
  std::size_t sent = 0;
  bool is_sent = false;
  std::string in;
  bool is_read = false;
};

class http3_program : public application {
public:
  http3_program(endpoint_role role, std::uint64_t seed, std::shared_ptr<http3_ledger> ledger)
      : random_(seed), http_(role, http3_settings(), random_), ledger_(std::move(ledger)) {}

  void on_event(quic::connection& connection, const quic::event& event, time_point now) override {
    if (std::holds_alternative<quic::handshake_completed>(event)) http_.start(connection, now);
    http_.handle(connection, event, now);
    while (auto told = http_.poll_event()) {
      std::visit([&](const auto& one) { on(connection, one); }, *told);
    }
  }

  void work(quic::connection& connection, time_point) override {
    if (!connection.is_established() || connection.is_closed()) return;
    act(connection);
    for (auto& [id, each] : exchanges_) {
      write(connection, id, each);
      read(connection, id, each);
    }
    while (auto told = http_.poll_event()) {
      std::visit([&](const auto& one) { on(connection, one); }, *told);
    }
  }

protected:
  virtual void act(quic::connection& connection) = 0;
  virtual void on_fields(quic::connection& connection, const http3::fields_received& told) = 0;
  virtual void on_read(stream_id id, exchange_state& each) = 0;
  virtual void on_datagram(quic::connection&, stream_id, byte_view) {}
  virtual void on_aborted(const http3::message_aborted& told) { fail(to_string(told.code)); }

  void fail(const std::string& why) {
    if (ledger_->failure.empty()) ledger_->failure = why;
  }

  seeded_random random_;
  http3::connection http_;
  std::shared_ptr<http3_ledger> ledger_;
  std::map<stream_id, exchange_state> exchanges_;

private:
  void on(quic::connection& connection, const http3::fields_received& told) { on_fields(connection, told); }
  void on(quic::connection&, const http3::message_aborted& told) { on_aborted(told); }
  void on(quic::connection& connection, const http3::datagrams_readable& told) {
    while (const auto data = http_.peek_datagram(told.id)) {
      on_datagram(connection, told.id, *data);
      http_.pop_datagram(told.id);
    }
  }
  template <class Other>
  void on(quic::connection&, const Other&) {}

  void write(quic::connection& connection, stream_id id, exchange_state& each) {
    if (each.is_sent) return;
    const std::string_view rest = std::string_view(each.out).substr(each.sent);
    const auto taken = http_.write_body(connection, id, as_bytes(rest), true);
    if (!taken) {
      each.is_sent = true;
      return;
    }
    each.sent += *taken;
    each.is_sent = each.sent == each.out.size();
  }

  void read(quic::connection& connection, stream_id id, exchange_state& each) {
    std::vector<std::uint8_t> buffer(1 + random_.below(5000));
    while (!each.is_read) {
      const auto got = http_.read_body(connection, id, buffer);
      if (!got) return;
      each.in.append(as_text(byte_view(buffer).first(got->size)));
      if (got->finished) {
        each.is_read = true;
        on_read(id, each);
      }
      if (got->size < buffer.size()) return;
    }
  }
};

class client_program final : public http3_program {
public:
  client_program(std::uint64_t seed, std::shared_ptr<http3_ledger> ledger)
      : http3_program(endpoint_role::client, seed, std::move(ledger)) {}

private:
  void act(quic::connection& connection) override {
    if (!tunnel_) open_tunnel(connection);
    for (int i = 0; i < 3 && begun_ < ledger_->requests; ++i) ask(connection);
    if (tunnel_ && random_.happens(0.3)) (void)http_.send_datagram(connection, *tunnel_, as_bytes("ping"));
    if (!exchanges_.empty() && random_.happens(0.2)) {
      const auto which = std::next(exchanges_.begin(), static_cast<std::ptrdiff_t>(random_.below(exchanges_.size())));
      (void)http_.set_priority(connection, which->first,
                               {static_cast<std::uint8_t>(random_.below(8)), random_.happens(0.5)});
    }
  }

  void open_tunnel(quic::connection& connection) {
    const auto begun = http_.send_request(connection,
                                          {{":method", "CONNECT"},
                                           {":protocol", "connect-udp"},
                                           {":scheme", "https"},
                                           {":authority", "a.example"},
                                           {":path", "/t"}},
                                          false);
    if (begun) tunnel_ = *begun;
  }

  void ask(quic::connection& connection) {
    // The ID is not known before: the content of the question is that of its number.
    const auto begun = http_.send_request(connection,
                                          {{":method", "POST"},
                                           {":scheme", "https"},
                                           {":authority", "a.example"},
                                           {":path", "/x"},
                                           {"priority", "u=" + std::to_string(random_.below(8)) + ", i"}},
                                          false);
    if (!begun) {
      if (begun.error() == http3::operation_error::going_away) ++ledger_->refused, ++begun_;
      return;
    }
    ++begun_;
    exchanges_[*begun].out = content_of(*begun, size_of_question(*begun));
  }

  void on_fields(quic::connection&, const http3::fields_received& told) override {
    if (tunnel_ == told.id || told.kind != http3::section_kind::response) return;
    if (told.end_of_message) {
      exchange_state& each = exchanges_[told.id];
      each.is_read = true;
      on_read(told.id, each);
    }
  }

  void on_read(stream_id id, exchange_state& each) override {
    if (each.in != content_of(id, size_of_answer(id))) fail("a wrong answer");
    if (!ledger_->answered.insert(id).second) fail("answered twice");
  }

  void on_aborted(const http3::message_aborted& told) override {
    if (!told.was_unprocessed) return http3_program::on_aborted(told);
    if (tunnel_ == told.id) return;
    ledger_->unprocessed.insert(told.id);
    exchanges_[told.id].is_read = exchanges_[told.id].is_sent = true;
  }

  void on_datagram(quic::connection&, stream_id, byte_view data) override {
    if (as_text(data) != "pong") fail("a wrong datagram");
    ++ledger_->datagrams_heard;
  }

  std::optional<stream_id> tunnel_;
  std::size_t begun_ = 0;
};

class server_program final : public http3_program {
public:
  server_program(std::uint64_t seed, std::shared_ptr<http3_ledger> ledger)
      : http3_program(endpoint_role::server, seed, std::move(ledger)) {}

private:
  void act(quic::connection& connection) override {
    if (!ledger_->goes_away || ledger_->processed.size() < ledger_->requests / 2) return;
    if (goaways_ == 0 || (goaways_ == 1 && random_.happens(0.05))) {
      http_.send_goaway(connection);
      ++goaways_;
    }
  }

  void on_fields(quic::connection& connection, const http3::fields_received& told) override {
    if (told.kind != http3::section_kind::request) return;
    if (http3::find_field(told.fields, ":method") == "CONNECT") {
      (void)http_.send_response(connection, told.id, {{":status", "200"}, {"capsule-protocol", "?1"}}, false);
      return;
    }
    connection_ = &connection;
    exchanges_[told.id].is_sent = true;  // Until it is answered.
    if (told.end_of_message) answer(connection, told.id, exchanges_[told.id]);
    ledger_->processed.insert(told.id);
  }

  void on_read(stream_id id, exchange_state& each) override {
    if (each.in != content_of(id, size_of_question(id))) fail("a wrong question");
    answer(*connection_, id, each);
  }

  void answer(quic::connection& connection, stream_id id, exchange_state& each) {
    each.is_read = true;
    each.out = content_of(id, size_of_answer(id));
    if (!http_.send_response(connection, id, {{":status", "200"}, {"content-length", std::to_string(each.out.size())}},
                             false)) {
      fail("an answer was refused");
    }
    each.is_sent = false;
  }

  void on_datagram(quic::connection& connection, stream_id id, byte_view data) override {
    if (as_text(data) != "ping") fail("a wrong datagram");
    (void)http_.send_datagram(connection, id, as_bytes("pong"));
  }

  int goaways_ = 0;
  quic::connection* connection_ = nullptr;
};

struct http3_run {
  explicit http3_run(const world_settings& settings)
      : network((seed_openssl(settings.seed), settings), std::make_unique<client_program>(settings.seed, ledger),
                [this, seed = settings.seed] { return std::make_unique<server_program>(~seed, ledger); }) {}

  bool is_done() const {
    return ledger->answered.size() + ledger->unprocessed.size() + ledger->refused >= ledger->requests;
  }

  void run() {
    EXPECT_TRUE(network.run_until([this] { return is_done() || !ledger->failure.empty(); }, 300s));
    EXPECT_EQ(ledger->failure, "");
    for (const stream_id id : ledger->unprocessed) {
      EXPECT_FALSE(ledger->processed.contains(id))
          << "a request that was processed is said to be safe to retry: " << id;
    }
    for (const stream_id id : ledger->answered) EXPECT_TRUE(ledger->processed.contains(id));
  }

  std::shared_ptr<http3_ledger> ledger = std::make_shared<http3_ledger>();
  world network;
};

world_settings between_hosts(const link_settings& up, const link_settings& down, std::uint64_t seed) {
  world_settings settings{.seed = seed, .to_server = up, .to_client = down};
  settings.client.datagrams.max_frame_size = settings.server.datagrams.max_frame_size = 65535;
  settings.client.max_idle_timeout = settings.server.max_idle_timeout = 120s;
  settings.client.handshake_timeout = settings.server.handshake_timeout = 120s;
  return settings;
}

std::uint64_t number_from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

TEST(http3_over_networks, answers_everything_over_a_good_one) {
  http3_run run(between_hosts({.delay = 10ms}, {.delay = 10ms}, 1));
  run.run();
  EXPECT_EQ(run.ledger->answered.size(), run.ledger->requests);
  EXPECT_GT(run.ledger->datagrams_heard, 0u);
}

TEST(http3_over_networks, answers_everything_over_bad_ones) {
  const std::uint64_t one = number_from_environment("QUASIO_SIM_SEED", 0);
  const std::uint64_t last = one > 0 ? one : number_from_environment("QUASIO_SIM_SEEDS", 1000) / 10;
  std::size_t given_up = 0;
  for (std::uint64_t seed = one > 0 ? one : 1; seed <= last; ++seed) {
    SCOPED_TRACE("replay with QUASIO_SIM_SEED=" + std::to_string(seed));
    seeded_random random(seed * 15485863);
    const auto bad = [&random] {
      return link_settings{.delay = 1ms + std::chrono::microseconds(random.below(40'000)),
                           .jitter = std::chrono::microseconds(random.below(5'000)),
                           .loss = static_cast<double>(random.below(101)) / 1000,
                           .duplication = static_cast<double>(random.below(101)) / 1000,
                           .reordering = static_cast<double>(random.below(201)) / 1000};
    };
    const link_settings up = bad();
    const link_settings down = bad();
    http3_run run(between_hosts(up, down, seed));
    run.ledger->goes_away = seed % 2 == 0;
    run.run();
    if (!run.ledger->goes_away) {
      EXPECT_EQ(run.ledger->answered.size(), run.ledger->requests);
    }
    given_up += run.ledger->unprocessed.size() + run.ledger->refused;
    if (::testing::Test::HasFailure()) return;
  }
  EXPECT_TRUE(one > 0 || given_up > 0) << "no server went away in time to show anything";
}

}  // namespace
}  // namespace quasio::sim
