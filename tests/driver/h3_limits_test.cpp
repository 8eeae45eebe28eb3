// How many requests a connection may have, and how long one may wait for the first.

#include "driver/controller_pair.hpp"
#include "driver/http3_pair.hpp"

namespace quasio::test {
namespace {

TEST(h3_limits, after_the_last_request_goaway_and_a_close_in_peace) {
  driver::h3_driver_settings settings;
  settings.max_requests = 3;
  settings.counters = std::make_shared<driver::h3_counters>();
  controller_pair pair(settings);
  auto client = pair.connect();
  run_until(pair.context, [&] { return !pair.servers.empty(); });
  asio::co_spawn(pair.context, answer_all(pair.servers[0]), asio::detached);
  run(pair.context, [](controller_pair& at, driver::client_h3_controller by) -> asio::awaitable<void> {
    for (int i = 0; i < 3; ++i) {
      const auto [error, status] = co_await at.fetch(by);
      EXPECT_EQ(status, 200) << error.message();
    }
    asio::steady_timer wait(at.context);
    for (int i = 0; i < 5000 && by.is_usable(); ++i) {
      wait.expires_after(1ms);
      co_await wait.async_wait(asio::use_awaitable);
    }
    EXPECT_FALSE(by.is_usable());
    // Now it wants another connection: this one is going away, or gone.
    const auto [error, status] = co_await at.fetch(by);
    EXPECT_TRUE(error);
    EXPECT_EQ(status, 0);
  }(pair, client));
  EXPECT_EQ(settings.counters->request_limits_reached.value(), 1u);
  EXPECT_EQ(settings.counters->goaways_sent.value(), 1u);
  EXPECT_EQ(settings.counters->responses[driver::status_class::successful].value(), 3u);
}

TEST(h3_limits, what_is_on_its_way_is_refused_so_that_it_can_be_sent_again) {
  driver::h3_driver_settings settings;
  settings.max_requests = 5;
  settings.counters = std::make_shared<driver::h3_counters>();
  controller_pair pair(settings);
  auto client = pair.connect();
  std::vector<std::pair<error_code, int>> outcomes;
  run_until(pair.context, [&] { return !pair.servers.empty(); });
  asio::co_spawn(pair.context, answer_all(pair.servers[0]), asio::detached);
  for (int i = 0; i < 40; ++i) {
    asio::co_spawn(pair.context, pair.fetch(client),
                   [&](const std::exception_ptr&, const std::pair<error_code, int>& got) { outcomes.push_back(got); });
  }
  run_until(pair.context, [&] { return outcomes.size() == 40; });
  const auto answered = std::ranges::count(outcomes, 200, &std::pair<error_code, int>::second);
  EXPECT_EQ(answered, 5);
  for (const auto& [error, status] : outcomes) {
    if (status == 200) continue;
    EXPECT_TRUE(error == http3::error_code::request_rejected || error == http3::operation_error::going_away)
        << error.message();
  }
}

TEST(h3_limits, the_easy_client_goes_on_with_another_connection) {
  auto options = serve_on_loopback();
  options.limits.max_requests_per_connection = 10;
  int connections = 0;
  options.on_connection = [&](const driver::connection_info&) { ++connections; };
  http3_pair pair(
      [](http3::request&, http3::response& answer) -> asio::awaitable<void> { co_await answer.finish("x"); }, options);
  run(pair.context, [](http3_pair& at) -> asio::awaitable<void> {
    for (int i = 0; i < 25; ++i) {
      auto got = co_await at.client.get(at.url());
      EXPECT_EQ(got.status(), 200);
      EXPECT_EQ(co_await got.read_all(), "x");
    }
  }(pair));
  EXPECT_EQ(connections, 3);
}

TEST(h3_limits, who_asks_for_nothing_is_sent_away) {
  driver::h3_driver_settings settings;
  settings.post_accept_timeout = 150ms;
  settings.counters = std::make_shared<driver::h3_counters>();
  controller_pair pair(settings);
  run(pair.context, [](controller_pair& at) -> asio::awaitable<void> {
    const auto begun = std::chrono::steady_clock::now();
    // One that does not even heed the GOAWAY.
    runtime::quic_connection mute =
        co_await runtime::async_connect(at.shard, connect_with(at.listener.local_endpoint(), "h3"));
    const runtime::connection_end end = co_await mute.async_wait_closed();
    EXPECT_GE(std::chrono::steady_clock::now() - begun, 150ms);
    EXPECT_TRUE(end.reason) << end.message;
    if (!end.reason) co_return;
    EXPECT_EQ(end.reason->cause, quic::close_cause::peer_application);
    EXPECT_EQ(end.reason->code, static_cast<std::uint64_t>(http3::error_code::no_error));
    EXPECT_NE(end.message.find("no request came in time"), std::string::npos) << end.message;
  }(pair));
  EXPECT_EQ(settings.counters->post_accept_timeouts.value(), 1u);
  EXPECT_EQ(settings.counters->closes_sent[driver::h3_code::no_error].value(), 1u);
}

TEST(h3_limits, who_has_asked_may_stay) {
  driver::h3_driver_settings settings;
  settings.post_accept_timeout = 200ms;
  settings.counters = std::make_shared<driver::h3_counters>();
  controller_pair pair(settings);
  auto client = pair.connect();
  run_until(pair.context, [&] { return !pair.servers.empty(); });
  asio::co_spawn(pair.context, answer_all(pair.servers[0]), asio::detached);
  run(pair.context, [](controller_pair& at, driver::client_h3_controller by) -> asio::awaitable<void> {
    EXPECT_EQ((co_await at.fetch(by)).second, 200);
    asio::steady_timer wait(at.context, 400ms);
    co_await wait.async_wait(asio::use_awaitable);
    EXPECT_EQ((co_await at.fetch(by)).second, 200);
  }(pair, client));
  EXPECT_EQ(settings.counters->post_accept_timeouts.value(), 0u);
}

TEST(h3_limits, a_handshake_that_took_too_long_counts_against_the_time) {
  driver::h3_driver_settings settings;
  settings.post_accept_timeout = 100ms;
  settings.counters = std::make_shared<driver::h3_counters>();
  auto listening = listen_with("h3");
  listening.hooks.on_client_hello = [](const runtime::client_hello&, runtime::client_hello_reply reply) {
    const asio::any_io_executor executor = reply.get_executor();
    asio::co_spawn(
        executor,
        [](runtime::client_hello_reply answer) -> asio::awaitable<void> {
          asio::steady_timer slow(co_await asio::this_coro::executor, 200ms);
          co_await slow.async_wait(asio::use_awaitable);
          answer.accept();
        }(std::move(reply)),
        asio::detached);
  };
  controller_pair pair(settings, {}, listening);
  auto client = pair.connect();
  run_until(pair.context, [&] { return client.end().reason.has_value(); });
  EXPECT_EQ(settings.counters->post_accept_timeouts.value(), 1u);
}

}  // namespace
}  // namespace quasio::test
