// Resumed connections and requests that go with early data, over loopback.

#include "driver/http3_pair.hpp"
#include "runtime/udp_relay.hpp"

namespace quasio::test {
namespace {

using quic::early_data_status;

struct noted_request {
  std::string method;
  bool is_early_data;
};

/// A server, and clients that share their sessions.
struct early_pair {
  explicit early_pair(http3::server_options with = early_server()) : server(context.get_executor(), std::move(with)) {
    server.handle([this](http3::request& request, http3::response& response) -> asio::awaitable<void> {
      noted.push_back({request.method(), request.is_early_data()});
      const std::string body = co_await request.read_all();
      co_await response.finish(request.method() + body);
    });
    relay = std::make_shared<udp_relay>(context, server.start().front());
    endpoint = relay->endpoint();
    relay->start();
    // So that what comes before the handshake's end does not depend on who is faster.
    relay->delay_answers(20ms);
  }

  static http3::server_options early_server() {
    // One for all, so that servers know one another's tickets.
    static const crypto::tls_context tls = server_tls();
    auto options = serve_on_loopback();
    options.tls = tls;
    options.early_data = true;
    return options;
  }

  http3::client_options client_options() {
    auto options = trusting_client();
    options.sessions = sessions;
    options.early_data = true;
    options.trace = [this](std::string_view line) { trace += std::string(line) + '\n'; };
    return options;
  }

  std::string url() const { return "https://127.0.0.1:" + std::to_string(endpoint.port) + "/"; }

  /// Connects once and leaves a session.
  void leave_session() {
    run(context, [](early_pair& at) -> asio::awaitable<void> {
      http3::client first(at.context.get_executor(), at.client_options());
      auto got = co_await first.get(at.url());
      EXPECT_EQ(co_await got.read_all(), "GET");
    }(*this));
    EXPECT_GT(sessions->size(), 0u);
    noted.clear();
    trace.clear();
  }

  bool traced(std::string_view text) const { return trace.find(text) != std::string::npos; }

  asio::io_context context{1};
  std::vector<noted_request> noted;
  std::string trace;
  std::shared_ptr<http3::session_cache> sessions = std::make_shared<http3::session_cache>();
  http3::server server;
  std::shared_ptr<udp_relay> relay;
  ip_endpoint endpoint;
};

TEST(http3_early_data, carries_a_get_before_the_handshake_is_complete) {
  early_pair pair;
  pair.leave_session();
  run(pair.context, [](early_pair& at) -> asio::awaitable<void> {
    http3::client second(at.context.get_executor(), at.client_options());
    auto got = co_await second.get(at.url());
    EXPECT_EQ(got.status(), 200);
    EXPECT_EQ(co_await got.read_all(), "GET");
    auto again = co_await second.get(at.url());
    EXPECT_EQ(again.connection().handshake.early_data, early_data_status::accepted);
    EXPECT_TRUE(again.connection().handshake.resumed);
  }(pair));
  ASSERT_EQ(pair.noted.size(), 2u);
  EXPECT_TRUE(pair.noted[0].is_early_data);
  EXPECT_FALSE(pair.noted[1].is_early_data);
  EXPECT_TRUE(pair.traced("resumed, early data accepted")) << pair.trace;
}

TEST(http3_early_data, leaves_requests_that_are_not_safe_for_later) {
  early_pair pair;
  pair.leave_session();
  run(pair.context, [](early_pair& at) -> asio::awaitable<void> {
    http3::client second(at.context.get_executor(), at.client_options());
    auto posted = co_await second.post(at.url(), " a body", "text/plain");
    EXPECT_EQ(co_await posted.read_all(), "POST a body");
  }(pair));
  ASSERT_EQ(pair.noted.size(), 1u);
  EXPECT_FALSE(pair.noted[0].is_early_data);
}

TEST(http3_early_data, is_sent_only_by_clients_that_want_to) {
  early_pair pair;
  pair.leave_session();
  run(pair.context, [](early_pair& at) -> asio::awaitable<void> {
    auto options = at.client_options();
    options.early_data = false;
    http3::client second(at.context.get_executor(), std::move(options));
    auto got = co_await second.get(at.url());
    EXPECT_EQ(got.connection().handshake.early_data, early_data_status::not_offered);
    EXPECT_TRUE(got.connection().handshake.resumed);
  }(pair));
  ASSERT_EQ(pair.noted.size(), 1u);
  EXPECT_FALSE(pair.noted[0].is_early_data);
}

TEST(http3_early_data, that_is_rejected_is_answered_all_the_same) {
  early_pair first;
  first.leave_session();
  // The same certificate and keys, but a server that takes no early data.
  auto options = early_pair::early_server();
  options.early_data = false;
  early_pair second(std::move(options));
  const auto session = first.sessions->take("https://127.0.0.1:" + std::to_string(first.endpoint.port));
  ASSERT_TRUE(session);
  second.sessions->put("https://127.0.0.1:" + std::to_string(second.endpoint.port), *session);
  run(second.context, [](early_pair& at) -> asio::awaitable<void> {
    http3::client client(at.context.get_executor(), at.client_options());
    auto got = co_await client.get(at.url());
    EXPECT_EQ(co_await got.read_all(), "GET");
    EXPECT_EQ(got.connection().handshake.early_data, early_data_status::rejected);
  }(second));
  ASSERT_EQ(second.noted.size(), 1u);
  EXPECT_FALSE(second.noted[0].is_early_data);
}

TEST(http3_early_data, is_rejected_when_settings_have_shrunk) {
  early_pair first;
  first.leave_session();
  auto options = early_pair::early_server();
  options.http3.max_field_section_size /= 2;
  early_pair second(std::move(options));
  const auto session = first.sessions->take("https://127.0.0.1:" + std::to_string(first.endpoint.port));
  ASSERT_TRUE(session);
  second.sessions->put("https://127.0.0.1:" + std::to_string(second.endpoint.port), *session);
  run(second.context, [](early_pair& at) -> asio::awaitable<void> {
    http3::client client(at.context.get_executor(), at.client_options());
    auto got = co_await client.get(at.url());
    EXPECT_EQ(co_await got.read_all(), "GET");
    EXPECT_EQ(got.connection().handshake.early_data, early_data_status::rejected);
    EXPECT_TRUE(got.connection().handshake.resumed);
  }(second));
}

TEST(http3_early_data, to_a_server_that_has_gone_fails_in_time) {
  early_pair pair;
  pair.leave_session();
  run(pair.context, [](early_pair& at) -> asio::awaitable<void> {
    auto options = at.client_options();
    options.connect_timeout = std::chrono::milliseconds(300);
    options.transport.handshake_timeout = std::chrono::milliseconds(300);
    http3::client client(at.context.get_executor(), std::move(options));
    at.server.abort();
    bool failed = false;
    try {
      co_await client.get(at.url());
    } catch (const http3::request_failed&) {
      failed = true;
    }
    EXPECT_TRUE(failed);
  }(pair));
}

TEST(session_cache, gives_each_session_once_and_the_newest_first) {
  http3::session_cache cache(3, 2);
  const auto named = [](std::uint8_t name) { return quic::saved_session{.alpn = "h3", .ticket = {name}}; };
  EXPECT_FALSE(cache.take("a"));
  cache.put("a", named(1));
  cache.put("a", named(2));
  cache.put("a", named(3));  // Two an origin.
  EXPECT_EQ(cache.size(), 2u);
  cache.put("b", named(4));
  cache.put("c", named(5));  // Three in all.
  EXPECT_EQ(cache.size(), 3u);
  EXPECT_EQ(cache.all().front().first, "a");
  EXPECT_EQ(cache.take("a")->ticket.front(), 3);
  EXPECT_FALSE(cache.take("a"));
  EXPECT_EQ(cache.take("c")->ticket.front(), 5);
  EXPECT_EQ(cache.take("b")->ticket.front(), 4);
  EXPECT_EQ(cache.size(), 0u);
}

}  // namespace
}  // namespace quasio::test
