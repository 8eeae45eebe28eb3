// HTTP/3 over datagrams that the program carries itself.

#include "driver/controller_pair.hpp"
#include "runtime/memory_path.hpp"

namespace quasio::test {
namespace {

TEST(h3_over_memory, a_whole_exchange_without_a_socket) {
  memory_path path("h3");
  std::optional<driver::server_h3_controller> server;
  path.serve([&] {
    auto made = driver::make_server_h3_driver(path.context.get_executor());
    server = made.controller;
    asio::co_spawn(path.context, answer_all(*server), asio::detached);
    return std::move(made.driver);
  });
  auto made = driver::make_client_h3_driver(path.context.get_executor());
  path.connect(std::move(made.driver));
  run(path.context, [](memory_path& at, driver::client_h3_controller client) -> asio::awaitable<void> {
    const auto info = co_await client.async_wait_established();
    EXPECT_EQ(info.path, at.at_client);
    for (int i = 0; i < 50; ++i) {
      auto sent = co_await client.async_send_request(get_fields("/" + std::to_string(i)), true);
      EXPECT_EQ((co_await sent.response.async_receive_head()).status, 200);
      EXPECT_EQ(co_await sent.response.body().async_read_all(100), "hello");
    }
    client.close();
    co_await at.client.async_wait_drained();
    EXPECT_TRUE(at.client.is_drained());
  }(path, made.controller));
}

TEST(h3_over_memory, connections_nest) {
  // A QUIC connection whose datagrams are DATAGRAM frames of another one, as a tunnel has it.
  memory_path inner("h3");
  runtime::listen_options outer_listening = listen_with("tunnel");
  outer_listening.acceptor.transport.datagrams.max_frame_size = 65535;
  error_code error;
  runtime::quic_listener listener(runtime::listen(inner.shard, loopback(), outer_listening, error));
  ASSERT_FALSE(error) << error.message();
  auto outer_connecting = connect_with(listener.local_endpoint(), "tunnel");
  outer_connecting.client.transport.datagrams.max_frame_size = 65535;

  std::optional<runtime::quic_connection> near;
  std::optional<runtime::quic_connection> far;
  run(inner.context, [](auto& shard, auto& from, auto options, auto& one, auto& other) -> asio::awaitable<void> {
    one.emplace(co_await runtime::async_connect(shard, options));
    other.emplace(co_await from.async_accept());
  }(inner.shard, listener, outer_connecting, near, far));

  // 1200 bytes of the inner connection fit into a datagram once the outer one has found out how much its path carries.
  run_until(inner.context, [&] { return near->max_datagram_payload() >= 1200 && far->max_datagram_payload() >= 1200; });
  inner.accepting.transport.max_udp_payload_size = 1200;
  inner.connecting.transport.max_udp_payload_size = 1200;

  inner.to_server->lead_to(
      [&](const std::vector<std::uint8_t>& datagram) { near->send_datagram(asio::buffer(datagram)); });
  inner.to_client->lead_to(
      [&](const std::vector<std::uint8_t>& datagram) { far->send_datagram(asio::buffer(datagram)); });
  const auto pump = [](runtime::quic_connection& from,
                       std::function<void(std::vector<std::uint8_t>)> to) -> asio::awaitable<void> {
    std::vector<std::uint8_t> buffer(2000);
    for (;;) {
      const auto [failed, size] = co_await from.async_receive_datagram(asio::buffer(buffer), as_result);
      if (failed) co_return;
      to({buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(size)});
    }
  };
  asio::co_spawn(inner.context, pump(*far, [&](auto datagram) { inner.take(std::move(datagram)); }), asio::detached);
  asio::co_spawn(inner.context, pump(*near, [&](auto datagram) { inner.client.deliver(datagram, inner.at_client); }),
                 asio::detached);

  inner.serve([&] {
    auto made = driver::make_server_h3_driver(inner.context.get_executor());
    asio::co_spawn(inner.context, answer_all(made.controller), asio::detached);
    return std::move(made.driver);
  });
  auto made = driver::make_client_h3_driver(inner.context.get_executor());
  inner.connect(std::move(made.driver));
  run(inner.context, [](driver::client_h3_controller client) -> asio::awaitable<void> {
    for (int i = 0; i < 20; ++i) {
      auto sent = co_await client.async_send_request(get_fields(), true);
      EXPECT_EQ((co_await sent.response.async_receive_head()).status, 200);
      EXPECT_EQ(co_await sent.response.body().async_read_all(100), "hello");
    }
  }(made.controller));
  inner.client = {};
  inner.server = {};
  inner.context.restart();
  inner.context.run_for(20ms);
}

}  // namespace
}  // namespace quasio::test
