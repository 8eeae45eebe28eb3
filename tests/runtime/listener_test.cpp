#include <random>
#include <thread>

#include "quasio/crypto/system_random.hpp"
#include "runtime/echo_server.hpp"
#include "runtime/udp_relay.hpp"

namespace quasio::test {
namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

asio::awaitable<bool> echoes(quic_connection& connection, std::string text) {
  quic_stream stream = co_await connection.async_open_stream(stream_direction::bidirectional);
  co_await asio::async_write(stream, asio::buffer(text), asio::use_awaitable);
  stream.finish();
  std::string answer;
  co_await asio::async_read(stream, asio::dynamic_buffer(answer), as_result);
  co_return answer == text;
}

TEST(listener, an_incoming_connection_can_be_refused) {
  asio::io_context context{1};
  const runtime::shard shard(context.get_executor());
  error_code error;
  runtime::listener listener = runtime::listen(shard, loopback(), listen_with(), error);
  ASSERT_FALSE(error) << error.message();
  run(context, [](const runtime::shard& where, runtime::listener& from) -> asio::awaitable<void> {
    asio::co_spawn(
        where.get_executor(),
        [](runtime::listener& at) -> asio::awaitable<void> {
          runtime::incoming_connection incoming = co_await at.async_accept();
          EXPECT_FALSE(net::is_unspecified(incoming.path().peer));
        }(from),
        asio::detached);
    const auto [refused, none] = co_await runtime::async_connect(where, connect_with(from.local_endpoint()), as_result);
    EXPECT_TRUE(refused);
    EXPECT_NE(refused, runtime::error::handshake_timeout) << refused.message();
  }(shard, listener));
}

TEST(listener, a_full_backlog_makes_others_wait) {
  asio::io_context context{1};
  const runtime::shard shard(context.get_executor());
  auto options = listen_with();
  options.accept_backlog = 2;
  error_code error;
  std::optional<runtime::listener> listener = runtime::listen(shard, loopback(), options, error);
  ASSERT_FALSE(error) << error.message();
  const ip_endpoint address = listener->local_endpoint();
  int established = 0;
  std::vector<quic_connection> connections;
  for (int i = 0; i < 5; ++i) {
    runtime::async_connect(shard, connect_with(address), [&](error_code failed, quic_connection connection) {
      if (failed) return;
      ++established;
      connections.push_back(std::move(connection));
    });
  }
  while (shard.counters().accept_backlog_drops.value() < 3) ASSERT_GT(context.run_one_for(10s), 0u);
  EXPECT_EQ(shard.counters().connections_accepted.value(), 2u);
  EXPECT_EQ(established, 0);
  // Now they are accepted; those who were dropped try again by themselves.
  quic_listener accepting(std::move(*listener));
  asio::co_spawn(context, serve(accepting), asio::detached);
  while (established < 5) ASSERT_GT(context.run_one_for(10s), 0u);
}

TEST(listener, garbage_does_not_disturb_a_transfer) {
  echo_server server;
  run(server.context, [](echo_server& at) -> asio::awaitable<void> {
    quic_connection connection = co_await at.connect();
    asio::ip::udp::socket hostile(at.context, net::to_udp_endpoint(loopback()));
    const auto target = net::to_udp_endpoint(at.listener.local_endpoint());
    std::minstd_rand random(11);
    for (int round = 0; round < 50; ++round) {
      for (int i = 0; i < 40; ++i) {
        std::vector<unsigned char> garbage(1 + random() % 1400);
        for (auto& byte : garbage) byte = static_cast<unsigned char>(random());
        // Some look like Initial packets of version 1.
        if (i % 3 == 0 && garbage.size() > 30) {
          garbage[0] = 0xc3;
          garbage[1] = garbage[2] = garbage[3] = 0;
          garbage[4] = 1;
          garbage[5] = 8;
        }
        error_code ignored;
        hostile.send_to(asio::buffer(garbage), target, 0, ignored);
      }
      EXPECT_TRUE(co_await echoes(connection, std::string(20'000, static_cast<char>('a' + round % 26))));
    }
  }(server));
  EXPECT_LE(server.shard.counters().connections_in_memory.value(), 2u + 40u * 50u);
}

TEST(listener, a_client_whose_port_changes_stays_with_its_shard) {
  runtime::shard_pool pool(3);
  auto options = listen_with();
  error_code error;
  auto listeners = runtime::listen(pool.shards(), loopback(), options, error);
  ASSERT_FALSE(error) << error.message();
  ASSERT_EQ(listeners.size(), 3u);
  EXPECT_EQ(listeners[0].local_endpoint(), listeners[2].local_endpoint());
  const ip_endpoint address = listeners[0].local_endpoint();
  std::vector<std::unique_ptr<quic_listener>> serving;
  for (auto& each : listeners) {
    serving.push_back(std::make_unique<quic_listener>(std::move(each)));
    asio::co_spawn(serving.back()->get_executor(), serve(*serving.back()), asio::detached);
  }
  const auto forwarded = [&] {
    std::uint64_t total = 0;
    for (const auto& each : pool.shards()) total += each.counters().forwarded_packets.value();
    return total;
  };
  asio::io_context context{1};
  const runtime::shard client(context.get_executor());
  const auto relay = std::make_shared<udp_relay>(context, address);
  relay->start();
  run(context, [](const runtime::shard& where, udp_relay& nat, const auto& count) -> asio::awaitable<void> {
    quic_connection connection = co_await runtime::async_connect(where, connect_with(nat.endpoint()));
    EXPECT_TRUE(co_await echoes(connection, "before"));
    for (int i = 0; i < 40 && count() == 0; ++i) {
      nat.rebind();
      EXPECT_TRUE(co_await echoes(connection, "after " + std::to_string(i)));
    }
    EXPECT_GT(count(), 0u);
    EXPECT_TRUE(co_await echoes(connection, std::string(300'000, 'x')));
  }(client, *relay, forwarded));
  for (auto& each : serving) each->close();
}

TEST(listener, closes_its_socket_when_the_last_connection_has_drained) {
  echo_server server;
  run(server.context, [](echo_server& at) -> asio::awaitable<void> {
    quic_connection connection = co_await at.connect();
    EXPECT_TRUE(co_await echoes(connection, "served"));
    at.listener.close();
    const auto [closed, none] = co_await at.listener.async_accept(as_result);
    EXPECT_EQ(closed, runtime::error::listener_closed);
    EXPECT_TRUE(co_await echoes(connection, "still served"));
  }(server));
  server.context.restart();
  // The connection was dropped by the coroutine; after its draining nothing is left to be done.
  server.context.run_for(30s);
  EXPECT_TRUE(server.context.stopped());
  EXPECT_EQ(server.shard.counters().connections_in_memory.value(), 0u);
}

TEST(listener, the_port_of_another_is_refused) {
  asio::io_context context{1};
  const runtime::shard shard(context.get_executor());
  error_code error;
  const auto first = runtime::listen(shard, loopback(), listen_with(), error);
  ASSERT_FALSE(error);
  const auto second = runtime::listen(shard, first.local_endpoint(), listen_with(), error);
  EXPECT_EQ(error, asio::error::address_in_use);
  EXPECT_FALSE(second.is_open());
}

TEST(connect, a_port_where_nobody_listens_is_refused_at_once) {
  asio::io_context context{1};
  const runtime::shard shard(context.get_executor());
  asio::ip::udp::socket taken(context, net::to_udp_endpoint(loopback()));
  const ip_endpoint free = net::to_ip_endpoint(taken.local_endpoint());
  taken.close();
  run(
      context,
      [](const runtime::shard& where, ip_endpoint to) -> asio::awaitable<void> {
        const auto [error, none] = co_await runtime::async_connect(where, connect_with(to), as_result);
        EXPECT_EQ(error, asio::error::connection_refused) << error.message();
      }(shard, free),
      5s);
}

TEST(connect, a_peer_that_is_gone_is_noticed_before_the_idle_timeout) {
  asio::io_context context{1};
  std::optional<echo_server> server(std::in_place);
  const runtime::shard shard(context.get_executor());
  std::thread serving([&] { server->context.run_for(30s); });
  const ip_endpoint address = server->listener.local_endpoint();
  run(
      context,
      [](const runtime::shard& where, ip_endpoint to, std::optional<echo_server>& peer,
         std::thread& thread) -> asio::awaitable<void> {
        quic_connection connection = co_await runtime::async_connect(where, connect_with(to));
        quic_stream stream = co_await connection.async_open_stream(stream_direction::bidirectional);
        co_await asio::async_write(stream, asio::buffer("x", 1), asio::use_awaitable);
        char buffer[10];
        co_await stream.async_read_some(asio::buffer(buffer));
        peer->context.stop();
        thread.join();
        peer.reset();
        co_await asio::async_write(stream, asio::buffer("are you there?", 14), asio::use_awaitable);
        const auto [error, none] = co_await stream.async_read_some(asio::buffer(buffer), as_result);
        EXPECT_EQ(error, runtime::error::peer_lost) << error.message();
      }(shard, address, server, serving),
      25s);
}

TEST(connect, learns_at_once_that_its_server_was_started_again) {
  asio::io_context context{1};
  auto options = listen_with();
  options.acceptor.reset_token_key.fill(0x5a);
  std::optional<echo_server> server(std::in_place, options);
  const runtime::shard shard(context.get_executor());
  std::thread serving([&] { server->context.run_for(30s); });
  const ip_endpoint address = server->listener.local_endpoint();
  std::optional<echo_server> again;
  run(
      context,
      [](const runtime::shard& where, ip_endpoint to, const runtime::listen_options& with,
         std::optional<echo_server>& first, std::optional<echo_server>& second,
         std::thread& thread) -> asio::awaitable<void> {
        quic_connection connection = co_await runtime::async_connect(where, connect_with(to));
        quic_stream stream = co_await connection.async_open_stream(stream_direction::bidirectional);
        co_await asio::async_write(stream, asio::buffer("x", 1), asio::use_awaitable);
        char buffer[10];
        co_await stream.async_read_some(asio::buffer(buffer));
        first->context.stop();
        thread.join();
        first.reset();
        second.emplace(with, to);
        thread = std::thread([&second] { second->context.run_for(30s); });
        const auto since = std::chrono::steady_clock::now();
        co_await asio::async_write(stream, asio::buffer("are you there?", 14), asio::use_awaitable);
        const auto [error, none] = co_await stream.async_read_some(asio::buffer(buffer), as_result);
        EXPECT_EQ(error, runtime::error::stateless_reset) << error.message();
        EXPECT_LT(std::chrono::steady_clock::now() - since, 2s);
        EXPECT_GE(second->shard.counters().stateless_resets.value(), 1u);
        EXPECT_EQ(second->shard.counters().stateless_resets_limited.value(), 0u);
        // The new server is a whole one.
        quic_connection fresh = co_await runtime::async_connect(where, connect_with(to));
        EXPECT_TRUE(co_await echoes(fresh, "again"));
      }(shard, address, options, server, again, serving),
      25s);
  again->context.stop();
  serving.join();
}

TEST(listener, resets_no_faster_than_it_may) {
  auto options = listen_with();
  options.acceptor.stateless_reset = {.per_second = 0, .burst = 5};
  echo_server server(options);
  asio::ip::udp::socket stranger(server.context, net::to_udp_endpoint(loopback()));
  const auto target = net::to_udp_endpoint(server.listener.local_endpoint());
  std::vector<unsigned char> orphan(100, 0x41);
  const auto& counters = server.shard.counters();
  for (unsigned sent = 0; sent < 100; ++sent) {
    orphan[1] = static_cast<unsigned char>(sent);
    stranger.send_to(asio::buffer(orphan), target);
    if (sent % 20 == 19) {
      while (counters.unroutable_packets.value() <= sent) ASSERT_GT(server.context.run_one_for(5s), 0u);
    }
  }
  EXPECT_EQ(counters.stateless_resets.value(), 5u);
  EXPECT_EQ(counters.stateless_resets_limited.value(), 95u);
  EXPECT_EQ(counters.stateless_replies.value(), 5u);
  EXPECT_EQ(counters.rejected_initial_packets.value(), 0u);
}

TEST(listener, is_not_kept_busy_by_empty_datagrams) {
  echo_server server;
  run(server.context, [](echo_server& at) -> asio::awaitable<void> {
    quic_connection connection = co_await at.connect();
    asio::ip::udp::socket hostile(at.context, net::to_udp_endpoint(loopback()));
    const auto target = net::to_udp_endpoint(at.listener.local_endpoint());
    for (int round = 0; round < 30; ++round) {
      error_code ignored;
      for (int i = 0; i < 200; ++i) hostile.send_to(asio::buffer("", 0), target, 0, ignored);
      EXPECT_TRUE(co_await echoes(connection, std::string(20'000, 'x')));
    }
  }(server));
  EXPECT_EQ(server.shard.counters().connections_accepted.value(), 1u);
  EXPECT_EQ(server.shard.counters().stateless_replies.value(), 0u);
}

TEST(connect, can_be_cancelled) {
  asio::io_context context{1};
  const runtime::shard shard(context.get_executor());
  asio::ip::udp::socket silent(context, net::to_udp_endpoint(loopback()));
  run(
      context,
      [](const runtime::shard& where, ip_endpoint to) -> asio::awaitable<void> {
        asio::cancellation_signal stop;
        asio::post(where.get_executor(), [&] { stop.emit(asio::cancellation_type::terminal); });
        const auto [error, none] = co_await runtime::async_connect(
            where, connect_with(to), asio::bind_cancellation_slot(stop.slot(), as_result));
        EXPECT_EQ(error, asio::error::operation_aborted);
      }(shard, net::to_ip_endpoint(silent.local_endpoint())),
      5s);
}

TEST(io_context, may_go_in_the_midst_of_everything) {
  for (int turns = 0; turns < 80; turns += 3) {
    echo_server server;
    for (int i = 0; i < 3; ++i) {
      asio::co_spawn(
          server.context,
          [](echo_server& at) -> asio::awaitable<void> {
            quic_connection connection = co_await at.connect();
            for (;;) co_await echoes(connection, std::string(100'000, 'x'));
          }(server),
          asio::detached);
    }
    for (int i = 0; i < turns; ++i) server.context.run_one_for(100ms);
  }
}

}  // namespace
}  // namespace quasio::test
