#if defined(__linux__)

#include <netinet/in.h>
#include <sys/socket.h>

#include <chrono>

#include "net/loopback.hpp"

namespace quasio::net {
namespace {

using namespace test;

// What one host's loopback makes of a batch depends on the kernel: with GSO and GRO it arrives as it was sent.
void expect_batch_arrives(const ip_endpoint& address, std::size_t size, std::size_t segment_size) {
  host machine;
  udp_socket server = machine.make(address);
  udp_socket client = machine.make(address);
  const auto data = pattern(size);
  send_all(client, {.data = data, .segment_size = segment_size, .path = {{}, server.local_endpoint()}});

  const auto expected = cut(data, segment_size);
  const auto batches = receive_batches(server, expected.size());
  std::vector<std::vector<std::uint8_t>> datagrams;
  for (const received_datagrams& batch : batches) {
    EXPECT_EQ(batch.path.peer, client.local_endpoint());
    for (std::size_t i = 0; i < batch.count(); ++i) datagrams.push_back(to_vector(batch.datagram(i)));
  }
  EXPECT_EQ(datagrams, expected);
  if (client.capabilities().gso && server.capabilities().gro) {
    EXPECT_EQ(batches.size(), 1u);
    EXPECT_EQ(client.statistics().send_calls, 1u);
  }
  EXPECT_EQ(client.statistics().gso_fallbacks, 0u);
}

TEST(udp_socket_offload, carries_40_datagrams_whole_and_in_order) {
  expect_batch_arrives(v4_loopback(), std::size_t{40} * 1'200, 1'200);
}

TEST(udp_socket_offload, carries_a_batch_over_v6) {
  QUASIO_SKIP_WITHOUT_V6();
  expect_batch_arrives(v6_loopback(), std::size_t{40} * 1'200, 1'200);
}

TEST(udp_socket_offload, keeps_a_shorter_last_datagram_apart) {
  expect_batch_arrives(v4_loopback(), std::size_t{20} * 1'350 + 1, 1'350);
}

TEST(udp_socket_offload, carries_the_largest_batch) {
  expect_batch_arrives(v4_loopback(), max_batch_segments * 1'000, 1'000);
  expect_batch_arrives(v4_loopback(), std::size_t{45} * 1'452, 1'452);
}

TEST(udp_socket_offload, divides_a_batch_beyond_the_limits_of_one_call) {
  host machine;
  udp_socket server = machine.make(v4_loopback());
  udp_socket client = machine.make(v4_loopback());
  const auto data = pattern(std::size_t{150} * 1'200 + 7);
  send_all(client, {.data = data, .segment_size = 1'200, .path = {{}, server.local_endpoint()}});
  EXPECT_EQ(receive_datagrams(server, 151), cut(data, 1'200));
  // 54 datagrams of 1,200 bytes fit one call.
  EXPECT_EQ(client.statistics().send_calls, client.capabilities().gso ? 3u : 151u);
  EXPECT_EQ(client.statistics().datagrams_sent, 151u);
}

TEST(udp_socket_offload, reaches_a_receiver_without_gro_datagram_by_datagram) {
  host machine;
  udp_socket server = machine.make(v4_loopback(), {.gro = false});
  udp_socket client = machine.make(v4_loopback());
  EXPECT_FALSE(server.capabilities().gro);
  const auto data = pattern(std::size_t{40} * 1'200);
  send_all(client, {.data = data, .segment_size = 1'200, .path = {{}, server.local_endpoint()}});
  EXPECT_EQ(receive_datagrams(server, 40), cut(data, 1'200));
}

TEST(udp_socket_offload, sends_singly_when_gso_is_not_wanted) {
  host machine;
  udp_socket server = machine.make(v4_loopback());
  udp_socket client = machine.make(v4_loopback(), {.gso = false});
  EXPECT_FALSE(client.capabilities().gso);
  EXPECT_EQ(client.capabilities().max_segments, 1u);
  const auto data = pattern(std::size_t{5} * 1'200 + 3);
  send_all(client, {.data = data, .segment_size = 1'200, .path = {{}, server.local_endpoint()}});
  EXPECT_EQ(receive_datagrams(server, 6), cut(data, 1'200));
  EXPECT_EQ(client.statistics().send_calls, 6u);
}

void expect_marks_arrive(const ip_endpoint& server_address, const ip_endpoint& client_address, ip_endpoint target) {
  host machine;
  udp_socket server = machine.make(server_address);
  udp_socket client = machine.make(client_address);
  if (!server.capabilities().ecn || !client.capabilities().ecn) GTEST_SKIP() << "this kernel does not report ECN";
  target.port = server.local_endpoint().port;
  const auto data = pattern(std::size_t{3} * 1'200);
  for (const auto mark : {ecn_codepoint::ect0, ecn_codepoint::not_ect, ecn_codepoint::ect1, ecn_codepoint::ce}) {
    send_all(client, {.data = data, .segment_size = 1'200, .path = {{}, target}, .ecn = mark});
    for (const received_datagrams& batch : receive_batches(server, 3)) EXPECT_EQ(batch.ecn, mark);
  }
  EXPECT_EQ(server.statistics().datagrams_received, 12u);
}

TEST(udp_socket_ecn, round_trips_over_v4) { expect_marks_arrive(v4_loopback(), v4_loopback(), v4_loopback()); }

TEST(udp_socket_ecn, round_trips_over_v6) {
  QUASIO_SKIP_WITHOUT_V6();
  expect_marks_arrive(v6_loopback(), v6_loopback(), v6_loopback());
}

TEST(udp_socket_ecn, round_trips_on_dual_stack_sockets) {
  QUASIO_SKIP_WITHOUT_V6();
  expect_marks_arrive(v6_any(), v6_any(), v4_loopback());
  expect_marks_arrive(v6_any(), v6_any(), v6_loopback());
}

TEST(udp_socket_ecn, does_not_join_datagrams_of_different_marks) {
  host machine;
  udp_socket server = machine.make(v4_loopback());
  udp_socket client = machine.make(v4_loopback());
  if (!server.capabilities().ecn) GTEST_SKIP() << "this kernel does not report ECN";
  const auto data = pattern(1'200);
  const network_path path{{}, server.local_endpoint()};
  send_all(client, {.data = data, .path = path, .ecn = ecn_codepoint::ect0});
  send_all(client, {.data = data, .path = path, .ecn = ecn_codepoint::ce});
  const auto batches = receive_batches(server, 2);
  ASSERT_EQ(batches.size(), 2u);
  EXPECT_EQ(batches[0].ecn, ecn_codepoint::ect0);
  EXPECT_EQ(batches[1].ecn, ecn_codepoint::ce);
}

TEST(udp_socket_ecn, stays_unmarked_when_not_wanted) {
  host machine;
  udp_socket server = machine.make(v4_loopback());
  udp_socket client = machine.make(v4_loopback(), {.ecn = false});
  send_all(client, {.data = pattern(9), .path = {{}, server.local_endpoint()}, .ecn = ecn_codepoint::ect0});
  const auto batches = receive_batches(server, 1);
  ASSERT_EQ(batches.size(), 1u);
  EXPECT_EQ(batches[0].ecn, ecn_codepoint::not_ect);
}

void expect_local_address_is_known(const ip_endpoint& server_address) {
  host machine;
  udp_socket server = machine.make(server_address);
  udp_socket client = machine.make(v4_any());
  ASSERT_TRUE(server.capabilities().packet_info);
  const ip_endpoint second_address = ip_endpoint::v4({127, 0, 0, 2}, server.local_endpoint().port);
  send_all(client, {.data = pattern(10), .path = {{}, second_address}});
  const auto requests = receive_batches(server, 1);
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0].path.local, second_address);

  // The reply must come from there, not from the address that the routing table prefers: in one batch, marked.
  const auto reply = pattern(3'000);
  send_all(server, {.data = reply, .segment_size = 1'200, .path = requests[0].path, .ecn = ecn_codepoint::ect0});
  const auto replies = receive_batches(client, 3);
  ASSERT_FALSE(replies.empty());
  for (const received_datagrams& batch : replies) {
    EXPECT_EQ(batch.path.peer, second_address);
    EXPECT_EQ(batch.ecn, ecn_codepoint::ect0);
  }
  EXPECT_EQ(client.statistics().bytes_received, 3'000u);
}

TEST(udp_socket_packet_info, replies_from_the_address_that_was_asked) { expect_local_address_is_known(v4_any()); }

TEST(udp_socket_packet_info, replies_from_the_address_that_was_asked_on_dual_stack) {
  QUASIO_SKIP_WITHOUT_V6();
  expect_local_address_is_known(v6_any());
}

TEST(udp_socket_packet_info, sends_v6_from_the_address_that_was_asked) {
  QUASIO_SKIP_WITHOUT_V6();
  host machine;
  udp_socket server = machine.make(v6_any());
  udp_socket client = machine.make(v6_any());
  const ip_endpoint target = v6_loopback(server.local_endpoint().port);
  send_all(client, {.data = pattern(10), .path = {v6_loopback(), target}});
  const auto requests = receive_batches(server, 1);
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0].path.local, target);
  EXPECT_EQ(requests[0].path.peer, v6_loopback(client.local_endpoint().port));
}

TEST(udp_socket_packet_info, reports_a_source_address_that_is_not_ours_and_keeps_gso) {
  host machine;
  udp_socket client = machine.make(v4_any());
  const auto data = pattern(2'400);
  const network_path path{ip_endpoint::v4({192, 0, 2, 254}, 0), v4_loopback(4'433)};
  error_code error;
  const auto before = client.capabilities();
  EXPECT_EQ(client.send({.data = data, .segment_size = 1'200, .path = path, .ecn = ecn_codepoint::ect0}, error), 0u);
  EXPECT_EQ(classify_send_error(error), send_failure::path) << error.message();
  EXPECT_EQ(client.capabilities().gso, before.gso);
  EXPECT_EQ(client.capabilities().max_segments, before.max_segments);
  EXPECT_EQ(client.capabilities().ecn, before.ecn);
}

TEST(udp_socket_packet_info, gives_the_bound_address_without_it) {
  host machine;
  udp_socket server = machine.make(v4_any(), {.packet_info = false});
  udp_socket client = machine.make(v4_loopback());
  send_all(client, {.data = pattern(10), .path = {{}, v4_loopback(server.local_endpoint().port)}});
  const auto requests = receive_batches(server, 1);
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0].path.local, server.local_endpoint());
}

// [rfc9000 14#2 14#3]
TEST(udp_socket_options, forbid_fragments_when_told_so) {
  host machine;
  for (const bool wanted : {true, false}) {
    udp_socket socket = machine.make(v4_loopback(), {.dont_fragment = wanted});
    int mode = -1;
    socklen_t size = sizeof mode;
    ASSERT_EQ(::getsockopt(socket.native_handle(), IPPROTO_IP, IP_MTU_DISCOVER, &mode, &size), 0);
    EXPECT_EQ(mode == IP_PMTUDISC_PROBE, wanted);
    EXPECT_EQ(socket.capabilities().dont_fragment, wanted);
  }
}

// [rfc9000 14#3]
TEST(udp_socket_options, forbid_fragments_of_both_versions_on_dual_stack) {
  QUASIO_SKIP_WITHOUT_V6();
  host machine;
  udp_socket socket = machine.make(v6_any());
  int mode = -1;
  socklen_t size = sizeof mode;
  ASSERT_EQ(::getsockopt(socket.native_handle(), IPPROTO_IP, IP_MTU_DISCOVER, &mode, &size), 0);
  EXPECT_EQ(mode, IP_PMTUDISC_PROBE);
  ASSERT_EQ(::getsockopt(socket.native_handle(), IPPROTO_IPV6, IPV6_MTU_DISCOVER, &mode, &size), 0);
  EXPECT_EQ(mode, IPV6_PMTUDISC_PROBE);
}

TEST(udp_socket_timestamps, lie_between_sending_and_receiving) {
  using namespace std::chrono_literals;
  host machine;
  udp_socket server = machine.make(v4_loopback(), {.timestamps = true});
  udp_socket client = machine.make(v4_loopback());
  if (!server.capabilities().timestamps) GTEST_SKIP() << "this kernel gives no timestamps";
  // The first datagram after the option was set may carry the time of its reading: the kernel turns stamping on late.
  send_all(client, {.data = pattern(10), .path = {{}, server.local_endpoint()}});
  receive_batches(server, 1);
  const time_point before = std::chrono::steady_clock::now();
  send_all(client, {.data = pattern(10), .path = {{}, server.local_endpoint()}});
  const auto batches = receive_batches(server, 1);
  const time_point after = std::chrono::steady_clock::now();
  ASSERT_EQ(batches.size(), 1u);
  ASSERT_TRUE(batches[0].kernel_time.has_value());
  EXPECT_GE(*batches[0].kernel_time, before - 10ms);
  EXPECT_LE(*batches[0].kernel_time, after);
}

TEST(udp_socket_statistics, counts_what_the_kernel_dropped) {
  host machine;
  udp_socket server = machine.make(v4_loopback(), {.receive_buffer_size = 8'192});
  udp_socket client = machine.make(v4_loopback());
  if (!server.capabilities().drop_counter) GTEST_SKIP() << "this kernel does not count drops";
  const network_path path{{}, server.local_endpoint()};
  constexpr std::size_t sent = 200;
  for (std::size_t i = 0; i < sent; ++i) send_all(client, {.data = pattern(1'200), .path = path});
  std::array<received_datagrams, max_receive_batch> entries;
  error_code error;
  while (!error) server.receive(entries, error);
  const std::uint64_t delivered = server.statistics().datagrams_received;
  ASSERT_LT(delivered, sent);

  // The count comes with the next datagram that the kernel takes.
  send_all(client, {.data = pattern(10), .path = path});
  receive_batches(server, 1);
  EXPECT_EQ(server.statistics().kernel_drops, sent - delivered);
}

}  // namespace
}  // namespace quasio::net

#endif
