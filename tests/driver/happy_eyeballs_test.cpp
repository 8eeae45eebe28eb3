// How a client comes to a connection where a host has several addresses (RFC 8305), over loopback.

#include "driver/address_queue.hpp"
#include "driver/eventually.hpp"
#include "driver/http3_pair.hpp"

namespace quasio::test {
namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
using asio::ip::address;
using asio::ip::make_address;
using http3::ip_family;

ip_endpoint at_address(const char* text, std::uint16_t port = 443) {
  return net::to_ip_endpoint({make_address(text), port});
}

std::string order_of(http3::address_queue& queue) {
  std::string text;
  while (!queue.empty()) {
    const std::string address = queue.take().to_string();
    text += (text.empty() ? "" : " ") + address.substr(0, address.rfind(':'));
  }
  return text;
}

TEST(happy_eyeballs, families_take_turns_in_the_resolvers_order) {
  http3::address_queue queue;
  for (const char* each : {"2001:db8::1", "2001:db8::2", "192.0.2.1", "2001:db8::3", "192.0.2.2", "2001:db8::4"})
    queue.add(at_address(each));
  EXPECT_EQ(order_of(queue), "[2001:db8::1] 192.0.2.1 [2001:db8::2] 192.0.2.2 [2001:db8::3] [2001:db8::4]");
  http3::address_queue v4_first;
  for (const char* each : {"192.0.2.1", "192.0.2.2", "2001:db8::1"}) v4_first.add(at_address(each));
  EXPECT_EQ(order_of(v4_first), "192.0.2.1 [2001:db8::1] 192.0.2.2");
}

TEST(happy_eyeballs, late_addresses_find_their_places) {
  http3::address_queue queue;
  queue.prefer(true);
  queue.add(at_address("192.0.2.1"));
  queue.add(at_address("192.0.2.2"));
  queue.add(at_address("192.0.2.3"));
  EXPECT_EQ(queue.take(), at_address("192.0.2.1"));
  queue.add(at_address("2001:db8::1"));
  queue.add(at_address("2001:db8::2"));
  EXPECT_EQ(order_of(queue), "[2001:db8::1] 192.0.2.2 [2001:db8::2] 192.0.2.3");
}

/// What a resolver of these tests knows, and how long it takes.
struct known_name {
  std::vector<address> v6;
  std::vector<address> v4;
  std::chrono::milliseconds v6_delay{0};
  std::chrono::milliseconds v4_delay{0};
};

http3::resolve_function resolver_of(known_name name, std::vector<std::string>* asked = nullptr) {
  return [name = std::move(name), asked](std::string host, ip_family family) -> asio::awaitable<std::vector<address>> {
    const bool is_v6 = family == ip_family::v6;
    if (asked != nullptr) asked->push_back(host + (is_v6 ? " v6" : " v4"));
    co_await pause(is_v6 ? name.v6_delay : name.v4_delay);
    const auto& found = is_v6 ? name.v6 : name.v4;
    if (found.empty()) throw system_error(asio::error::host_not_found);
    co_return found;
  };
}

asio::awaitable<void> tell_family(http3::request& request, http3::response& response) {
  co_await response.finish(request.connection().path.peer.is_v4() ? "v4" : "v6");
}

/// A server at both loopback addresses, with the same port.
struct both_families {
  both_families() {
    for (int attempt = 0; attempt < 20; ++attempt) {
      auto options = serve_on_loopback();
      server.emplace(context.get_executor(), options);
      server->handle(tell_family);
      port = server->start().front().port;
      auto v6 = serve_on_loopback();
      v6.endpoints = {at_address("::1", port)};
      server_v6.emplace(context.get_executor(), v6);
      server_v6->handle(tell_family);
      error_code error;
      server_v6->start(error);
      if (!error) return;
    }
    ADD_FAILURE() << "no port is free in both families";
  }

  http3::client_options client(known_name name) {
    auto options = trusting_client();
    options.resolve = resolver_of(std::move(name), &asked);
    options.trace = [this](std::string_view line) { trace += std::string(line) + "\n"; };
    options.connect_timeout = 5s;
    return options;
  }

  /// By which family a request came there.
  std::string family(http3::client_options options) {
    std::string came;
    http3::client by(context.get_executor(), std::move(options));
    run(context, [](http3::client& with, std::string url, std::string& result) -> asio::awaitable<void> {
      auto [failed, response] = co_await with.get(url, as_result);
      if (failed) {
        result = http3::failure_of(failed)->message;
      } else {
        result = co_await response.read_all();
      }
    }(by, "https://localhost:" + std::to_string(port) + "/", came));
    return came;
  }

  /// From then on nobody listens there.
  void stop(std::optional<http3::server>& which) {
    run(context, [](http3::server& one) -> asio::awaitable<void> { co_await one.stop(1s); }(*which));
    which.reset();
    context.restart();
    context.run_for(20ms);
  }

  asio::io_context context{1};
  std::optional<http3::server> server;
  std::optional<http3::server> server_v6;
  std::uint16_t port = 0;
  std::vector<std::string> asked;
  std::string trace;
};

TEST(happy_eyeballs, prefer_ipv6_where_both_are_known) {
  both_families host;
  EXPECT_EQ(host.family(host.client({{make_address("::1")}, {make_address("127.0.0.1")}})), "v6");
  EXPECT_EQ(host.asked, (std::vector<std::string>{"localhost v6", "localhost v4"}));
  EXPECT_EQ(host.trace.find("connecting to 127.0.0.1"), std::string::npos) << host.trace;
}

TEST(happy_eyeballs, wait_a_little_for_ipv6_to_become_known) {
  both_families host;
  auto options = host.client({{make_address("::1")}, {make_address("127.0.0.1")}, 40ms, 0ms});
  options.resolution_delay = 2s;
  EXPECT_EQ(host.family(options), "v6");
}

TEST(happy_eyeballs, do_not_wait_long_for_ipv6_to_become_known) {
  both_families host;
  auto options = host.client({{make_address("::1")}, {make_address("127.0.0.1")}, 3s, 0ms});
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(host.family(options), "v4");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 2s);
}

TEST(happy_eyeballs, do_not_wait_for_ipv4_at_all) {
  both_families host;
  EXPECT_EQ(host.family(host.client({{make_address("::1")}, {make_address("127.0.0.1")}, 0ms, 60s})), "v6");
}

TEST(happy_eyeballs, take_ipv4_when_there_is_no_ipv6) {
  both_families host;
  auto options = host.client({{}, {make_address("127.0.0.1")}});
  options.resolution_delay = 60s;
  EXPECT_EQ(host.family(options), "v4") << "that there is none is an answer too";
}

TEST(happy_eyeballs, go_on_at_once_from_an_address_that_refuses) {
  both_families host;
  host.stop(host.server_v6);
  auto options = host.client({{make_address("::1")}, {make_address("127.0.0.1")}});
  options.connection_attempt_delay = 60s;
  EXPECT_EQ(host.family(options), "v4") << host.trace;
}

TEST(happy_eyeballs, pass_over_an_address_that_keeps_silent) {
  both_families host;
  host.stop(host.server_v6);
  asio::ip::udp::socket silent(host.context, {make_address("::1"), host.port});
  auto options = host.client({{make_address("::1")}, {make_address("127.0.0.1")}});
  options.connection_attempt_delay = 50ms;
  EXPECT_EQ(host.family(options), "v4");
  EXPECT_NE(host.trace.find("connecting to [::1]"), std::string::npos) << host.trace;
}

TEST(happy_eyeballs, use_what_becomes_known_after_the_first_failed) {
  both_families host;
  host.stop(host.server);
  auto options = host.client({{make_address("::1")}, {make_address("127.0.0.1")}, 150ms, 0ms});
  options.resolution_delay = 1ms;
  EXPECT_EQ(host.family(options), "v6") << host.trace;
}

TEST(happy_eyeballs, say_what_failed) {
  both_families host;
  EXPECT_NE(host.family(host.client({})).find("cannot look up localhost"), std::string::npos);
  auto slow = host.client({{}, {}, 60s, 60s});
  slow.connect_timeout = 100ms;
  EXPECT_NE(host.family(slow).find("no answer within 100 ms"), std::string::npos);
  host.stop(host.server);
  EXPECT_NE(host.family(host.client({{}, {make_address("127.0.0.1")}})).find("cannot connect to"), std::string::npos);
}

}  // namespace
}  // namespace quasio::test
