// Clients that move (RFC 9000, sections 9.1 to 9.5), seen from the outside.

#include <gtest/gtest.h>

#include "quic/migration_duel.hpp"

namespace quasio::quic {
namespace {

using namespace test;
using namespace std::chrono_literals;

// [rfc9000 9.5#1]
TEST(client_migration, moves_data_at_once_and_validates_meanwhile) {
  client_duel fight;
  const network_path next = fight.from(1);
  ASSERT_TRUE(fight.connection->migrate(next, fight.now));
  EXPECT_EQ(fight.connection->path(), next);
  const auto id = fight.connection->open_stream(stream_direction::bidirectional);
  ASSERT_TRUE(fight.connection->stream_write(*id, as_bytes("from elsewhere"), true));
  fight.collect();
  EXPECT_GE(fight.sent_on[next], 1200u);
  EXPECT_EQ(fight.sent_on[fight.path], 0u);
  ASSERT_TRUE(fight.peer.last<wire::path_challenge_frame>());
  ASSERT_TRUE(fight.peer.last<wire::stream_frame>());
  EXPECT_EQ(fight.peer.packets().back().destination, make_id(1)) << "an ID that was not used before";
  fight.answer_on(next);
  EXPECT_EQ(last<path_validated>(fight)->path, next);
  EXPECT_EQ(last<path_changed>(fight)->why, path_change::migrated);
  fight.pass(10s);
  EXPECT_EQ(last<path_closed>(fight)->path, fight.path);
  EXPECT_EQ(fight.peer.last<wire::retire_connection_id_frame>()->sequence, 0u);
}

TEST(client_migration, can_wait_until_the_path_is_validated) {
  client_duel fight;
  const network_path next = fight.from(1);
  ASSERT_TRUE(fight.connection->migrate(next, fight.now, migration_timing::when_validated));
  EXPECT_EQ(fight.connection->path(), fight.path);
  fight.collect();
  fight.peer.visit([](const test::peer_packet&, const wire::frame& frame) { EXPECT_TRUE(wire::is_probing(frame)); });
  fight.answer_on(next);
  EXPECT_EQ(fight.connection->path(), next);
}

// [rfc9000 9.3.2#1]
TEST(client_migration, goes_back_when_the_new_path_is_dead) {
  for (const auto when : {migration_timing::at_once, migration_timing::when_validated}) {
    client_duel fight;
    const network_path next = fight.from(1);
    fight.deaf_on.insert(next);
    ASSERT_TRUE(fight.connection->migrate(next, fight.now, when));
    fight.pass(20s);
    EXPECT_EQ(fight.connection->path(), fight.path);
    EXPECT_EQ(last<path_failed>(fight)->path, next);
    EXPECT_EQ(fight.count_events<path_closed>(), 0u) << "failed is the end of it";
    EXPECT_EQ(fight.connection->paths().size(), 1u);
    EXPECT_EQ(fight.connection->statistics().path_failures, 1u);
    EXPECT_EQ(fight.peer.last<wire::retire_connection_id_frame>()->sequence, 1u);
    EXPECT_FALSE(fight.connection->is_closed());
  }
}

TEST(client_migration, survives_the_loss_of_all_challenges_and_answers_but_one) {
  for (unsigned heard = 1; heard <= settings().max_path_challenges; ++heard) {
    client_duel fight;
    const network_path next = fight.from(1);
    ASSERT_TRUE(fight.connection->probe_path(next, fight.now));
    fight.collect();
    while (fight.sent_on[next] < heard * 1200) fight.pass_deadline();
    // The answer is late, but the attempt is not over.
    fight.pass(1ms);
    fight.answer_on(next);
    EXPECT_EQ(last<path_validated>(fight)->path, next) << heard;
    EXPECT_EQ(statistics_of(fight, next)->challenges_sent, heard);
  }
}

// [rfc9000 9.4#3]
TEST(client_migration, asks_again_no_sooner_than_after_a_probe_timeout_of_the_new_path) {
  client_duel fight;
  const network_path next = fight.from(1);
  ASSERT_TRUE(fight.connection->probe_path(next, fight.now));
  fight.collect();
  // RFC 9002, sections 6.2.1 and 6.2.2: three initial round trips where there is no sample, and the peer's delay.
  fight.pass(3 * settings().initial_rtt + 24ms);
  EXPECT_EQ(statistics_of(fight, next)->challenges_sent, 1u);
  fight.pass(10ms);
  EXPECT_EQ(statistics_of(fight, next)->challenges_sent, 2u);
}

TEST(client_migration, takes_the_late_answer_to_an_earlier_challenge) {
  client_duel fight;
  const network_path next = fight.from(1);
  ASSERT_TRUE(fight.connection->probe_path(next, fight.now));
  fight.collect();
  const bytes first = answer(fight);
  while (fight.sent_on[next] < 3 * 1200) fight.pass_deadline();
  fight.send(first, next);
  EXPECT_EQ(last<path_validated>(fight)->path, next);
}

// [rfc9000 8.2.2#4]
TEST(client_migration, takes_an_answer_that_comes_another_way) {
  client_duel fight;
  const network_path next = fight.from(1);
  ASSERT_TRUE(fight.connection->probe_path(next, fight.now));
  fight.collect();
  fight.send(answer(fight), fight.path);
  EXPECT_EQ(last<path_validated>(fight)->path, next) << "section 8.2.3";
}

// [rfc9000 8.2.1#2]
TEST(client_migration, probes_without_data_and_keeps_what_works) {
  client_duel fight;
  const network_path next = fight.from(1);
  ASSERT_TRUE(fight.connection->probe_path(next, fight.now));
  fight.collect();
  EXPECT_EQ(fight.sent_on[next], 1200u);
  fight.answer_on(next);
  EXPECT_EQ(fight.connection->path(), fight.path);
  EXPECT_EQ(statistics_of(fight, next)->state, path_state::validated);
  fight.pass(25s);
  EXPECT_TRUE(statistics_of(fight, next));
  fight.peer.forget_packets();
  ASSERT_TRUE(fight.connection->migrate(next, fight.now));
  EXPECT_EQ(fight.connection->path(), next);
  fight.collect();
  EXPECT_FALSE(fight.peer.last<wire::path_challenge_frame>()) << "it is known to work";
}

// [rfc9000 9.4#2]
TEST(client_migration, resets_what_was_known_unless_only_the_port_changes) {
  client_duel fight;
  const auto before = *statistics_of(fight, fight.path);
  network_path other_port = fight.path;
  other_port.local.port = 6000;
  ASSERT_TRUE(fight.connection->migrate(other_port, fight.now));
  EXPECT_EQ(fight.connection->paths().front().smoothed_rtt, before.smoothed_rtt);
  ASSERT_TRUE(fight.connection->migrate(fight.from(1), fight.now));
  EXPECT_EQ(fight.connection->paths().front().smoothed_rtt, settings().initial_rtt);
}

// [rfc9000 8.2.2#1 8.2.2#2 8.2.2#3 8.2.2#5 19.17#1]
TEST(client_migration, answers_a_challenge_on_the_path_where_it_came) {
  client_duel fight;
  const network_path next = fight.from(1);
  ASSERT_TRUE(fight.connection->probe_path(next, fight.now));
  fight.collect();
  fight.sent_on.clear();
  fight.send(packet_with(fight, payload_of(wire::path_challenge_frame{.data = {9}})), next);
  fight.collect();
  EXPECT_GE(fight.sent_on[next], 1200u);
  EXPECT_EQ(fight.peer.last<wire::path_response_frame>()->data, wire::path_data{9});
}

TEST(client_migration, answers_a_challenge_on_the_active_path_with_more_than_probing) {
  client_duel fight;
  fight.send(packet_with(fight, payload_of(wire::path_challenge_frame{.data = {9}})));
  fight.collect();
  bool only_probing = true;
  fight.peer.visit(
      [&](const test::peer_packet&, const wire::frame& frame) { only_probing &= wire::is_probing(frame); });
  EXPECT_TRUE(fight.peer.last<wire::path_response_frame>());
  EXPECT_FALSE(only_probing) << "so that the server stays with this path (section 9.3.3)";
}

// [rfc9000 9#1 9#2 18.2#2]
TEST(client_migration, is_refused_with_the_reason) {
  duel early(endpoint_role::client);
  const network_path elsewhere{ip_endpoint::v4({10, 0, 1, 1}, 1), early.path.peer};
  EXPECT_EQ(early.connection->migrate(elsewhere, early.now).error(), path_error::handshake_not_confirmed);
  early.settle();
  EXPECT_EQ(early.connection->probe_path(elsewhere, early.now).error(), path_error::handshake_not_confirmed);

  client_duel poor({}, 0);
  EXPECT_EQ(poor.connection->migrate(poor.from(1), poor.now).error(), path_error::no_connection_id);
  EXPECT_EQ(poor.connection->path(), poor.path);

  auto forbidden = test::generous_parameters();
  forbidden.disable_active_migration = true;
  client_duel bound({.peer_parameters = forbidden});
  EXPECT_EQ(bound.connection->migrate(bound.from(1), bound.now).error(), path_error::migration_disabled);

  client_duel fight;
  network_path stranger = fight.from(1);
  stranger.peer.port = 1;
  EXPECT_EQ(fight.connection->migrate(stranger, fight.now).error(), path_error::unknown_server_address);
  EXPECT_EQ(fight.connection->abandon_path(stranger, fight.now).error(), path_error::unknown_path);
  EXPECT_EQ(fight.connection->abandon_path(fight.path, fight.now).error(), path_error::path_in_use);
  fight.connection->close(0, "", fight.now);
  EXPECT_EQ(fight.connection->migrate(fight.from(1), fight.now).error(), path_error::connection_closed);

  duel server(endpoint_role::server);
  server.shake_hands();
  EXPECT_EQ(server.connection->migrate(moved(server, 1, 1), server.now).error(), path_error::not_a_client);
}

// [rfc9000 9.5#1]
TEST(client_migration, until_the_ids_are_used_up_says_so_and_goes_on_when_more_come) {
  client_duel fight;
  int moves = 0;
  path_error refusal{};
  for (std::uint8_t host = 1; host < 10; ++host) {
    const auto moved_on = fight.connection->migrate(fight.from(host), fight.now);
    if (!moved_on) {
      refusal = moved_on.error();
      break;
    }
    ++moves;
    fight.collect();
  }
  EXPECT_GE(moves, 3);
  EXPECT_EQ(refusal, path_error::no_connection_id);
  EXPECT_FALSE(fight.connection->is_closed());
  fight.give_id(4);
  EXPECT_TRUE(fight.connection->migrate(fight.from(20), fight.now));
}

TEST(client_migration, keeps_a_bounded_number_of_paths) {
  auto options = test::duel_options{};
  options.transport.active_connection_id_limit = 16;
  options.transport.max_paths = 5;
  client_duel fight(options, 10);
  std::size_t probed = 0;
  for (std::uint8_t host = 1; host < 10; ++host) {
    const auto outcome = fight.connection->probe_path(fight.from(host), fight.now);
    probed += outcome.has_value();
    if (!outcome) {
      EXPECT_EQ(outcome.error(), path_error::too_many_paths);
    }
  }
  EXPECT_EQ(probed, 4u);
  ASSERT_TRUE(fight.connection->abandon_path(fight.from(1), fight.now));
  EXPECT_TRUE(fight.connection->probe_path(fight.from(9), fight.now));
}

// [rfc9000 9.3.2#2]
TEST(client_migration, ends_the_connection_when_no_path_is_left) {
  client_duel fight;
  const network_path next = fight.from(1);
  fight.deaf_on.insert(next);
  ASSERT_TRUE(fight.connection->migrate(next, fight.now));
  ASSERT_TRUE(fight.connection->abandon_path(fight.path, fight.now)) << "its network is gone";
  EXPECT_EQ(last<path_closed>(fight)->path, fight.path);
  fight.deaf_on.clear();
  fight.pass(25s);
  ASSERT_TRUE(fight.connection->is_closed());
  EXPECT_FALSE(fight.peer.last<wire::connection_close_frame>()) << "section 9.3.2: silently";
  EXPECT_EQ(fight.connection->reason().cause, close_cause::no_viable_path);
  EXPECT_EQ(fight.connection->reason().to_string(), "no path to the peer is left");
  EXPECT_FALSE(fight.connection->reason().is_timeout());
}

TEST(client_migration, abandoning_the_path_in_use_goes_back_to_a_good_one) {
  client_duel fight;
  const network_path next = fight.from(1);
  ASSERT_TRUE(fight.connection->probe_path(next, fight.now));
  fight.collect();
  fight.answer_on(next);
  ASSERT_TRUE(fight.connection->abandon_path(fight.path, fight.now));
  EXPECT_EQ(fight.connection->path(), next);
  EXPECT_EQ(last<path_changed>(fight)->why, path_change::reverted);
  EXPECT_EQ(last<path_closed>(fight)->path, fight.path);
  EXPECT_FALSE(statistics_of(fight, fight.path));
}

// [rfc9000 9#5]
TEST(client_migration, ignores_datagrams_from_elsewhere) {
  client_duel fight;
  const auto dropped = fight.connection->statistics().packets_dropped;
  network_path stranger = fight.path;
  stranger.peer = ip_endpoint::v4({10, 0, 0, 3}, 50000);
  fight.send(ping(fight), stranger);
  EXPECT_EQ(fight.connection->statistics().packets_dropped, dropped + 1);
  EXPECT_EQ(fight.connection->paths().size(), 1u);
}

}  // namespace
}  // namespace quasio::quic
