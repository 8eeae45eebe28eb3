// The search for larger datagrams by a whole connection (RFC 9000, section 14), and peers that play tricks with it.

#include <gtest/gtest.h>

#include "quic/duel.hpp"

namespace quasio::quic {
namespace {

using test::bytes;
using test::duel;
using test::peer_packet;
using namespace std::chrono_literals;

/// A connection that searches. Its peer acknowledges nothing unless the test says so.
duel searching(endpoint_role role, std::size_t ceiling = 1472, std::uint64_t peer_limit = 65'527) {
  auto parameters = test::generous_parameters();
  parameters.max_udp_payload_size = peer_limit;
  duel fight(role, {.transport = {.max_datagram_size = ceiling}, .mtu_discovery = true, .peer_parameters = parameters});
  fight.peer.acknowledges = false;
  fight.shake_hands();
  return fight;
}

statistics of(duel& fight) { return fight.connection->statistics(); }

/// On the first unidirectional stream.
void write_stream(duel& fight, std::size_t size) {
  const stream_id id = fight.connection->role() == endpoint_role::client ? 2 : 3;
  if (fight.connection->stream_write(id, bytes(size, 1), false)) return;
  ASSERT_EQ(fight.connection->open_stream(stream_direction::unidirectional), id);
  ASSERT_TRUE(fight.connection->stream_write(id, bytes(size, 1), false));
}

void acknowledge(duel& fight) {
  fight.send_payload(space_id::application_data, fight.peer.acknowledgment(space_id::application_data));
}

/// The newest 1-RTT packet in a datagram of that size.
std::optional<std::uint64_t> packet_of_size(const duel& fight, std::size_t size) {
  std::optional<std::uint64_t> found;
  for (const peer_packet& packet : fight.peer.packets()) {
    if (packet.type == wire::packet_type::one_rtt && packet.datagram_size == size) found = packet.number;
  }
  return found;
}

/// Acknowledges the 1-RTT packets that came for which `arrived` holds.
template <class Predicate>
void acknowledge_where(duel& fight, Predicate arrived) {
  range_set ranges;
  for (const peer_packet& packet : fight.peer.packets()) {
    if (packet.type == wire::packet_type::one_rtt && arrived(packet)) ranges.insert(packet.number, packet.number + 1);
  }
  if (ranges.empty()) return;
  bytes frame(1200);
  byte_writer out(frame);
  wire::write_ack(out, ranges, 0, std::nullopt, 64);
  frame.resize(out.position());
  fight.send_payload(space_id::application_data, frame);
}

/// Acknowledges all that came but datagrams larger than `passes`.
void acknowledge_up_to(duel& fight, std::size_t passes) {
  acknowledge_where(fight, [passes](const peer_packet& packet) { return packet.datagram_size <= passes; });
}

/// PING and PADDING alone.
bool is_bare_probe(const peer_packet& packet) {
  return std::ranges::count(packet.payload, 1) == 1 && std::ranges::count(packet.payload, 0) > 1000 &&
         std::ranges::count(packet.payload, 0) + 1 == std::ssize(packet.payload);
}

class mtu : public ::testing::TestWithParam<endpoint_role> {};

TEST_P(mtu, is_probed_with_ping_and_padding_in_a_datagram_of_its_own) {
  duel fight = searching(GetParam());
  EXPECT_EQ(of(fight).mtu, mtu_state::searching);
  EXPECT_EQ(of(fight).max_datagram_size, 1200u);
  EXPECT_EQ(of(fight).mtu_probes_sent, 1u);
  std::size_t probes = 0;
  fight.peer.visit([&](const peer_packet& packet, const wire::frame& frame) {
    if (packet.datagram_size <= 1200) return;
    ++probes;
    EXPECT_EQ(packet.datagram_size, 1472u);
    EXPECT_TRUE(std::holds_alternative<wire::ping_frame>(frame) || std::holds_alternative<wire::padding_frame>(frame));
  });
  EXPECT_GE(probes, 2u) << "PING and PADDING";
}

TEST_P(mtu, grows_when_the_probe_is_acknowledged) {
  duel fight = searching(GetParam());
  acknowledge(fight);
  fight.collect();
  EXPECT_EQ(of(fight).max_datagram_size, 1472u);
  EXPECT_EQ(of(fight).mtu, mtu_state::search_complete);
  ASSERT_EQ(fight.count_events<mtu_updated>(), 1u);
  fight.peer.forget_packets();
  write_stream(fight, 10'000);
  fight.collect();
  std::size_t full = 0;
  for (const peer_packet& packet : fight.peer.packets()) full += packet.datagram_size == 1472;
  EXPECT_GE(full, 4u);
}

TEST_P(mtu, never_exceeds_what_the_peer_takes) {
  duel fight = searching(GetParam(), 9000, 1300);
  EXPECT_TRUE(packet_of_size(fight, 1300));
  acknowledge(fight);
  fight.collect();
  EXPECT_EQ(of(fight).max_datagram_size, 1300u);
  write_stream(fight, 50'000);
  fight.collect();
  for (const peer_packet& packet : fight.peer.packets()) EXPECT_LE(packet.datagram_size, 1300u);
}

TEST_P(mtu, never_exceeds_the_buffer_of_the_caller) {
  duel fight = searching(GetParam(), 65'507);
  acknowledge(fight);
  bytes buffer(1800);
  while (const auto sent = fight.connection->transmit(buffer, 1, fight.now))
    fight.peer.receive(byte_view(buffer).first(sent->size));
  acknowledge(fight);
  while (fight.connection->transmit(buffer, 1, fight.now)) {
  }
  EXPECT_EQ(of(fight).max_datagram_size, 1800u);
}

TEST_P(mtu, is_not_probed_when_the_settings_forbid_it) {
  duel fight(GetParam());
  fight.shake_hands();
  write_stream(fight, 20'000);
  fight.settle();
  EXPECT_EQ(of(fight).mtu, mtu_state::disabled);
  for (const peer_packet& packet : fight.peer.packets()) EXPECT_LE(packet.datagram_size, 1200u);
}

TEST_P(mtu, does_not_concern_the_handshake) {
  duel fight = searching(GetParam());
  for (const peer_packet& packet : fight.peer.packets()) {
    if (packet.type == wire::packet_type::one_rtt) continue;
    EXPECT_LE(packet.datagram_size, 1200u);
  }
}

TEST_P(mtu, takes_lost_probes_for_no_congestion) {
  duel fight = searching(GetParam());
  const statistics before = of(fight);
  for (int round = 0; round < 40 && of(fight).mtu != mtu_state::search_complete; ++round) {
    fight.now += 20ms;
    for (int i = 0; i < 4; ++i) {
      write_stream(fight, 10);
      fight.collect();
    }
    acknowledge_up_to(fight, 1400);
    fight.collect();
  }
  EXPECT_EQ(of(fight).mtu, mtu_state::search_complete);
  EXPECT_LE(of(fight).max_datagram_size, 1400u);
  EXPECT_GE(of(fight).max_datagram_size, 1385u);
  EXPECT_GE(of(fight).mtu_probes_lost, 6u);
  EXPECT_EQ(of(fight).packets_lost, before.packets_lost);
  EXPECT_EQ(of(fight).bytes_lost, before.bytes_lost);
  EXPECT_GE(of(fight).congestion_window, before.congestion_window);
  EXPECT_EQ(of(fight).mtu_black_holes, 0u);
}

TEST_P(mtu, survives_a_peer_that_acknowledges_no_probe_at_all) {
  duel fight = searching(GetParam());
  for (int round = 0; round < 200; ++round) {
    fight.now += 20ms;
    write_stream(fight, 10);
    fight.collect();
    acknowledge_up_to(fight, 1200);
    fight.collect();
  }
  EXPECT_EQ(of(fight).max_datagram_size, 1200u);
  EXPECT_EQ(of(fight).mtu, mtu_state::search_complete);
  EXPECT_LE(of(fight).mtu_probes_sent, 40u);
  EXPECT_TRUE(fight.connection->is_established());
}

TEST_P(mtu, of_a_host_that_refuses_a_probe_is_known_at_once_and_the_probe_is_not_waited_for) {
  duel fight = searching(GetParam(), 65'507);
  acknowledge(fight);
  fight.collect();
  ASSERT_EQ(of(fight).max_datagram_size, 1472u);
  const std::uint64_t in_flight = of(fight).bytes_in_flight;
  ASSERT_TRUE(packet_of_size(fight, 8972));
  const network_path path = fight.connection->path();
  fight.connection->on_datagram_too_large(path, 8972, fight.now);
  EXPECT_EQ(of(fight).bytes_in_flight, in_flight - 8972);
  for (int i = 0; i < 30 && of(fight).mtu == mtu_state::searching; ++i) {
    fight.peer.forget_packets();
    fight.collect();
    for (const peer_packet& packet : fight.peer.packets())
      fight.connection->on_datagram_too_large(path, packet.datagram_size, fight.now);
  }
  EXPECT_EQ(of(fight).mtu, mtu_state::search_complete);
  EXPECT_EQ(of(fight).max_datagram_size, 1472u);
  EXPECT_EQ(of(fight).probe_timeouts, 0u);
  EXPECT_EQ(of(fight).bytes_in_flight, 0u);
}

TEST_P(mtu, falls_when_the_host_refuses_what_it_sent_before) {
  duel fight = searching(GetParam());
  acknowledge(fight);
  fight.collect();
  ASSERT_EQ(of(fight).max_datagram_size, 1472u);
  network_path other = fight.connection->path();
  other.peer.port = 9;
  fight.connection->on_datagram_too_large(other, 1472, fight.now);
  EXPECT_EQ(of(fight).max_datagram_size, 1472u) << "that was another path";
  fight.connection->on_datagram_too_large(fight.connection->path(), 1472, fight.now);
  fight.collect();
  EXPECT_EQ(of(fight).max_datagram_size, 1200u);
  EXPECT_EQ(fight.count_events<mtu_updated>(), 2u);
}

TEST_P(mtu, of_a_peer_that_swallows_large_packets_later_goes_back_and_stays_bounded) {
  duel fight = searching(GetParam());
  acknowledge(fight);
  fight.collect();
  ASSERT_EQ(of(fight).max_datagram_size, 1472u);
  // It acknowledges every probe and small packet, but no data in a large one.
  for (int round = 0; round < 100; ++round) {
    write_stream(fight, 3000);
    fight.collect();
    fight.pass(300ms);
    acknowledge_up_to(fight, 1200);
    fight.collect();
    fight.peer.forget_packets();
    ASSERT_TRUE(fight.connection->is_established());
  }
  EXPECT_GE(of(fight).mtu_black_holes, 1u);
  EXPECT_LE(of(fight).mtu_probes_sent, 200u);
  EXPECT_EQ(of(fight).max_datagram_size, 1200u);
}

// [rfc9000 14#1 14.2#1]
TEST_P(mtu, below_the_smallest_leaves_nothing_to_send_but_probes_and_the_close) {
  duel fight = searching(GetParam());
  acknowledge(fight);
  fight.collect();
  // Larger packets vanish, and so do probes of the base size: the peer takes the path for one that carries nothing. It
  // says something now and then, or the connection would end in silence.
  const auto go_on = [&](int rounds) {
    for (int round = 0; round < rounds; ++round) {
      write_stream(fight, 3000);
      fight.collect();
      fight.pass(300ms);
      acknowledge_where(
          fight, [](const peer_packet& packet) { return packet.datagram_size <= 1200 && !is_bare_probe(packet); });
      fight.send_frames(space_id::application_data, wire::ping_frame{});
      fight.collect();
    }
  };
  go_on(100);
  fight.peer.forget_packets();
  go_on(300);
  ASSERT_FALSE(fight.connection->is_closed()) << fight.why_closed();
  EXPECT_FALSE(fight.peer.packets().empty());
  for (const peer_packet& packet : fight.peer.packets()) {
    EXPECT_EQ(packet.datagram_size, 1200u);
    EXPECT_TRUE(is_bare_probe(packet));
  }
  fight.connection->close(7, "no way", fight.now);
  fight.collect();
  EXPECT_EQ(fight.peer.count<wire::connection_close_frame>(), 1u);
}

INSTANTIATE_TEST_SUITE_P(, mtu, ::testing::Values(endpoint_role::client, endpoint_role::server),
                         [](const auto& instance) {
                           return instance.param == endpoint_role::client ? "client" : "server";
                         });

}  // namespace
}  // namespace quasio::quic
