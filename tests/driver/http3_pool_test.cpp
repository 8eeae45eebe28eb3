// How many connections a client keeps, and which.

#include "driver/eventually.hpp"
#include "driver/http3_pair.hpp"

namespace quasio::test {
namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

/// Answers "/hold" with headers and then nothing, all else at once.
asio::awaitable<void> hold_or_answer(http3::request& request, http3::response& response) {
  if (request.path() != "/hold") {
    co_await response.finish("answer");
    co_return;
  }
  co_await response.write("held");
  asio::steady_timer never(response.get_executor(), std::chrono::steady_clock::time_point::max());
  co_await never.async_wait(asio::use_awaitable);
}

/// Several origins on one io_context.
struct origins {
  explicit origins(int count, http3::server_options options = serve_on_loopback()) {
    for (int i = 0; i < count; ++i) {
      servers.push_back(std::make_unique<http3::server>(context.get_executor(), options));
      servers.back()->handle(hold_or_answer);
      ports.push_back(servers.back()->start().front().port);
    }
  }
  std::string url(std::size_t server, const std::string& target = "/") const {
    return "https://localhost:" + std::to_string(ports[server]) + target;
  }
  std::size_t connections(std::size_t server) const { return servers[server]->open_connections(); }

  asio::io_context context{1};
  std::vector<std::unique_ptr<http3::server>> servers;
  std::vector<std::uint16_t> ports;
};

http3::server_options two_requests_a_connection() {
  auto options = serve_on_loopback();
  options.transport.max_concurrent_bidirectional_streams = 2;
  return options;
}

TEST(http3_pool, makes_another_connection_where_one_is_full) {
  origins at(1, two_requests_a_connection());
  auto options = trusting_client();
  options.pool.max_connections_per_origin = 3;
  http3::client client(at.context.get_executor(), options);
  run(at.context, [](origins& from, http3::client& by) -> asio::awaitable<void> {
    std::vector<http3::client_response> held;
    for (int i = 0; i < 6; ++i) {
      held.push_back(co_await by.get(from.url(0, "/hold")));
      EXPECT_EQ(from.connections(0), static_cast<std::size_t>(i / 2 + 1));
    }
    // Beyond that, requests wait for those before them.
    bool answered = false;
    by.get(from.url(0), [&](std::exception_ptr, http3::client_response) { answered = true; });
    co_await pause(50ms);
    EXPECT_FALSE(answered);
    EXPECT_EQ(from.connections(0), 3u);
    held.pop_back();
    EXPECT_TRUE(co_await eventually([&] { return answered; }));
  }(at, client));
}

TEST(http3_pool, keeps_one_connection_an_origin_by_default) {
  origins at(1, two_requests_a_connection());
  http3::client client(at.context.get_executor(), trusting_client());
  run(at.context, [](origins& from, http3::client& by) -> asio::awaitable<void> {
    int answers = 0;
    for (int i = 0; i < 20; ++i) {
      by.get(from.url(0), [&](std::exception_ptr failed, http3::client_response) {
        EXPECT_FALSE(failed);
        ++answers;
      });
    }
    EXPECT_TRUE(co_await eventually([&] { return answers == 20; }));
    EXPECT_EQ(from.connections(0), 1u);
  }(at, client));
}

TEST(http3_pool, shares_out_a_burst_that_waited_for_the_first_handshake) {
  origins at(1, two_requests_a_connection());
  auto options = trusting_client();
  options.pool.max_connections_per_origin = 4;
  http3::client client(at.context.get_executor(), options);
  run(at.context, [](origins& from, http3::client& by) -> asio::awaitable<void> {
    std::vector<http3::client_response> held;
    for (int i = 0; i < 8; ++i) {
      by.get(from.url(0, "/hold"), [&](std::exception_ptr failed, http3::client_response response) {
        EXPECT_FALSE(failed);
        held.push_back(std::move(response));
      });
    }
    EXPECT_TRUE(co_await eventually([&] { return held.size() == 8; }));
    EXPECT_EQ(from.connections(0), 4u);
  }(at, client));
}

TEST(http3_pool, lets_the_idle_go_for_another_origin) {
  origins at(3);
  auto options = trusting_client();
  options.pool.max_connections = 2;
  http3::client client(at.context.get_executor(), options);
  run(at.context, [](origins& from, http3::client& by) -> asio::awaitable<void> {
    for (const std::size_t server : {0u, 1u, 0u}) {
      auto response = co_await by.get(from.url(server));
      co_await response.read_all();
      co_await pause(5ms);
    }
    auto third = co_await by.get(from.url(2));
    EXPECT_EQ(co_await third.read_all(), "answer");
    EXPECT_TRUE(co_await eventually([&] { return from.connections(1) == 0; })) << "it was idle for longest";
    EXPECT_EQ(from.connections(0), 1u);
    EXPECT_EQ(from.connections(2), 1u);
  }(at, client));
}

TEST(http3_pool, makes_requests_wait_while_all_connections_are_in_use) {
  origins at(2);
  auto options = trusting_client();
  options.pool.max_connections = 1;
  http3::client client(at.context.get_executor(), options);
  run(at.context, [](origins& from, http3::client& by) -> asio::awaitable<void> {
    std::optional<http3::client_response> held = co_await by.get(from.url(0, "/hold"));
    bool answered = false;
    by.get(from.url(1), [&](std::exception_ptr failed, http3::client_response) {
      EXPECT_FALSE(failed);
      answered = true;
    });
    asio::cancellation_signal stop;
    std::optional<http3::failure> cancelled;
    by.get(from.url(1),
           asio::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr failed, http3::client_response) {
             cancelled = http3::failure_of(failed);
           }));
    co_await pause(30ms);
    EXPECT_FALSE(answered);
    // Nothing of it was sent: even "total" cancellation may end it.
    stop.emit(asio::cancellation_type::total);
    EXPECT_TRUE(co_await eventually([&] { return cancelled.has_value(); }));
    EXPECT_EQ(cancelled->code, asio::error::operation_aborted);
    held.reset();
    EXPECT_TRUE(co_await eventually([&] { return answered; }));
    EXPECT_TRUE(co_await eventually([&] { return from.connections(0) == 0; }));
  }(at, client));
}

TEST(http3_pool, closes_what_was_idle_for_too_long) {
  origins at(1);
  auto options = trusting_client();
  options.pool.idle_timeout = 300ms;
  http3::client client(at.context.get_executor(), options);
  run(at.context, [](origins& from, http3::client& by) -> asio::awaitable<void> {
    for (int i = 0; i < 5; ++i) {
      auto response = co_await by.get(from.url(0));
      co_await response.read_all();
      co_await pause(20ms);
      EXPECT_EQ(from.connections(0), 1u);
    }
    EXPECT_TRUE(co_await eventually([&] { return from.connections(0) == 0; }));
    std::optional<http3::client_response> held = co_await by.get(from.url(0, "/hold"));
    co_await pause(600ms);
    EXPECT_EQ(from.connections(0), 1u) << "a request is under way";
    held.reset();
    EXPECT_TRUE(co_await eventually([&] { return from.connections(0) == 0; }));
  }(at, client));
}

TEST(http3_pool, fails_all_that_wait_when_the_client_is_closed) {
  origins at(2);
  auto options = trusting_client();
  options.pool.max_connections = 1;
  http3::client client(at.context.get_executor(), options);
  run(at.context, [](origins& from, http3::client& by) -> asio::awaitable<void> {
    auto held = co_await by.get(from.url(0, "/hold"));
    int failures = 0;
    for (int i = 0; i < 3; ++i) {
      by.get(from.url(1), [&](std::exception_ptr failed, http3::client_response) {
        EXPECT_EQ(http3::failure_of(failed)->code, http3::client_error::client_closed);
        ++failures;
      });
    }
    co_await pause(5ms);
    by.close();
    EXPECT_TRUE(co_await eventually([&] { return failures == 3; }));
    const auto [failed, late] = co_await by.get(from.url(0), as_result);
    EXPECT_EQ(http3::failure_of(failed)->code, http3::client_error::client_closed);
  }(at, client));
}

}  // namespace
}  // namespace quasio::test
