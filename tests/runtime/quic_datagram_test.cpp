#include "runtime/echo_server.hpp"

namespace quasio::test {
namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

quic::settings with_datagrams() {
  quic::settings settings;
  settings.datagrams.max_frame_size = 65535;
  return settings;
}

/// A client's and a server's end of one connection.
struct both_ends {
  explicit both_ends(const quic::settings& of_client = with_datagrams(),
                     const quic::settings& of_server = with_datagrams())
      : client_settings(of_client) {
    runtime::listen_options options = listen_with();
    options.acceptor.transport = of_server;
    error_code error;
    listener.emplace(runtime::listen(shard, loopback(), options, error));
    EXPECT_FALSE(error) << error.message();
  }

  asio::awaitable<void> meet() {
    runtime::connect_options options = connect_with(listener->local_endpoint());
    options.client.transport = client_settings;
    client = co_await runtime::async_connect(shard, options);
    server = co_await listener->async_accept();
  }

  quic::settings client_settings;
  asio::io_context context{1};
  runtime::shard shard{context.get_executor()};
  std::optional<quic_listener> listener;
  quic_connection client;
  quic_connection server;
};

TEST(quic_datagram, goes_there_and_back) {
  both_ends ends;
  run(ends.context, [](both_ends& at) -> asio::awaitable<void> {
    co_await at.meet();
    EXPECT_GT(at.client.max_datagram_payload(), 1000u);
    std::vector<quic::datagram_outcome> fates;
    at.client.on_datagram_fate([&](std::uint64_t cookie, quic::datagram_outcome outcome) {
      EXPECT_EQ(cookie, 5u);
      fates.push_back(outcome);
    });
    co_await at.client.async_send_datagram(asio::buffer("there", 5), {.cookie = 5});
    char buffer[100];
    const std::size_t size = co_await at.server.async_receive_datagram(asio::buffer(buffer));
    EXPECT_EQ(std::string_view(buffer, size), "there");
    EXPECT_FALSE(at.server.send_datagram(asio::buffer("and back", 8)));
    EXPECT_FALSE(at.server.send_datagram(asio::buffer("", 0)));
    const std::size_t back = co_await at.client.async_receive_datagram(asio::buffer(buffer));
    EXPECT_EQ(std::string_view(buffer, back), "and back");
    EXPECT_EQ(co_await at.client.async_receive_datagram(asio::buffer(buffer)), 0u);
    asio::steady_timer tick(at.context);
    for (int i = 0; i < 1000 && fates.empty(); ++i) {
      tick.expires_after(2ms);
      co_await tick.async_wait(asio::use_awaitable);
    }
    EXPECT_EQ(fates, std::vector{quic::datagram_outcome::acknowledged});
  }(ends));
}

TEST(quic_datagram, of_full_size_and_thousands_of_them_arrive_while_the_sender_waits_for_room) {
  quic::settings receiving = with_datagrams();
  receiving.datagrams.max_to_read = 100'000;
  receiving.datagrams.max_bytes_to_read = 100'000'000;
  quic::settings sending;
  sending.datagrams.max_to_send = 16;
  both_ends ends(sending, receiving);
  run(ends.context, [](both_ends& at) -> asio::awaitable<void> {
    co_await at.meet();
    constexpr int count = 5000;
    const std::string payload(at.client.max_datagram_payload(), 'x');
    int received = 0;
    asio::co_spawn(
        at.context,
        [](quic_connection& from, int& counted) -> asio::awaitable<void> {
          std::vector<char> buffer(2000);
          for (;;) {
            const auto [error, size] = co_await from.async_receive_datagram(asio::buffer(buffer), as_result);
            if (error) co_return;
            ++counted;
          }
        }(at.server, received),
        asio::detached);
    for (int i = 0; i < count; ++i) {
      const auto [error] = co_await at.client.async_send_datagram(asio::buffer(payload), {}, as_result);
      if (error) ADD_FAILURE() << error.message();
      if (error) co_return;
    }
    const auto [error, end] = co_await at.client.async_close_gracefully(0, "", 10s, as_result);
    EXPECT_FALSE(error) << error.message();
    // Datagrams may be lost in full socket buffers, but not many on one machine.
    asio::steady_timer tick(at.context);
    for (int i = 0; i < 500 && received < count; ++i) {
      tick.expires_after(2ms);
      co_await tick.async_wait(asio::use_awaitable);
    }
    EXPECT_GT(received, count / 2);
  }(ends));
}

TEST(quic_datagram, says_why_it_cannot_go) {
  both_ends ends(with_datagrams(), quic::settings());
  run(ends.context, [](both_ends& at) -> asio::awaitable<void> {
    co_await at.meet();
    EXPECT_EQ(at.client.max_datagram_payload(), 0u);
    EXPECT_EQ(at.client.send_datagram(asio::buffer("x", 1)), quic::datagram_error::not_negotiated);
    const std::string large(5000, 'x');
    const auto [error] = co_await at.server.async_send_datagram(asio::buffer(large), {}, as_result);
    EXPECT_EQ(error, quic::datagram_error::too_large);
    EXPECT_NE(error.message(), "");
    EXPECT_EQ(quic_connection().send_datagram(asio::buffer("x", 1)), asio::error::bad_descriptor);
  }(ends));
}

TEST(quic_datagram, tells_when_the_buffer_was_too_small_and_when_none_is_there) {
  both_ends ends;
  run(ends.context, [](both_ends& at) -> asio::awaitable<void> {
    co_await at.meet();
    char buffer[4];
    error_code error;
    EXPECT_EQ(at.server.receive_datagram(asio::buffer(buffer), error), 0u);
    EXPECT_EQ(error, asio::error::would_block);
    co_await at.client.async_send_datagram(asio::buffer("longer", 6));
    const auto [cut, size] = co_await at.server.async_receive_datagram(asio::buffer(buffer), as_result);
    EXPECT_EQ(cut, asio::error::message_size);
    EXPECT_EQ(std::string_view(buffer, size), "long");
  }(ends));
}

TEST(quic_datagram, operations_can_be_cancelled_and_end_with_the_connection) {
  both_ends ends;
  run(ends.context, [](both_ends& at) -> asio::awaitable<void> {
    co_await at.meet();
    char buffer[10];
    asio::cancellation_signal stop;
    asio::post(at.context, [&] { stop.emit(asio::cancellation_type::total); });
    const auto [error, none] = co_await at.client.async_receive_datagram(
        asio::buffer(buffer), asio::bind_cancellation_slot(stop.slot(), as_result));
    EXPECT_EQ(error, asio::error::operation_aborted);
    at.client.send_datagram(asio::buffer("last words", 10));
    co_await at.client.async_close_gracefully(3, "done", 5s, as_result);
    co_await at.server.async_wait_closed();
    const auto [kept, size] = co_await at.server.async_receive_datagram(asio::buffer(buffer), as_result);
    EXPECT_FALSE(kept);
    EXPECT_EQ(std::string_view(buffer, size), "last words");
    const auto [ended, nothing] = co_await at.server.async_receive_datagram(asio::buffer(buffer), as_result);
    EXPECT_EQ(ended.category(), runtime::application_category());
    EXPECT_EQ(ended.value(), 3);
  }(ends));
}

// --- Graceful close ------------------------------------------------------------------------------------------------

TEST(quic_connection, closes_gracefully_and_the_slow_reader_still_has_everything) {
  both_ends ends;
  run(ends.context, [](both_ends& at) -> asio::awaitable<void> {
    co_await at.meet();
    quic_stream writing = co_await at.client.async_open_stream(stream_direction::unidirectional);
    const std::string sent(200'000, 'y');
    co_await asio::async_write(writing, asio::buffer(sent), asio::use_awaitable);
    writing.finish();
    const auto [error, end] = co_await at.client.async_close_gracefully(9, "bye", 10s, as_result);
    EXPECT_FALSE(error) << error.message();
    EXPECT_EQ(end.code, runtime::error::connection_closed);
    const runtime::connection_end told = co_await at.server.async_wait_closed();
    EXPECT_EQ(told.code.value(), 9);
    quic_stream reading = co_await at.server.async_accept_stream();
    std::string received;
    const auto [eof, size] = co_await asio::async_read(reading, asio::dynamic_buffer(received), as_result);
    EXPECT_EQ(eof, asio::error::eof);
    EXPECT_TRUE(received == sent) << received.size();
  }(ends));
}

TEST(quic_connection, a_graceful_close_ends_at_its_deadline_although_nobody_reads) {
  quic::settings small;
  small.initial_stream_window = small.max_stream_window = 1000;
  both_ends ends(with_datagrams(), small);
  run(ends.context, [](both_ends& at) -> asio::awaitable<void> {
    co_await at.meet();
    quic_stream writing = co_await at.client.async_open_stream(stream_direction::unidirectional);
    const std::string sent(50'000, 'y');
    co_await asio::async_write(writing, asio::buffer(sent), asio::use_awaitable);
    const auto [error, end] = co_await at.client.async_close_gracefully(9, "bye", 100ms, as_result);
    EXPECT_EQ(error, runtime::error::not_delivered);
    quic_stream reading = co_await at.server.async_accept_stream();
    std::string received;
    co_await at.server.async_wait_closed();
    const auto [broken, size] = co_await asio::async_read(reading, asio::dynamic_buffer(received), as_result);
    EXPECT_EQ(broken.value(), 9);
    EXPECT_EQ(size, 1000u) << "what had come";
  }(ends));
}

TEST(quic_connection, that_is_dropped_while_it_closes_gracefully_goes_on) {
  both_ends ends;
  run(ends.context, [](both_ends& at) -> asio::awaitable<void> {
    co_await at.meet();
    quic_stream writing = co_await at.client.async_open_stream(stream_direction::unidirectional);
    const std::string sent(200'000, 'y');
    co_await asio::async_write(writing, asio::buffer(sent), asio::use_awaitable);
    writing.finish();
    at.client.async_close_gracefully(0, "", 10s, [](error_code, const runtime::connection_end&) {});
    at.client = quic_connection();
    quic_stream reading = co_await at.server.async_accept_stream();
    std::string received;
    co_await asio::async_read(reading, asio::dynamic_buffer(received), as_result);
    EXPECT_TRUE(received == sent) << received.size();
  }(ends));
}

TEST(quic_connection, is_kept_alive_on_demand) {
  quic::settings brief = with_datagrams();
  brief.max_idle_timeout = 1s;
  both_ends ends(brief, brief);
  run(ends.context, [](both_ends& at) -> asio::awaitable<void> {
    co_await at.meet();
    at.client.set_keep_alive(300ms);
    bool ended = false;
    at.server.async_wait_closed([&](error_code, const runtime::connection_end&) { ended = true; });
    asio::steady_timer wait(at.context, 2s);
    co_await wait.async_wait(asio::use_awaitable);
    EXPECT_FALSE(ended);
    at.client.set_keep_alive(0ms);
    const auto [error, end] = co_await at.client.async_wait_closed(as_result);
    EXPECT_EQ(end.code, runtime::error::idle_timeout);
  }(ends));
}

}  // namespace
}  // namespace quasio::test
