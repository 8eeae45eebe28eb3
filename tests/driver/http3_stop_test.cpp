#include <thread>

#include "driver/http3_pair.hpp"

namespace quasio::test {
namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

TEST(http3_stop, graceful_lets_what_is_under_way_finish) {
  http3_pair pair([](http3::request&, http3::response& response) -> asio::awaitable<void> {
    const std::string piece(64 * 1024, 'x');
    for (int i = 0; i < 100; ++i) co_await response.write(piece);
  });
  run(pair.context, [](http3_pair& at) -> asio::awaitable<void> {
    auto response = co_await at.client.get(at.url());
    auto stopped = std::make_shared<std::optional<error_code>>();
    at.server.stop(20s, [stopped](error_code error) { *stopped = error; });
    const std::string received = co_await response.read_all();
    EXPECT_EQ(received.size(), 100u * 64 * 1024);
    asio::steady_timer tick(at.context);
    for (int i = 0; i < 1000 && !*stopped; ++i) {
      tick.expires_after(5ms);
      co_await tick.async_wait(asio::use_awaitable);
    }
    EXPECT_TRUE(*stopped && !**stopped) << (*stopped ? (*stopped)->message() : "not stopped");
    EXPECT_EQ(at.server.open_connections(), 0u);
    const auto [exception, late] = co_await at.client.get(at.url(), as_result);
    EXPECT_TRUE(exception);
  }(pair));
}

// What the peer's transport has acknowledged its reader need not have read: closing when all is delivered is early for
// a slow reader.
TEST(http3_stop, graceful_takes_nothing_from_a_slow_reader) {
  http3_pair pair([](http3::request&, http3::response& response) -> asio::awaitable<void> {
    const std::string piece(64 * 1024, 'x');
    for (int i = 0; i < 8; ++i) co_await response.write(piece);
  });
  run(pair.context, [](http3_pair& at) -> asio::awaitable<void> {
    auto response = co_await at.client.get(at.url());
    char first = 0;
    EXPECT_EQ(co_await response.async_read_some(asio::buffer(&first, 1)), 1u);
    const auto [stopped] = co_await at.server.stop(20s, as_result);
    EXPECT_FALSE(stopped) << stopped.message();
    asio::steady_timer until_the_client_has_heard(at.context, 100ms);
    co_await until_the_client_has_heard.async_wait(asio::use_awaitable);
    const auto [failed, rest] = co_await response.read_all(1 << 20, as_result);
    EXPECT_FALSE(failed) << failed.message();
    EXPECT_EQ(rest.size() + 1, 8u * 64 * 1024);
  }(pair));
}

TEST(http3_stop, graceful_cuts_off_what_takes_too_long) {
  http3_pair pair([](http3::request&, http3::response& response) -> asio::awaitable<void> {
    co_await response.write("begun");
    asio::steady_timer never(response.get_executor(), std::chrono::steady_clock::time_point::max());
    co_await never.async_wait(asio::use_awaitable);
  });
  run(pair.context, [](http3_pair& at) -> asio::awaitable<void> {
    auto response = co_await at.client.get(at.url());
    char buffer[100];
    const std::size_t size = co_await response.async_read_some(asio::buffer(buffer));
    EXPECT_EQ(std::string_view(buffer, size), "begun");
    const auto [error] = co_await at.server.stop(100ms, as_result);
    EXPECT_EQ(error, asio::error::timed_out);
    const auto [failed, none] = co_await response.async_read_some(asio::buffer(buffer), as_result);
    EXPECT_EQ(failed, http3::error_code::no_error) << failed.message();
  }(pair));
}

TEST(http3_stop, without_connections_is_at_once) {
  http3_pair pair([](http3::request&, http3::response&) -> asio::awaitable<void> { co_return; });
  run(
      pair.context, [](http3_pair& at) -> asio::awaitable<void> { co_await at.server.stop(10s); }(pair), 5s);
}

TEST(http3_stop, a_client_goes_to_a_new_connection_after_goaway) {
  int connections = 0;
  auto options = serve_on_loopback();
  asio::io_context context{1};
  std::vector<driver::server_h3_controller> controllers;
  const runtime::shard shard(context.get_executor());
  error_code error;
  auto listener = runtime::listen(shard, loopback(), listen_with("h3"), error);
  ASSERT_FALSE(error);
  listener.on_accept([&](runtime::incoming_connection incoming) {
    ++connections;
    auto made = driver::make_server_h3_driver(incoming.get_executor());
    controllers.push_back(made.controller);
    asio::co_spawn(
        context,
        [](driver::server_h3_controller from) -> asio::awaitable<void> {
          for (;;) {
            auto [failed, incoming_one] = co_await from.async_receive_request(as_result);
            if (failed) co_return;
            http3::field_list head;
            head.push_back({":status", "200"});
            co_await incoming_one.response.async_write_with_head(head, asio::buffer("ok", 2),
                                                                 driver::write_extent::last, as_result);
          }
        }(made.controller),
        asio::detached);
    incoming.start(std::move(made.driver));
  });
  http3::client client(context.get_executor(), trusting_client());
  const std::string url = "https://localhost:" + std::to_string(listener.local_endpoint().port) + "/";
  run(context,
      [](http3::client& by, std::string at, std::vector<driver::server_h3_controller>& from) -> asio::awaitable<void> {
        for (int i = 0; i < 3; ++i) {
          auto response = co_await by.get(at);
          EXPECT_EQ(co_await response.read_all(), "ok");
          // Requests made while GOAWAY is on its way are refused by the server, and repeated by the client.
          from.back().shut_down();
          for (int more = 0; more < 20; ++more) {
            auto another = co_await by.get(at);
            EXPECT_EQ(co_await another.read_all(), "ok");
          }
        }
      }(client, url, controllers));
  EXPECT_GE(connections, 2);
}

TEST(http3_stop, an_io_context_may_go_in_the_midst_of_everything) {
  for (int turns = 0; turns < 60; turns += 3) {
    http3_pair pair([](http3::request& request, http3::response& response) -> asio::awaitable<void> {
      co_await response.write(std::string_view("begun"));
      co_await request.read_all();
      const std::string piece(64 * 1024, 'x');
      for (;;) co_await response.write(piece);
    });
    for (int i = 0; i < 3; ++i) {
      asio::co_spawn(
          pair.context,
          [](http3_pair& at) -> asio::awaitable<void> {
            auto response = co_await at.client.post(at.url(), std::string(100'000, 'q'), "text/plain");
            co_await response.read_all();
          }(pair),
          asio::detached);
    }
    if (turns % 2 == 1) pair.server.stop(10s, asio::detached);
    for (int i = 0; i < turns; ++i) pair.context.run_one_for(100ms);
  }
}

TEST(http3_stop, futures_and_callbacks_work_from_another_thread) {
  http3_pair pair([](http3::request& request, http3::response& response) -> asio::awaitable<void> {
    co_await response.finish(request.path());
  });
  std::thread running([&] { pair.context.run(); });
  {
    auto response = pair.client.get(pair.url("/future"), asio::use_future).get();
    EXPECT_EQ(response.read_all(100, asio::use_future).get(), "/future");
  }
  std::promise<std::string> told;
  pair.client.get(pair.url("/callback"), [&](std::exception_ptr error, http3::client_response response) {
    EXPECT_FALSE(error);
    auto kept = std::make_shared<http3::client_response>(std::move(response));
    kept->read_all(100, [&, kept](error_code, std::string text) { told.set_value(text); });
  });
  EXPECT_EQ(told.get_future().get(), "/callback");
  pair.server.stop(5s, asio::use_future).get();
  pair.context.stop();
  running.join();
}

}  // namespace
}  // namespace quasio::test
