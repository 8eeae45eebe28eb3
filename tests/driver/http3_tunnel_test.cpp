// Extended CONNECT (RFC 9220) with capsules and datagrams, from the easy client to the easy server.

#include "driver/eventually.hpp"
#include "driver/http3_pair.hpp"
#include "quasio/driver/capsules.hpp"
#include "quasio/driver/http3_router.hpp"

namespace quasio::test {
namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
constexpr std::uint64_t text_capsule = 0x7357;

http3::server_options tunnel_server() {
  auto options = serve_on_loopback();
  options.http3.enable_connect_protocol = true;
  options.http3.datagrams.enable = true;
  return options;
}

http3::client_options tunnel_client() {
  auto options = trusting_client();
  options.http3.datagrams.enable = true;
  return options;
}

http3::client_request connect_to(const http3_pair& at, std::string target, std::string protocol = "made-up") {
  http3::client_request what;
  what.protocol = std::move(protocol);
  what.url = at.url(target);
  what.headers.push_back({"capsule-protocol", "?1"});
  return what;
}

std::string text_of(byte_view bytes) { return {bytes.begin(), bytes.end()}; }

/// Sends datagrams and capsules back as they come.
asio::awaitable<void> echo_datagrams(driver::datagram_flow flow) {
  std::array<char, 2000> buffer;
  for (;;) {
    const auto [error, size] = co_await flow.async_receive_datagram(asio::buffer(buffer), as_result);
    if (error) co_return;
    co_await flow.async_send_datagram(asio::buffer(buffer, size), {}, as_result);
  }
}

asio::awaitable<void> echo(http3::request& request, http3::response& response) {
  EXPECT_EQ(request.method(), "CONNECT");
  EXPECT_EQ(request.protocol(), "made-up");
  EXPECT_TRUE(http3::says_capsule_protocol(request.headers()));
  response.set("capsule-protocol", "?1");
  co_await response.write(asio::const_buffer());
  request.allow_silence(std::chrono::milliseconds(0));
  asio::co_spawn(request.get_executor(), echo_datagrams(request.datagrams()), asio::detached);
  driver::capsule_source from(request);
  driver::capsule_sink to(response);
  for (;;) {
    const auto [error, capsule] = co_await from.async_receive_capsule(as_result);
    if (error == asio::error::eof) co_return co_await response.finish(std::string_view()), void();
    if (error) throw system_error(error);
    co_await to.async_send_capsule(capsule.type, asio::buffer(capsule.value.data(), capsule.value.size()));
  }
}

http3::router echo_routes() {
  http3::router routes;
  routes.connect("made-up", "/echo/{name}", echo);
  routes.get("/page", [](http3::request&, http3::response& response) -> asio::awaitable<void> {
    co_await response.finish("page");
  });
  routes.any("/any", [](http3::request&, http3::response& response) -> asio::awaitable<void> {
    co_await response.finish("any");
  });
  return routes;
}

TEST(http3_tunnel, datagrams_and_capsules_go_both_ways) {
  http3_pair pair(echo_routes(), tunnel_server(), tunnel_client());
  run(pair.context, [](http3_pair& at) -> asio::awaitable<void> {
    auto tunnel = co_await at.client.request(connect_to(at, "/echo/one"));
    EXPECT_EQ(tunnel.status(), 200);
    EXPECT_TRUE(http3::says_capsule_protocol(tunnel.headers()));
    EXPECT_FALSE(tunnel.content_length());
    driver::capsule_source from(tunnel);
    driver::capsule_sink to(tunnel.writer());
    driver::datagram_flow flow = tunnel.datagrams();
    std::array<char, 2000> buffer;
    for (int round = 0; round < 20; ++round) {
      const std::string said = std::to_string(round) + std::string(static_cast<std::size_t>(round) * 300, '.');
      co_await to.async_send_capsule(text_capsule, asio::buffer(said));
      const http3::capsule_piece heard = co_await from.async_receive_capsule();
      EXPECT_EQ(heard.type, text_capsule);
      EXPECT_EQ(text_of(heard.value), said);
      co_await flow.async_send_datagram(asio::buffer(said.substr(0, 900)));
      const std::size_t size = co_await flow.async_receive_datagram(asio::buffer(buffer));
      EXPECT_EQ(std::string(buffer.data(), size), said.substr(0, 900));
    }
    // A value that the caller writes by itself.
    co_await to.async_send_header(text_capsule, 6);
    co_await tunnel.writer().async_write(asio::buffer("by", 2));
    co_await tunnel.writer().async_write(asio::buffer("hand", 4));
    const http3::capsule_piece heard = co_await from.async_receive_capsule();
    EXPECT_EQ(text_of(heard.value), "byhand");
    const auto [refused] = co_await to.async_send_capsule(varint_max + 1, asio::const_buffer(), as_result);
    EXPECT_EQ(refused, asio::error::invalid_argument);

    EXPECT_EQ(tunnel.http_statistics().datagrams_sent, 20u);
    co_await tunnel.writer().async_finish(asio::const_buffer());
    const auto [end, none] = co_await from.async_receive_capsule(as_result);
    EXPECT_EQ(end, asio::error::eof);
  }(pair));
}

TEST(http3_tunnel, waiting_for_a_capsule_can_be_cancelled_and_loses_nothing) {
  http3_pair pair(echo_routes(), tunnel_server(), tunnel_client());
  run(pair.context, [](http3_pair& at) -> asio::awaitable<void> {
    auto tunnel = co_await at.client.request(connect_to(at, "/echo/one"));
    driver::capsule_source from(tunnel);
    driver::capsule_sink to(tunnel.writer());
    asio::cancellation_signal stop;
    std::optional<error_code> outcome;
    from.async_receive_capsule(asio::bind_cancellation_slot(
        stop.slot(), [&](const error_code& error, const http3::capsule_piece&) { outcome = error; }));
    co_await pause(1ms);
    stop.emit(asio::cancellation_type::total);
    EXPECT_TRUE(co_await eventually([&] { return outcome.has_value(); }));
    EXPECT_EQ(outcome, error_code(asio::error::operation_aborted));
    co_await to.async_send_capsule(1, asio::buffer("one", 3));
    co_await to.async_send_capsule(2, asio::buffer("two", 3));
    EXPECT_EQ(text_of((co_await from.async_receive_capsule()).value), "one");
    EXPECT_EQ(text_of((co_await from.async_receive_capsule()).value), "two");
  }(pair));
}

TEST(http3_tunnel, a_capsule_of_huge_length_ends_the_tunnel_and_costs_nothing) {
  std::optional<error_code> seen;
  auto options = tunnel_server();
  options.on_handler_error = [&](const http3::request&, const std::exception_ptr& thrown) {
    seen = http3::failure_of(thrown)->code;
  };
  http3_pair pair(echo_routes(), options, tunnel_client());
  run(pair.context, [](http3_pair& at) -> asio::awaitable<void> {
    auto tunnel = co_await at.client.request(connect_to(at, "/echo/one"));
    driver::capsule_sink to(tunnel.writer());
    co_await to.async_send_header(text_capsule, varint_max);
    const auto [error, text] = co_await tunnel.read_all(100, as_result);
    EXPECT_EQ(error, http3::error_code::internal_error);
    EXPECT_EQ((co_await at.client.get(at.url("/page"))).status(), 200);
  }(pair));
  EXPECT_EQ(seen, make_error_code(driver::capsule_error::too_large));
}

TEST(http3_tunnel, an_end_amid_a_capsule_is_a_malformed_message) {
  http3_pair pair(echo_routes(), tunnel_server(), tunnel_client());
  run(pair.context, [](http3_pair& at) -> asio::awaitable<void> {
    auto tunnel = co_await at.client.request(connect_to(at, "/echo/one"));
    driver::capsule_sink to(tunnel.writer());
    co_await to.async_send_header(text_capsule, 10);
    co_await tunnel.writer().async_finish(asio::buffer("half", 4));
    const auto [error, text] = co_await tunnel.read_all(100, as_result);
    EXPECT_EQ(error, http3::error_code::message_error);
  }(pair));
}

TEST(http3_tunnel, what_a_server_does_not_know_it_says) {
  http3_pair pair(echo_routes(), tunnel_server(), tunnel_client());
  run(pair.context, [](http3_pair& at) -> asio::awaitable<void> {
    const auto status = [&at](std::string target, std::string protocol) -> asio::awaitable<int> {
      auto response = co_await at.client.request(connect_to(at, target, protocol));
      EXPECT_FALSE(response.writer().is_open());
      co_await response.read_all();
      co_return response.status();
    };
    EXPECT_EQ(co_await status("/echo/one", "unheard-of"), 501);
    EXPECT_EQ(co_await status("/page", "made-up"), 405);
    EXPECT_EQ(co_await status("/any", "made-up"), 404);
    EXPECT_EQ(co_await status("/nowhere", "made-up"), 404);
    auto page = co_await at.client.get(at.url("/echo/one"));
    EXPECT_EQ(page.status(), 405);
    EXPECT_EQ(page.header("allow"), "CONNECT, OPTIONS");
  }(pair));
}

TEST(http3_tunnel, a_server_without_extended_connect_is_found_out) {
  http3_pair pair(echo_routes(), serve_on_loopback(), tunnel_client());
  run(pair.context, [](http3_pair& at) -> asio::awaitable<void> {
    auto [failed, tunnel] = co_await at.client.request(connect_to(at, "/echo/one"), as_result);
    EXPECT_EQ(http3::failure_of(failed)->code, http3::operation_error::wrong_state);
    EXPECT_EQ((co_await at.client.get(at.url("/page"))).status(), 200);
  }(pair));
}

TEST(http3_tunnel, who_lets_go_of_it_ends_it) {
  bool ended = false;
  http3_pair pair(
      [&](http3::request& request, http3::response& response) -> asio::awaitable<void> {
        co_await response.write(asio::const_buffer());
        std::array<char, 10> none;
        const auto [error, size] = co_await request.async_read_some(asio::buffer(none), as_result);
        EXPECT_TRUE(error);
        ended = true;
      },
      tunnel_server(), tunnel_client());
  run(pair.context, [](http3_pair& at, bool& has_ended) -> asio::awaitable<void> {
    { auto tunnel = co_await at.client.request(connect_to(at, "/echo/one")); }
    EXPECT_TRUE(co_await eventually([&] { return has_ended; }));
  }(pair, ended));
}

TEST(http3_tunnel, silence_is_limited_unless_it_is_allowed) {
  auto options = tunnel_server();
  options.limits.body_timeout = 100ms;
  http3_pair pair(
      [&](http3::request& request, http3::response& response) -> asio::awaitable<void> {
        co_await response.write(asio::const_buffer());
        if (request.path() == "/patient") request.allow_silence(0ms);
        co_await request.read_all();
        co_await response.finish(std::string_view("heard"));
      },
      options, tunnel_client());
  run(pair.context, [](http3_pair& at) -> asio::awaitable<void> {
    auto impatient = co_await at.client.request(connect_to(at, "/impatient"));
    auto patient = co_await at.client.request(connect_to(at, "/patient"));
    const auto [error, none] = co_await impatient.read_all(100, as_result);
    EXPECT_TRUE(error);
    co_await pause(200ms);
    co_await patient.writer().async_finish(asio::const_buffer());
    EXPECT_EQ(co_await patient.read_all(), "heard");
  }(pair));
}

}  // namespace
}  // namespace quasio::test
