#include <numeric>

#include "runtime/loopback.hpp"

namespace quasio::test {
namespace {

using runtime::quic_connection;
using runtime::quic_listener;
using runtime::quic_stream;

asio::awaitable<void> echo(quic_stream stream) {
  std::vector<char> buffer(64 * 1024);
  for (;;) {
    const auto [error, size] =
        co_await stream.async_read_some(asio::buffer(buffer), asio::as_tuple(asio::use_awaitable));
    if (error == asio::error::eof) break;
    if (error) co_return;
    const auto [failure, written] =
        co_await asio::async_write(stream, asio::buffer(buffer, size), asio::as_tuple(asio::use_awaitable));
    if (failure) co_return;
  }
  stream.finish();
}

asio::awaitable<void> serve_echo(quic_connection connection) {
  for (;;) {
    auto [error, stream] = co_await connection.async_accept_stream(asio::as_tuple(asio::use_awaitable));
    if (error) co_return;
    asio::co_spawn(connection.get_executor(), echo(std::move(stream)), asio::detached);
  }
}

asio::awaitable<void> serve(quic_listener& listener) {
  for (;;) {
    auto [error, connection] = co_await listener.async_accept(asio::as_tuple(asio::use_awaitable));
    if (error) co_return;
    asio::co_spawn(listener.get_executor(), serve_echo(std::move(connection)), asio::detached);
  }
}

struct echo_server {
  asio::io_context context{1};
  runtime::shard shard{context.get_executor()};
  quic_listener listener = open();

  quic_listener open() {
    error_code error;
    auto opened = runtime::listen(shard, loopback(), listen_with(), error);
    EXPECT_FALSE(error) << error.message();
    return quic_listener(std::move(opened));
  }

  echo_server() { asio::co_spawn(context, serve(listener), asio::detached); }

  asio::awaitable<quic_connection> connect() {
    return runtime::async_connect(shard, connect_with(listener.local_endpoint()));
  }
};

TEST(quic_stream, echoes_through_asio_operations) {
  echo_server server;
  run(server.context, [](echo_server& at) -> asio::awaitable<void> {
    quic_connection connection = co_await at.connect();
    EXPECT_EQ(connection.handshake().alpn, "test");
    quic_stream stream = co_await connection.async_open_stream(stream_direction::bidirectional);
    const std::string sent = "hello over a stream";
    co_await asio::async_write(stream, asio::buffer(sent), asio::use_awaitable);
    stream.finish();
    std::string received;
    const auto [error, size] =
        co_await asio::async_read(stream, asio::dynamic_buffer(received), asio::as_tuple(asio::use_awaitable));
    EXPECT_EQ(error, asio::error::eof);
    EXPECT_EQ(received, sent);
    EXPECT_EQ(size, sent.size());
  }(server));
}

}  // namespace
}  // namespace quasio::test
