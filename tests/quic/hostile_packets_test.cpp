// What a peer may do to an established connection, short of what h3spec already asks: acknowledgments that lie, floods
// of frames that want an answer, packets that are doubled, forged or out of place, and key updates.

#include <gtest/gtest.h>

#include "crypto/stateless_reset.hpp"
#include "quic/duel.hpp"

namespace quasio::test {
namespace {

using code = transport_error_code;

const network_path elsewhere{ip_endpoint::v4({10, 0, 0, 1}, 4433), ip_endpoint::v4({10, 0, 0, 3}, 50000)};

/// Makes the connection send this many packets and lets the peer say nothing to them.
void send_from(duel& fight, std::size_t bytes_to_send) {
  const auto id = fight.connection->open_stream(stream_direction::bidirectional);
  ASSERT_TRUE(id);
  ASSERT_TRUE(fight.connection->stream_write(*id, bytes(bytes_to_send, 'x'), false));
  fight.collect();
}

// --- Acknowledgments ---

TEST(hostile_acknowledgment, of_a_number_that_was_skipped_is_a_protocol_violation) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  send_from(fight, 5000);
  // The server leaves numbers out: all from 0 to the newest cannot have arrived.
  fight.send_payload(space_id::application_data,
                     hostile_peer::acknowledgment_of(0, fight.peer.largest_received(space_id::application_data)));
  EXPECT_EQ(fight.verdict(), code::protocol_violation);
}

TEST(hostile_acknowledgment, of_the_next_number_is_a_protocol_violation) {
  duel fight(endpoint_role::client);
  fight.shake_hands();
  const std::uint64_t next = fight.peer.largest_received(space_id::application_data) + 1;
  fight.send_payload(space_id::application_data, hostile_peer::acknowledgment_of(next, next));
  EXPECT_EQ(fight.verdict(), code::protocol_violation);
}

TEST(hostile_acknowledgment, does_not_raise_the_window_by_repetition) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  send_from(fight, 5000);
  fight.settle();
  const auto window = fight.connection->statistics().congestion_window;
  for (int i = 0; i < 100; ++i)
    fight.send_payload(space_id::application_data, fight.peer.acknowledgment(space_id::application_data));
  EXPECT_EQ(fight.verdict(), code::no_error);
  EXPECT_EQ(fight.connection->statistics().congestion_window, window);
  EXPECT_EQ(fight.connection->statistics().bytes_in_flight, 0u);
}

TEST(hostile_acknowledgment, withheld_for_ever_ends_in_the_idle_timeout_and_bounded_probes) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  fight.peer.acknowledges = false;
  send_from(fight, 200'000);
  const auto sent = fight.connection->statistics().packets_sent;
  fight.pass(60s);
  EXPECT_TRUE(fight.connection->is_closed());
  EXPECT_EQ(fight.connection->reason().cause, quic::close_cause::idle_timeout);
  EXPECT_LT(fight.connection->statistics().packets_sent - sent, 40u);
}

TEST(hostile_acknowledgment, with_an_absurd_delay_changes_nothing) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  for (int i = 0; i < 5; ++i) {
    send_from(fight, 1000);
    fight.now += 20ms;
    bytes frame = fight.peer.acknowledgment(space_id::application_data);
    // The delay stands behind the type and the largest number (one byte each so far): make it 2^62 - 1.
    ASSERT_LT(frame[1], 64);
    frame.erase(frame.begin() + 2);
    frame.insert(frame.begin() + 2, 8, 0xff);
    fight.send_payload(space_id::application_data, frame);
  }
  EXPECT_EQ(fight.verdict(), code::no_error);
  const auto counted = fight.connection->statistics();
  EXPECT_GE(counted.smoothed_rtt, duration::zero());
  EXPECT_LE(counted.smoothed_rtt, 1s);
}

TEST(hostile_acknowledgment, that_was_lost_is_repeated_with_a_probe) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  fight.peer.acknowledges = false;
  send_from(fight, 100);
  fight.send_frames(space_id::application_data, wire::ping_frame{});
  fight.send_frames(space_id::application_data, wire::ping_frame{});
  fight.deaf = true;
  EXPECT_EQ(fight.collect(), 1u);
  fight.deaf = false;
  fight.peer.forget_packets();
  fight.pass(2s);
  const auto told = fight.peer.last<wire::ack_frame>();
  ASSERT_TRUE(told);
  EXPECT_EQ(told->largest, fight.peer.next_number(space_id::application_data) - 1);
}

// --- Floods ---

TEST(hostile_flood, of_path_challenges_is_answered_within_the_limit) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  send_from(fight, 100'000);  // Fills the congestion window: answers must wait.
  fight.peer.forget_packets();
  for (std::uint8_t i = 0; i < 200; ++i)
    fight.send_frames(space_id::application_data, wire::path_challenge_frame{.data = {i}});
  fight.collect();
  for (int i = 0; i < 20; ++i) {
    fight.settle();
    fight.pass(50ms);
  }
  EXPECT_EQ(fight.verdict(), code::no_error);
  EXPECT_LE(fight.peer.count<wire::path_response_frame>(), 4u);
  ASSERT_TRUE(fight.peer.last<wire::path_response_frame>());
  EXPECT_EQ(fight.peer.last<wire::path_response_frame>()->data, wire::path_data{199});
}

// [rfc9000 8.2.2#2]
TEST(hostile_flood, of_path_challenges_from_aside_is_held_by_congestion_control) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  fight.deaf = true;
  const auto sent = fight.sent_bytes;
  for (int i = 0; i < 500; ++i) {
    fight.send(
        fight.peer.seal(space_id::application_data, payload_of(wire::path_challenge_frame{}), {.padded_to = 1200}),
        elsewhere);
    fight.collect();
  }
  // A response is as large as its challenge, but an unanswered flood must not be answered at any rate.
  EXPECT_LT(fight.sent_bytes - sent, 60'000u);
}

TEST(hostile_flood, of_new_connection_ids_ends_the_connection) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  for (std::uint64_t i = 1; i < 400; ++i) {
    fight.send_frames(
        space_id::application_data,
        wire::new_connection_id_frame{
            .sequence = i, .retire_prior_to = i, .id = make_id(static_cast<std::uint8_t>(i), 8 + i / 256)});
  }
  EXPECT_EQ(fight.verdict(), code::connection_id_limit_error);
}

// [rfc9000 5.1.1#4]
TEST(hostile_flood, of_new_connection_ids_that_are_not_retired_is_a_limit_error) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  for (std::uint8_t i = 1; i < 5; ++i)
    fight.send_frames(space_id::application_data, wire::new_connection_id_frame{.sequence = i, .id = make_id(i)});
  EXPECT_EQ(fight.verdict(), code::connection_id_limit_error);
}

// [rfc9000 19.16#1]
TEST(hostile_flood, of_retirements_cannot_name_what_was_never_announced) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  bytes payload;
  for (std::uint64_t i = 1; i < 300; ++i) {
    const bytes frame = payload_of(wire::retire_connection_id_frame{.sequence = i});
    payload.insert(payload.end(), frame.begin(), frame.end());
  }
  fight.send_payload(space_id::application_data, payload);
  // RFC 9000, section 19.16: greater than any sequence number previously sent.
  EXPECT_EQ(fight.verdict(), code::protocol_violation);
  EXPECT_LE(fight.count_events<quic::connection_id_issued>(), 10u);
}

// [rfc9000 7.5#2]
TEST(hostile_flood, of_crypto_data_is_a_crypto_buffer_error) {
  duel fight(endpoint_role::client);
  fight.shake_hands();
  fight.send_frames(space_id::application_data, wire::crypto_frame{.offset = 64 * 1024 + 4096, .data = as_bytes("x")});
  EXPECT_EQ(fight.verdict(), code::crypto_buffer_exceeded);
}

TEST(hostile_flood, of_scattered_crypto_data_is_a_crypto_buffer_error) {
  duel fight(endpoint_role::client);
  fight.shake_hands();
  for (std::uint64_t i = 0; i < 4000 && !fight.connection->is_closed(); ++i)
    fight.send_frames(space_id::application_data, wire::crypto_frame{.offset = 2 * i + 1, .data = as_bytes("x")});
  EXPECT_EQ(fight.verdict(), code::crypto_buffer_exceeded);
}

// [rfc9000 13.2.1#3]
TEST(hostile_flood, of_pings_is_acknowledged_once_a_batch) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  const auto sent = fight.connection->statistics().packets_sent;
  for (int i = 0; i < 1000; ++i) fight.send_frames(space_id::application_data, wire::ping_frame{});
  fight.collect();
  EXPECT_EQ(fight.connection->statistics().packets_sent, sent + 1);
}

// [rfc9000 13.2.1#4 13.2.1#5]
TEST(hostile_flood, of_acknowledgments_is_never_acknowledged) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  const auto sent = fight.connection->statistics().packets_sent;
  for (int i = 0; i < 100; ++i) {
    fight.send_payload(space_id::application_data, fight.peer.acknowledgment(space_id::application_data));
    fight.collect();
  }
  EXPECT_EQ(fight.connection->statistics().packets_sent, sent);
}

TEST(hostile_flood, of_gaps_in_packet_numbers_keeps_the_ranges_bounded) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  fight.peer.forget_packets();
  for (int i = 0; i < 3000; ++i) {
    fight.peer.skip_numbers(space_id::application_data, 1);
    fight.send_frames(space_id::application_data, wire::ping_frame{});
  }
  fight.collect();
  std::size_t ranges = 0;
  const auto told = fight.peer.last<wire::ack_frame>();
  ASSERT_TRUE(told);
  for ([[maybe_unused]] const auto& range : told->ranges) ++ranges;
  EXPECT_LE(ranges, 64u);
  EXPECT_EQ(told->largest, fight.peer.next_number(space_id::application_data) - 1);
}

TEST(hostile_flood, of_addresses_leaves_the_connection_alive) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  send_from(fight, 20'000);
  for (std::uint32_t i = 0; i < 3000; ++i) {
    network_path from = elsewhere;
    from.peer.port = static_cast<std::uint16_t>(1000 + i);
    fight.send(fight.peer.seal(space_id::application_data, payload_of(wire::ping_frame{})), from);
    fight.collect();
  }
  fight.send_payload(space_id::application_data, fight.peer.acknowledgment(space_id::application_data));
  fight.settle();
  EXPECT_EQ(fight.verdict(), code::no_error);
  EXPECT_LT(fight.connection->statistics().bytes_in_flight, 1'000'000u);
}

TEST(hostile_flood, of_addresses_and_responses_never_confuses_two_paths) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  // Probing packets leave the server on its path while the others come and go.
  for (std::uint32_t i = 0; i < 1000; ++i) {
    network_path from = elsewhere;
    from.peer.port = static_cast<std::uint16_t>(1000 + i);
    fight.send(
        fight.peer.seal(space_id::application_data, payload_of(wire::path_challenge_frame{}), {.padded_to = 1200}),
        from);
    fight.collect();
  }
  EXPECT_EQ(fight.connection->path(), fight.path);
  const auto before = fight.connection->statistics().bytes_in_flight;
  fight.send_payload(space_id::application_data, fight.peer.acknowledgment(space_id::application_data));
  fight.settle();
  EXPECT_LE(fight.connection->statistics().bytes_in_flight, before);
  EXPECT_EQ(fight.verdict(), code::no_error);
}

// --- Packets out of place ---

// [rfc9000 12.3#4]
TEST(hostile_packet, sent_twice_counts_once) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  const bytes packet = fight.peer.seal(
      space_id::application_data, payload_of(wire::stream_frame{.id = 0, .data = as_bytes("hello"), .fin = false}));
  const auto before = fight.connection->statistics();
  for (int i = 0; i < 10; ++i) fight.send(packet);
  const auto after = fight.connection->statistics();
  EXPECT_EQ(after.packets_received, before.packets_received + 1);
  EXPECT_EQ(after.packets_dropped, before.packets_dropped + 9);
}

TEST(hostile_packet, for_another_connection_behind_a_good_one_is_dropped) {
  duel fight(endpoint_role::server);
  for (const bytes& datagram : fight.peer.flush()) fight.send(datagram);
  fight.peer.speaks_crypto = false;
  fight.settle();
  bytes datagram = fight.peer.seal(space_id::initial, payload_of(wire::ping_frame{}), {.padded_to = 1200});
  const bytes foreign = fight.peer.seal(space_id::handshake, bytes{0x1e}, {.destination = make_id(0x77)});
  datagram.insert(datagram.end(), foreign.begin(), foreign.end());
  fight.send(datagram);
  // HANDSHAKE_DONE would have ended it.
  EXPECT_EQ(fight.verdict(), code::no_error);
}

// [rfc9000 10.3#3]
TEST(hostile_packet, of_a_single_byte_or_none_is_dropped) {
  for (const endpoint_role role : {endpoint_role::client, endpoint_role::server}) {
    duel fight(role);
    fight.shake_hands();
    fight.send({});
    for (int byte = 0; byte < 256; ++byte) fight.send({static_cast<std::uint8_t>(byte)});
    EXPECT_FALSE(fight.connection->is_closed());
  }
}

TEST(hostile_packet, that_is_cut_short_anywhere_is_dropped) {
  for (const endpoint_role role : {endpoint_role::client, endpoint_role::server}) {
    duel fight(role);
    fight.shake_hands();
    const bytes packet = fight.peer.seal(space_id::application_data, payload_of(wire::ping_frame{}));
    for (std::size_t size = 0; size < packet.size(); ++size)
      fight.send({packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(size)});
    EXPECT_FALSE(fight.connection->is_closed());
    const auto received = fight.connection->statistics().packets_received;
    fight.send(packet);
    EXPECT_EQ(fight.connection->statistics().packets_received, received + 1);
  }
}

// [rfc9000 9#5]
TEST(hostile_packet, from_another_server_address_is_dropped) {
  duel fight(endpoint_role::client);
  fight.shake_hands();
  const auto received = fight.connection->statistics().packets_received;
  fight.send(fight.peer.seal(space_id::application_data, payload_of(wire::ping_frame{})), elsewhere);
  EXPECT_EQ(fight.connection->statistics().packets_received, received);
}

TEST(hostile_packet, with_handshake_done_twice_is_taken) {
  duel fight(endpoint_role::client);
  fight.shake_hands();
  fight.send_frames(space_id::application_data, wire::handshake_done_frame{});
  EXPECT_EQ(fight.verdict(), code::no_error);
  EXPECT_EQ(fight.count_events<quic::handshake_confirmed>(), 1u);
}

// --- Retiring connection IDs ---

// [rfc9000 19.16#2]
TEST(hostile_retirement, of_the_packets_own_id_is_a_protocol_violation) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  fight.send_frames(space_id::application_data, wire::retire_connection_id_frame{.sequence = 0});
  EXPECT_EQ(fight.verdict(), code::protocol_violation);
}

// [rfc9000 5.1.1#2]
TEST(hostile_retirement, of_an_id_is_answered_with_a_new_one) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  ASSERT_EQ(fight.peer.count<wire::new_connection_id_frame>(), 3u);
  fight.send_frames(space_id::application_data, wire::retire_connection_id_frame{.sequence = 1});
  fight.send_frames(space_id::application_data, wire::retire_connection_id_frame{.sequence = 1});
  fight.settle();
  EXPECT_EQ(fight.verdict(), code::no_error);
  EXPECT_EQ(fight.peer.count<wire::new_connection_id_frame>(), 4u);
  EXPECT_EQ(fight.peer.last<wire::new_connection_id_frame>()->sequence, 4u);
  EXPECT_EQ(fight.count_events<quic::connection_id_retired>(), 1u);
}

TEST(hostile_retirement, of_the_id_in_use_makes_the_connection_go_on_with_the_next) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  fight.send_frames(space_id::application_data,
                    wire::new_connection_id_frame{.sequence = 1, .retire_prior_to = 1, .id = make_id(0x11)});
  fight.peer.forget_packets();
  fight.collect();
  ASSERT_FALSE(fight.peer.packets().empty());
  EXPECT_EQ(fight.peer.packets().back().destination, make_id(0x11));
  EXPECT_EQ(fight.peer.last<wire::retire_connection_id_frame>()->sequence, 0u);
}

// --- Stateless reset (RFC 9000, section 10.3) ---

stateless_reset_token token_of(std::uint8_t fill) {
  stateless_reset_token token;
  token.fill(fill);
  return token;
}

bytes reset_with(const stateless_reset_token& token, std::size_t size) {
  bytes reset(size, 0x5a);
  reset[0] = 0x41;
  std::copy(token.begin(), token.end(), reset.end() - 16);
  return reset;
}

// [rfc9000 10.3.1#4]
TEST(stateless_reset, with_the_token_of_the_handshake_ends_a_client) {
  for (const std::size_t size : {21u, 25u, 28u, 29u, 40u, 43u, 1200u}) {
    duel_options options;
    options.peer_parameters.stateless_reset_token = token_of(0x42);
    duel fight(endpoint_role::client, std::move(options));
    fight.shake_hands();
    fight.send(reset_with(token_of(0x42), size));
    ASSERT_TRUE(fight.connection->is_closed()) << size;
    EXPECT_EQ(fight.connection->reason().cause, quic::close_cause::stateless_reset);
    EXPECT_EQ(fight.collect(), 0u) << "draining is silent";
    EXPECT_EQ(fight.count_events<quic::connection_closed>(), 1u);
  }
}

TEST(stateless_reset, with_another_token_is_dropped) {
  duel_options options;
  options.peer_parameters.stateless_reset_token = token_of(0x42);
  duel fight(endpoint_role::client, std::move(options));
  fight.shake_hands();
  fight.send(reset_with(token_of(0x43), 43));
  fight.send(reset_with(token_of(0x42), 20));
  EXPECT_FALSE(fight.connection->is_closed());
}

TEST(stateless_reset, with_the_token_of_an_issued_id_ends_a_server) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  fight.send_frames(space_id::application_data,
                    wire::new_connection_id_frame{
                        .sequence = 1, .retire_prior_to = 1, .id = make_id(0x11), .reset_token = token_of(0x42)});
  fight.send(reset_with(token_of(0x42), 43));
  EXPECT_TRUE(fight.connection->is_closed());
}

// [rfc9000 10.3.1#2]
TEST(stateless_reset, with_the_token_of_a_retired_id_is_dropped) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  fight.send_frames(space_id::application_data,
                    wire::new_connection_id_frame{
                        .sequence = 1, .retire_prior_to = 1, .id = make_id(0x11), .reset_token = token_of(0x42)});
  fight.send_frames(space_id::application_data,
                    wire::new_connection_id_frame{
                        .sequence = 2, .retire_prior_to = 2, .id = make_id(0x12), .reset_token = token_of(0x43)});
  fight.send(reset_with(token_of(0x42), 43));
  EXPECT_FALSE(fight.connection->is_closed());
}

}  // namespace
}  // namespace quasio::test
