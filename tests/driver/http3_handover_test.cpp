#include <sys/socket.h>

#include <array>
#include <future>
#include <memory>

#include "driver/http3_pair.hpp"
#include "quasio/runtime/inheritance.hpp"
#include "runtime/udp_relay.hpp"

namespace quasio::test {
namespace {

/// A server with threads of its own, as if in a process of its own, whose answers are its name.
struct generation {
  explicit generation(std::string called, std::shared_ptr<runtime::inheritance> from = nullptr, std::size_t threads = 2)
      : name(std::move(called)), server(context.get_executor(), options(std::move(from), threads)) {
    server.handle([this](http3::request& request, http3::response& response) -> asio::awaitable<void> {
      if (request.path() == "/slow") {
        co_await response.write(asio::const_buffer());
        asio::steady_timer wait(response.get_executor(), 300ms);
        co_await wait.async_wait(asio::use_awaitable);
      }
      co_await response.finish(name);
    });
    endpoint = server.start().front();
  }

  ~generation() {
    context.stop();
    thread.join();
  }

  static http3::server_options options(std::shared_ptr<runtime::inheritance> from, std::size_t threads) {
    http3::server_options with = serve_on_loopback();
    with.threads = threads;
    with.inherited = std::move(from);
    return with;
  }

  std::shared_ptr<runtime::inheritance> give() {
    return std::make_shared<runtime::inheritance>(server.hand_over(asio::use_future).get());
  }

  std::uint64_t total(const std::string& family) const {
    double sum = 0;
    for (const auto& each : server.metrics()) {
      if (each.name != family) continue;
      for (const auto& sample : each.samples) sum += sample.value;
    }
    return static_cast<std::uint64_t>(sum);
  }

  std::string name;
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  http3::server server;
  ip_endpoint endpoint;
  std::thread thread{[this] { context.run(); }};
};

struct guest {
  explicit guest(const ip_endpoint& at) : client(context.get_executor(), trusting_client()), port(at.port) {}

  std::string ask(const std::string& path = "/") {
    std::string said;
    run(context, [](guest& self, std::string target, std::string& into) -> asio::awaitable<void> {
      auto response = co_await self.client.get("https://localhost:" + std::to_string(self.port) + target);
      into = co_await response.read_all();
    }(*this, path, said));
    return said;
  }

  asio::io_context context{1};
  http3::client client;
  std::uint16_t port;
};

TEST(http3_handover, old_connections_stay_and_new_ones_go_to_the_heir) {
  auto first = std::make_unique<generation>("first");
  std::vector<std::unique_ptr<guest>> regulars;
  for (int i = 0; i < 6; ++i) {
    regulars.push_back(std::make_unique<guest>(first->endpoint));
    EXPECT_EQ(regulars.back()->ask(), "first");
  }
  generation second("second", first->give());
  EXPECT_EQ(second.endpoint, first->endpoint);
  for (const auto& each : regulars) EXPECT_EQ(each->ask(), "first");
  std::vector<std::unique_ptr<guest>> strangers;
  for (int i = 0; i < 6; ++i) {
    strangers.push_back(std::make_unique<guest>(first->endpoint));
    EXPECT_EQ(strangers.back()->ask(), "second");
  }
  EXPECT_GT(second.total("quasio_handover_questions_total"), 6u);
  EXPECT_GE(first->total("quasio_handover_answers_total"), 6u);
  // The old one ends; its clients find the new one by themselves.
  EXPECT_NO_THROW(first->server.stop(10s, asio::use_future).get());
  first.reset();
  for (const auto& each : regulars) EXPECT_EQ(each->ask(), "second");
  const auto asked = second.total("quasio_handover_questions_total");
  guest late(second.endpoint);
  EXPECT_EQ(late.ask(), "second");
  EXPECT_EQ(second.total("quasio_handover_questions_total"), asked);
}

TEST(http3_handover, what_is_under_way_is_finished) {
  generation first("first");
  guest regular(first.endpoint);
  EXPECT_EQ(regular.ask(), "first");
  std::unique_ptr<generation> second;
  run(regular.context, [](guest& self, generation& from, auto& to) -> asio::awaitable<void> {
    auto response = co_await self.client.get("https://localhost:" + std::to_string(self.port) + "/slow");
    to = std::make_unique<generation>("second", from.give());
    auto stopped = from.server.stop(10s, asio::use_future);
    EXPECT_EQ(co_await response.read_all(), "first");
    auto next = co_await self.client.get("https://localhost:" + std::to_string(self.port) + "/");
    EXPECT_EQ(co_await next.read_all(), "second");
    EXPECT_NO_THROW(stopped.get());
  }(regular, first, second));
}

TEST(http3_handover, when_the_heir_dies_the_old_one_goes_on) {
  generation first("first");
  guest regular(first.endpoint);
  EXPECT_EQ(regular.ask(), "first");
  {
    generation second("second", first.give());
    guest stranger(first.endpoint);
    EXPECT_EQ(stranger.ask(), "second");
    EXPECT_EQ(regular.ask(), "first");
  }
  EXPECT_EQ(regular.ask(), "first");
  guest stranger(first.endpoint);
  EXPECT_EQ(stranger.ask(), "first");
  generation third("third", first.give());
  guest another(first.endpoint);
  EXPECT_EQ(another.ask(), "third");
}

TEST(http3_handover, what_nobody_takes_comes_back) {
  generation first("first");
  guest regular(first.endpoint);
  EXPECT_EQ(regular.ask(), "first");
  auto given = first.give();
  EXPECT_THROW(first.server.hand_over(asio::use_future).get(), system_error);
  given.reset();
  EXPECT_EQ(regular.ask(), "first");
  EXPECT_EQ(guest(first.endpoint).ask(), "first");
}

TEST(http3_handover, three_generations_live_side_by_side) {
  generation first("first", nullptr, 3);
  guest one(first.endpoint);
  EXPECT_EQ(one.ask(), "first");
  generation second("second", first.give(), 3);
  guest two(first.endpoint);
  EXPECT_EQ(two.ask(), "second");
  generation third("third", second.give(), 3);
  guest three(first.endpoint);
  EXPECT_EQ(three.ask(), "third");
  EXPECT_EQ(two.ask(), "second");
  EXPECT_EQ(one.ask(), "first");
}

// The new port's datagrams may come by a socket of another shard, in the new process first and then in the old one.
TEST(http3_handover, a_client_that_moves_stays_with_the_old_one) {
  generation first("first", nullptr, 3);
  asio::io_context relaying{1};
  const auto relay = std::make_shared<udp_relay>(relaying, first.endpoint);
  relay->start();
  std::thread relay_thread([&] { relaying.run(); });
  guest regular(relay->endpoint());
  EXPECT_EQ(regular.ask(), "first");
  generation second("second", first.give(), 3);
  for (int i = 0; i < 8; ++i) {
    asio::post(relaying, [relay] { relay->rebind(); });
    EXPECT_EQ(regular.ask(), "first");
  }
  relaying.stop();
  relay_thread.join();
}

TEST(http3_handover, wants_as_many_threads) {
  generation first("first");
  asio::io_context context{1};
  http3::server other(context.get_executor(), generation::options(first.give(), 3));
  error_code error;
  EXPECT_TRUE(other.start(error).empty());
  EXPECT_EQ(error, asio::error::invalid_argument);
}

TEST(inheritance, travels_over_a_socket) {
  generation first("first");
  guest regular(first.endpoint);
  EXPECT_EQ(regular.ask(), "first");
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends.data()), 0);
  const net::descriptor near(ends[0]);
  net::descriptor far(ends[1]);
  error_code error;
  {
    const auto given = first.give();
    given->others.emplace_back(::dup(0));
    runtime::send_inheritance(near.get(), *given, error);
    ASSERT_FALSE(error) << error.message();
  }
  auto got = std::make_shared<runtime::inheritance>(runtime::receive_inheritance(far.get(), error));
  ASSERT_FALSE(error) << error.message();
  EXPECT_EQ(got->others.size(), 1u);
  ASSERT_EQ(got->endpoints.size(), 1u);
  EXPECT_EQ(got->endpoints.front().size(), 2u);
  EXPECT_EQ(got->endpoints.front().front().local, first.endpoint);
  generation second("second", std::move(got));
  EXPECT_EQ(regular.ask(), "first");
  EXPECT_EQ(guest(first.endpoint).ask(), "second");

  EXPECT_EQ(::send(near.get(), "hello", 5, 0), 5);
  EXPECT_TRUE(runtime::receive_inheritance(far.get(), error).endpoints.empty());
  EXPECT_EQ(error, asio::error::no_protocol_option);
  EXPECT_EQ(::send(near.get(), std::string(500, 'x').data(), 500, 0), 500);
  EXPECT_TRUE(runtime::receive_inheritance(far.get(), error).endpoints.empty());
  EXPECT_EQ(error, asio::error::message_size);
  ::shutdown(near.get(), SHUT_WR);
  EXPECT_TRUE(runtime::receive_inheritance(far.get(), error).endpoints.empty());
  EXPECT_EQ(error, asio::error::eof);
}

}  // namespace
}  // namespace quasio::test
