// Clients that move to other sockets, servers with a preferred address: over real sockets on loopback.

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

/// Moves as soon as the server has confirmed the handshake and supplied IDs.
asio::awaitable<network_path> move(quic_connection& connection, ip_endpoint local = {},
                                   quic::migration_timing when = quic::migration_timing::at_once) {
  for (int attempt = 0;; ++attempt) {
    const auto [error, path] = co_await connection.async_migrate(local, when, as_result);
    const bool is_early =
        error == quic::path_error::handshake_not_confirmed || error == quic::path_error::no_connection_id;
    if (!is_early || attempt == 10000) {
      EXPECT_FALSE(error) << error.message();
      co_return path;
    }
    asio::steady_timer pause(co_await asio::this_coro::executor, 1ms);
    co_await pause.async_wait(asio::use_awaitable);
  }
}

TEST(async_migrate, goes_on_from_another_port_in_the_midst_of_a_stream) {
  echo_server server;
  run(server.context, [](echo_server& at) -> asio::awaitable<void> {
    quic_connection connection = co_await at.connect();
    EXPECT_TRUE(co_await echoes(connection, "before"));
    quic_stream stream = co_await connection.async_open_stream(stream_direction::bidirectional);
    const std::string half(300'000, 'a');
    co_await asio::async_write(stream, asio::buffer(half), asio::use_awaitable);
    const network_path next = co_await move(connection);
    EXPECT_NE(next.local, connection.path().local);
    EXPECT_EQ(next.peer, connection.path().peer);
    co_await asio::async_write(stream, asio::buffer(half), asio::use_awaitable);
    stream.finish();
    std::string answer;
    co_await asio::async_read(stream, asio::dynamic_buffer(answer), as_result);
    EXPECT_EQ(answer, half + half);
    const auto paths = co_await connection.async_paths();
    EXPECT_FALSE(paths.empty());
    if (paths.empty()) co_return;
    EXPECT_EQ(paths[0].path, next);
    EXPECT_TRUE(paths[0].active);
    EXPECT_EQ(paths[0].state, quic::path_state::validated);
    EXPECT_GT(paths[0].bytes_received, 300'000u);
  }(server));
}

TEST(async_migrate, can_be_done_many_times_and_leaves_no_sockets_behind) {
  echo_server server;
  run(server.context, [](echo_server& at) -> asio::awaitable<void> {
    quic_connection connection = co_await at.connect();
    for (int i = 0; i < 6; ++i) {
      co_await move(connection);
      EXPECT_TRUE(co_await echoes(connection, std::string(20'000, static_cast<char>('a' + i))));
    }
    // What was left is forgotten after a while.
    std::vector<quic::path_statistics> paths;
    for (int i = 0; i < 500; ++i) {
      paths = co_await connection.async_paths();
      if (paths.size() == 1) break;
      asio::steady_timer pause(co_await asio::this_coro::executor, 10ms);
      co_await pause.async_wait(asio::use_awaitable);
    }
    EXPECT_EQ(paths.size(), 1u);
    EXPECT_TRUE(co_await echoes(connection, "still there"));
  }(server));
}

TEST(async_migrate, rebinding_keeps_the_connection_and_can_wait_for_proof) {
  echo_server server;
  run(server.context, [](echo_server& at) -> asio::awaitable<void> {
    quic_connection connection = co_await at.connect();
    const network_path first = co_await move(connection, loopback(), quic::migration_timing::when_validated);
    EXPECT_NE(first.local.port, connection.path().local.port);
    const auto [error, second] = co_await connection.async_rebind(as_result);
    EXPECT_TRUE(!error || error == quic::path_error::no_connection_id) << error.message();
    EXPECT_TRUE(co_await echoes(connection, "rebound"));
  }(server));
}

TEST(async_migrate, says_why_it_cannot) {
  asio::io_context context{1};
  const runtime::shard shard(context.get_executor());
  auto options = listen_with();
  options.acceptor.transport.disable_active_migration = true;
  error_code error;
  quic_listener listener(runtime::listen(shard, loopback(), options, error));
  ASSERT_FALSE(error) << error.message();
  asio::co_spawn(context, serve(listener), asio::detached);
  run(context, [](const runtime::shard& where, ip_endpoint to) -> asio::awaitable<void> {
    quic_connection connection = co_await runtime::async_connect(where, connect_with(to));
    EXPECT_TRUE(co_await echoes(connection, "x"));
    const auto [forbidden, none] = co_await connection.async_rebind(as_result);
    EXPECT_EQ(forbidden, quic::path_error::migration_disabled) << forbidden.message();
    EXPECT_EQ(forbidden.category(), runtime::path_category());
    // An address that this host does not have.
    const auto [foreign, nothing] = co_await connection.async_migrate(ip_endpoint::v4({192, 0, 2, 1}, 0),
                                                                      quic::migration_timing::at_once, as_result);
    EXPECT_EQ(foreign, asio::error::make_error_code(static_cast<asio::error::basic_errors>(EADDRNOTAVAIL)))
        << foreign.message();
    EXPECT_TRUE(co_await echoes(connection, "unharmed"));
    connection.close(0);
    const auto [over, no] = co_await connection.async_rebind(as_result);
    EXPECT_TRUE(over);
  }(shard, listener.local_endpoint()));
}

/// A relay whose clients seem to be gone when they come from a new port.
TEST(async_migrate, that_leads_nowhere_fails_and_the_connection_lives_on) {
  echo_server server;
  const auto relay = std::make_shared<udp_relay>(server.context, server.listener.local_endpoint());
  relay->serve_only_the_first_client();
  relay->start();
  run(server.context, [](echo_server& at, ip_endpoint through) -> asio::awaitable<void> {
    quic_connection connection = co_await runtime::async_connect(at.shard, connect_with(through));
    EXPECT_TRUE(co_await echoes(connection, "x"));
    const auto [failed, none] =
        co_await connection.async_migrate(ip_endpoint{}, quic::migration_timing::at_once, as_result);
    EXPECT_EQ(failed, runtime::error::path_failed) << failed.message();
    EXPECT_TRUE(co_await echoes(connection, std::string(50'000, 'x')));
    const auto paths = co_await connection.async_paths();
    EXPECT_EQ(paths.size(), 1u);
  }(server, relay->endpoint()));
}

TEST(async_migrate, can_be_cancelled) {
  echo_server server;
  const auto relay = std::make_shared<udp_relay>(server.context, server.listener.local_endpoint());
  relay->serve_only_the_first_client();
  relay->start();
  run(server.context, [](echo_server& at, ip_endpoint through) -> asio::awaitable<void> {
    quic_connection connection = co_await runtime::async_connect(at.shard, connect_with(through));
    EXPECT_TRUE(co_await echoes(connection, "x"));
    asio::cancellation_signal stop;
    asio::steady_timer later(at.context, 20ms);
    later.async_wait([&](const error_code&) { stop.emit(asio::cancellation_type::terminal); });
    const auto [aborted, none] = co_await connection.async_migrate(
        ip_endpoint{}, quic::migration_timing::at_once, asio::bind_cancellation_slot(stop.slot(), as_result));
    EXPECT_EQ(aborted, asio::error::operation_aborted) << aborted.message();
    EXPECT_TRUE(co_await echoes(connection, "back on the old path"));
    EXPECT_EQ((co_await connection.async_paths()).size(), 1u);
  }(server, relay->endpoint()));
}

TEST(async_migrate, ends_with_the_connection) {
  echo_server server;
  const auto relay = std::make_shared<udp_relay>(server.context, server.listener.local_endpoint());
  relay->serve_only_the_first_client();
  relay->start();
  run(server.context, [](echo_server& at, ip_endpoint through) -> asio::awaitable<void> {
    quic_connection connection = co_await runtime::async_connect(at.shard, connect_with(through));
    EXPECT_TRUE(co_await echoes(connection, "x"));
    asio::steady_timer later(at.context, 20ms);
    later.async_wait([&](const error_code&) { connection.close(7); });
    const auto [closed, none] =
        co_await connection.async_migrate(ip_endpoint{}, quic::migration_timing::at_once, as_result);
    EXPECT_EQ(closed, runtime::error::connection_closed) << closed.message();
  }(server, relay->endpoint()));
}

TEST(preferred_address, of_a_listener_is_opened_told_and_moved_to) {
  asio::io_context context{1};
  const runtime::shard shard(context.get_executor());
  auto options = listen_with();
  options.acceptor.transport.preferred_address_v4 = loopback();  // The system chooses the port.
  error_code error;
  quic_listener listener(runtime::listen(shard, loopback(), options, error));
  ASSERT_FALSE(error) << error.message();
  asio::co_spawn(context, serve(listener), asio::detached);
  run(context, [](const runtime::shard& where, ip_endpoint to) -> asio::awaitable<void> {
    quic_connection connection = co_await runtime::async_connect(where, connect_with(to));
    std::vector<quic::path_statistics> paths;
    for (int i = 0; i < 1000; ++i) {
      EXPECT_TRUE(co_await echoes(connection, "x"));
      paths = co_await connection.async_paths();
      if (paths.front().path.peer != to) break;
    }
    EXPECT_NE(paths.front().path.peer, to);
    EXPECT_NE(paths.front().path.peer.port, 0u);
    EXPECT_TRUE(co_await echoes(connection, std::string(200'000, 'y')));
    // And on from there.
    co_await move(connection);
    EXPECT_TRUE(co_await echoes(connection, std::string(200'000, 'z')));
  }(shard, listener.local_endpoint()));
}

TEST(preferred_address, is_not_followed_by_a_client_that_does_not_want_it) {
  asio::io_context context{1};
  const runtime::shard shard(context.get_executor());
  auto options = listen_with();
  options.acceptor.transport.preferred_address_v4 = loopback();
  error_code error;
  quic_listener listener(runtime::listen(shard, loopback(), options, error));
  ASSERT_FALSE(error) << error.message();
  asio::co_spawn(context, serve(listener), asio::detached);
  run(context, [](const runtime::shard& where, ip_endpoint to) -> asio::awaitable<void> {
    auto with = connect_with(to);
    with.client.transport.preferred_address = quic::preferred_address_policy::ignore;
    quic_connection connection = co_await runtime::async_connect(where, std::move(with));
    for (int i = 0; i < 20; ++i) EXPECT_TRUE(co_await echoes(connection, "x"));
    const auto paths = co_await connection.async_paths();
    EXPECT_EQ(paths.size(), 1u);
    EXPECT_EQ(paths.front().path.peer, to);
  }(shard, listener.local_endpoint()));
}

}  // namespace
}  // namespace quasio::test
