// What a server does about clients that want too much of it, or keep it waiting.

#include <set>

#include "driver/eventually.hpp"
#include "driver/http3_pair.hpp"
#include "quasio/runtime/quic_connection.hpp"

namespace quasio::test {
namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

asio::awaitable<void> read_and_tell_size(http3::request& request, http3::response& response) {
  const std::string body = co_await request.read_all(10'000'000);
  co_await response.finish(std::to_string(body.size()));
}

asio::awaitable<void> wait_for_ever(http3::request&, http3::response& response) {
  asio::steady_timer never(response.get_executor(), std::chrono::steady_clock::time_point::max());
  co_await never.async_wait(asio::use_awaitable);
}

/// A POST whose body comes in pieces, with pauses between them.
http3::client_request post_slowly(std::string url, std::size_t piece, std::chrono::milliseconds between, int pieces) {
  http3::client_request what;
  what.method = "POST";
  what.url = std::move(url);
  what.source = [=](http3::request_writer& writer) -> asio::awaitable<void> {
    const std::string text(piece, 'x');
    for (int i = 0; i < pieces; ++i) {
      const auto [error, size] = co_await writer.async_write(asio::buffer(text), as_result);
      if (error) co_return;
      co_await pause(between);
    }
  };
  return what;
}

// --- Bodies that are too large
// ---------------------------------------------------------------------------------------

struct limited_server {
  http3::server_options options(std::uint64_t most) {
    auto made = serve_on_loopback();
    made.limits.max_request_body = most;
    made.on_handler_error = [this](const http3::request&, std::exception_ptr) { ++errors; };
    return made;
  }
  http3::request_handler handler() {
    return [this](http3::request& request, http3::response& response) {
      ++calls;
      return read_and_tell_size(request, response);
    };
  }
  int calls = 0;
  int errors = 0;
};

TEST(http3_limits, a_body_that_says_it_is_too_large_is_not_even_begun) {
  limited_server server;
  http3_pair pair(server.handler(), server.options(1000));
  run(pair.context, [](http3_pair& at, limited_server& of) -> asio::awaitable<void> {
    auto fits = co_await at.client.post(at.url(), std::string(1000, 'x'), "text/plain");
    EXPECT_EQ(co_await fits.read_all(), "1000");
    auto refused = co_await at.client.post(at.url(), std::string(1001, 'x'), "text/plain");
    EXPECT_EQ(refused.status(), 413);
    EXPECT_EQ(of.calls, 1);
    auto much_more = co_await at.client.post(at.url(), std::string(5'000'000, 'x'), "text/plain");
    EXPECT_EQ(much_more.status(), 413);
    EXPECT_EQ(of.calls, 1);
    EXPECT_EQ(of.errors, 0);
    EXPECT_EQ(at.server.open_connections(), 1u);
  }(pair, server));
}

TEST(http3_limits, a_body_that_turns_out_to_be_too_large_is_refused_then) {
  limited_server server;
  http3_pair pair(server.handler(), server.options(100'000));
  run(pair.context, [](http3_pair& at, limited_server& of) -> asio::awaitable<void> {
    auto fits = co_await at.client.request(post_slowly(at.url(), 50'000, 0ms, 2));
    EXPECT_EQ(co_await fits.read_all(), "100000");
    auto refused = co_await at.client.request(post_slowly(at.url(), 50'001, 0ms, 100));
    EXPECT_EQ(refused.status(), 413);
    EXPECT_EQ(of.calls, 2);
    EXPECT_EQ(of.errors, 0) << "it is not the handler's fault";
    // The rest is not wanted any more, and the stream goes.
    co_await refused.read_all();
    EXPECT_TRUE(co_await eventually([&] { return at.server.running_requests() == 0; }));
  }(pair, server));
}

TEST(http3_limits, a_handler_may_have_a_limit_of_its_own) {
  http3_pair pair([](http3::request& request, http3::response& response) -> asio::awaitable<void> {
    request.limit_body(10);
    char buffer[100];
    std::size_t all = 0;
    for (;;) {
      const auto [error, size] = co_await request.async_read_some(asio::buffer(buffer), as_result);
      all += size;
      if (error == asio::error::eof) break;
      if (error) {
        response.status(error == http3::client_error::body_too_large ? 413 : 500);
        break;
      }
    }
    co_await response.finish(std::to_string(all));
  });
  run(pair.context, [](http3_pair& at) -> asio::awaitable<void> {
    auto fits = co_await at.client.post(at.url(), std::string(10, 'x'), "text/plain");
    EXPECT_EQ(co_await fits.read_all(), "10");
    auto refused = co_await at.client.post(at.url(), std::string(11, 'x'), "text/plain");
    EXPECT_EQ(refused.status(), 413);
  }(pair));
}

/// A HEADERS frame with GET https localhost /, all from QPACK's static table but the authority.
const std::string& whole_get() {
  static const std::string request("\x01\x10\x00\x00\xd1\xd7\xc1\x50\x09localhost", 18);
  return request;
}

// --- Clients that keep it waiting
// ------------------------------------------------------------------------------------

TEST(http3_limits, headers_that_do_not_end_are_rejected) {
  auto options = serve_on_loopback();
  options.limits.headers_timeout = 80ms;
  http3_pair pair(read_and_tell_size, options);
  run(pair.context, [](http3_pair& at) -> asio::awaitable<void> {
    const runtime::shard shard(at.context.get_executor());
    auto connection = co_await runtime::async_connect(shard, connect_with(at.endpoint, "h3"));
    // The control stream with SETTINGS, and a HEADERS frame of 100 bytes that never comes whole.
    auto control = co_await connection.async_open_stream(stream_direction::unidirectional);
    const char settings[] = {0x00, 0x04, 0x00};
    co_await asio::async_write(control, asio::buffer(settings), asio::use_awaitable);
    auto slow = co_await connection.async_open_stream(stream_direction::bidirectional);
    const char head[] = {0x01, 0x40, 0x64, 0x00, 0x00};
    co_await asio::async_write(slow, asio::buffer(head), asio::use_awaitable);
    const auto begin = std::chrono::steady_clock::now();
    char buffer[10];
    const auto [error, size] = co_await slow.async_read_some(asio::buffer(buffer), as_result);
    EXPECT_EQ(error.category(), runtime::stream_abandoned_category());
    EXPECT_EQ(error.value(), static_cast<int>(http3::error_code::request_rejected));
    EXPECT_GE(std::chrono::steady_clock::now() - begin, 70ms);
    // The connection goes on.
    auto whole = co_await connection.async_open_stream(stream_direction::bidirectional);
    co_await asio::async_write(whole, asio::buffer(whole_get()), asio::use_awaitable);
    whole.finish();
    const auto [failed, answer] = co_await whole.async_read_some(asio::buffer(buffer), as_result);
    EXPECT_FALSE(failed) << failed.message();
    EXPECT_GT(answer, 0u);
  }(pair));
}

TEST(http3_limits, a_body_that_does_not_go_on_is_answered_with_408) {
  auto options = serve_on_loopback();
  options.limits.body_timeout = 80ms;
  options.limits.body_min_progress = 1;
  http3_pair pair(read_and_tell_size, options);
  run(pair.context, [](http3_pair& at) -> asio::awaitable<void> {
    auto refused = co_await at.client.request(post_slowly(at.url(), 10, 60s, 2));
    EXPECT_EQ(refused.status(), 408);
    co_await refused.read_all();
    auto steady = co_await at.client.request(post_slowly(at.url(), 10, 20ms, 15));
    EXPECT_EQ(steady.status(), 200) << "300 ms in all, but never silent for 80";
    EXPECT_EQ(co_await steady.read_all(), "150");
  }(pair));
}

TEST(http3_limits, a_body_that_drips_is_answered_with_408) {
  auto options = serve_on_loopback();
  options.limits.body_timeout = 100ms;
  http3_pair pair(read_and_tell_size, options);
  run(pair.context, [](http3_pair& at) -> asio::awaitable<void> {
    auto refused = co_await at.client.request(post_slowly(at.url(), 1, 10ms, 10'000));
    EXPECT_EQ(refused.status(), 408);
    auto fast = co_await at.client.request(post_slowly(at.url(), 2000, 20ms, 10));
    EXPECT_EQ(co_await fast.read_all(), "20000");
  }(pair));
}

TEST(http3_limits, a_handler_that_does_not_read_waits_as_long_as_it_likes) {
  auto options = serve_on_loopback();
  options.limits.body_timeout = 40ms;
  http3_pair pair(
      [](http3::request& request, http3::response& response) -> asio::awaitable<void> {
        co_await pause(200ms);
        co_await read_and_tell_size(request, response);
      },
      options);
  run(pair.context, [](http3_pair& at) -> asio::awaitable<void> {
    auto response = co_await at.client.post(at.url(), "body", "text/plain");
    EXPECT_EQ(co_await response.read_all(), "4");
  }(pair));
}

TEST(http3_limits, a_reader_that_does_not_read_is_cut_off) {
  auto options = serve_on_loopback();
  options.limits.write_timeout = 100ms;
  int errors = 0;
  options.on_handler_error = [&](const http3::request&, std::exception_ptr) { ++errors; };
  error_code seen;
  http3_pair pair(
      [&](http3::request& request, http3::response& response) -> asio::awaitable<void> {
        const std::string piece(64 * 1024, 'x');
        if (request.path() == "/small") co_return co_await read_and_tell_size(request, response);
        for (;;) {
          const auto [error, size] = co_await response.write(piece, as_result);
          if (!error) continue;
          seen = error;
          throw system_error(error);
        }
      },
      options);
  run(pair.context, [](http3_pair& at, const error_code& handlers, const int& faults) -> asio::awaitable<void> {
    auto unread = co_await at.client.get(at.url());
    EXPECT_TRUE(co_await eventually([&] { return static_cast<bool>(handlers); }));
    EXPECT_EQ(handlers, http3::client_error::write_timeout);
    EXPECT_EQ(faults, 0);
    auto other = co_await at.client.get(at.url("/small"));
    EXPECT_EQ(co_await other.read_all(), "0");
    const auto [error, rest] = co_await unread.read_all(SIZE_MAX, as_result);
    EXPECT_EQ(error, http3::error_code::request_cancelled) << error.message();
  }(pair, seen, errors));
}

TEST(http3_limits, a_finished_response_that_nobody_takes_is_cut_off) {
  auto options = serve_on_loopback();
  options.limits.write_timeout = 40ms;
  auto client = trusting_client();
  client.transport.initial_stream_window = 16 * 1024;
  client.transport.max_stream_window = 16 * 1024;
  http3_pair pair(
      [](http3::request&, http3::response& response) -> asio::awaitable<void> {
        const std::string content(150'000, 'x');
        co_await response.finish(content);
      },
      options, client);
  run(pair.context, [](http3_pair& at) -> asio::awaitable<void> {
    auto unread = co_await at.client.get(at.url());
    EXPECT_TRUE(co_await eventually([&] { return at.server.running_requests() == 0; })) << "it is in the send buffer";
    co_await pause(600ms);
    const auto [error, rest] = co_await unread.read_all(SIZE_MAX, as_result);
    EXPECT_EQ(error, http3::error_code::request_cancelled) << error.message();
    auto read = co_await at.client.get(at.url());
    const std::string whole = co_await read.read_all();
    EXPECT_EQ(whole.size(), 150'000u);
  }(pair));
}

// --- Connections
// ------------------------------------------------------------------------------------------------------

TEST(http3_limits, a_connection_without_requests_is_let_go_however_alive_it_is) {
  auto options = serve_on_loopback();
  options.limits.unused_timeout = 500ms;
  auto client = trusting_client();
  client.transport.keep_alive_interval = 20ms;
  client.transport.keep_alive_scope = quic::keep_alive_scope::always;
  http3_pair pair(read_and_tell_size, options, client);
  run(pair.context, [](http3_pair& at) -> asio::awaitable<void> {
    for (int i = 0; i < 3; ++i) {
      auto response = co_await at.client.get(at.url());
      EXPECT_EQ(co_await response.read_all(), "0");
      co_await pause(60ms);
      EXPECT_EQ(at.server.open_connections(), 1u) << "it is in use";
    }
    EXPECT_TRUE(co_await eventually([&] { return at.server.open_connections() == 0; }));
    auto again = co_await at.client.get(at.url());
    EXPECT_EQ(co_await again.read_all(), "0");
  }(pair));
}

TEST(http3_limits, a_connection_that_never_asks_is_let_go) {
  auto options = serve_on_loopback();
  options.limits.unused_timeout = 100ms;
  http3_pair pair(read_and_tell_size, options);
  run(pair.context, [](http3_pair& at) -> asio::awaitable<void> {
    const runtime::shard shard(at.context.get_executor());
    auto with = connect_with(at.endpoint, "h3");
    with.client.transport.keep_alive_interval = 20ms;
    with.client.transport.keep_alive_scope = quic::keep_alive_scope::always;
    auto connection = co_await runtime::async_connect(shard, std::move(with));
    EXPECT_EQ(at.server.open_connections(), 1u);
    EXPECT_TRUE(co_await eventually([&] { return at.server.open_connections() == 0; }));
  }(pair));
}

// A client on a busy machine, or one that a proxy stands for, hears late of the GOAWAY. What it asks meanwhile it will
// ask elsewhere if it is refused; cut off, it may have been processed for all that the client knows.
TEST(http3_limits, what_crosses_the_last_goaway_is_refused_not_cut_off) {
  auto options = serve_on_loopback();
  options.limits.max_requests_per_connection = 1;
  options.limits.farewell_timeout = 400ms;
  http3_pair pair(read_and_tell_size, options);
  run(pair.context, [](http3_pair& at) -> asio::awaitable<void> {
    const runtime::shard shard(at.context.get_executor());
    auto connection = co_await runtime::async_connect(shard, connect_with(at.endpoint, "h3"));
    auto control = co_await connection.async_open_stream(stream_direction::unidirectional);
    const char settings[] = {0x00, 0x04, 0x00};
    co_await asio::async_write(control, asio::buffer(settings), asio::use_awaitable);
    const auto begin = std::chrono::steady_clock::now();
    auto first = co_await connection.async_open_stream(stream_direction::bidirectional);
    co_await asio::async_write(first, asio::buffer(whole_get()), asio::use_awaitable);
    first.finish();
    std::string answer;
    const auto [ended, size] = co_await asio::async_read(first, asio::dynamic_buffer(answer), as_result);
    EXPECT_EQ(ended, asio::error::eof);
    // The response has been acknowledged, and nothing is left to be answered.
    co_await pause(100ms);
    char buffer[10];
    auto late = co_await connection.async_open_stream(stream_direction::bidirectional);
    co_await asio::async_write(late, asio::buffer(whole_get()), asio::use_awaitable);
    const auto [refused, nothing] = co_await late.async_read_some(asio::buffer(buffer), as_result);
    EXPECT_EQ(refused.category(), runtime::stream_abandoned_category()) << refused.message();
    EXPECT_EQ(refused.value(), static_cast<int>(http3::error_code::request_rejected));
    // It does not last for ever, however long the client stays.
    auto too_late = co_await connection.async_open_stream(stream_direction::bidirectional, as_result);
    while (!std::get<0>(too_late) && std::chrono::steady_clock::now() - begin < 5s) {
      co_await pause(20ms);
      too_late = co_await connection.async_open_stream(stream_direction::bidirectional, as_result);
    }
    EXPECT_TRUE(std::get<0>(too_late));
    EXPECT_GE(std::chrono::steady_clock::now() - begin, 400ms);
  }(pair));
}

TEST(http3_limits, a_connection_that_has_had_its_requests_goes_gracefully) {
  auto options = serve_on_loopback();
  options.limits.max_requests_per_connection = 10;
  int connections = 0;
  std::vector<std::string> ends;
  options.on_connection = [&](const driver::connection_info&) { ++connections; };
  http3_pair pair(read_and_tell_size, options);
  run(pair.context, [](http3_pair& at) -> asio::awaitable<void> {
    for (int i = 0; i < 60; ++i) {
      // Not idempotent: a client repeats it only where the server says that it has not seen it.
      auto response = co_await at.client.post(at.url(), "body", "text/plain");
      EXPECT_EQ(co_await response.read_all(), "4");
      if (i % 10 == 9) co_await pause(15ms);
    }
  }(pair));
  EXPECT_GE(connections, 3);
}

TEST(http3_limits, requests_at_once_loses_none_at_the_limit_of_a_connection) {
  auto options = serve_on_loopback();
  options.limits.max_requests_per_connection = 20;
  // The last of 300 are passed on from one connection to the next some 15 times.
  auto client = trusting_client();
  client.retries.max_tries = 100;
  client.retries.backoff = 1ms;
  std::set<std::string> bodies;
  int calls = 0;
  http3_pair pair(
      [&](http3::request& request, http3::response& response) -> asio::awaitable<void> {
        ++calls;
        const std::string body = co_await request.read_all();
        bodies.insert(body);
        co_await pause(3ms);
        co_await response.finish(body);
      },
      options, client);
  run(pair.context, [](http3_pair& at) -> asio::awaitable<void> {
    int done = 0;
    for (int i = 0; i < 300; ++i) {
      asio::co_spawn(
          at.context,
          [](http3_pair& to, int number, int& count) -> asio::awaitable<void> {
            auto response = co_await to.client.post(to.url(), std::to_string(number), "text/plain");
            EXPECT_EQ(co_await response.read_all(), std::to_string(number));
            ++count;
          }(at, i, done),
          [](std::exception_ptr failed) {
            EXPECT_FALSE(failed) << http3::failure_of(failed).value_or(http3::failure{}).message;
          });
    }
    EXPECT_TRUE(co_await eventually([&] { return done == 300; })) << done;
  }(pair));
  EXPECT_EQ(bodies.size(), 300u);
  EXPECT_EQ(calls, 300) << "none was done twice";
}

TEST(http3_limits, requests_beyond_what_the_server_can_do_at_once_get_503) {
  auto options = serve_on_loopback();
  options.limits.max_concurrent_requests = 2;
  http3_pair pair(
      [](http3::request& request, http3::response& response) -> asio::awaitable<void> {
        co_await response.write("begun");
        if (request.path() != "/short") co_await wait_for_ever(request, response);
      },
      options);
  run(pair.context, [](http3_pair& at) -> asio::awaitable<void> {
    auto first = co_await at.client.get(at.url());
    // On a connection of its own: the limit is the server's.
    http3::client other(at.context.get_executor(), trusting_client());
    {
      auto second = co_await other.get(at.url());
      EXPECT_EQ(second.status(), 200);
      EXPECT_EQ(at.server.running_requests(), 2u);
      auto third = co_await at.client.get(at.url("/short"));
      EXPECT_EQ(third.status(), 503);
      EXPECT_EQ(third.header("retry-after"), "1");
    }
    EXPECT_TRUE(co_await eventually([&] { return at.server.running_requests() == 1; }));
    auto fourth = co_await at.client.get(at.url("/short"));
    EXPECT_EQ(fourth.status(), 200);
  }(pair));
}

}  // namespace
}  // namespace quasio::test
