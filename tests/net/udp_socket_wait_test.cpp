#include <optional>

#include "net/loopback.hpp"

namespace quasio::net {
namespace {

using namespace test;

TEST(udp_socket_wait, completes_when_a_datagram_comes) {
  host machine;
  udp_socket server = machine.make(v4_loopback());
  udp_socket client = machine.make(v4_loopback());
  const auto data = pattern(40);
  std::optional<error_code> outcome;
  server.async_wait_readable([&](error_code error) { outcome = error; });
  machine.context.poll();
  EXPECT_FALSE(outcome.has_value());
  send_all(client, {.data = data, .path = {{}, server.local_endpoint()}});
  machine.context.run();
  ASSERT_TRUE(outcome.has_value());
  EXPECT_FALSE(*outcome);
  EXPECT_EQ(receive_datagrams(server, 1), cut(data, 40));
}

TEST(udp_socket_wait, completes_again_for_what_was_not_yet_read) {
  host machine;
  udp_socket server = machine.make(v4_loopback());
  udp_socket client = machine.make(v4_loopback());
  send_all(client, {.data = pattern(40), .path = {{}, server.local_endpoint()}});
  int completions = 0;
  for (int i = 0; i < 3; ++i) {
    server.async_wait_readable([&](error_code error) { completions += error ? 0 : 1; });
    machine.context.run();
    machine.context.restart();
  }
  EXPECT_EQ(completions, 3);
}

TEST(udp_socket_wait, is_writable_at_once) {
  host machine;
  udp_socket socket = machine.make(v4_loopback());
  std::optional<error_code> outcome;
  socket.async_wait_writable([&](error_code error) { outcome = error; });
  machine.context.run();
  ASSERT_TRUE(outcome.has_value());
  EXPECT_FALSE(*outcome);
}

TEST(udp_socket_wait, ends_by_its_cancellation_slot) {
  host machine;
  udp_socket socket = machine.make(v4_loopback());
  asio::cancellation_signal signal;
  std::optional<error_code> outcome;
  socket.async_wait_readable(asio::bind_cancellation_slot(signal.slot(), [&](error_code error) { outcome = error; }));
  machine.context.poll();
  EXPECT_FALSE(outcome.has_value());
  signal.emit(asio::cancellation_type::terminal);
  machine.context.run();
  EXPECT_EQ(outcome, error_code{asio::error::operation_aborted});
}

TEST(udp_socket_wait, ends_by_cancel_and_by_close) {
  host machine;
  udp_socket socket = machine.make(v4_loopback());
  int aborted = 0;
  const auto count = [&](error_code error) { aborted += error == asio::error::operation_aborted ? 1 : 0; };
  socket.async_wait_readable(count);
  socket.cancel();
  machine.context.run();
  machine.context.restart();
  EXPECT_EQ(aborted, 1);
  socket.async_wait_readable(count);
  socket.close();
  machine.context.run();
  EXPECT_EQ(aborted, 2);
}

TEST(udp_socket_wait, works_in_a_coroutine) {
  host machine;
  udp_socket server = machine.make(v4_loopback());
  udp_socket client = machine.make(v4_loopback());
  const auto data = pattern(40);
  std::vector<std::vector<std::uint8_t>> received;
  asio::co_spawn(
      machine.context,
      [&]() -> asio::awaitable<void> {
        auto [error] = co_await server.async_wait_readable(asio::as_tuple(asio::use_awaitable));
        if (!error) received = receive_datagrams(server, 1);
      },
      asio::detached);
  asio::co_spawn(
      machine.context,
      [&]() -> asio::awaitable<void> {
        co_await client.async_wait_writable(asio::use_awaitable);
        send_all(client, {.data = data, .path = {{}, server.local_endpoint()}});
      },
      asio::detached);
  machine.context.run();
  EXPECT_EQ(received, cut(data, 40));
}

}  // namespace
}  // namespace quasio::net
