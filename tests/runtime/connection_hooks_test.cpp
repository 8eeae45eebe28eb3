// What a program may decide about each connection, and what it hears of its end.

#include <thread>

#include <openssl/ssl.h>

#include "quasio/crypto/system_random.hpp"
#include "runtime/echo_server.hpp"

namespace quasio::test {
namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

using runtime::client_hello;
using runtime::client_hello_reply;

/// A certificate for that name, of the authority that clients trust.
crypto::tls_context tls_for(const std::string& name) {
  certificate_options leaf;
  leaf.common_name = name;
  leaf.dns_names = {name};
  const certificate made = issue(test_identity::get().authority, leaf);
  crypto::server_options options;
  options.certificate_chain = crypto::pem::text(made.certificate_pem);
  options.private_key = crypto::pem::text(made.key_pem);
  return crypto::tls_context::server(options).value();
}

runtime::connect_options connect_as(const ip_endpoint& peer, std::string name) {
  auto options = connect_with(peer);
  options.client.server_name = std::move(name);
  return options;
}

asio::awaitable<error_code> outcome_of(echo_server& at, std::string name) {
  const auto [error, connection] =
      co_await runtime::async_connect(at.shard, connect_as(at.listener.local_endpoint(), std::move(name)), as_result);
  co_return error;
}

runtime::listen_options listen_hooked(std::function<void(client_hello, client_hello_reply)> hook) {
  auto options = listen_with();
  options.hooks.on_client_hello = std::move(hook);
  return options;
}

TEST(connection_hooks, choose_a_certificate_by_name_at_once) {
  const auto other = tls_for("other.example");
  echo_server server(listen_hooked([&](const client_hello& hello, client_hello_reply reply) {
    EXPECT_EQ(hello.alpn, std::vector<std::string>{"test"});
    EXPECT_NE(hello.path.peer.port, 0);
    hello.server_name == "other.example" ? reply.use(other) : reply.accept();
  }));
  run(server.context, [](echo_server& at) -> asio::awaitable<void> {
    EXPECT_FALSE(co_await outcome_of(at, "localhost"));
    EXPECT_FALSE(co_await outcome_of(at, "other.example"));
    const error_code stranger = co_await outcome_of(at, "third.example");
    EXPECT_EQ(stranger.category(), runtime::transport_category()) << stranger.message();
  }(server));
  EXPECT_EQ(server.shard.counters().client_hellos_waiting.value(), 0u);
}

TEST(connection_hooks, may_take_their_time_in_a_coroutine) {
  const auto other = tls_for("other.example");
  echo_server server(listen_hooked([&](const client_hello&, client_hello_reply reply) {
    const asio::any_io_executor executor = reply.get_executor();
    asio::co_spawn(
        executor,
        [](client_hello_reply answer, crypto::tls_context with) -> asio::awaitable<void> {
          asio::steady_timer database(co_await asio::this_coro::executor, 100ms);
          co_await database.async_wait(asio::use_awaitable);
          answer.use(with);
        }(std::move(reply), other),
        asio::detached);
  }));
  run(server.context,
      [](echo_server& at) -> asio::awaitable<void> { EXPECT_FALSE(co_await outcome_of(at, "other.example")); }(server));
}

TEST(connection_hooks, may_answer_from_another_thread) {
  std::vector<std::thread> threads;
  echo_server server(listen_hooked([&](const client_hello&, client_hello_reply reply) {
    threads.emplace_back([answer = std::move(reply)]() mutable {
      std::this_thread::sleep_for(20ms);
      answer.accept();
    });
  }));
  run(server.context, [](echo_server& at) -> asio::awaitable<void> {
    for (int i = 0; i < 5; ++i) EXPECT_FALSE(co_await outcome_of(at, "localhost"));
  }(server));
  for (auto& each : threads) each.join();
}

TEST(connection_hooks, refuse_with_an_alert_or_by_forgetting) {
  echo_server server(listen_hooked([](const client_hello& hello, client_hello_reply reply) {
    if (hello.server_name != "forgotten.example") reply.refuse(112);
  }));
  run(server.context, [](echo_server& at) -> asio::awaitable<void> {
    const error_code unknown = co_await outcome_of(at, "localhost");
    EXPECT_EQ(unknown, runtime::make_wire_error(0x100 + 112, runtime::transport_category())) << unknown.message();
    const error_code forgotten = co_await outcome_of(at, "forgotten.example");
    EXPECT_EQ(forgotten, runtime::make_wire_error(0x100 + 80, runtime::transport_category())) << forgotten.message();
  }(server));
  EXPECT_EQ(server.shard.counters().handshake_failures[runtime::handshake_failure::tls].value(), 4u)
      << "two at each end";
}

TEST(connection_hooks, one_that_never_answers_costs_its_time_only) {
  std::vector<client_hello_reply> kept;
  auto options = listen_hooked([&](const client_hello& hello, client_hello_reply reply) {
    if (hello.server_name == "localhost") return reply.accept();
    kept.push_back(std::move(reply));
  });
  options.hooks.hello_timeout = 200ms;
  echo_server server(options);
  run(server.context, [](echo_server& at) -> asio::awaitable<void> {
    const auto begun = std::chrono::steady_clock::now();
    const error_code late = co_await outcome_of(at, "nobody.example");
    EXPECT_EQ(late, runtime::make_wire_error(0x100 + 80, runtime::transport_category())) << late.message();
    EXPECT_GE(std::chrono::steady_clock::now() - begun, 200ms);
    EXPECT_FALSE(co_await outcome_of(at, "localhost"));
  }(server));
  EXPECT_EQ(server.shard.counters().client_hellos_timed_out.value(), 1u);
  EXPECT_EQ(server.shard.counters().client_hellos_waiting.value(), 0u);
  ASSERT_EQ(kept.size(), 1u);
  kept.front().accept();  // Too late, and harmless.
  server.context.restart();
  server.context.run_for(20ms);
}

TEST(connection_hooks, answers_may_outlive_the_listener) {
  std::vector<client_hello_reply> kept;
  {
    echo_server server(
        listen_hooked([&](const client_hello&, client_hello_reply reply) { kept.push_back(std::move(reply)); }));
    asio::co_spawn(server.context, outcome_of(server, "localhost"), asio::detached);
    while (kept.empty()) ASSERT_GT(server.context.run_one_for(10s), 0u);
  }
  kept.clear();
}

/// First packets of a thousand clients, each from its own port of one socket's worth of senders.
std::vector<std::vector<std::uint8_t>> first_packets(std::size_t count) {
  std::vector<std::vector<std::uint8_t>> packets;
  crypto::system_random random;
  const auto now = std::chrono::time_point_cast<duration>(std::chrono::steady_clock::now());
  const auto tls = client_tls();
  for (std::size_t i = 0; i < count; ++i) {
    auto client =
        quic::connection::connect(
            {.tls = tls, .server_name = "localhost", .alpn = {"test"}, .path = {loopback(1), loopback(2)}}, random, now)
            .value();
    std::vector<std::uint8_t> buffer(1500);
    while (const auto sent = client->transmit(buffer, 1, now)) {
      packets.emplace_back(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(sent->size));
    }
  }
  return packets;
}

TEST(connection_hooks, thousands_that_wait_are_bounded) {
  std::vector<client_hello_reply> kept;
  auto options = listen_hooked([&](const client_hello& hello, client_hello_reply reply) {
    if (hello.server_name == "localhost") return kept.push_back(std::move(reply));
    reply.accept();
  });
  options.acceptor.retry = quic::retry_policy::never;
  options.hooks.max_waiting_hellos = 100;
  options.hooks.hello_timeout = 60s;
  echo_server server(options);
  asio::ip::udp::socket many(server.context, net::to_udp_endpoint(loopback()));
  const auto target = net::to_udp_endpoint(server.listener.local_endpoint());
  const auto packets = first_packets(1000);
  for (const auto& each : packets) {
    many.send_to(asio::buffer(each), target);
    server.context.poll();
  }
  const auto& counters = server.shard.counters();
  for (int i = 0; i < 200 && counters.connections_accepted.value() < 1000; ++i) server.context.run_for(10ms);
  server.context.run_for(50ms);
  EXPECT_EQ(counters.connections_accepted.value(), 1000u);
  EXPECT_EQ(counters.client_hellos_waiting.value(), 100u);
  EXPECT_EQ(counters.client_hellos_dropped.value(), 900u);
  EXPECT_EQ(kept.size(), 100u);
  EXPECT_GT(counters.skipped_mid_handshake_flushes.value(), 0u);
  // There is room again as soon as somebody was answered.
  kept.clear();
  run(server.context, [](echo_server& at) -> asio::awaitable<void> {
    const error_code error = co_await outcome_of(at, "other.example");
    EXPECT_EQ(error.category(), runtime::transport_category()) << "the own certificate is for another name";
  }(server));
  EXPECT_EQ(counters.client_hellos_waiting.value(), 0u);
}

TEST(connection_hooks, an_adopted_context_that_cannot_ask_is_refused_loudly) {
  auto options = listen_hooked([](const client_hello&, client_hello_reply reply) { reply.accept(); });
  SSL_CTX* const own = SSL_CTX_new(TLS_server_method());
  options.acceptor.tls = crypto::tls_context::adopt(own).value();
  asio::io_context context{1};
  error_code error;
  const auto listener = runtime::listen(runtime::shard(context.get_executor()), loopback(), options, error);
  EXPECT_EQ(error, asio::error::invalid_argument);
  EXPECT_FALSE(listener.is_open());
  SSL_CTX_free(own);
}

TEST(connection_hooks, admit_decides_by_address) {
  auto options = listen_with();
  bool open = false;
  options.acceptor.admit = [&](const quic::client_knock& knock) {
    EXPECT_TRUE(knock.path.peer.is_v4());
    return open ? quic::admission::accept : quic::admission::refuse;
  };
  options.count_subnets = true;
  echo_server server(options);
  run(server.context, [](echo_server& at, bool& opened) -> asio::awaitable<void> {
    const error_code refused = co_await outcome_of(at, "localhost");
    EXPECT_EQ(refused, runtime::make_wire_error(2, runtime::transport_category())) << refused.message();
    opened = true;
    EXPECT_FALSE(co_await outcome_of(at, "localhost"));
  }(server, open));
  const auto& counters = server.shard.counters();
  EXPECT_GE(counters.initial_rejections[runtime::initial_rejection::not_admitted].value(), 1u);
  EXPECT_EQ(counters.connections_accepted.value(), 1u);
  const auto subnets = counters.initials_by_subnet.rows();
  ASSERT_EQ(subnets.size(), 1u);
  EXPECT_EQ(subnets[0].subnet, "127.0.0.0/20");
  EXPECT_EQ(subnets[0].accepted, 1u);
  EXPECT_GE(subnets[0].rejected, 1u);
}

TEST(connection_hooks, tell_of_each_end_with_its_numbers) {
  std::vector<runtime::connection_audit> audits;
  auto options = listen_with();
  options.hooks.on_end = [&](const runtime::connection_audit& audit) { audits.push_back(audit); };
  echo_server server(options);
  run(server.context, [](echo_server& at) -> asio::awaitable<void> {
    quic_connection connection = co_await at.connect();
    quic_stream stream = co_await connection.async_open_stream(stream_direction::bidirectional);
    const std::string text(100'000, 'x');
    co_await asio::async_write(stream, asio::buffer(text), asio::use_awaitable);
    stream.finish();
    std::string answer;
    co_await asio::async_read(stream, asio::dynamic_buffer(answer), as_result);
    EXPECT_EQ(answer.size(), text.size());
    connection.close(42, "enough");
    co_await connection.async_wait_closed();
    EXPECT_TRUE(co_await outcome_of(at, "somebody.else"));
    asio::steady_timer settled(at.context, 100ms);
    co_await settled.async_wait(asio::use_awaitable);
  }(server));
  ASSERT_EQ(audits.size(), 2u);
  const auto& first = audits[0];
  EXPECT_TRUE(first.established);
  EXPECT_EQ(first.how, runtime::ending::closed_by_peer);
  EXPECT_EQ(first.application_code_received, 42u);
  EXPECT_FALSE(first.application_code_sent || first.transport_code_sent || first.transport_code_received);
  EXPECT_EQ(first.handshake.alpn, "test");
  EXPECT_GT(first.handshake.elapsed, duration::zero());
  EXPECT_GE(first.lasted, first.handshake.elapsed);
  EXPECT_FALSE(first.id.empty());
  EXPECT_GE(first.statistics.stream_bytes_received, 100'000u);
  EXPECT_EQ(first.statistics.peak_streams, 1u);
  EXPECT_GT(first.max_bandwidth, 0u);
  // The client found the certificate to be for another name.
  EXPECT_FALSE(audits[1].established);
  EXPECT_EQ(audits[1].how, runtime::ending::error_of_peer);
  ASSERT_TRUE(audits[1].transport_code_received);
  EXPECT_GE(*audits[1].transport_code_received, 0x100u);
}

}  // namespace
}  // namespace quasio::test
