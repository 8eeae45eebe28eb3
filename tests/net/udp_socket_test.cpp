#include "quasio/net/udp_socket.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <unistd.h>

#include "net/loopback.hpp"
#include "net/socket_address.hpp"
#include "quasio/net/endpoint.hpp"

namespace quasio::net {
namespace {

using namespace test;

void round_trip(const ip_endpoint& server_address, const ip_endpoint& client_address, const ip_endpoint& destination) {
  host machine;
  udp_socket server = machine.make(server_address);
  udp_socket client = machine.make(client_address);
  const auto request = pattern(1'200);
  ip_endpoint target = destination;
  target.port = server.local_endpoint().port;
  send_all(client, {.data = request, .path = {{}, target}});

  const auto received = receive_batches(server, 1);
  ASSERT_EQ(received.size(), 1u);
  EXPECT_EQ(received[0].count(), 1u);
  EXPECT_EQ(received[0].segment_size, 1'200u);
  EXPECT_EQ(to_vector(received[0].datagram(0)), request);
  EXPECT_EQ(received[0].path.local, target);
  EXPECT_EQ(received[0].path.peer.port, client.local_endpoint().port);
  EXPECT_FALSE(received[0].kernel_time.has_value());

  const auto reply = pattern(77, 9);
  send_all(server, {.data = reply, .path = received[0].path});
  const auto replies = receive_batches(client, 1);
  ASSERT_EQ(replies.size(), 1u);
  EXPECT_EQ(to_vector(replies[0].datagram(0)), reply);
  EXPECT_EQ(replies[0].path.peer, target);
}

TEST(udp_socket, carries_datagrams_over_v4) { round_trip(v4_loopback(), v4_loopback(), v4_loopback()); }

TEST(udp_socket, carries_datagrams_over_v6) {
  QUASIO_SKIP_WITHOUT_V6();
  round_trip(v6_loopback(), v6_loopback(), v6_loopback());
}

TEST(udp_socket, carries_both_versions_on_one_dual_stack_socket) {
  QUASIO_SKIP_WITHOUT_V6();
  round_trip(v6_any(), v4_any(), v4_loopback());
  round_trip(v6_any(), v6_any(), v6_loopback());
  round_trip(v6_any(), v6_any(), v4_loopback());
}

TEST(udp_socket, takes_no_v4_when_it_is_to_be_v6_only) {
  QUASIO_SKIP_WITHOUT_V6();
  host machine;
  udp_socket server = machine.make(v6_any(), {.v6_only = true});
  udp_socket client = machine.make(v4_loopback());
  const auto data = pattern(10);
  send_all(client, {.data = data, .path = {{}, v4_loopback(server.local_endpoint().port)}});
  expect_nothing_waits(server);
}

TEST(udp_socket, opens_without_blocking_and_closed_to_child_processes) {
  host machine;
  udp_socket socket = machine.make(v4_loopback());
  EXPECT_NE(::fcntl(socket.native_handle(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(::fcntl(socket.native_handle(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_NE(socket.local_endpoint().port, 0);
  expect_nothing_waits(socket);
}

TEST(udp_socket, tells_what_buffers_the_kernel_granted) {
  host machine;
  udp_socket socket = machine.make(v4_loopback(), {.receive_buffer_size = 100'000, .send_buffer_size = 50'000});
  EXPECT_EQ(socket.capabilities().receive_buffer_size, 100'000u);
  EXPECT_EQ(socket.capabilities().send_buffer_size, 50'000u);
}

TEST(udp_socket, shares_its_port_only_when_told_so) {
  host machine;
  udp_socket first = machine.make(v4_loopback(), {.reuse_port = true});
  udp_socket second = machine.make(first.local_endpoint(), {.reuse_port = true});
  EXPECT_EQ(first.local_endpoint(), second.local_endpoint());

  udp_socket third{machine.context.get_executor(), machine.pool};
  error_code error;
  third.open(first.local_endpoint(), {}, error);
  EXPECT_EQ(error, asio::error::address_in_use);
  EXPECT_FALSE(third.is_open());
  EXPECT_EQ(third.local_endpoint(), ip_endpoint{});
}

TEST(udp_socket, opens_once_and_again_after_close) {
  host machine;
  udp_socket socket = machine.make(v4_loopback());
  error_code error;
  socket.open(v4_loopback(), {}, error);
  EXPECT_EQ(error, asio::error::already_open);
  EXPECT_TRUE(socket.is_open());
  socket.close();
  socket.open(v4_loopback(), {}, error);
  EXPECT_FALSE(error);
}

TEST(udp_socket, says_so_when_it_is_closed) {
  host machine;
  udp_socket socket = machine.make(v4_loopback());
  const ip_endpoint local = socket.local_endpoint();
  socket.close();
  socket.close();
  EXPECT_FALSE(socket.is_open());
  std::array<received_datagrams, 1> entries;
  error_code error;
  EXPECT_EQ(socket.receive(entries, error), 0u);
  EXPECT_EQ(error, asio::error::bad_descriptor);
  EXPECT_EQ(socket.send({.data = pattern(1), .path = {{}, local}}, error), 0u);
  EXPECT_EQ(error, asio::error::bad_descriptor);
  EXPECT_EQ(classify_send_error(error), send_failure::socket);
}

TEST(udp_socket, throws_when_it_cannot_open) {
  host machine;
  udp_socket socket{machine.context.get_executor(), machine.pool};
  EXPECT_THROW(socket.open(ip_endpoint::v4({192, 0, 2, 254}, 0)), system_error);
  EXPECT_FALSE(socket.is_open());
}

TEST(udp_socket, takes_over_a_bound_socket) {
  host machine;
  const int handle = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_storage address;
  const socklen_t size = write_socket_address(v4_loopback(), AF_INET, address);
  ASSERT_EQ(::bind(handle, reinterpret_cast<const sockaddr*>(&address), size), 0);

  udp_socket server{machine.context.get_executor(), machine.pool};
  error_code error;
  server.assign(handle, {}, error);
  ASSERT_FALSE(error) << error.message();
  EXPECT_EQ(server.native_handle(), handle);
  EXPECT_EQ(server.local_endpoint(), v4_loopback(server.local_endpoint().port));

  udp_socket client = machine.make(v4_loopback());
  const auto data = pattern(100);
  send_all(client, {.data = data, .path = {{}, server.local_endpoint()}});
  EXPECT_EQ(receive_datagrams(server, 1), cut(data, 100));
  expect_nothing_waits(server);
}

TEST(udp_socket, leaves_a_handle_alone_that_is_no_udp_socket) {
  host machine;
  const int handle = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  udp_socket socket{machine.context.get_executor(), machine.pool};
  error_code error;
  socket.assign(handle, {}, error);
  EXPECT_EQ(error, asio::error::operation_not_supported);
  EXPECT_FALSE(socket.is_open());
  EXPECT_EQ(::close(handle), 0);
  socket.assign(-1, {}, error);
  EXPECT_EQ(error, asio::error::bad_descriptor);
}

TEST(udp_socket, refuses_a_v6_peer_on_a_v4_socket) {
  host machine;
  udp_socket socket = machine.make(v4_loopback());
  error_code error;
  EXPECT_EQ(socket.send({.data = pattern(1), .path = {{}, v6_loopback(4'433)}}, error), 0u);
  EXPECT_EQ(error, asio::error::address_family_not_supported);
  EXPECT_EQ(classify_send_error(error), send_failure::path);
}

TEST(udp_socket, reports_a_datagram_larger_than_ip_can_carry_and_goes_on) {
  host machine;
  udp_socket server = machine.make(v4_loopback());
  udp_socket client = machine.make(v4_loopback());
  const network_path path{{}, server.local_endpoint()};
  error_code error;
  EXPECT_EQ(client.send({.data = pattern(65'508), .path = path}, error), 0u);
  EXPECT_EQ(classify_send_error(error), send_failure::too_large);
  EXPECT_EQ(client.statistics().send_too_large, 1u);

  const auto largest = pattern(65'507);
  send_all(client, {.data = largest, .path = path});
  EXPECT_EQ(receive_datagrams(server, 1), cut(largest, largest.size()));
}

TEST(udp_socket, sends_nothing_for_an_empty_batch) {
  host machine;
  udp_socket socket = machine.make(v4_loopback());
  error_code error;
  EXPECT_EQ(socket.send({.data = {}, .path = {{}, socket.local_endpoint()}}, error), 0u);
  EXPECT_FALSE(error);
  EXPECT_EQ(socket.statistics().send_calls, 0u);
  expect_nothing_waits(socket);
}

TEST(udp_socket, drops_a_flood_of_empty_datagrams_and_delivers_what_is_between) {
  host machine;
  udp_socket server = machine.make(v4_loopback());
  asio::ip::udp::socket attacker{machine.context, asio::ip::udp::v4()};
  const auto target = to_udp_endpoint(server.local_endpoint());
  const auto data = pattern(33);
  for (int i = 0; i < 100; ++i) {
    attacker.send_to(asio::const_buffer{}, target);
    if (i == 50) attacker.send_to(asio::buffer(data), target);
  }
  EXPECT_EQ(receive_datagrams(server, 1), cut(data, 33));
  std::array<received_datagrams, max_receive_batch> entries;
  error_code error;
  for (int calls = 0; !error && calls < 10; ++calls) EXPECT_EQ(server.receive(entries, error), 0u);
  EXPECT_EQ(error, asio::error::would_block);
  EXPECT_EQ(server.statistics().empty_drops, 100u);
  EXPECT_EQ(server.statistics().datagrams_received, 1u);
  EXPECT_LE(server.statistics().receive_calls, 6u);
}

TEST(udp_socket, drops_what_does_not_fit_a_buffer) {
  host machine;
  packet_buffer_pool small{{.buffer_size = 512, .max_buffers = 64}};
  udp_socket server{machine.context.get_executor(), small};
  server.open(v4_loopback());
  udp_socket client = machine.make(v4_loopback());
  const auto data = pattern(512);
  send_all(client, {.data = pattern(513), .path = {{}, server.local_endpoint()}});
  send_all(client, {.data = data, .path = {{}, server.local_endpoint()}});
  EXPECT_EQ(receive_datagrams(server, 1), cut(data, 512));
  EXPECT_EQ(server.statistics().truncated_drops, 1u);
}

TEST(udp_socket, leaves_datagrams_with_the_kernel_while_the_pool_is_empty) {
  host machine;
  packet_buffer_pool single{{.max_buffers = 1}};
  udp_socket server{machine.context.get_executor(), single};
  server.open(v4_loopback());
  udp_socket client = machine.make(v4_loopback());
  const auto data = pattern(50);
  packet_buffer held = single.acquire();
  send_all(client, {.data = data, .path = {{}, server.local_endpoint()}});
  ASSERT_TRUE(wait_readable(server));

  std::array<received_datagrams, 4> entries;
  error_code error;
  EXPECT_EQ(server.receive(entries, error), 0u);
  EXPECT_EQ(error, asio::error::no_buffer_space);
  held.reset();
  EXPECT_EQ(server.receive(entries, error), 1u);
  EXPECT_EQ(to_vector(entries[0].datagram(0)), data);
}

TEST(udp_socket, fills_the_same_entries_anew_without_allocating) {
  host machine;
  udp_socket server = machine.make(v4_loopback());
  udp_socket client = machine.make(v4_loopback());
  std::array<received_datagrams, 4> entries;
  packet_buffer kept;
  for (std::uint8_t round = 0; round < 100; ++round) {
    const auto data = pattern(100, round);
    send_all(client, {.data = data, .path = {{}, server.local_endpoint()}});
    ASSERT_TRUE(wait_readable(server));
    error_code error;
    ASSERT_EQ(server.receive(entries, error), 1u);
    EXPECT_EQ(to_vector(entries[0].datagram(0)), data);
    if (round == 10) kept = entries[0].buffer;
  }
  EXPECT_EQ(machine.pool.allocated(), 5u);
  EXPECT_TRUE(std::equal(kept.data(), kept.data() + 100, pattern(100, 10).begin()));
}

TEST(udp_socket, refuses_to_receive_into_nothing) {
  host machine;
  udp_socket socket = machine.make(v4_loopback());
  error_code error;
  EXPECT_EQ(socket.receive({}, error), 0u);
  EXPECT_EQ(error, asio::error::invalid_argument);
}

TEST(udp_socket, counts_what_it_sends_and_receives) {
  host machine;
  udp_socket server = machine.make(v4_loopback());
  udp_socket client = machine.make(v4_loopback());
  const auto data = pattern(2'500);
  send_all(client, {.data = data, .segment_size = 1'000, .path = {{}, server.local_endpoint()}});
  EXPECT_EQ(receive_datagrams(server, 3), cut(data, 1'000));
  EXPECT_EQ(client.statistics().datagrams_sent, 3u);
  EXPECT_EQ(client.statistics().bytes_sent, 2'500u);
  EXPECT_EQ(server.statistics().datagrams_received, 3u);
  EXPECT_EQ(server.statistics().bytes_received, 2'500u);
  EXPECT_GE(server.statistics().receive_calls, 1u);
}

TEST(udp_socket, goes_on_after_a_move) {
  host machine;
  udp_socket original = machine.make(v4_loopback());
  udp_socket server = std::move(original);
  const auto data = pattern(20);
  send_all(server, {.data = data, .path = {{}, server.local_endpoint()}});
  EXPECT_EQ(receive_datagrams(server, 1), cut(data, 20));
}

TEST(classify_send_error, knows_no_error) { EXPECT_EQ(classify_send_error({}), send_failure::none); }

}  // namespace
}  // namespace quasio::net
