#include "runtime/echo_server.hpp"

namespace quasio::test {
namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

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

TEST(quic_stream, carries_megabytes_both_ways) {
  echo_server server;
  run(server.context, [](echo_server& at) -> asio::awaitable<void> {
    quic_connection connection = co_await at.connect();
    quic_stream stream = co_await connection.async_open_stream(stream_direction::bidirectional);
    std::string sent(8'000'000, '\0');
    for (std::size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<char>(i * 31 + i / 251);
    bool written = false;
    asio::async_write(stream, asio::buffer(sent), [&](error_code error, std::size_t) {
      written = !error;
      stream.finish();
    });
    std::string received;
    co_await asio::async_read(stream, asio::dynamic_buffer(received), as_result);
    EXPECT_TRUE(written);
    EXPECT_TRUE(received == sent) << received.size();
  }(server));
}

TEST(quic_stream, tells_the_code_of_a_reset_and_of_a_stop) {
  asio::io_context context{1};
  const runtime::shard shard(context.get_executor());
  error_code error;
  quic_listener listener(runtime::listen(shard, loopback(), listen_with(), error));
  ASSERT_FALSE(error);
  run(context, [](const runtime::shard& where, quic_listener& from) -> asio::awaitable<void> {
    quic_connection client = co_await runtime::async_connect(where, connect_with(from.local_endpoint()));
    quic_connection server = co_await from.async_accept();
    quic_stream sending = co_await client.async_open_stream(stream_direction::bidirectional);
    co_await asio::async_write(sending, asio::buffer("x", 1), asio::use_awaitable);
    quic_stream receiving = co_await server.async_accept_stream();
    char buffer[10];
    co_await receiving.async_read_some(asio::buffer(buffer));
    sending.reset(1234);
    const auto [read_error, none] = co_await receiving.async_read_some(asio::buffer(buffer), as_result);
    EXPECT_EQ(read_error.category(), runtime::stream_abandoned_category());
    EXPECT_EQ(read_error.value(), 1234);
    sending.stop_sending(0);
    const std::string much(100'000, 'x');
    error_code write_error;
    while (!write_error)
      std::tie(write_error, std::ignore) = co_await receiving.async_write_some(asio::buffer(much), as_result);
    EXPECT_EQ(write_error.category(), runtime::stream_abandoned_category());
    EXPECT_EQ(write_error.value(), 0);
  }(shard, listener));
}

TEST(quic_stream, of_one_direction_works_in_that_direction_only) {
  asio::io_context context{1};
  const runtime::shard shard(context.get_executor());
  error_code error;
  quic_listener listener(runtime::listen(shard, loopback(), listen_with(), error));
  ASSERT_FALSE(error);
  run(context, [](const runtime::shard& where, quic_listener& from) -> asio::awaitable<void> {
    quic_connection client = co_await runtime::async_connect(where, connect_with(from.local_endpoint()));
    quic_connection server = co_await from.async_accept();
    quic_stream sending = co_await client.async_open_stream(stream_direction::unidirectional);
    char buffer[10];
    const auto [own, none] = co_await sending.async_read_some(asio::buffer(buffer), as_result);
    EXPECT_EQ(own, quic::stream_error::wrong_direction);
    co_await asio::async_write(sending, asio::buffer("one way", 7), asio::use_awaitable);
    sending.finish();
    quic_stream receiving = co_await server.async_accept_stream();
    std::string text;
    co_await asio::async_read(receiving, asio::dynamic_buffer(text), as_result);
    EXPECT_EQ(text, "one way");
    const auto [peers, nothing] = co_await receiving.async_write_some(asio::buffer("x", 1), as_result);
    EXPECT_EQ(peers, quic::stream_error::wrong_direction);
  }(shard, listener));
}

TEST(quic_stream, waits_to_be_opened_until_the_peer_allows_it) {
  runtime::listen_options options = listen_with();
  options.acceptor.transport.max_concurrent_bidirectional_streams = 2;
  echo_server server(options);
  run(server.context, [](echo_server& at) -> asio::awaitable<void> {
    quic_connection connection = co_await at.connect();
    std::vector<quic_stream> open;
    open.reserve(3);  // Operations hold references to them.
    for (int i = 0; i < 2; ++i) {
      open.push_back(co_await connection.async_open_stream(stream_direction::bidirectional));
    }
    bool opened = false;
    connection.async_open_stream(stream_direction::bidirectional, [&](error_code error, quic_stream stream) {
      opened = !error;
      open.push_back(std::move(stream));
    });
    for (int i = 0; i < 2; ++i) {
      EXPECT_FALSE(opened);
      co_await asio::async_write(open[static_cast<std::size_t>(i)], asio::buffer("x", 1), asio::use_awaitable);
      open[static_cast<std::size_t>(i)].finish();
      std::string text;
      co_await asio::async_read(open[static_cast<std::size_t>(i)], asio::dynamic_buffer(text), as_result);
    }
    asio::steady_timer tick(at.context);
    for (int i = 0; i < 1000 && !opened; ++i) {
      tick.expires_after(5ms);
      co_await tick.async_wait(asio::use_awaitable);
    }
    EXPECT_TRUE(opened);
  }(server));
}

TEST(quic_stream, operations_can_be_cancelled_one_by_one) {
  echo_server server;
  run(server.context, [](echo_server& at) -> asio::awaitable<void> {
    quic_connection connection = co_await at.connect();
    quic_stream stream = co_await connection.async_open_stream(stream_direction::bidirectional);
    char buffer[10];
    asio::cancellation_signal stop;
    asio::post(at.context, [&] { stop.emit(asio::cancellation_type::total); });
    const auto [error, none] =
        co_await stream.async_read_some(asio::buffer(buffer), asio::bind_cancellation_slot(stop.slot(), as_result));
    EXPECT_EQ(error, asio::error::operation_aborted);
    asio::post(at.context, [&] { stop.emit(asio::cancellation_type::total); });
    const auto [not_accepted, no_stream] =
        co_await connection.async_accept_stream(asio::bind_cancellation_slot(stop.slot(), as_result));
    EXPECT_EQ(not_accepted, asio::error::operation_aborted);
    // The stream is as good as before.
    co_await asio::async_write(stream, asio::buffer("still", 5), asio::use_awaitable);
    co_await asio::async_read(stream, asio::buffer(buffer, 5), asio::use_awaitable);
    EXPECT_EQ(std::string_view(buffer, 5), "still");
  }(server));
}

TEST(quic_stream, a_second_read_at_a_time_is_refused) {
  echo_server server;
  run(server.context, [](echo_server& at) -> asio::awaitable<void> {
    quic_connection connection = co_await at.connect();
    quic_stream stream = co_await connection.async_open_stream(stream_direction::bidirectional);
    char buffer[10];
    error_code first;
    stream.async_read_some(asio::buffer(buffer), [&](error_code error, std::size_t) { first = error; });
    char other[10];
    const auto [second, none] = co_await stream.async_read_some(asio::buffer(other), as_result);
    EXPECT_EQ(second, runtime::error::already_started);
    connection.close(0);
    const auto [ended, end] = co_await connection.async_wait_closed(as_result);
    EXPECT_FALSE(ended);
    EXPECT_EQ(end.code, runtime::error::connection_closed);
    EXPECT_EQ(first, runtime::error::connection_closed);
  }(server));
}

}  // namespace
}  // namespace quasio::test
