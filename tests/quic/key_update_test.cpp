// Key updates: begun by a call, by a limit and by the peer, answered, and abused (RFC 9001, section 6).

#include <gtest/gtest.h>

#include "quic/connection_pair.hpp"

namespace quasio::test {
namespace {

using code = transport_error_code;
using quic::key_update_error;

std::optional<key_update_error> refusal(quic::connection& connection, time_point now) {
  const auto begun = connection.update_keys(now);
  return begun ? std::nullopt : std::optional(begun.error());
}

// --- By the peer ---

// [rfc9001 6.2#1 6.2#2]
TEST(key_update, by_the_peer_is_followed) {
  for (const endpoint_role role : {endpoint_role::client, endpoint_role::server}) {
    duel fight(role);
    fight.shake_hands();
    fight.peer.update_keys();
    fight.peer.forget_packets();
    fight.send_frames(space_id::application_data, wire::ping_frame{});
    fight.send_frames(space_id::application_data, wire::ping_frame{});
    fight.collect();
    EXPECT_EQ(fight.verdict(), code::no_error);
    EXPECT_EQ(fight.connection->statistics().key_updates, 1u);
    ASSERT_FALSE(fight.peer.packets().empty());
    EXPECT_TRUE(fight.peer.packets().back().key_phase);
  }
}

TEST(key_update, many_times_is_followed_each_time) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  for (std::uint64_t round = 1; round <= 20; ++round) {
    fight.peer.update_keys();
    fight.send_frames(space_id::application_data, wire::ping_frame{});
    fight.send_frames(space_id::application_data, wire::ping_frame{});
    fight.settle();
    EXPECT_EQ(fight.connection->statistics().key_updates, round);
  }
  EXPECT_EQ(fight.verdict(), code::no_error);
}

// [rfc9001 6.1#3]
TEST(key_update, leaves_packets_from_before_it_readable_for_a_while) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  const bytes early = fight.peer.seal(space_id::application_data, payload_of(wire::ping_frame{}));
  const bytes late = fight.peer.seal(space_id::application_data, payload_of(wire::ping_frame{}));
  fight.peer.update_keys();
  fight.send_frames(space_id::application_data, wire::ping_frame{});
  const auto received = fight.connection->statistics().packets_received;
  fight.send(early);
  EXPECT_EQ(fight.connection->statistics().packets_received, received + 1);
  fight.pass(10s);
  fight.send(late);
  EXPECT_EQ(fight.connection->statistics().packets_received, received + 1);
  EXPECT_EQ(fight.verdict(), code::no_error);
}

// [rfc9001 5.5#2]
TEST(key_update, with_a_forged_phase_bit_is_dropped) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  for (int i = 0; i < 10; ++i) {
    bytes packet = fight.peer.seal(space_id::application_data, payload_of(wire::ping_frame{}));
    packet[0] ^= 0x04;
    fight.send(packet);
  }
  EXPECT_EQ(fight.verdict(), code::no_error);
  EXPECT_EQ(fight.connection->statistics().key_updates, 0u);
}

// --- Breaches of the peer ---

TEST(key_update, twice_without_waiting_is_an_error) {
  for (const endpoint_role role : {endpoint_role::client, endpoint_role::server}) {
    duel fight(role);
    fight.shake_hands();
    for (int i = 0; i < 2; ++i) {
      fight.peer.update_keys();
      fight.send_frames(space_id::application_data, wire::ping_frame{});
    }
    EXPECT_EQ(fight.verdict(), code::key_update_error);
  }
}

// [rfc9001 6.4#2]
TEST(key_update, with_old_keys_between_newer_ones_is_an_error) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  const std::uint64_t first = fight.peer.next_number(space_id::application_data);
  const bytes old = fight.peer.seal(space_id::application_data, payload_of(wire::ping_frame{}), {.number = first + 5});
  fight.peer.update_keys();
  fight.send_payload(space_id::application_data, payload_of(wire::ping_frame{}), {.number = first});
  fight.send_payload(space_id::application_data, payload_of(wire::ping_frame{}), {.number = first + 10});
  EXPECT_EQ(fight.verdict(), code::no_error);
  fight.send(old);
  EXPECT_EQ(fight.verdict(), code::key_update_error);
}

TEST(key_update, that_is_acknowledged_with_old_keys_is_an_error) {
  for (const endpoint_role role : {endpoint_role::client, endpoint_role::server}) {
    duel fight(role);
    fight.shake_hands();
    ASSERT_FALSE(refusal(*fight.connection, fight.now));
    fight.send_frames(space_id::application_data, wire::ping_frame{});
    fight.pass(50ms);
    ASSERT_TRUE(fight.peer.packets().back().key_phase);
    // The peer reads under the new keys, but has not been told to write under them.
    fight.send_payload(space_id::application_data, fight.peer.acknowledgment(space_id::application_data));
    EXPECT_EQ(fight.verdict(), code::key_update_error);
  }
}

TEST(key_update, that_only_old_packets_are_acknowledged_for_is_none) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  fight.peer.acknowledges = false;
  ASSERT_FALSE(refusal(*fight.connection, fight.now));
  fight.send_frames(space_id::application_data, wire::ping_frame{});
  const bytes before = fight.peer.acknowledgment(space_id::application_data);
  fight.pass(50ms);
  fight.send_payload(space_id::application_data, before);
  EXPECT_EQ(fight.verdict(), code::no_error);
}

// [rfc9001 6.6#5 6.6#6]
TEST(key_update, that_is_forged_too_often_ends_the_connection) {
  duel fight(endpoint_role::server, {.transport = {.max_authentication_failures = 20}});
  fight.shake_hands();
  for (int i = 0; i < 21; ++i) {
    EXPECT_EQ(fight.verdict(), code::no_error) << i;
    bytes packet = fight.peer.seal(space_id::application_data, payload_of(wire::ping_frame{}));
    packet.back() ^= 0x04;
    fight.send(packet);
  }
  EXPECT_EQ(fight.verdict(), code::aead_limit_reached);
  EXPECT_EQ(fight.connection->statistics().authentication_failures, 21u);
}

// --- By a call ---

TEST(key_update, by_a_call_moves_both_ends_on) {
  for (const bool by_client : {true, false}) {
    connection_pair pair;
    pair.settle();
    quic::connection& first = by_client ? *pair.client : *pair.server;
    quic::connection& second = by_client ? *pair.server : *pair.client;
    for (std::uint64_t round = 1; round <= 10; ++round) {
      ASSERT_FALSE(refusal(first, pair.now)) << round;
      EXPECT_TRUE(pair.exchange());
      EXPECT_EQ(first.statistics().key_updates, round);
      EXPECT_EQ(second.statistics().key_updates, round);
      EXPECT_EQ(first.statistics().key_updates_by_peer, 0u);
      EXPECT_EQ(second.statistics().key_updates_by_peer, round);
      pair.pass(10s);
    }
    EXPECT_EQ(first.statistics().authentication_failures + second.statistics().authentication_failures, 0u);
  }
}

TEST(key_update, is_announced_to_both_applications) {
  connection_pair pair;
  pair.settle();
  ASSERT_FALSE(refusal(*pair.client, pair.now));
  EXPECT_TRUE(pair.exchange());
  const auto updates = [](quic::connection& of) {
    std::vector<bool> by_peer;
    while (const auto event = of.poll_event()) {
      if (const auto* updated = std::get_if<quic::keys_updated>(&*event)) by_peer.push_back(updated->by_peer);
    }
    return by_peer;
  };
  EXPECT_EQ(updates(*pair.client), std::vector<bool>{false});
  EXPECT_EQ(updates(*pair.server), std::vector<bool>{true});
}

TEST(key_update, from_both_ends_at_once_is_one) {
  connection_pair pair;
  pair.settle();
  for (std::uint64_t round = 1; round <= 5; ++round) {
    ASSERT_FALSE(refusal(*pair.client, pair.now));
    ASSERT_FALSE(refusal(*pair.server, pair.now));
    EXPECT_TRUE(pair.exchange());
    EXPECT_EQ(pair.client->statistics().key_updates, round);
    EXPECT_EQ(pair.server->statistics().key_updates, round);
    pair.pass(10s);
  }
}

// [rfc9001 6.1#1]
TEST(key_update, waits_for_the_handshake_to_be_confirmed) {
  duel fight(endpoint_role::client);
  EXPECT_EQ(refusal(*fight.connection, fight.now), key_update_error::handshake_unconfirmed);
  fight.settle();
  ASSERT_TRUE(fight.connection->is_established());
  EXPECT_EQ(refusal(*fight.connection, fight.now), key_update_error::handshake_unconfirmed);
  fight.send_frames(space_id::application_data, wire::handshake_done_frame{});
  fight.settle();
  EXPECT_EQ(refusal(*fight.connection, fight.now), std::nullopt);
}

// [rfc9001 6.1#2]
TEST(key_update, waits_for_the_one_before) {
  connection_pair pair;
  pair.settle();
  ASSERT_FALSE(refusal(*pair.client, pair.now));
  EXPECT_EQ(refusal(*pair.client, pair.now), key_update_error::unacknowledged);
  EXPECT_TRUE(pair.exchange());
  EXPECT_EQ(refusal(*pair.client, pair.now), key_update_error::too_soon);
  while (refusal(*pair.server, pair.now) == key_update_error::unacknowledged) pair.pass(1ms);
  EXPECT_EQ(refusal(*pair.server, pair.now), key_update_error::too_soon) << "the answer counts as well";
  pair.pass(10s);
  EXPECT_EQ(refusal(*pair.client, pair.now), std::nullopt);
}

TEST(key_update, of_a_closed_connection_is_refused) {
  connection_pair pair;
  pair.settle();
  pair.client->close(0, "", pair.now);
  EXPECT_EQ(refusal(*pair.client, pair.now), key_update_error::connection_closed);
}

// --- By a limit ---

// [rfc9001 5.3#3 6.6#3]
TEST(key_update, comes_by_itself_when_the_keys_have_sealed_enough) {
  connection_pair pair({.client = {.key_update_packets = 20}});
  pair.settle();
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(pair.exchange());
    pair.pass(1s);
  }
  EXPECT_GE(pair.client->statistics().key_updates, 4u);
  EXPECT_EQ(pair.client->statistics().key_updates_by_peer, 0u);
  EXPECT_EQ(pair.server->statistics().key_updates_by_peer, pair.client->statistics().key_updates);
}

TEST(key_update, comes_by_itself_when_enough_bytes_have_passed) {
  connection_pair pair({.server = {.key_update_bytes = 3'000}});
  pair.settle();
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(pair.exchange());
    pair.pass(1s);
  }
  const quic::statistics server = pair.server->statistics();
  EXPECT_GE(server.key_updates, 2u);
  EXPECT_LE(server.key_updates, (server.bytes_sent + server.bytes_received) / 3'000);
  EXPECT_EQ(server.key_updates_by_peer, 0u);
}

// --- The limits of each cipher (RFC 9001, section 6.6) ---

// [rfc9001 6.6#6]
TEST(key_limits, are_those_of_the_rfc) {
  using crypto::aead_algorithm;
  EXPECT_EQ(crypto::confidentiality_limit(aead_algorithm::aes_128_gcm), std::uint64_t{1} << 23);
  EXPECT_EQ(crypto::confidentiality_limit(aead_algorithm::aes_256_gcm), std::uint64_t{1} << 23);
  EXPECT_GT(crypto::confidentiality_limit(aead_algorithm::chacha20_poly1305), std::uint64_t{1} << 62);
  EXPECT_EQ(crypto::integrity_limit(aead_algorithm::aes_128_gcm), std::uint64_t{1} << 52);
  EXPECT_EQ(crypto::integrity_limit(aead_algorithm::aes_256_gcm), std::uint64_t{1} << 52);
  EXPECT_EQ(crypto::integrity_limit(aead_algorithm::chacha20_poly1305), std::uint64_t{1} << 36);
}

}  // namespace
}  // namespace quasio::test
