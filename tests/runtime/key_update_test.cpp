// Key updates asked for through Asio.

#include "runtime/echo_server.hpp"

namespace quasio::test {
namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

asio::awaitable<std::string> echo(quic_connection& over, std::string text) {
  quic_stream stream = co_await over.async_open_stream(stream_direction::bidirectional);
  co_await asio::async_write(stream, asio::buffer(text), asio::use_awaitable);
  stream.finish();
  std::string received;
  co_await asio::async_read(stream, asio::dynamic_buffer(received), as_result);
  co_return received;
}

TEST(key_update, can_be_asked_for_and_leaves_streams_alone) {
  echo_server server;
  run(server.context, [](echo_server& at) -> asio::awaitable<void> {
    quic_connection connection = co_await at.connect();
    // An answer cannot come before the handshake is confirmed, nor without an acknowledgment.
    EXPECT_EQ(co_await echo(connection, "before"), "before");
    const auto [first] = co_await connection.async_update_keys(as_result);
    EXPECT_FALSE(first) << first.message();
    const auto [second] = co_await connection.async_update_keys(as_result);
    EXPECT_EQ(second, runtime::error::key_update_refused);
    EXPECT_EQ(co_await echo(connection, "after"), "after");
  }(server));
}

TEST(key_update, of_a_closed_connection_says_so) {
  echo_server server;
  run(server.context, [](echo_server& at) -> asio::awaitable<void> {
    quic_connection connection = co_await at.connect();
    connection.close(0);
    co_await connection.async_wait_closed();
    const auto [refused] = co_await connection.async_update_keys(as_result);
    EXPECT_EQ(refused, runtime::error::connection_closed);
    quic_connection none;
    const auto [bad] = co_await none.async_update_keys(as_result);
    EXPECT_EQ(bad, asio::error::bad_descriptor);
  }(server));
}

}  // namespace
}  // namespace quasio::test
