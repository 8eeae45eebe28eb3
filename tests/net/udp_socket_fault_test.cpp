#if defined(__linux__)

#include <sys/socket.h>

#include "net/loopback.hpp"
#include "net/scripted_system_calls.hpp"

namespace quasio::net {
namespace {

using namespace test;

constexpr std::size_t segment = 1'200;
constexpr int udp_segment_option = 103;
constexpr int udp_gro_option = 104;

struct udp_socket_fault : testing::Test {
  void open_client(const udp_socket_options& options = {}) {
    client.open(v4_loopback(), options);
    if (options.gso && !calls.refused_options.contains({IPPROTO_UDP, udp_segment_option}) &&
        !client.capabilities().gso) {
      GTEST_SKIP() << "this kernel has no UDP GSO";
    }
  }

  outgoing_datagrams batch(std::size_t datagrams, ecn_codepoint mark = ecn_codepoint::not_ect) {
    data = pattern(datagrams * segment);
    return {.data = data, .segment_size = segment, .path = {{}, server.local_endpoint()}, .ecn = mark};
  }

  void expect_all_arrived() {
    EXPECT_EQ(receive_datagrams(server, data.size() / segment), cut(data, segment));
    expect_nothing_waits(server);
  }

  host machine;
  scripted_system_calls calls;
  udp_socket server = machine.make(v4_loopback());
  udp_socket client{machine.context.get_executor(), machine.pool, make_linux_udp_back_end(calls)};
  std::vector<std::uint8_t> data;
  error_code error;
};

TEST_F(udp_socket_fault, ends_gso_after_an_input_output_error_and_loses_nothing) {
  open_client();
  calls.on_send = [](const send_request& request) { return request.segment > 0 ? EIO : 0; };
  send_all(client, batch(40));
  expect_all_arrived();
  EXPECT_FALSE(client.capabilities().gso);
  EXPECT_EQ(client.capabilities().max_segments, 1u);
  EXPECT_EQ(client.statistics().gso_fallbacks, 1u);
  EXPECT_EQ(client.statistics().datagrams_sent, 40u);
  EXPECT_EQ(calls.sends, 41u);

  send_all(client, batch(40));
  expect_all_arrived();
  EXPECT_EQ(client.statistics().gso_fallbacks, 1u);
  EXPECT_EQ(calls.sends, 81u);
}

TEST_F(udp_socket_fault, ends_gso_also_late_in_its_life) {
  open_client();
  calls.on_send = [](const send_request& request) { return request.call > 5 && request.segment > 0 ? EIO : 0; };
  for (int i = 0; i < 10; ++i) {
    send_all(client, batch(20));
    expect_all_arrived();
    EXPECT_EQ(client.capabilities().gso, i < 5);
  }
  EXPECT_EQ(client.statistics().gso_fallbacks, 1u);
}

TEST_F(udp_socket_fault, learns_a_lower_segment_limit_and_keeps_gso) {
  for (const int refusal : {EINVAL, EMSGSIZE}) {
    client.close();
    open_client();
    calls.on_send = [refusal](const send_request& request) { return request.segments() > 10 ? refusal : 0; };
    send_all(client, batch(50));
    expect_all_arrived();
    EXPECT_TRUE(client.capabilities().gso);
    EXPECT_GE(client.capabilities().max_segments, 5u);
    EXPECT_LE(client.capabilities().max_segments, 10u);

    const std::uint64_t fallbacks = client.statistics().gso_fallbacks;
    send_all(client, batch(50));
    expect_all_arrived();
    EXPECT_EQ(client.statistics().gso_fallbacks, fallbacks);
  }
}

TEST_F(udp_socket_fault, ends_gso_when_not_even_two_segments_pass) {
  open_client();
  calls.on_send = [](const send_request& request) { return request.segment > 0 ? EINVAL : 0; };
  send_all(client, batch(50));
  expect_all_arrived();
  EXPECT_FALSE(client.capabilities().gso);
  EXPECT_EQ(client.capabilities().max_segments, 1u);
}

TEST_F(udp_socket_fault, blames_the_path_and_not_gso_when_single_datagrams_are_too_large) {
  open_client();
  calls.on_send = [](const send_request& request) {
    const std::size_t datagram = request.segment > 0 ? request.segment : request.size;
    return datagram > 1'000 ? EMSGSIZE : 0;
  };
  EXPECT_EQ(client.send(batch(40), error), 0u);
  EXPECT_EQ(classify_send_error(error), send_failure::too_large);
  EXPECT_EQ(client.statistics().send_too_large, 1u);
  EXPECT_TRUE(client.capabilities().gso);
  EXPECT_EQ(client.capabilities().max_segments, max_batch_segments);

  outgoing_datagrams smaller = batch(40);
  smaller.segment_size = 1'000;
  send_all(client, smaller);
  EXPECT_EQ(receive_datagrams(server, 48), cut(data, 1'000));
}

TEST_F(udp_socket_fault, reports_the_datagram_that_was_too_large_within_a_batch_sent_singly) {
  open_client({.gso = false});
  calls.on_send = [](const send_request& request) { return request.call == 3 || request.call == 4 ? EMSGSIZE : 0; };
  EXPECT_EQ(client.send(batch(5), error), 2 * segment);
  EXPECT_EQ(error, asio::error::message_size);
  EXPECT_EQ(receive_datagrams(server, 2).size(), 2u);
}

TEST_F(udp_socket_fault, says_how_much_went_before_it_would_block) {
  open_client({.gso = false});
  calls.on_send = [](const send_request& request) { return request.call == 8 ? EAGAIN : 0; };
  outgoing_datagrams rest = batch(20);
  const std::size_t sent = client.send(rest, error);
  EXPECT_EQ(sent, 7 * segment);
  EXPECT_EQ(classify_send_error(error), send_failure::would_block);
  EXPECT_EQ(client.statistics().send_would_block, 1u);
  rest.data = rest.data.subspan(sent);
  send_all(client, rest);
  expect_all_arrived();
}

TEST_F(udp_socket_fault, would_block_with_a_whole_gso_batch) {
  open_client();
  calls.on_send = [](const send_request& request) { return request.call == 1 ? EAGAIN : 0; };
  EXPECT_EQ(client.send(batch(20), error), 0u);
  EXPECT_EQ(error, asio::error::would_block);
  send_all(client, batch(20));
  expect_all_arrived();
  EXPECT_TRUE(client.capabilities().gso);
}

TEST_F(udp_socket_fault, says_how_much_went_when_it_blocks_during_the_fallback) {
  open_client();
  calls.on_send = [](const send_request& request) {
    if (request.segment > 0) return EIO;
    return request.call == 6 ? EAGAIN : 0;
  };
  outgoing_datagrams rest = batch(20);
  const std::size_t sent = client.send(rest, error);
  EXPECT_EQ(sent, 4 * segment);
  EXPECT_EQ(error, asio::error::would_block);
  rest.data = rest.data.subspan(sent);
  send_all(client, rest);
  expect_all_arrived();
}

TEST_F(udp_socket_fault, counts_as_sent_what_the_host_had_no_memory_for) {
  open_client();
  calls.on_send = [](const send_request& request) { return request.call == 1 ? ENOBUFS : 0; };
  send_all(client, batch(20));
  expect_nothing_waits(server);
  EXPECT_EQ(client.statistics().send_drops, 20u);
  EXPECT_EQ(client.statistics().datagrams_sent, 0u);
  send_all(client, batch(20));
  expect_all_arrived();
}

TEST_F(udp_socket_fault, sends_in_spite_of_news_about_an_earlier_datagram) {
  open_client();
  calls.on_send = [](const send_request& request) { return request.call == 1 ? ECONNREFUSED : 0; };
  send_all(client, batch(20));
  expect_all_arrived();
  EXPECT_EQ(client.statistics().icmp_errors, 1u);
  EXPECT_EQ(client.statistics().port_refusals, 1u);
}

// [rfc9000 14.2.1#1 14.2.1#3]
TEST_F(udp_socket_fault, does_not_believe_a_message_too_big_that_may_be_forged) {
  open_client();
  calls.on_send = [](const send_request& request) { return request.call == 1 ? EMSGSIZE : 0; };
  send_all(client, batch(20));
  expect_all_arrived();
  EXPECT_EQ(client.statistics().icmp_errors, 1u);
  EXPECT_EQ(client.statistics().port_refusals, 0u);
  EXPECT_EQ(client.statistics().send_too_large, 0u);
  EXPECT_TRUE(client.capabilities().gso);
}

TEST_F(udp_socket_fault, reports_a_path_without_a_route_and_stays_usable) {
  open_client();
  for (const int reason : {ENETUNREACH, EHOSTUNREACH, EPERM, ENETDOWN, EADDRNOTAVAIL}) {
    calls.on_send = [reason](const send_request&) { return reason; };
    EXPECT_EQ(client.send(batch(2), error), 0u);
    EXPECT_EQ(error.value(), reason);
    EXPECT_EQ(classify_send_error(error), send_failure::path);
  }
  EXPECT_EQ(client.statistics().send_failures, 5u);
  calls.on_send = [](const send_request&) { return 0; };
  send_all(client, batch(2));
  expect_all_arrived();
}

TEST_F(udp_socket_fault, sends_again_after_a_signal) {
  open_client();
  calls.on_send = [](const send_request& request) { return request.call <= 3 ? EINTR : 0; };
  send_all(client, batch(2));
  expect_all_arrived();
}

TEST_F(udp_socket_fault, ends_ecn_where_the_mark_is_what_the_kernel_refuses) {
  open_client();
  if (!client.capabilities().ecn) GTEST_SKIP() << "this kernel does not report ECN";
  calls.on_send = [](const send_request& request) { return request.marked ? EINVAL : 0; };
  send_all(client, batch(20, ecn_codepoint::ect0));
  expect_all_arrived();
  EXPECT_FALSE(client.capabilities().ecn);
  EXPECT_EQ(client.statistics().ecn_fallbacks, 1u);
  EXPECT_TRUE(client.capabilities().gso);
  EXPECT_EQ(client.capabilities().max_segments, max_batch_segments);
}

TEST_F(udp_socket_fault, keeps_ecn_and_gso_when_it_is_the_address_that_the_kernel_refuses) {
  open_client();
  calls.on_send = [](const send_request&) { return EINVAL; };
  const auto before = client.capabilities();
  EXPECT_EQ(client.send(batch(20, ecn_codepoint::ect0), error), 0u);
  EXPECT_EQ(classify_send_error(error), send_failure::path);
  EXPECT_EQ(client.capabilities().ecn, before.ecn);
  EXPECT_EQ(client.capabilities().max_segments, before.max_segments);
}

TEST_F(udp_socket_fault, receives_in_spite_of_icmp) {
  open_client();
  calls.on_receive = [](std::size_t call) { return call <= 2 ? ECONNREFUSED : 0; };
  data = pattern(100);
  send_all(server, {.data = data, .path = {{}, client.local_endpoint()}});
  ASSERT_TRUE(wait_readable(client));
  std::array<received_datagrams, 4> entries;
  EXPECT_EQ(client.receive(entries, error), 1u);
  EXPECT_FALSE(error);
  EXPECT_EQ(to_vector(entries[0].datagram(0)), data);
  EXPECT_EQ(client.statistics().icmp_errors, 2u);
}

TEST_F(udp_socket_fault, gives_the_thread_back_in_a_storm_of_icmp) {
  open_client();
  calls.on_receive = [](std::size_t) { return EHOSTUNREACH; };
  std::array<received_datagrams, 4> entries;
  EXPECT_EQ(client.receive(entries, error), 0u);
  EXPECT_FALSE(error);
  EXPECT_EQ(calls.receives, static_cast<std::size_t>(max_errors_passed_over));
}

TEST_F(udp_socket_fault, drops_a_batch_whose_bounds_the_kernel_could_not_tell) {
  open_client();
  data = pattern(100);
  send_all(server, {.data = data, .path = {{}, client.local_endpoint()}});
  ASSERT_TRUE(wait_readable(client));
  calls.flags_of_received = MSG_CTRUNC;
  std::array<received_datagrams, 4> entries;
  EXPECT_EQ(client.receive(entries, error), 0u);
  EXPECT_FALSE(error);
  EXPECT_EQ(client.statistics().truncated_drops, 1u);
  EXPECT_EQ(client.statistics().datagrams_received, 0u);
}

TEST_F(udp_socket_fault, reports_what_breaks_the_socket_on_receive) {
  open_client();
  calls.on_receive = [](std::size_t) { return EBADF; };
  std::array<received_datagrams, 4> entries;
  EXPECT_EQ(client.receive(entries, error), 0u);
  EXPECT_EQ(error, asio::error::bad_descriptor);
}

TEST_F(udp_socket_fault, does_without_features_that_the_kernel_lacks) {
  calls.refused_options = {
      {IPPROTO_UDP, udp_segment_option}, {IPPROTO_UDP, udp_gro_option}, {IPPROTO_IP, IP_RECVTOS},
      {IPPROTO_IP, IP_PKTINFO},          {IPPROTO_IP, IP_MTU_DISCOVER}, {SOL_SOCKET, SO_RXQ_OVFL},
      {SOL_SOCKET, SO_TIMESTAMPNS},      {SOL_SOCKET, SO_RCVBUFFORCE},  {SOL_SOCKET, SO_SNDBUFFORCE}};
  open_client({.receive_buffer_size = 50'000, .timestamps = true});
  const udp_socket_capabilities& granted = client.capabilities();
  EXPECT_FALSE(granted.gso || granted.gro || granted.ecn || granted.packet_info || granted.dont_fragment ||
               granted.timestamps || granted.drop_counter);
  EXPECT_EQ(granted.max_segments, 1u);
  EXPECT_EQ(granted.receive_buffer_size, 50'000u);

  send_all(client, batch(10, ecn_codepoint::ect0));
  expect_all_arrived();
  send_all(server, {.data = data, .segment_size = segment, .path = {{}, client.local_endpoint()}});
  EXPECT_EQ(receive_datagrams(client, 10), cut(data, segment));
}

TEST_F(udp_socket_fault, does_not_open_without_what_was_demanded) {
  calls.refused_options = {{SOL_SOCKET, SO_REUSEPORT}};
  client.open(v4_loopback(), {.reuse_port = true}, error);
  EXPECT_EQ(error, asio::error::no_protocol_option);
  EXPECT_FALSE(client.is_open());

  QUASIO_SKIP_WITHOUT_V6();
  calls.refused_options = {{IPPROTO_IPV6, IPV6_V6ONLY}};
  client.open(v6_loopback(), {}, error);
  EXPECT_EQ(error, asio::error::no_protocol_option);
  EXPECT_FALSE(client.is_open());
}

}  // namespace
}  // namespace quasio::net

#endif
