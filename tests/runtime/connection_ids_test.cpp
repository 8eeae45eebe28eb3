// Connection IDs of every length and kind on real sockets.

#include "quasio/crypto/system_random.hpp"
#include "quasio/quic/routable_connection_ids.hpp"
#include "runtime/echo_server.hpp"
#include "runtime/udp_relay.hpp"

namespace quasio::test {
namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

asio::awaitable<bool> echoes(quic_connection& connection, std::string text) {
  auto [failed, stream] = co_await connection.async_open_stream(stream_direction::bidirectional, as_result);
  if (failed) co_return false;
  co_await asio::async_write(stream, asio::buffer(text), as_result);
  stream.finish();
  std::string answer;
  co_await asio::async_read(stream, asio::dynamic_buffer(answer), as_result);
  co_return answer == text;
}

std::shared_ptr<quic::connection_id_generator> random_ids(std::size_t size) {
  return std::make_shared<quic::random_connection_ids>(size);
}

asio::awaitable<quic_connection> connect_by(echo_server& to, std::shared_ptr<quic::connection_id_generator> ids) {
  auto options = connect_with(to.listener.local_endpoint());
  options.client.connection_ids = std::move(ids);
  co_return co_await runtime::async_connect(to.shard, std::move(options));
}

TEST(connection_ids, of_any_length_will_do) {
  for (const std::size_t server_size : {1u, 2u, 4u, 8u, 20u}) {
    auto options = listen_with();
    options.acceptor.connection_ids = random_ids(server_size);
    echo_server server(options);
    for (const std::size_t client_size : {0u, 1u, 8u, 20u}) {
      SCOPED_TRACE(::testing::Message() << "server " << server_size << ", client " << client_size);
      server.context.restart();
      run(server.context, [](echo_server& at, std::size_t size) -> asio::awaitable<void> {
        quic_connection connection = co_await connect_by(at, random_ids(size));
        EXPECT_TRUE(co_await echoes(connection, std::string(50'000, 'x')));
      }(server, client_size));
    }
  }
}

// [rfc9000 18.2#3]
TEST(connection_ids, of_a_server_must_have_bytes) {
  asio::io_context context{1};
  const runtime::shard shard(context.get_executor());
  auto options = listen_with();
  options.acceptor.connection_ids = random_ids(0);
  error_code error;
  const auto listener = runtime::listen(shard, loopback(), options, error);
  EXPECT_EQ(error, asio::error::invalid_argument);
  EXPECT_FALSE(listener.is_open());
}

TEST(connection_ids, that_cannot_name_a_shard_will_not_do_for_several) {
  runtime::shard_pool pool(2);
  auto options = listen_with();
  options.acceptor.connection_ids = random_ids(8);
  error_code error;
  EXPECT_TRUE(runtime::listen(pool.shards(), loopback(), options, error).empty());
  EXPECT_EQ(error, asio::error::invalid_argument);
}

TEST(connection_ids, that_are_few_are_not_given_twice) {
  // 256 IDs in all: forty connections of four each would otherwise take one another's packets.
  auto options = listen_with();
  options.acceptor.connection_ids = random_ids(1);
  echo_server server(options);
  run(server.context, [](echo_server& at) -> asio::awaitable<void> {
    std::vector<quic_connection> connections;
    for (int i = 0; i < 40; ++i) connections.push_back(co_await at.connect());
    for (int round = 0; round < 2; ++round) {
      for (auto& each : connections) EXPECT_TRUE(co_await echoes(each, std::string(3000, 'x')));
    }
  }(server));
}

std::vector<std::shared_ptr<quic::connection_id_generator>> kinds_for_shards() {
  crypto::system_random random;
  quic::routable_id_configuration balanced;
  balanced.server_id = {0x12, 0x34};
  balanced.nonce_size = 13;  // One AES block in all.
  balanced.key.emplace().fill(7);
  return {nullptr, std::make_shared<quic::sharded_connection_ids>(std::uint8_t{0}, 12),
          quic::routable_connection_ids::make(random), quic::routable_connection_ids::make(balanced, random).value()};
}

TEST(connection_ids, of_every_kind_lead_to_their_shard) {
  for (const auto& kind : kinds_for_shards()) {
    runtime::shard_pool pool(3);
    auto options = listen_with();
    options.acceptor.connection_ids = kind;
    error_code error;
    auto listeners = runtime::listen(pool.shards(), loopback(), options, error);
    ASSERT_FALSE(error) << error.message();
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
      // RFC 9000, section 9: addresses stay during the handshake, which the server completes after the client.
      EXPECT_TRUE(co_await echoes(connection, "before"));
      for (int i = 0; i < 40 && count() == 0; ++i) {
        nat.rebind();
        EXPECT_TRUE(co_await echoes(connection, "after " + std::to_string(i)));
      }
      EXPECT_GT(count(), 0u);
    }(client, *relay, forwarded));
    std::uint64_t resets = 0;
    for (const auto& each : pool.shards()) resets += each.counters().stateless_resets.value();
    EXPECT_EQ(resets, 0u) << "a shard that does not know a connection leaves that to its own";
    for (auto& each : serving) each->close();
  }
}

TEST(stateless_reset, comes_from_a_restarted_server_of_several_shards) {
  // The packet reaches any shard's socket, and is passed to the one that its ID names, which alone may answer.
  crypto::system_random random;
  auto options = listen_with();
  options.acceptor.reset_token_key.fill(9);
  options.acceptor.connection_ids = quic::routable_connection_ids::make(random);
  std::optional<runtime::shard_pool> pool(std::in_place, 3u);
  error_code error;
  auto listeners = runtime::listen(pool->shards(), loopback(), options, error);
  ASSERT_FALSE(error) << error.message();
  const ip_endpoint address = listeners[0].local_endpoint();
  std::vector<std::unique_ptr<quic_listener>> serving;
  const auto begin_to_serve = [&] {
    for (auto& each : listeners) {
      serving.push_back(std::make_unique<quic_listener>(std::move(each)));
      asio::co_spawn(serving.back()->get_executor(), serve(*serving.back()), asio::detached);
    }
  };
  begin_to_serve();
  const std::function<void()> restart = [&] {
    pool->stop();
    pool->join();
    serving.clear();
    pool.reset();
    pool.emplace(3u);
    listeners = runtime::listen(pool->shards(), address, options, error);
    ASSERT_FALSE(error) << error.message();
    begin_to_serve();
  };
  asio::io_context context{1};
  const runtime::shard client(context.get_executor());
  run(
      context,
      [](const runtime::shard& where, ip_endpoint to, const std::function<void()>& again) -> asio::awaitable<void> {
        std::vector<quic_connection> connections;
        for (int i = 0; i < 5; ++i) {
          connections.push_back(co_await runtime::async_connect(where, connect_with(to)));
          EXPECT_TRUE(co_await echoes(connections.back(), "before"));
        }
        again();
        for (auto& each : connections) {
          auto [failed, stream] = co_await each.async_open_stream(stream_direction::bidirectional, as_result);
          if (!failed) co_await asio::async_write(stream, asio::buffer("?", 1), as_result);
          const auto [waited, end] = co_await each.async_wait_closed(as_result);
          EXPECT_EQ(end.code, runtime::error::stateless_reset) << end.message;
        }
      }(client, address, restart),
      25s);
  serving.clear();
}

}  // namespace
}  // namespace quasio::test
