// How long a client waits, and how it is told to stop.

#include "driver/eventually.hpp"
#include "driver/http3_pair.hpp"

namespace quasio::test {
namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

/// "/headers" never answers, "/body" stops after "begun", "/drip" sends a byte now and then for ever.
asio::awaitable<void> keep_waiting(http3::request& request, http3::response& response) {
  if (request.path() == "/drip") {
    for (;;) {
      co_await response.write("x");
      co_await pause(10ms);
    }
  }
  if (request.path() == "/body") co_await response.write("begun");
  if (request.path() == "/whole") {
    co_await response.finish("whole");
    co_return;
  }
  asio::steady_timer never(response.get_executor(), std::chrono::steady_clock::time_point::max());
  co_await never.async_wait(asio::use_awaitable);
}

http3::client_options client_with(http3::request_timeouts timeouts) {
  auto options = trusting_client();
  options.timeouts = timeouts;
  return options;
}

struct waiting_pair : http3_pair {
  explicit waiting_pair(http3::client_options with = trusting_client())
      : http3_pair(
            [this](http3::request& request, http3::response& response) {
              ++calls;
              return keep_waiting(request, response);
            },
            serve_on_loopback(), std::move(with)) {}
  int calls = 0;
};

asio::awaitable<error_code> failure_of_get(http3_pair& at, std::string target) {
  const auto [failed, response] = co_await at.client.get(at.url(target), as_result);
  co_return http3::failure_of(failed).value_or(http3::failure{}).code;
}

asio::awaitable<error_code> failure_of_body(http3_pair& at, std::string target) {
  auto response = co_await at.client.get(at.url(target));
  const auto [error, text] = co_await response.read_all(1'000'000, as_result);
  co_return error;
}

TEST(http3_timeouts, headers_are_waited_for_so_long) {
  waiting_pair pair(client_with({.headers = 60ms}));
  run(pair.context, [](waiting_pair& at) -> asio::awaitable<void> {
    EXPECT_EQ(co_await failure_of_get(at, "/headers"), http3::client_error::headers_timeout);
    EXPECT_EQ(at.calls, 1) << "the server may be at work on it";
    EXPECT_TRUE(co_await eventually([&] { return at.server.running_requests() == 0; })) << "and need not be";
    auto response = co_await at.client.get(at.url("/body"));
    co_await pause(120ms);
    char buffer[100];
    EXPECT_EQ(co_await response.async_read_some(asio::buffer(buffer)), 5u) << "it is about headers alone";
  }(pair));
}

TEST(http3_timeouts, bodies_must_go_on) {
  waiting_pair pair(client_with({.body = 400ms}));
  run(pair.context, [](waiting_pair& at) -> asio::awaitable<void> {
    EXPECT_EQ(co_await failure_of_body(at, "/body"), http3::client_error::body_timeout);
    EXPECT_TRUE(co_await eventually([&] { return at.server.running_requests() == 0; }));
    auto drip = co_await at.client.get(at.url("/drip"));
    char buffer[100];
    std::size_t all = 0;
    while (all < 20) all += co_await drip.async_read_some(asio::buffer(buffer));
    // Who does not read is not waiting.
    auto whole = co_await at.client.get(at.url("/whole"));
    co_await pause(800ms);
    EXPECT_EQ(co_await whole.read_all(), "whole");
  }(pair));
}

TEST(http3_timeouts, all_together_takes_so_long) {
  waiting_pair pair(client_with({.total = 800ms}));
  run(pair.context, [](waiting_pair& at) -> asio::awaitable<void> {
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_EQ(co_await failure_of_get(at, "/headers"), http3::client_error::total_timeout);
    EXPECT_EQ(co_await failure_of_body(at, "/drip"), http3::client_error::total_timeout);
    EXPECT_EQ(co_await failure_of_body(at, "/whole"), error_code());
    EXPECT_GE(std::chrono::steady_clock::now() - begin, 1600ms);
    EXPECT_TRUE(co_await eventually([&] { return at.server.running_requests() == 0; }));
  }(pair));
}

TEST(http3_timeouts, of_a_request_replace_those_of_the_client) {
  waiting_pair pair(client_with({.headers = 60s, .body = 60s, .total = 60s}));
  run(pair.context, [](waiting_pair& at) -> asio::awaitable<void> {
    http3::client_request what;
    what.url = at.url("/headers");
    what.timeouts = http3::request_timeouts{.headers = 40ms};
    const auto [failed, response] = co_await at.client.request(std::move(what), as_result);
    EXPECT_EQ(http3::failure_of(failed)->code, http3::client_error::headers_timeout);
  }(pair));
}

TEST(http3_timeouts, are_no_error_for_what_was_in_time) {
  waiting_pair pair(client_with({.headers = 1s, .body = 1s, .total = 1500ms}));
  run(pair.context, [](waiting_pair& at) -> asio::awaitable<void> {
    auto response = co_await at.client.get(at.url("/whole"));
    EXPECT_EQ(co_await response.read_all(), "whole");
    co_await pause(1600ms);
    char buffer[10];
    const auto [error, size] = co_await response.async_read_some(asio::buffer(buffer), as_result);
    EXPECT_EQ(error, asio::error::eof);
  }(pair));
}

/// What a request ended with that is cancelled when it has come as far as is said; nothing where it went on.
asio::awaitable<std::optional<http3::failure>> cancel_during(http3_pair& at, std::string url,
                                                             asio::cancellation_type kind,
                                                             std::chrono::milliseconds patience,
                                                             std::function<bool()> has_come_so_far) {
  asio::cancellation_signal stop;
  const auto outcome = std::make_shared<std::optional<http3::failure>>();
  const auto note = [outcome](std::exception_ptr failed, http3::client_response) {
    *outcome = http3::failure_of(failed).value_or(http3::failure{});
  };
  at.client.get(url, asio::bind_cancellation_slot(stop.slot(), note));
  co_await eventually(has_come_so_far);
  stop.emit(kind);
  co_await eventually([&] { return outcome->has_value(); }, patience);
  co_return *outcome;
}

TEST(http3_cancellation, abandons_a_request_that_is_under_way) {
  waiting_pair pair;
  run(pair.context, [](waiting_pair& at) -> asio::awaitable<void> {
    for (const auto kind : {asio::cancellation_type::terminal, asio::cancellation_type::partial}) {
      const auto ended =
          co_await cancel_during(at, at.url("/headers"), kind, 10s, [&] { return at.server.running_requests() == 1; });
      EXPECT_TRUE(ended.has_value());
      if (ended) {
        EXPECT_EQ(ended->code, asio::error::operation_aborted);
      }
      EXPECT_TRUE(co_await eventually([&] { return at.server.running_requests() == 0; }));
    }
  }(pair));
}

TEST(http3_cancellation, without_a_trace_is_for_what_was_not_sent) {
  waiting_pair pair(client_with({.total = 2s}));
  run(pair.context, [](waiting_pair& at) -> asio::awaitable<void> {
    const auto sent = co_await cancel_during(at, at.url("/headers"), asio::cancellation_type::total, 100ms,
                                             [&] { return at.server.running_requests() == 1; });
    EXPECT_FALSE(sent.has_value()) << "the server knows of it";
    // Somebody who keeps silent, so that connecting takes its time.
    asio::ip::udp::socket silent(at.context, net::to_udp_endpoint(loopback()));
    const std::string url = "https://127.0.0.1:" + std::to_string(silent.local_endpoint().port()) + "/";
    const auto unsent =
        co_await cancel_during(at, url, asio::cancellation_type::total, 10s, [&] { return silent.available() > 0; });
    EXPECT_TRUE(unsent.has_value());
    if (unsent) {
      EXPECT_EQ(unsent->code, asio::error::operation_aborted);
    }
    EXPECT_TRUE(co_await eventually([&] { return at.server.running_requests() == 0; }));
  }(pair));
}

}  // namespace
}  // namespace quasio::test
