// What holds for every packet of this end, in every space (RFC 9000, sections 12.3, 12.5, 13.1 and 13.2.6), and for
// probes (RFC 9002, sections 6.2.4 and 7.5).

#include <gtest/gtest.h>

#include <map>

#include "quic/duel.hpp"

namespace quasio::test {
namespace {

using code = transport_error_code;
using wire::packet_type;

space_id space_of(packet_type type) {
  if (type == packet_type::initial) return space_id::initial;
  return type == packet_type::handshake ? space_id::handshake : space_id::application_data;
}

// [rfc9000 12.3#1 12.3#2 12.4#1 12.5#2 13.2.6#1 13.2.6#2 17.2.3#1 17.2.3#3]
TEST(packets_of_ours, have_rising_numbers_and_acknowledge_what_came_in_their_own_space) {
  for (const endpoint_role role : {endpoint_role::client, endpoint_role::server}) {
    duel fight(role);
    // Numbers that tell from which space they are.
    const std::map<space_id, std::uint64_t> begin{
        {space_id::initial, 100}, {space_id::handshake, 2000}, {space_id::application_data, 30'000}};
    for (const auto& [space, number] : begin) fight.peer.skip_numbers(space, number);
    fight.shake_hands();
    for (int round = 0; round < 10; ++round) {
      const auto id = fight.connection->open_stream(stream_direction::unidirectional);
      ASSERT_TRUE(id && fight.connection->stream_write(*id, bytes(3000), true));
      // Every third flight is lost, and what it said is said again.
      fight.deaf = round % 3 == 2;
      fight.collect();
      fight.deaf = false;
      fight.send_frames(space_id::application_data, wire::ping_frame{});
      fight.settle();
      fight.pass(2s);
      fight.settle();
    }
    EXPECT_GT(fight.connection->statistics().packets_lost, 0u);
    std::map<space_id, std::uint64_t> next;
    std::map<space_id, std::size_t> acknowledgments;
    for (const peer_packet& packet : fight.peer.packets()) {
      const space_id space = space_of(packet.type);
      EXPECT_FALSE(packet.payload.empty());
      EXPECT_GE(packet.number, next[space]);
      next[space] = packet.number + 1;
    }
    fight.peer.visit([&](const peer_packet& packet, const wire::frame& frame) {
      const space_id space = space_of(packet.type);
      EXPECT_TRUE(wire::allowed_in(packet.type, frame));
      const auto* ack = std::get_if<wire::ack_frame>(&frame);
      if (!ack) return;
      ++acknowledgments[space];
      for (const wire::ack_range& range : ack->ranges) {
        EXPECT_GE(range.smallest, begin.at(space));
        EXPECT_LT(range.largest, fight.peer.next_number(space));
      }
    });
    // A server has no Handshake keys any more when it could acknowledge the client's Finished.
    EXPECT_EQ(acknowledgments.size(), role == endpoint_role::client ? 3u : 2u);
  }
}

// [rfc9000 13.1#1]
TEST(packets_of_ours, acknowledge_nothing_that_did_not_open) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  const std::uint64_t forged = fight.peer.next_number(space_id::application_data);
  bytes packet = fight.peer.seal(space_id::application_data, payload_of(wire::ping_frame{}));
  packet.back() ^= 1;
  fight.send(packet);
  fight.send_frames(space_id::application_data, wire::ping_frame{});
  fight.peer.forget_packets();
  fight.pass(100ms);
  const auto ack = fight.peer.last<wire::ack_frame>();
  ASSERT_TRUE(ack);
  EXPECT_EQ(ack->largest, forged + 1);
  for (const wire::ack_range& range : ack->ranges) EXPECT_FALSE(range.smallest <= forged && forged <= range.largest);
}

// [rfc9000 17.4#1 17.4#4]
TEST(packets_of_ours, are_answered_alike_with_and_without_the_spin_bit) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  constexpr std::uint8_t spin_bit = 0x20;
  const auto received = fight.connection->statistics().packets_received;
  for (const std::uint8_t flipped : {spin_bit, std::uint8_t{0}, spin_bit})
    fight.send_payload(space_id::application_data, payload_of(wire::ping_frame{}), {.flipped_bits = flipped});
  EXPECT_EQ(fight.connection->statistics().packets_received, received + 3);
  bytes buffer(1200);
  ASSERT_TRUE(fight.connection->transmit(buffer, 1, fight.now));
  EXPECT_EQ(buffer[0] & spin_bit, 0);
}

// [rfc9002 6.2.4#1 6.2.4#2 7.5#1 7.5#2]
TEST(probe, passes_a_full_window_and_counts_as_in_flight) {
  duel fight(endpoint_role::client, {.transport = {.pacing = false}});
  fight.shake_hands();
  const auto id = fight.connection->open_stream(stream_direction::bidirectional);
  ASSERT_TRUE(fight.connection->stream_write(*id, bytes(200'000), true));
  fight.deaf = true;
  fight.collect();
  const auto full = fight.connection->statistics();
  ASSERT_LE(full.bytes_in_flight, full.congestion_window);
  ASSERT_GT(full.bytes_in_flight + 1200, full.congestion_window);
  fight.deaf = false;
  fight.peer.forget_packets();
  while (fight.connection->statistics().probe_timeouts == full.probe_timeouts) ASSERT_TRUE(fight.pass_deadline());
  ASSERT_FALSE(fight.peer.packets().empty());
  EXPECT_GT(fight.peer.count<wire::stream_frame>() + fight.peer.count<wire::ping_frame>(), 0u);
  EXPECT_GT(fight.connection->statistics().bytes_in_flight, full.bytes_in_flight);
  EXPECT_GT(fight.connection->statistics().bytes_in_flight, full.congestion_window);
}

// [rfc9000 8.2.2#7]
TEST(path_response, that_is_lost_is_not_sent_again) {
  duel fight(endpoint_role::client);
  fight.shake_hands();
  fight.deaf = true;
  fight.send_frames(space_id::application_data, wire::path_challenge_frame{.data = {7}});
  EXPECT_GT(fight.collect(), 0u);
  fight.deaf = false;
  fight.peer.forget_packets();
  fight.pass(5s);
  EXPECT_FALSE(fight.peer.packets().empty());
  EXPECT_EQ(fight.peer.count<wire::path_response_frame>(), 0u);
}

}  // namespace
}  // namespace quasio::test
