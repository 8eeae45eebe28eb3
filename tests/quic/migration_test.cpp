// Servers that follow their clients, honest and hostile ones (RFC 9000, section 9), seen from the outside.

#include <gtest/gtest.h>

#include "quic/migration_duel.hpp"

namespace quasio::quic {
namespace {

using namespace test;
using namespace std::chrono_literals;

// --- A server and its client ----------------------------------------------------------------------------------------

// [rfc9000 8.2.1#2 8.2.1#3 8.2.1#4 8.2.3#1]
TEST(migration, of_a_client_that_says_little_is_followed_with_little) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  const network_path elsewhere = moved(fight, 1234, 2);
  fight.peer.forget_packets();
  const bytes small = ping(fight, 0);
  ASSERT_LT(small.size(), 60u);
  fight.send(small, elsewhere);
  fight.deaf_on.insert(fight.path);
  fight.collect();
  ASSERT_TRUE(fight.peer.last<wire::path_challenge_frame>());
  EXPECT_EQ(fight.last_path, elsewhere);
  EXPECT_LE(fight.sent_on[elsewhere], 3 * small.size());
  // The answer lifts the limit, and a challenge of full size follows.
  fight.send(answer(fight, 0), elsewhere);
  EXPECT_EQ(statistics_of(fight, elsewhere)->state, path_state::validating_mtu);
  EXPECT_EQ(fight.count_events<path_validated>(), 0u);
  fight.peer.forget_packets();
  fight.collect();
  ASSERT_TRUE(fight.peer.last<wire::path_challenge_frame>());
  EXPECT_GE(fight.peer.packets().back().datagram_size, 1200u);
  fight.send(answer(fight), elsewhere);
  EXPECT_EQ(statistics_of(fight, elsewhere)->state, path_state::validated);
  EXPECT_EQ(fight.count_events<path_validated>(), 1u);
}

// [rfc9000 9#4]
TEST(migration, is_told_with_how_it_came_about) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  const network_path elsewhere = moved(fight, 1234, 2);
  fight.send(ping(fight), elsewhere);
  const auto told = last<path_changed>(fight);
  ASSERT_TRUE(told);
  EXPECT_EQ(told->from, fight.path);
  EXPECT_EQ(told->to, elsewhere);
  EXPECT_EQ(told->why, path_change::peer_migrated);
  EXPECT_TRUE(told->reused_connection_id);
  EXPECT_EQ(fight.connection->statistics().path_changes, 1u);
  const auto paths = fight.connection->paths();
  ASSERT_EQ(paths.size(), 2u);
  EXPECT_EQ(paths[0].path, elsewhere);
  EXPECT_TRUE(paths[0].active);
  EXPECT_FALSE(paths[1].active);
  EXPECT_EQ(paths[0].state, path_state::validating);
  EXPECT_EQ(paths[0].packets_received, 1u);
  EXPECT_EQ(paths[0].bytes_received, 1200u);
}

// [rfc9000 9.3.2#1]
TEST(migration, to_where_nothing_may_be_sent_does_not_spin) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  const network_path elsewhere = moved(fight, 1234, 2);
  fight.deaf = true;
  for (int i = 0; i < 3; ++i) fight.send(ping(fight, 0), elsewhere);
  fight.collect();
  fight.send(ping(fight, 0), elsewhere);
  fight.pass(20s);
  EXPECT_EQ(fight.connection->path(), fight.path) << "back where it was proved";
  EXPECT_EQ(fight.count_events<path_failed>(), 1u);
  EXPECT_EQ(last<path_changed>(fight)->why, path_change::reverted);
}

// [rfc9000 5.1.1#2 9.5#2]
TEST(migration, is_answered_under_another_id_when_the_client_changed_its_own) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  fight.send_frames(space_id::application_data, wire::new_connection_id_frame{.sequence = 1, .id = make_id(0x11)});
  fight.settle();
  fight.peer.set_peer_id(fight.peer.last<wire::new_connection_id_frame>()->id);
  const network_path elsewhere = moved(fight, 1234, 9);
  fight.peer.forget_packets();
  fight.send(ping(fight), elsewhere);
  fight.deaf_on.insert(fight.path);
  fight.collect();
  ASSERT_FALSE(fight.peer.packets().empty());
  for (const auto& packet : fight.peer.packets()) EXPECT_EQ(packet.destination, make_id(0x11));
  EXPECT_FALSE(last<path_changed>(fight)->reused_connection_id);
  EXPECT_FALSE(fight.peer.last<wire::retire_connection_id_frame>()) << "the old path may be returned to";
  // When the new path is proved, the old one and its ID are given up.
  fight.send(answer(fight), elsewhere);
  fight.pass(20s);
  EXPECT_EQ(fight.peer.last<wire::retire_connection_id_frame>()->sequence, 0u);
  EXPECT_EQ(fight.connection->paths().size(), 1u);
  EXPECT_EQ(fight.count_events<path_closed>(), 1u);
}

// [rfc9000 9.5#2]
TEST(migration, under_a_new_id_waits_until_there_is_one_to_answer_with) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  const auto own = fight.peer.last<wire::new_connection_id_frame>();
  ASSERT_TRUE(own);
  fight.peer.set_peer_id(own->id);
  const network_path elsewhere = moved(fight, 1234, 9);
  fight.send(ping(fight), elsewhere);
  fight.collect();
  EXPECT_EQ(fight.sent_on[elsewhere], 0u) << "the only ID is that of the old path";
  EXPECT_EQ(fight.connection->path(), fight.path);
  fight.send(packet_with(fight, payload_of(wire::new_connection_id_frame{.sequence = 1, .id = make_id(0x11)},
                                           wire::ping_frame{})),
             elsewhere);
  fight.collect();
  EXPECT_GT(fight.sent_on[elsewhere], 0u);
  EXPECT_EQ(fight.connection->path(), elsewhere);
}

TEST(migration, by_an_old_packet_is_not_followed) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  const bytes old = ping(fight);
  fight.send_frames(space_id::application_data, wire::ping_frame{});
  fight.send(old, moved(fight, 1234, 9));
  fight.collect();
  EXPECT_EQ(fight.connection->path(), fight.path);
}

// [rfc9000 8.2.2#3 8.2.2#5]
TEST(migration, by_probing_alone_is_not_followed_but_answered_and_tried) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  const network_path elsewhere = moved(fight, 1234, 9);
  fight.peer.forget_packets();
  fight.send(packet_with(fight, payload_of(wire::path_challenge_frame{.data = {1, 2, 3}})), elsewhere);
  fight.collect();
  EXPECT_EQ(fight.connection->path(), fight.path);
  EXPECT_EQ(fight.peer.last<wire::path_response_frame>()->data, (wire::path_data{1, 2, 3}));
  EXPECT_GE(fight.sent_on[elsewhere], 1200u);
  fight.send(answer(fight), elsewhere);
  EXPECT_EQ(last<path_validated>(fight)->path, elsewhere);
  EXPECT_EQ(fight.connection->path(), fight.path);
  // The path is known when the client comes.
  fight.send(ping(fight), elsewhere);
  EXPECT_EQ(fight.connection->path(), elsewhere);
  EXPECT_EQ(statistics_of(fight, elsewhere)->state, path_state::validated);
}

TEST(migration, before_the_handshake_is_confirmed_is_ignored) {
  duel fight(endpoint_role::server);
  for (const bytes& datagram : fight.peer.flush()) fight.send(datagram);
  fight.collect();
  for (const bytes& datagram : fight.peer.flush()) fight.send(datagram, moved(fight, 1234, 9));
  EXPECT_FALSE(fight.connection->is_established());
  EXPECT_EQ(fight.connection->path(), fight.path);
}

// [rfc9000 9.3#1 9.3.3#1]
TEST(migration, makes_the_server_ask_on_the_old_path_too) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  fight.sent_on.clear();
  fight.send(ping(fight), moved(fight, 1234, 9));
  fight.deaf_on.insert(moved(fight, 1234, 9));
  fight.peer.forget_packets();
  fight.collect();
  EXPECT_GE(fight.sent_on[fight.path], 1200u);
  ASSERT_TRUE(fight.peer.last<wire::path_challenge_frame>());
  // Only probing: data goes to the new address alone.
  fight.peer.visit([](const test::peer_packet&, const wire::frame& frame) { EXPECT_TRUE(wire::is_probing(frame)); });
}

TEST(migration, that_a_newer_packet_contradicts_is_over) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  const network_path attacker = moved(fight, 1234, 9);
  fight.send(ping(fight), attacker);
  EXPECT_EQ(fight.connection->path(), attacker);
  fight.send(ping(fight));
  EXPECT_EQ(fight.connection->path(), fight.path);
  EXPECT_FALSE(statistics_of(fight, attacker)) << "its trial is over";
  fight.pass(20s);
  EXPECT_FALSE(fight.connection->is_closed());
}

// [rfc9000 9.4#2]
TEST(migration, keeps_what_is_known_when_only_the_port_changes) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  fight.send_frames(space_id::application_data, wire::ping_frame{});
  const auto before = *statistics_of(fight, fight.path);
  const network_path rebound = moved(fight, 1234, 2);
  fight.send(ping(fight), rebound);
  const auto after = *statistics_of(fight, rebound);
  EXPECT_EQ(after.smoothed_rtt, before.smoothed_rtt);
  EXPECT_EQ(after.congestion_window, before.congestion_window);
  EXPECT_EQ(after.bytes_in_flight, before.bytes_in_flight);
  EXPECT_EQ(after.minimum_rtt, before.minimum_rtt);
}

// [rfc9000 9.4#2]
TEST(migration, to_another_host_begins_anew) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  const network_path elsewhere = moved(fight, 1234, 9);
  fight.send(ping(fight), elsewhere);
  const auto after = *statistics_of(fight, elsewhere);
  EXPECT_EQ(after.smoothed_rtt, settings().initial_rtt);
  EXPECT_EQ(after.latest_rtt, 0ms);
  EXPECT_EQ(after.bytes_in_flight, 0u);
}

TEST(migration, by_copies_that_change_only_the_port_costs_the_true_path_nothing) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  fight.send_frames(space_id::application_data, wire::ping_frame{});
  const auto before = *statistics_of(fight, fight.path);
  fight.send(ping(fight), moved(fight, 1234, 2));
  fight.send(ping(fight));
  const auto after = *statistics_of(fight, fight.path);
  EXPECT_EQ(after.smoothed_rtt, before.smoothed_rtt);
  EXPECT_EQ(after.congestion_window, before.congestion_window);
}

// [rfc9000 8.2.3#1 14#1]
TEST(migration, to_a_path_that_carries_no_large_datagrams_fails) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  const network_path narrow = moved(fight, 1234, 9);
  fight.send(ping(fight, 0), narrow);
  fight.deaf_on.insert(fight.path);
  fight.peer.forget_packets();
  fight.collect();
  fight.send(answer(fight, 0), narrow);
  fight.deaf_on.clear();
  fight.deaf = true;
  fight.pass(60s);
  EXPECT_EQ(last<path_failed>(fight)->path, narrow);
  EXPECT_EQ(fight.connection->path(), fight.path);
}

TEST(migration, from_loopback_is_no_business_of_a_client_from_elsewhere) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  network_path local = fight.path;
  local.peer = ip_endpoint::v4({127, 0, 0, 1}, 53);
  fight.send(ping(fight), local);
  fight.collect();
  EXPECT_EQ(fight.sent_on[local], 0u);
  EXPECT_EQ(fight.connection->path(), fight.path);
}

// [rfc9000 8.2.1#2 9#4 9.3#1]
TEST(migration, of_a_client_that_says_enough_is_answered_with_full_challenges) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  const network_path elsewhere = moved(fight, 1234, 9);
  fight.send(ping(fight), elsewhere);
  fight.deaf_on.insert(fight.path);
  fight.peer.forget_packets();
  fight.collect();
  std::size_t challenges = 0;
  fight.peer.visit([&](const test::peer_packet& packet, const wire::frame& frame) {
    if (!std::holds_alternative<wire::path_challenge_frame>(frame)) return;
    ++challenges;
    EXPECT_GE(packet.datagram_size, 1200u);
  });
  EXPECT_EQ(challenges, 1u);
}

// [rfc9000 8.2.1#4 8.2.2#6]
TEST(migration, by_a_small_challenge_is_answered_within_three_times_its_size) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  const network_path elsewhere = moved(fight, 1234, 9);
  const bytes small = packet_with(fight, payload_of(wire::path_challenge_frame{.data = {4}}), 100);
  fight.peer.forget_packets();
  fight.send(small, elsewhere);
  fight.collect();
  EXPECT_EQ(fight.peer.last<wire::path_response_frame>()->data, wire::path_data{4});
  EXPECT_LE(fight.sent_on[elsewhere], 3 * small.size());
}

// [rfc9000 9.4#1]
TEST(migration, leaves_what_was_sent_before_to_the_old_path) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  fight.peer.acknowledges = false;
  fight.send_frames(space_id::application_data,
                    wire::stream_frame{.id = 0, .offset = 0, .data = as_bytes("x"), .fin = true});
  ASSERT_TRUE(fight.connection->stream_write(0, bytes(5000), true));
  fight.collect();
  const bytes late = fight.peer.acknowledgment(space_id::application_data);
  const network_path elsewhere = moved(fight, 1234, 9);
  fight.send(ping(fight), elsewhere);
  fight.deaf = true;
  fight.collect();
  const auto before = *statistics_of(fight, elsewhere);
  const auto before_there = *statistics_of(fight, fight.path);
  fight.now += 150ms;
  fight.send(packet_with(fight, late), elsewhere);
  const auto after = *statistics_of(fight, elsewhere);
  EXPECT_EQ(after.latest_rtt, 0ms) << "no sample of the new path";
  EXPECT_EQ(after.smoothed_rtt, settings().initial_rtt);
  EXPECT_EQ(after.congestion_window, before.congestion_window);
  EXPECT_EQ(after.bytes_in_flight, before.bytes_in_flight);
  EXPECT_LE(statistics_of(fight, fight.path)->bytes_in_flight + 5000, before_there.bytes_in_flight);
}

// [rfc9000 9#3]
TEST(migration, that_the_server_had_disabled_is_followed_and_validated_all_the_same) {
  duel fight(endpoint_role::server, {.transport = {.disable_active_migration = true}});
  fight.shake_hands();
  EXPECT_TRUE(fight.peer.peer_transport_parameters().disable_active_migration);
  const network_path elsewhere = moved(fight, 1234, 9);
  fight.send(ping(fight), elsewhere);
  fight.deaf_on.insert(fight.path);
  fight.peer.forget_packets();
  fight.collect();
  EXPECT_EQ(fight.peer.unreadable().size(), 0u) << "no Stateless Reset";
  fight.send(answer(fight), elsewhere);
  EXPECT_EQ(last<path_validated>(fight)->path, elsewhere);
  EXPECT_EQ(fight.connection->path(), elsewhere);
}

// --- Hostile clients ------------------------------------------------------------------------------------------------

// [rfc9000 8#1 9.3#2 9.6.3#2]
TEST(hostile_migration, from_spoofed_addresses_sends_nobody_more_than_three_times_what_came) {
  for (const std::size_t size : {0u, 100u, 400u, 1200u}) {
    duel fight(endpoint_role::server);
    fight.shake_hands();
    fight.send_frames(space_id::application_data,
                      wire::stream_frame{.id = 0, .offset = 0, .data = as_bytes("give me much"), .fin = true});
    fight.settle();
    fight.drain_events();
    std::map<network_path, std::uint64_t> received;
    const bytes much(200'000, 1);
    ASSERT_TRUE(fight.connection->stream_write(0, much, false));
    fight.sent_on.clear();
    for (int round = 0; round < 200; ++round) {
      const network_path victim = moved(fight, static_cast<std::uint16_t>(round % 7 + 1), 77);
      const bytes datagram = ping(fight, size);
      received[victim] += datagram.size();
      fight.send(datagram, victim);
      fight.collect();
      if (round % 5 == 0) fight.pass(30ms);
    }
    fight.pass(20s);
    for (const auto& [path, sent] : fight.sent_on) {
      if (path != fight.path) {
        EXPECT_LE(sent, 3 * received[path]) << path.peer.to_string();
      }
    }
    EXPECT_FALSE(fight.connection->is_closed()) << fight.why_closed();
  }
}

// [rfc9000 9.3#2]
TEST(hostile_migration, that_hops_without_end_is_followed_at_a_bounded_rate) {
  duel fight(endpoint_role::server, {.transport = {.max_peer_migrations = 5, .peer_migration_interval = 100ms}});
  fight.shake_hands();
  for (std::uint16_t port = 1; port <= 1000; ++port) fight.send(ping(fight), moved(fight, port, 9));
  EXPECT_EQ(fight.count_events<path_changed>(), 5u);
  EXPECT_LE(fight.connection->paths().size(), settings().max_paths);
  EXPECT_EQ(fight.connection->statistics().peer_migrations_denied, 995u);
  EXPECT_EQ(fight.connection->statistics().path_changes, 5u);
  // An honest client is only made to wait.
  fight.pass(100ms);
  fight.send(ping(fight), moved(fight, 5000, 9));
  EXPECT_EQ(fight.connection->path(), moved(fight, 5000, 9));
}

TEST(hostile_migration, that_flaps_between_good_paths_is_followed_at_a_bounded_rate) {
  duel fight(endpoint_role::server, {.transport = {.max_peer_migrations = 5, .peer_migration_interval = 100ms}});
  fight.shake_hands();
  const network_path second = moved(fight, 1234, 9);
  fight.send(ping(fight), second);
  fight.deaf_on.insert(fight.path);
  fight.peer.forget_packets();
  fight.collect();
  fight.send(answer(fight), second);
  for (int i = 0; i < 500; ++i) fight.send(ping(fight), i % 2 == 0 ? fight.path : second);
  EXPECT_LE(fight.count_events<path_changed>(), 6u);
}

TEST(hostile_migration, with_challenges_galore_is_answered_within_bounds) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  for (int round = 0; round < 100; ++round) {
    bytes payload;
    for (std::uint8_t i = 0; i < 100; ++i) {
      const bytes one = payload_of(wire::path_challenge_frame{.data = {i, static_cast<std::uint8_t>(round)}});
      payload.insert(payload.end(), one.begin(), one.end());
    }
    fight.send(packet_with(fight, payload), moved(fight, static_cast<std::uint16_t>(round % 3 + 1), 9));
  }
  fight.peer.forget_packets();
  fight.collect();
  EXPECT_LE(fight.peer.count<wire::path_response_frame>(),
            settings().max_pending_path_responses * settings().max_paths);
  EXPECT_FALSE(fight.connection->is_closed());
}

TEST(hostile_migration, with_an_id_for_every_hop_uses_up_only_its_own) {
  duel fight(endpoint_role::server, {.transport = {.max_peer_migrations = 1000}});
  fight.shake_hands();
  const auto own = fight.peer.last<wire::new_connection_id_frame>()->id;
  const auto first = fight.peer.peer_id();
  for (std::uint16_t port = 1; port <= 100; ++port) {
    fight.peer.set_peer_id(port % 2 == 0 ? own : first);
    fight.send(ping(fight), moved(fight, port, 9));
    fight.collect();
  }
  EXPECT_FALSE(fight.connection->is_closed()) << fight.why_closed();
  EXPECT_LE(fight.connection->paths().size(), settings().max_paths);
}

TEST(hostile_migration, that_retires_the_ids_of_every_path_at_once_gets_new_ones_used) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  fight.send_frames(space_id::application_data, wire::new_connection_id_frame{.sequence = 1, .id = make_id(0x11)});
  const network_path elsewhere = moved(fight, 1234, 9);
  fight.send(ping(fight), elsewhere);
  fight.collect();
  fight.send(packet_with(fight, payload_of(wire::new_connection_id_frame{
                                    .sequence = 5, .retire_prior_to = 5, .id = make_id(0x55)})),
             elsewhere);
  fight.peer.forget_packets();
  fight.send(ping(fight), elsewhere);
  fight.pass(100ms);
  ASSERT_FALSE(fight.peer.packets().empty());
  EXPECT_EQ(fight.peer.packets().back().destination, make_id(0x55));
  EXPECT_FALSE(fight.connection->is_closed()) << fight.why_closed();
}

}  // namespace
}  // namespace quasio::quic
