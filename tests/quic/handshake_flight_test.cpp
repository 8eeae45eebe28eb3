// What this end says in a handshake, and under which keys it still listens (RFC 9000, sections 7.2, 8.1, 12.2 and 14.1;
// RFC 9001, sections 4 and 5.7).

#include <gtest/gtest.h>

#include <set>

#include "quic/duel.hpp"

namespace quasio::test {
namespace {

using code = transport_error_code;
using wire::packet_type;

bool elicits_ack(const peer_packet& packet) {
  wire::frame_reader reader(packet.payload);
  while (!reader.done()) {
    if (wire::is_ack_eliciting(*reader.next())) return true;
  }
  return false;
}

std::size_t count_of(const duel& fight, packet_type type) {
  return static_cast<std::size_t>(std::ranges::count(fight.peer.packets(), type, &peer_packet::type));
}

/// The CRYPTO data at the beginning of a level, as far as one frame reaches.
bytes first_crypto(const duel& fight, packet_type type) {
  bytes found;
  fight.peer.visit([&](const peer_packet& packet, const wire::frame& frame) {
    const auto* crypto = std::get_if<wire::crypto_frame>(&frame);
    if (crypto && packet.type == type && crypto->offset == 0) found.assign(crypto->data.begin(), crypto->data.end());
  });
  return found;
}

/// The datagrams that the connection wants to send now. The peer gets them, too.
std::vector<bytes> datagrams_of(duel& fight) {
  std::vector<bytes> datagrams;
  bytes buffer(1500);
  while (const auto sent = fight.connection->transmit(buffer, 1, fight.now)) {
    datagrams.emplace_back(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(sent->size));
    fight.peer.receive(datagrams.back());
  }
  return datagrams;
}

std::vector<wire::packet_header> headers_in(byte_view datagram) {
  std::vector<wire::packet_header> headers;
  while (!datagram.empty()) {
    const auto header = wire::parse_packet_header(datagram, 8);
    if (!header) break;
    headers.push_back(*header);
    datagram = datagram.subspan(header->size);
  }
  return headers;
}

// [rfc9000 7.2#1 7.2#2 8.1#3 8.1#4 8.1#5 14.1#1] [rfc9001 9.3#1] [rfc9002 6.2.2.1#3]
TEST(first_flight, of_a_client_is_full_and_addressed_to_one_guess_until_it_is_answered) {
  duel fight(endpoint_role::client);
  fight.collect();
  const std::size_t first = fight.peer.packets().size();
  fight.pass(3s);
  EXPECT_GE(fight.peer.packets().size(), first + 2) << "probes";
  EXPECT_GE(fight.peer.original_destination().size(), 8u);
  for (const peer_packet& packet : fight.peer.packets()) {
    EXPECT_EQ(packet.type, packet_type::initial);
    EXPECT_GE(packet.datagram_size, 1200u);
    EXPECT_EQ(packet.destination, fight.peer.original_destination());
    EXPECT_TRUE(elicits_ack(packet));
  }
}

// [rfc9000 7.2#5 14.1#2]
TEST(first_flight, of_a_server_is_addressed_to_the_client_and_full_where_it_elicits_acknowledgments) {
  duel fight(endpoint_role::server);
  for (const bytes& datagram : fight.peer.flush()) fight.send(datagram);
  fight.collect();
  fight.pass(1s);
  std::size_t eliciting = 0;
  for (const peer_packet& packet : fight.peer.packets()) {
    EXPECT_EQ(packet.destination, fight.peer.own_id());
    if (packet.type != packet_type::initial || !elicits_ack(packet)) continue;
    ++eliciting;
    EXPECT_GE(packet.datagram_size, 1200u);
  }
  EXPECT_GE(eliciting, 2u);
}

// [rfc9000 7.3#1]
TEST(first_flight, declares_the_ids_that_stand_in_its_packets) {
  for (const endpoint_role role : {endpoint_role::client, endpoint_role::server}) {
    duel fight(role);
    fight.settle();
    const transport_parameters& declared = fight.peer.peer_transport_parameters();
    const peer_packet& first = fight.peer.packets().front();
    EXPECT_EQ(declared.initial_source_connection_id, first.source);
    if (role == endpoint_role::server) {
      EXPECT_EQ(declared.original_destination_connection_id, fight.peer.original_destination());
    }
  }
}

// [rfc9000 12.2#2 17.2.2#1]
TEST(coalesced_packets, of_ours_have_one_destination_and_a_servers_no_token) {
  duel fight(endpoint_role::server);
  for (const bytes& datagram : fight.peer.flush()) fight.send(datagram);
  std::size_t coalesced = 0;
  for (const bytes& datagram : datagrams_of(fight)) {
    const auto headers = headers_in(datagram);
    coalesced += headers.size() > 1;
    for (const auto& header : headers) {
      EXPECT_EQ(header.destination, headers.front().destination);
      EXPECT_TRUE(header.token.empty());
    }
  }
  EXPECT_GE(coalesced, 1u);
}

// [rfc9000 12.2#1 12.2#3 12.2#4]
TEST(coalesced_packets, are_processed_and_acknowledged_each_even_behind_a_broken_one) {
  duel fight(endpoint_role::client);
  fight.collect();
  const auto flight = fight.peer.flush();
  bytes broken = fight.peer.seal(space_id::handshake, payload_of(wire::ping_frame{}));
  broken.back() ^= 1;
  bytes datagram = flight.at(0);
  datagram.insert(datagram.end(), broken.begin(), broken.end());
  for (std::size_t i = 1; i < flight.size(); ++i) datagram.insert(datagram.end(), flight[i].begin(), flight[i].end());
  fight.send(datagram);
  EXPECT_TRUE(fight.connection->is_established());
  fight.peer.forget_packets();
  fight.collect();
  const auto initial = fight.peer.last<wire::ack_frame>(packet_type::initial);
  const auto handshake = fight.peer.last<wire::ack_frame>(packet_type::handshake);
  ASSERT_TRUE(initial && handshake);
  EXPECT_EQ(initial->largest + 1, fight.peer.next_number(space_id::initial));
  // The broken one has the number behind all others of its space, and is not acknowledged.
  EXPECT_EQ(handshake->largest + 2, fight.peer.next_number(space_id::handshake));
}

// [rfc9000 7.2#3 7.2#4 7.2#6]
TEST(source_id, of_the_first_packet_is_the_only_one_that_is_heard) {
  for (const endpoint_role role : {endpoint_role::client, endpoint_role::server}) {
    duel fight(role);
    fight.collect();
    const auto flight = fight.peer.flush();
    fight.send(flight.front());
    const auto received = fight.connection->statistics().packets_received;
    fight.send_payload(space_id::initial, payload_of(wire::ping_frame{}), {.source = make_id(0x55)});
    if (fight.peer.has_keys(space_id::handshake))
      fight.send_payload(space_id::handshake, payload_of(wire::ping_frame{}), {.source = make_id(0x55)});
    EXPECT_EQ(fight.connection->statistics().packets_received, received);
    fight.send_payload(space_id::initial, payload_of(wire::ping_frame{}));
    EXPECT_EQ(fight.connection->statistics().packets_received, received + 1);
  }
}

// [rfc9000 17.2.2#1]
TEST(initial_packet, of_a_server_with_a_token_is_dropped) {
  duel fight(endpoint_role::client);
  fight.collect();
  fight.send_payload(space_id::initial, payload_of(wire::ping_frame{}), {.token = {1, 2, 3}});
  EXPECT_EQ(fight.connection->statistics().packets_received, 0u);
  EXPECT_EQ(fight.verdict(), code::no_error);
}

// [rfc9000 5.2#1]
TEST(initial_packet, with_an_error_behind_good_frames_ends_the_connection) {
  for (const endpoint_role role : {endpoint_role::client, endpoint_role::server}) {
    duel fight(role);
    fight.collect();
    fight.send(fight.peer.flush().front());
    bytes payload = payload_of(wire::ping_frame{});
    payload.push_back(0x1e);  // HANDSHAKE_DONE.
    fight.send_payload(space_id::initial, payload);
    EXPECT_EQ(fight.verdict(), code::protocol_violation);
  }
}

// --- Keys and levels ---

/// A client that has Handshake keys and has used them, but has not got the server's flight under these keys.
struct halfway_client : duel {
  explicit halfway_client(duration before = {}) : duel(endpoint_role::client) {
    collect();
    pass(before);
    peer.acknowledges = false;
    for (const bytes& datagram : peer.flush()) {
      if (headers_in(datagram).front().type == packet_type::initial) send(datagram);
    }
    send_payload(space_id::handshake, payload_of(wire::ping_frame{}));
    collect();
  }
};

// [rfc9001 4.9.1#1 4.9.1#2] [rfc9002 6.4#1]
TEST(initial_keys, of_a_client_are_gone_with_its_first_handshake_packet) {
  halfway_client fight;
  ASSERT_EQ(fight.peer.packets().back().type, packet_type::handshake);
  // Of the full datagrams with Initial packets nothing is left; only the padded Handshake packet is.
  EXPECT_LT(fight.connection->statistics().bytes_in_flight, 1200u);
  const auto received = fight.connection->statistics().packets_received;
  fight.peer.forget_packets();
  fight.send_payload(space_id::initial, payload_of(wire::ping_frame{}));
  fight.pass(5s);
  EXPECT_EQ(fight.connection->statistics().packets_received, received);
  EXPECT_EQ(count_of(fight, packet_type::initial), 0u);
}

// [rfc9001 4.9.1#1 4.9.1#2]
TEST(initial_keys, of_a_server_are_gone_with_the_clients_first_handshake_packet) {
  duel fight(endpoint_role::server);
  for (const bytes& datagram : fight.peer.flush()) fight.send(datagram);
  fight.peer.speaks_crypto = false;
  fight.collect();
  fight.send_payload(space_id::handshake, payload_of(wire::ping_frame{}));
  const auto received = fight.connection->statistics().packets_received;
  fight.peer.forget_packets();
  fight.send_payload(space_id::initial, payload_of(wire::ping_frame{}));
  fight.pass(5s);
  EXPECT_EQ(fight.connection->statistics().packets_received, received);
  EXPECT_EQ(count_of(fight, packet_type::initial), 0u);
  EXPECT_GT(count_of(fight, packet_type::handshake), 0u);
}

// [rfc9000 8.1#4 8.1#5] [rfc9002 6.2.2.1#2 6.2.2.1#3 6.2.4#2]
TEST(probe, of_a_client_with_handshake_keys_is_a_handshake_packet_although_nothing_is_in_flight) {
  halfway_client fight;
  fight.peer.forget_packets();
  fight.pass(3s);
  ASSERT_GT(count_of(fight, packet_type::handshake), 0u);
  for (const peer_packet& packet : fight.peer.packets()) {
    EXPECT_EQ(packet.type, packet_type::handshake);
    EXPECT_TRUE(elicits_ack(packet));
  }
}

// [rfc9002 6.2.2#1]
TEST(probe, comes_without_backoff_again_when_keys_are_discarded) {
  halfway_client fight(4s);
  ASSERT_GE(fight.connection->statistics().probe_timeouts, 2u);
  const auto before = fight.connection->statistics().probe_timeouts;
  fight.pass(1100ms);
  EXPECT_EQ(fight.connection->statistics().probe_timeouts, before + 1) << "not after four times as long";
}

// [rfc9001 4#1 4.9#1 4.9#2]
TEST(handshake_data, is_sent_again_at_its_own_level) {
  duel fight(endpoint_role::server);
  const auto flight = fight.peer.flush();
  for (const bytes& datagram : flight) fight.send(datagram);
  fight.deaf = true;
  fight.collect();
  fight.deaf = false;
  fight.pass(2s);
  // A ServerHello, and EncryptedExtensions: the types of messages (RFC 8446, section 4).
  ASSERT_FALSE(first_crypto(fight, packet_type::initial).empty());
  ASSERT_FALSE(first_crypto(fight, packet_type::handshake).empty());
  EXPECT_EQ(first_crypto(fight, packet_type::initial).front(), 2);
  EXPECT_EQ(first_crypto(fight, packet_type::handshake).front(), 8);
  fight.shake_hands();
}

// [rfc9000 19.20#1] [rfc9001 4.1.2#1]
TEST(handshake_done, comes_with_the_end_of_the_handshake_and_not_before) {
  duel fight(endpoint_role::server);
  for (const bytes& datagram : fight.peer.flush()) fight.send(datagram);
  fight.collect();
  fight.pass(1s);
  ASSERT_TRUE(fight.peer.complete()) << "the client has 1-RTT keys";
  EXPECT_EQ(fight.peer.count<wire::handshake_done_frame>(), 0u);
  for (const bytes& datagram : fight.peer.flush()) fight.send(datagram);
  fight.collect();
  EXPECT_EQ(fight.peer.count<wire::handshake_done_frame>(), 1u);
}

// [rfc9001 5.7#1 5.7#3]
TEST(one_rtt_packet, of_a_server_waits_until_a_client_has_completed_the_handshake) {
  duel fight(endpoint_role::client);
  fight.collect();
  const auto flight = fight.peer.flush();
  ASSERT_TRUE(fight.peer.has_keys(space_id::application_data));
  for (std::size_t i = 0; i + 1 < flight.size(); ++i) fight.send(flight[i]);
  fight.send_frames(space_id::application_data, wire::stream_frame{.id = 3, .data = as_bytes("early")});
  EXPECT_FALSE(fight.connection->is_established());
  EXPECT_EQ(fight.count_events<quic::stream_opened>(), 0u);
  fight.send(flight.back());
  EXPECT_TRUE(fight.connection->is_established());
  EXPECT_EQ(fight.count_events<quic::stream_opened>(), 1u);
}

// --- After a Retry and with a token of an earlier connection ---

// [rfc9000 8.1.3#1]
TEST(initial_packets, all_carry_the_token_that_the_client_was_given_with) {
  counting_random random;
  const network_path path{ip_endpoint::v4({10, 0, 0, 2}, 50000), ip_endpoint::v4({10, 0, 0, 1}, 443)};
  time_point now{1000s};
  const bytes token(60, 0x70);
  auto client =
      quic::connection::connect(
          {.tls = duel_client_tls(), .server_name = "localhost", .alpn = {"test"}, .path = path, .token = token},
          random, now)
          .value();
  bytes buffer(1200);
  std::size_t packets = 0;
  for (int timeout = 0; timeout < 3; ++timeout) {
    while (const auto sent = client->transmit(buffer, 1, now)) {
      for (const auto& header : headers_in(byte_view(buffer).first(sent->size))) {
        ++packets;
        EXPECT_TRUE(std::ranges::equal(header.token, token));
      }
    }
    now = client->next_deadline().value();
    client->on_timeout(now);
  }
  EXPECT_GE(packets, 4u);
}

}  // namespace
}  // namespace quasio::test
