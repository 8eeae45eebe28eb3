#pragma once

#include <utility>
#include <vector>

#include "runtime/loopback.hpp"

namespace quasio::test {

using runtime::quic_connection;
using runtime::quic_listener;
using runtime::quic_stream;

inline asio::awaitable<void> echo(quic_stream stream) {
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

inline asio::awaitable<void> serve_echo(quic_connection connection) {
  for (;;) {
    auto [error, stream] = co_await connection.async_accept_stream(asio::as_tuple(asio::use_awaitable));
    if (error) co_return;
    asio::co_spawn(connection.get_executor(), echo(std::move(stream)), asio::detached);
  }
}

inline asio::awaitable<void> serve(quic_listener& listener) {
  for (;;) {
    auto [error, connection] = co_await listener.async_accept(asio::as_tuple(asio::use_awaitable));
    if (error) co_return;
    asio::co_spawn(listener.get_executor(), serve_echo(std::move(connection)), asio::detached);
  }
}

/// Echoes every stream of every connection, and connects to itself.
struct echo_server {
  explicit echo_server(runtime::listen_options with = listen_with(), const ip_endpoint& at = loopback())
      : options(std::move(with)), local(at) {
    asio::co_spawn(context, serve(listener), asio::detached);
  }

  runtime::listen_options options;
  ip_endpoint local;
  asio::io_context context{1};
  runtime::shard shard{context.get_executor()};
  quic_listener listener = open();

  quic_listener open() {
    error_code error;
    auto opened = runtime::listen(shard, local, options, error);
    EXPECT_FALSE(error) << error.message();
    return quic_listener(std::move(opened));
  }

  asio::awaitable<quic_connection> connect() {
    return runtime::async_connect(shard, connect_with(listener.local_endpoint()));
  }
};

}  // namespace quasio::test
