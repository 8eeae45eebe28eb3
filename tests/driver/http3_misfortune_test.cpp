#include <optional>
#include <thread>

#include "driver/http3_pair.hpp"

#include "quasio/runtime/quic_connection.hpp"

namespace quasio::test {
namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

asio::awaitable<void> answer_hello(http3::request&, http3::response& response) { co_await response.finish("hello"); }

// What a request fails with.
asio::awaitable<http3::failure> failure_of_get(http3::client& client, std::string url) {
  const auto [exception, response] = co_await client.get(std::move(url), as_result);
  co_return http3::failure_of(exception).value_or(http3::failure{});
}

TEST(http3_misfortune, a_handler_that_throws_gives_500_or_a_reset) {
  std::vector<std::string> reported;
  auto options = serve_on_loopback();
  options.on_handler_error = [&](const http3::request& request, std::exception_ptr error) {
    reported.push_back(request.path() + " " + http3::failure_of(error)->message);
  };
  http3_pair pair(
      [](http3::request& request, http3::response& response) -> asio::awaitable<void> {
        if (request.path() == "/late") co_await response.write("begun");
        throw std::runtime_error("out of luck");
      },
      options);
  run(pair.context, [](http3_pair& at) -> asio::awaitable<void> {
    auto early = co_await at.client.get(at.url("/early"));
    EXPECT_EQ(early.status(), 500);
    EXPECT_EQ(co_await early.read_all(), "");
    const auto [exception, late] = co_await at.client.get(at.url("/late"), as_result);
    // The reset may overtake the headers.
    if (exception) {
      EXPECT_EQ(http3::failure_of(exception)->code, http3::error_code::internal_error);
    }
  }(pair));
  EXPECT_EQ(reported, (std::vector<std::string>{"/early out of luck", "/late out of luck"}));
}

TEST(http3_misfortune, nobody_listens) {
  asio::io_context context{1};
  // A port that was free a moment ago.
  asio::ip::udp::socket taken(context, asio::ip::udp::endpoint(asio::ip::make_address("127.0.0.1"), 0));
  const auto port = taken.local_endpoint().port();
  taken.close();
  http3::client client(context.get_executor(), trusting_client());
  const auto begin = std::chrono::steady_clock::now();
  run(context, [](http3::client& by, std::uint16_t at) -> asio::awaitable<void> {
    const auto why = co_await failure_of_get(by, "https://127.0.0.1:" + std::to_string(at) + "/");
    EXPECT_EQ(why.code, asio::error::connection_refused) << why.message;
    EXPECT_NE(why.message.find("nobody listens"), std::string::npos) << why.message;
  }(client, port));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
}

TEST(http3_misfortune, nobody_answers) {
  asio::io_context context{1};
  asio::ip::udp::socket silent(context, asio::ip::udp::endpoint(asio::ip::make_address("127.0.0.1"), 0));
  auto options = trusting_client();
  options.connect_timeout = 300ms;
  http3::client client(context.get_executor(), options);
  run(context, [](http3::client& by, std::uint16_t at) -> asio::awaitable<void> {
    const auto why = co_await failure_of_get(by, "https://127.0.0.1:" + std::to_string(at) + "/");
    EXPECT_EQ(why.code, http3::client_error::connect_timeout) << why.message;
  }(client, silent.local_endpoint().port()));
}

TEST(http3_misfortune, urls_that_cannot_be_fetched) {
  asio::io_context context{1};
  http3::client client(context.get_executor(), trusting_client());
  run(context, [](http3::client& by) -> asio::awaitable<void> {
    EXPECT_EQ((co_await failure_of_get(by, "https:///path")).code, http3::client_error::bad_url);
    EXPECT_EQ((co_await failure_of_get(by, "nonsense")).code, http3::client_error::bad_url);
    EXPECT_EQ((co_await failure_of_get(by, "http://localhost/")).code, http3::client_error::unsupported_scheme);
    const auto unknown = co_await failure_of_get(by, "https://no-such-host.invalid/");
    EXPECT_TRUE(unknown.code) << unknown.message;
    EXPECT_NE(unknown.message.find("cannot look up no-such-host.invalid"), std::string::npos) << unknown.message;
  }(client));
}

TEST(http3_misfortune, a_certificate_of_nobody_known) {
  auto options = trusting_client();
  options.tls = crypto::tls_context::client({}).value();
  http3_pair pair(answer_hello, serve_on_loopback(), options);
  run(pair.context, [](http3_pair& at) -> asio::awaitable<void> {
    const auto why = co_await failure_of_get(at.client, at.url());
    EXPECT_EQ(why.code.category(), runtime::transport_category()) << why.message;
    EXPECT_NE(why.message.find("certificate"), std::string::npos) << why.message;
  }(pair));
}

TEST(http3_misfortune, a_certificate_for_another_name) {
  auto options = trusting_client();
  options.connect_to = {{"other.example", 0, "127.0.0.1", 0}};
  http3_pair pair(answer_hello, serve_on_loopback(), options);
  run(pair.context, [](http3_pair& at) -> asio::awaitable<void> {
    const auto why =
        co_await failure_of_get(at.client, "https://other.example:" + std::to_string(at.endpoint.port) + "/");
    EXPECT_NE(why.message.find("certificate"), std::string::npos) << why.message;
  }(pair));
}

TEST(http3_misfortune, a_server_that_speaks_something_else) {
  asio::io_context context{1};
  const runtime::shard shard(context.get_executor());
  error_code error;
  auto listener = runtime::listen(shard, loopback(), listen_with("not-h3"), error);
  ASSERT_FALSE(error);
  http3::client client(context.get_executor(), trusting_client());
  listener.on_accept([](runtime::incoming_connection incoming) {
    incoming.start(driver::make_server_h3_driver(incoming.get_executor()).driver);
  });
  run(context, [](http3::client& by, std::uint16_t port) -> asio::awaitable<void> {
    const auto why = co_await failure_of_get(by, "https://localhost:" + std::to_string(port) + "/");
    EXPECT_NE(why.message.find("does not speak HTTP/3"), std::string::npos) << why.message;
  }(client, listener.local_endpoint().port));
}

TEST(http3_misfortune, a_server_that_vanishes) {
  asio::io_context server_context{1};
  asio::io_context context{1};
  auto options = trusting_client();
  options.transport.max_idle_timeout = 1'500ms;
  http3::client client(context.get_executor(), options);
  std::optional<http3::server> server(std::in_place, server_context.get_executor(), serve_on_loopback());
  server->handle([](http3::request&, http3::response& response) -> asio::awaitable<void> {
    co_await response.write("first");
    asio::steady_timer never(response.get_executor(), std::chrono::steady_clock::time_point::max());
    co_await never.async_wait(asio::use_awaitable);
  });
  const auto port = server->start().front().port;
  std::thread serving([&] { server_context.run(); });
  run(context, [](http3::client& by, std::uint16_t at, asio::io_context& victim) -> asio::awaitable<void> {
    auto response = co_await by.get("https://localhost:" + std::to_string(at) + "/");
    char buffer[100];
    const std::size_t size = co_await response.async_read_some(asio::buffer(buffer));
    EXPECT_EQ(std::string_view(buffer, size), "first");
    victim.stop();
    const auto [error, none] = co_await response.async_read_some(asio::buffer(buffer), as_result);
    EXPECT_EQ(error, runtime::error::idle_timeout) << error.message();
    EXPECT_FALSE(response.explain(error).empty());
  }(client, port, server_context));
  serving.join();
}

TEST(http3_misfortune, a_client_that_vanishes_is_forgotten) {
  asio::io_context context{1};
  auto options = serve_on_loopback();
  options.transport.max_idle_timeout = 500ms;
  std::string reason;
  options.on_connection_closed = [&](const network_path&, const runtime::connection_end& end) {
    reason = end.code.message();
    context.stop();
  };
  http3::server server(context.get_executor(), options);
  server.handle([](http3::request&, http3::response& response) -> asio::awaitable<void> {
    const std::string piece(64 * 1024, 'x');
    for (;;) co_await response.write(piece);
  });
  const auto port = server.start().front().port;
  {
    asio::io_context vanishing{1};
    http3::client client(vanishing.get_executor(), trusting_client());
    std::thread serving([&] { context.run_for(30s); });
    bool received = false;
    asio::co_spawn(
        vanishing,
        [](http3::client& by, std::uint16_t at, asio::io_context& own, bool& got) -> asio::awaitable<void> {
          auto response = co_await by.get("https://localhost:" + std::to_string(at) + "/");
          got = response.status() == 200;
          own.stop();
          asio::steady_timer never(own, std::chrono::steady_clock::time_point::max());
          co_await never.async_wait(asio::use_awaitable);
        }(client, port, vanishing, received),
        asio::detached);
    vanishing.run_for(30s);
    EXPECT_TRUE(received);
    serving.join();
  }
  EXPECT_EQ(reason, make_error_code(runtime::error::idle_timeout).message());
  EXPECT_EQ(server.open_connections(), 0u);
}

TEST(http3_misfortune, a_handler_that_takes_too_long_is_cancelled) {
  auto options = serve_on_loopback();
  options.request_timeout = 100ms;
  http3_pair pair(
      [](http3::request&, http3::response& response) -> asio::awaitable<void> {
        asio::steady_timer never(response.get_executor(), std::chrono::steady_clock::time_point::max());
        co_await never.async_wait(asio::use_awaitable);
      },
      options);
  run(pair.context, [](http3_pair& at) -> asio::awaitable<void> {
    const auto why = co_await failure_of_get(at.client, at.url());
    EXPECT_EQ(why.code, http3::error_code::request_cancelled) << why.message;
  }(pair));
}

TEST(http3_misfortune, a_client_does_not_wait_beyond_its_time_limit) {
  auto options = trusting_client();
  options.request_timeout = 100ms;
  bool cancelled = false;
  http3_pair pair(
      [&](http3::request&, http3::response& response) -> asio::awaitable<void> {
        asio::steady_timer never(response.get_executor(), std::chrono::steady_clock::time_point::max());
        const auto [error] = co_await never.async_wait(as_result);
        cancelled = error == asio::error::operation_aborted;
      },
      serve_on_loopback(), options);
  run(pair.context, [](http3_pair& at, const bool& handler_cancelled) -> asio::awaitable<void> {
    const auto why = co_await failure_of_get(at.client, at.url());
    EXPECT_EQ(why.code, http3::client_error::request_timeout) << why.message;
    asio::steady_timer tick(at.context);
    for (int i = 0; i < 500 && !handler_cancelled; ++i) {
      tick.expires_after(10ms);
      co_await tick.async_wait(asio::use_awaitable);
    }
    EXPECT_TRUE(handler_cancelled);
  }(pair, cancelled));
}

TEST(http3_misfortune, a_request_can_be_cancelled_by_its_slot) {
  http3_pair pair([](http3::request&, http3::response& response) -> asio::awaitable<void> {
    asio::steady_timer never(response.get_executor(), std::chrono::steady_clock::time_point::max());
    co_await never.async_wait(asio::use_awaitable);
  });
  run(pair.context, [](http3_pair& at) -> asio::awaitable<void> {
    asio::cancellation_signal stop;
    asio::steady_timer soon(at.context, 50ms);
    soon.async_wait([&](error_code) { stop.emit(asio::cancellation_type::terminal); });
    const auto [exception, response] =
        co_await at.client.get(at.url(), asio::bind_cancellation_slot(stop.slot(), as_result));
    EXPECT_EQ(http3::failure_of(exception)->code, asio::error::operation_aborted);
  }(pair));
}

}  // namespace
}  // namespace quasio::test
