#include <cerrno>

#include "net/system_calls.hpp"
#include "net/udp_back_end.hpp"
#include "runtime/echo_server.hpp"
#include "runtime/inbound_packet_router.hpp"
#include "runtime/shard_state.hpp"

namespace quasio::test {
namespace {

// The system, but that every so many sends fail.
class unwilling_system final : public net::system_calls {
public:
  unwilling_system(int every, int error) : every_(every), error_(error) {}

  ssize_t send_message(int handle, const msghdr* message, int flags) noexcept override {
    if (++sends_ % every_ != 0) return net::system_calls::send_message(handle, message, flags);
    errno = error_;
    return -1;
  }

private:
  int every_;
  int error_;
  int sends_ = 0;
};

// A server's listener on a socket of such a system.
quic_listener listen_on(const runtime::shard& where, net::system_calls& system) {
  net::udp_socket socket(where.get_executor(), where.state()->buffers(), net::make_udp_back_end(system));
  socket.open(loopback());
  auto accepting = listen_with().acceptor;
  const auto ids = std::make_shared<quic::random_connection_ids>();
  accepting.connection_ids = ids;
  auto acceptor = std::make_unique<quic::acceptor>(accepting, where.state()->random());
  auto router =
      std::make_shared<runtime::inbound_packet_router>(where, std::move(socket), runtime::router_limits(), ids->size());
  router->accept_by(std::move(acceptor), ids);
  router->start();
  return quic_listener(runtime::listener(router));
}

void expect_echo_on(net::system_calls& system, const auto& check) {
  asio::io_context context{1};
  const runtime::shard shard(context.get_executor());
  quic_listener listener = listen_on(shard, system);
  asio::co_spawn(context, serve(listener), asio::detached);
  run(context, [](const runtime::shard& where, ip_endpoint to) -> asio::awaitable<void> {
    quic_connection connection = co_await runtime::async_connect(where, connect_with(to));
    quic_stream stream = co_await connection.async_open_stream(stream_direction::bidirectional);
    std::string sent(2'000'000, '\0');
    for (std::size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<char>(i * 7 + i / 249);
    asio::async_write(stream, asio::buffer(sent), [&](error_code, std::size_t) { stream.finish(); });
    std::string received;
    co_await asio::async_read(stream, asio::dynamic_buffer(received), asio::as_tuple(asio::use_awaitable));
    EXPECT_TRUE(received == sent) << received.size();
  }(shard, listener.local_endpoint()));
  check(shard.counters());
}

TEST(full_socket, keeps_what_it_does_not_take_and_sends_it_later) {
  unwilling_system system(3, EAGAIN);
  expect_echo_on(system, [](const runtime::counters& counted) {
    EXPECT_GT(counted.write_would_block.value(), 10u);
    EXPECT_EQ(counted.write_errors.value(), 0u);
  });
}

TEST(full_socket, losses_for_want_of_memory_are_repaired) {
  unwilling_system system(50, ENOBUFS);
  expect_echo_on(system, [](const runtime::counters& counted) { EXPECT_EQ(counted.write_would_block.value(), 0u); });
}

TEST(full_socket, a_path_that_fails_now_and_then_is_survived) {
  unwilling_system system(50, ENETUNREACH);
  expect_echo_on(system, [](const runtime::counters& counted) { EXPECT_GT(counted.write_errors.value(), 0u); });
}

TEST(full_socket, batches_refused_from_now_on_are_sent_singly) {
  unwilling_system system(40, EIO);
  expect_echo_on(system, [](const runtime::counters&) {});
}

}  // namespace
}  // namespace quasio::test
