#include "net/loopback.hpp"
#include "net/scripted_system_calls.hpp"

namespace quasio::net {
namespace {

using namespace test;

// The plain back end, which other systems use, on the system at hand.
struct udp_socket_posix : testing::Test {
  udp_socket open(const ip_endpoint& local) { return machine.make(local, make_posix_udp_back_end(calls)); }

  host machine;
  scripted_system_calls calls;
  error_code error;
};

TEST_F(udp_socket_posix, claims_no_more_than_it_can) {
  udp_socket socket = open(v4_loopback());
  const udp_socket_capabilities& granted = socket.capabilities();
  EXPECT_FALSE(granted.gso || granted.gro || granted.ecn || granted.packet_info || granted.dont_fragment ||
               granted.timestamps || granted.drop_counter);
  EXPECT_EQ(granted.max_segments, 1u);
  EXPECT_GT(granted.receive_buffer_size, 0u);
}

TEST_F(udp_socket_posix, carries_a_batch_datagram_by_datagram) {
  udp_socket server = open(v4_loopback());
  udp_socket client = open(v4_loopback());
  const auto data = pattern(std::size_t{40} * 1'200 + 5);
  send_all(client,
           {.data = data, .segment_size = 1'200, .path = {{}, server.local_endpoint()}, .ecn = ecn_codepoint::ect0});
  const auto batches = receive_batches(server, 41);
  ASSERT_EQ(batches.size(), 41u);
  EXPECT_EQ(batches[0].path, (network_path{server.local_endpoint(), client.local_endpoint()}));
  EXPECT_EQ(batches[0].ecn, ecn_codepoint::not_ect);
  std::vector<std::vector<std::uint8_t>> datagrams;
  datagrams.reserve(batches.size());
  for (const received_datagrams& batch : batches) datagrams.push_back(to_vector(batch.datagram(0)));
  EXPECT_EQ(datagrams, cut(data, 1'200));
  expect_nothing_waits(server);
}

TEST_F(udp_socket_posix, carries_both_versions_on_one_dual_stack_socket) {
  QUASIO_SKIP_WITHOUT_V6();
  udp_socket server = open(v6_any());
  udp_socket v4_client = open(v4_loopback());
  udp_socket v6_client = open(v6_loopback());
  const std::uint16_t port = server.local_endpoint().port;
  send_all(v4_client, {.data = pattern(1), .path = {{}, v4_loopback(port)}});
  send_all(v6_client, {.data = pattern(2), .path = {{}, v6_loopback(port)}});
  const auto batches = receive_batches(server, 2);
  ASSERT_EQ(batches.size(), 2u);
  EXPECT_EQ(batches[0].path.peer, v4_client.local_endpoint());
  EXPECT_EQ(batches[1].path.peer, v6_client.local_endpoint());
}

TEST_F(udp_socket_posix, delivers_what_came_before_an_error) {
  udp_socket server = open(v4_loopback());
  udp_socket client = open(v4_loopback());
  const auto data = pattern(300);
  send_all(client, {.data = data, .segment_size = 100, .path = {{}, server.local_endpoint()}});
  ASSERT_TRUE(wait_readable(server));
  calls.on_receive = [](std::size_t call) { return call == 3 ? EBADF : 0; };
  std::array<received_datagrams, 8> entries;
  EXPECT_EQ(server.receive(entries, error), 2u);
  EXPECT_FALSE(error);
  EXPECT_EQ(server.receive(entries, error), 1u);
  EXPECT_FALSE(error);
  EXPECT_EQ(server.receive(entries, error), 0u);
  EXPECT_EQ(error, asio::error::would_block);
}

TEST_F(udp_socket_posix, bounds_the_work_of_one_call) {
  udp_socket server = open(v4_loopback());
  calls.on_receive = [](std::size_t) { return ECONNREFUSED; };
  std::array<received_datagrams, max_receive_batch> entries;
  EXPECT_EQ(server.receive(entries, error), 0u);
  EXPECT_FALSE(error);
  EXPECT_EQ(calls.receives, static_cast<std::size_t>(max_errors_passed_over));
}

TEST_F(udp_socket_posix, drops_empty_and_truncated_datagrams) {
  packet_buffer_pool small{{.buffer_size = 512, .max_buffers = 8}};
  udp_socket server{machine.context.get_executor(), small, make_posix_udp_back_end(calls)};
  server.open(v4_loopback());
  asio::ip::udp::socket attacker{machine.context, asio::ip::udp::v4()};
  const asio::ip::udp::endpoint target{asio::ip::address_v4::loopback(), server.local_endpoint().port};
  const auto data = pattern(513);
  for (const std::size_t size : {0u, 513u, 512u, 0u}) attacker.send_to(asio::buffer(data, size), target);
  const auto datagrams = receive_datagrams(server, 1);
  ASSERT_EQ(datagrams.size(), 1u);
  EXPECT_EQ(datagrams[0], to_vector(byte_view{data}.first(512)));
  EXPECT_EQ(server.statistics().truncated_drops, 1u);
  EXPECT_EQ(server.statistics().empty_drops, 2u);
}

TEST_F(udp_socket_posix, says_how_much_went_before_it_would_block) {
  udp_socket server = open(v4_loopback());
  udp_socket client = open(v4_loopback());
  const auto data = pattern(1'000);
  calls.on_send = [](const send_request& request) { return request.call == 4 ? EAGAIN : 0; };
  EXPECT_EQ(client.send({.data = data, .segment_size = 100, .path = {{}, server.local_endpoint()}}, error), 300u);
  EXPECT_EQ(error, asio::error::would_block);
}

}  // namespace
}  // namespace quasio::net
