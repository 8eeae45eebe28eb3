// What an observer is told of the newer parts: paths, MTU, ECN, timers, keys, early data, streams and datagrams.

#include <gtest/gtest.h>

#include "quic/diary.hpp"
#include "quic/migration_duel.hpp"
#include "quic/resumed_pair.hpp"

namespace quasio::test {
namespace {

using quic::path_event;
using quic::send_obstacle;
using quic::stream_change;
using quic::timer_event;
using quic::timer_kind;

using diary_pointer = std::shared_ptr<diary>;

quic::observer_factory factory_of(const diary_pointer& told) {
  return [told](const quic::observed_start&) { return told; };
}

struct watched : testing::TestWithParam<endpoint_role> {
  std::unique_ptr<duel> fight(duel_options options = {}) const {
    auto made = std::make_unique<duel>(GetParam(), watched_by(told, std::move(options)));
    made->shake_hands();
    return made;
  }

  diary_pointer told = std::make_shared<diary>();
};

INSTANTIATE_TEST_SUITE_P(roles, watched, ::testing::Values(endpoint_role::client, endpoint_role::server),
                         [](const auto& role) { return role.param == endpoint_role::client ? "client" : "server"; });

// --- From the beginning ---

TEST_P(watched, tells_what_it_begins_with_and_what_the_handshake_settles) {
  const auto made = fight();
  EXPECT_EQ(told->own_alpn, std::vector<std::string>{"test"});
  EXPECT_EQ(told->chosen_versions, std::vector{quic_version::v1});
  ASSERT_TRUE(told->recovery_parameters);
  EXPECT_EQ(told->recovery_parameters->packet_threshold, 3u);
  EXPECT_EQ(told->recovery_parameters->initial_window, 12000u);
  EXPECT_EQ(told->recovery_parameters->minimum_window, 2400u);
  EXPECT_EQ(told->recovery_parameters->controller, made->connection->statistics().congestion_controller);
  EXPECT_EQ(told->cipher, made->connection->handshake().cipher);
  EXPECT_FALSE(told->resumed);
  EXPECT_TRUE(told->early_data.empty());
}

TEST_P(watched, tells_each_datagram_of_udp) {
  const auto made = fight();
  const quic::statistics counted = made->connection->statistics();
  EXPECT_EQ(told->datagrams_sent, counted.datagrams_sent);
  EXPECT_EQ(told->datagrams_received, counted.datagrams_received);
}

TEST_P(watched, tells_each_acknowledged_packet_once) {
  const auto made = fight();
  const auto stream = made->connection->open_stream(stream_direction::unidirectional).value();
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(made->connection->stream_write(stream, bytes(100, 1), false));
    made->collect();
  }
  const bytes ack = made->peer.acknowledgment(space_id::application_data);
  made->send_payload(space_id::application_data, ack);
  made->send_payload(space_id::application_data, ack);
  std::vector<std::uint64_t> sent;
  for (const auto& packet : told->sent) {
    if (packet.kind == quic::packet_kind::one_rtt) sent.push_back(packet.number);
  }
  std::ranges::sort(told->acked);
  EXPECT_EQ(std::ranges::adjacent_find(told->acked), told->acked.end());
  EXPECT_EQ(told->acked, sent);
}

TEST(watched_server, tells_of_the_version_that_it_chose) {
  const auto told = std::make_shared<diary>();
  quic::settings server;
  server.versions = {.supported = {quic_version::v2, quic_version::v1},
                     .preference = quic::version_preference::of_server};
  resumed_pair pair({.server = server, .observe_server = factory_of(told)});
  pair.settle();
  EXPECT_EQ(told->chosen_versions, (std::vector{quic_version::v1, quic_version::v2}));
}

TEST(watched_client, tells_of_the_versions_that_a_server_offers) {
  const auto told = std::make_shared<diary>();
  quic::settings server;
  server.versions = {.supported = {quic_version::v2}};
  resumed_pair pair({.server = server, .observe_client = factory_of(told)});
  bool offered = false;
  for (int round = 0; round < 3 && !offered; ++round) {
    pair.exchange();
    offered = !told->server_versions.empty();
  }
  EXPECT_NE(std::ranges::find(told->server_versions, quic_version::v2), told->server_versions.end());
  EXPECT_EQ(told->chosen_versions.at(1), quic_version::v2);
  const auto is_negotiation = [](const auto& packet) { return packet.kind == quic::packet_kind::version_negotiation; };
  EXPECT_EQ(std::ranges::count_if(told->received, is_negotiation), 1);
}

TEST(watched_client, tells_of_a_retry_and_of_the_ids_that_follow) {
  const auto told = std::make_shared<diary>();
  resumed_pair pair({.retry = quic::retry_policy::always, .observe_client = factory_of(told)});
  pair.settle();
  ASSERT_TRUE(pair.client->is_established()) << pair.why_closed();
  const auto is_retry = [](const auto& packet) { return packet.kind == quic::packet_kind::retry; };
  EXPECT_EQ(std::ranges::count_if(told->received, is_retry), 1);
  ASSERT_EQ(told->ids.size(), 2u) << "the Retry's, and the server's own";
  EXPECT_TRUE(told->ids[0].of_peer && told->ids[1].of_peer);
  EXPECT_EQ(told->ids[0].before, told->started.front().original_destination);
  EXPECT_EQ(told->ids[0].now, told->ids[1].before);
}

// --- Packets ---

TEST(watched_server, tells_of_packets_that_wait_for_their_keys) {
  const auto told = std::make_shared<diary>();
  resumed_pair pair({.observe_client = factory_of(told)});
  for (const bytes& each : pair.from_client()) pair.to_server(each);
  // The server's Handshake packets come before its Initial ones.
  auto flight = pair.from_server();
  ASSERT_GT(flight.size(), 1u);
  std::ranges::reverse(flight);
  for (const bytes& each : flight) pair.to_client(each);
  pair.settle();
  ASSERT_FALSE(told->waiting.empty());
  const auto waited = std::ranges::count_if(told->received, [](const auto& packet) { return packet.had_waited; });
  EXPECT_EQ(static_cast<std::size_t>(waited), told->waiting.size());
  EXPECT_TRUE(pair.client->is_established()) << pair.why_closed();
}

TEST_P(watched, tells_probes_from_other_packets) {
  const auto made = fight();
  const auto stream = made->connection->open_stream(stream_direction::unidirectional).value();
  made->deaf = true;
  ASSERT_TRUE(made->connection->stream_write(stream, bytes(100, 1), false));
  made->collect();
  EXPECT_FALSE(told->sent.back().timeout_probe);
  made->pass(1s);
  EXPECT_TRUE(told->sent.back().timeout_probe);
}

TEST(watched_client, tells_of_a_stateless_reset) {
  const auto told = std::make_shared<diary>();
  duel_options options;
  options.peer_parameters.stateless_reset_token = stateless_reset_token{0x42};
  duel fight(endpoint_role::client, watched_by(told, options));
  fight.shake_hands();
  bytes reset(60, 0x41);
  const stateless_reset_token token{0x42};
  std::copy(token.begin(), token.end(), reset.end() - 16);
  fight.send(reset);
  EXPECT_EQ(told->received.back().kind, quic::packet_kind::stateless_reset);
  EXPECT_EQ(told->closed.at(0).cause, quic::close_cause::stateless_reset);
}

TEST(watched_server, tells_each_cause_of_a_drop) {
  const auto told = std::make_shared<diary>();
  duel_options options;
  options.transport.max_undecryptable_packets = 1;
  duel fight(endpoint_role::server, watched_by(told, options));
  const auto first = fight.peer.flush();
  for (const bytes& each : first) fight.send(each);
  const auto cause = [&] { return told->drops.empty() ? std::string_view() : to_string(told->drops.back().cause); };
  const bytes id = [&] {
    const auto own = told->started.front().local_id.bytes();
    return bytes(own.begin(), own.end());
  }();
  bytes one_rtt(60, 0x41);
  std::copy(id.begin(), id.end(), one_rtt.begin() + 1);
  fight.send(one_rtt);
  EXPECT_EQ(told->waiting.size(), 1u);
  fight.send(one_rtt);
  EXPECT_EQ(cause(), "too_many_waiting");
  fight.send(first.at(0));
  EXPECT_EQ(cause(), "duplicate");
  bytes other = first.at(0);
  other[4] ^= 0x40;
  fight.send(other);
  EXPECT_EQ(cause(), "other_version");
  fight.send(bytes{0x40});
  EXPECT_EQ(cause(), "malformed");
  fight.shake_hands();
  fight.send(one_rtt);
  EXPECT_EQ(cause(), "unauthentic");
  fight.send(first.at(0));
  EXPECT_EQ(cause(), "no_keys");
  fight.send(fight.peer.seal(space_id::application_data, payload_of(wire::ping_frame{})),
             {fight.path.local, ip_endpoint::v4({127, 0, 0, 1}, 9)});
  EXPECT_EQ(cause(), "unknown_path");
  EXPECT_EQ(told->drops.size(), fight.connection->statistics().packets_dropped);
}

// --- Keys and early data ---

TEST(watched_client, tells_of_a_key_update_and_when_the_old_keys_go) {
  const auto told = std::make_shared<diary>();
  duel fight(endpoint_role::server, watched_by(told));
  fight.shake_hands();
  fight.peer.update_keys();
  fight.send_frames(space_id::application_data, wire::ping_frame{});
  fight.settle();
  ASSERT_EQ(told->keys.back().what, quic::key_event::updated_by_peer);
  EXPECT_EQ(told->keys.back().phase, 1u);
  fight.pass(10s);
  EXPECT_EQ(told->keys.back().what, quic::key_event::discarded);
  EXPECT_EQ(told->keys.back().level, quic::packet_kind::one_rtt);
  EXPECT_EQ(told->keys.back().phase, 0u);
}

std::size_t count_early(const diary& told, quic::key_event what) {
  return static_cast<std::size_t>(std::ranges::count_if(told.keys, [what](const quic::observed_key& key) {
    return key.level == quic::packet_kind::zero_rtt && key.what == what;
  }));
}

TEST(watched_early_data, is_told_from_the_offer_to_the_end_of_its_keys) {
  using quic::early_data_status;
  const auto at_client = std::make_shared<diary>();
  const auto at_server = std::make_shared<diary>();
  resumption_options options;
  options.observe_client = factory_of(at_client);
  options.session = fetch_session(options);
  ASSERT_FALSE(at_client->sessions.empty());
  EXPECT_TRUE(at_client->sessions.front());
  EXPECT_FALSE(at_client->remembered);
  at_client->keys.clear();

  options.observe_server = factory_of(at_server);
  resumed_pair pair(options);
  EXPECT_EQ(count_early(*at_client, quic::key_event::installed), 1u);
  ASSERT_TRUE(at_client->remembered);
  EXPECT_EQ(at_client->remembered->initial_max_data, quic::settings{}.initial_connection_window);
  pair.write("early");
  pair.settle();
  pair.now += 10s;
  pair.client->on_timeout(pair.now);
  pair.server->on_timeout(pair.now);
  EXPECT_EQ(at_client->early_data, (std::vector{early_data_status::offered, early_data_status::accepted}));
  EXPECT_EQ(at_server->early_data.back(), early_data_status::accepted);
  for (const diary* told : {at_client.get(), at_server.get()}) {
    EXPECT_TRUE(told->resumed);
    EXPECT_EQ(count_early(*told, quic::key_event::installed), 1u);
    EXPECT_EQ(count_early(*told, quic::key_event::discarded), 1u);
  }
}

TEST(watched_early_data, is_told_to_be_rejected) {
  using quic::early_data_status;
  const auto told = std::make_shared<diary>();
  resumption_options options;
  options.session = fetch_session(options);
  options.early_data.accept = false;
  options.observe_client = factory_of(told);
  resumed_pair pair(options);
  pair.write("early");
  pair.settle();
  EXPECT_EQ(told->early_data, (std::vector{early_data_status::offered, early_data_status::rejected}));
  EXPECT_EQ(count_early(*told, quic::key_event::discarded), 1u);
}

TEST(watched_client, tells_of_tokens) {
  const auto told = std::make_shared<diary>();
  duel fight(endpoint_role::client, watched_by(told));
  fight.shake_hands();
  const bytes token(33, 7);
  fight.send_frames(space_id::application_data, wire::new_token_frame{token});
  fight.send_frames(space_id::application_data, wire::new_token_frame{token});
  fight.settle();
  EXPECT_EQ(told->tokens, std::vector<std::size_t>{33});
}

// --- Paths ---

TEST(watched_migration, of_a_client_is_told_from_the_probe_to_the_end) {
  const auto told = std::make_shared<diary>();
  client_duel fight(watched_by(told));
  const network_path next = fight.from(1);
  told->ids.clear();
  ASSERT_TRUE(fight.connection->migrate(next, fight.now));
  fight.collect();
  fight.answer_on(next);
  fight.pass(5s);
  EXPECT_EQ(told->events_of(1), (std::vector{path_event::added, path_event::taken, path_event::probed,
                                             path_event::validated, path_event::settled}));
  EXPECT_EQ(told->events_of(0), (std::vector{path_event::forgotten}));
  EXPECT_EQ(told->paths.front().address, next);
  EXPECT_EQ(told->paths.front().peer_id, make_id(1));
  ASSERT_EQ(told->ids.size(), 1u) << "the peer's was known from the start";
  EXPECT_FALSE(told->ids[0].of_peer);
  EXPECT_TRUE(told->ids[0].before.empty()) << "how the server would address us was not";
  EXPECT_EQ(told->sent.back().kind, quic::packet_kind::one_rtt);
}

TEST(watched_migration, that_fails_is_told_too) {
  const auto told = std::make_shared<diary>();
  client_duel fight(watched_by(told));
  const network_path next = fight.from(1);
  fight.deaf_on.insert(next);
  ASSERT_TRUE(fight.connection->migrate(next, fight.now));
  fight.pass(20s);
  EXPECT_EQ(fight.connection->path(), fight.path);
  EXPECT_EQ(told->events_of(1), (std::vector{path_event::added, path_event::taken, path_event::probed,
                                             path_event::failed, path_event::given_up, path_event::forgotten}));
  EXPECT_EQ(told->events_of(0), (std::vector{path_event::taken, path_event::settled}));
}

TEST(watched_migration, of_a_port_alone_moves_the_number_along) {
  const auto told = std::make_shared<diary>();
  duel fight(endpoint_role::server, watched_by(told));
  fight.shake_hands();
  const network_path next = moved(fight, 60000, 2);
  fight.send(ping(fight), next);
  ASSERT_EQ(fight.connection->path(), next);
  std::vector<std::pair<std::uint16_t, network_path>> assigned;
  for (const auto& each : told->paths) {
    if (each.what == path_event::moved) assigned.emplace_back(each.id, each.address);
  }
  EXPECT_EQ(assigned, (std::vector<std::pair<std::uint16_t, network_path>>{{1, fight.path}, {0, next}}));
  EXPECT_EQ(told->events_of(0), (std::vector{path_event::moved, path_event::taken}));
}

TEST(watched_ids, of_ours_are_told_when_the_peer_changes_over) {
  const auto told = std::make_shared<diary>();
  duel fight(endpoint_role::server, watched_by(told));
  fight.shake_hands();
  const auto issued = fight.peer.last<wire::new_connection_id_frame>();
  ASSERT_TRUE(issued);
  fight.send(fight.peer.seal(space_id::application_data, payload_of(wire::ping_frame{}), {.destination = issued->id}));
  ASSERT_EQ(told->ids.size(), 1u);
  EXPECT_FALSE(told->ids[0].of_peer);
  EXPECT_EQ(told->ids[0].before, told->started.front().local_id);
  EXPECT_EQ(told->ids[0].now, issued->id);
}

TEST_P(watched, tells_what_the_search_for_larger_datagrams_finds) {
  duel_options options;
  options.transport.max_datagram_size = 1472;
  options.mtu_discovery = true;
  const auto made = fight(options);
  made->pass(1s);
  made->settle();
  ASSERT_FALSE(told->mtus.empty());
  EXPECT_EQ(told->mtus.front().before, 1200u);
  EXPECT_EQ(told->mtus.back().now, 1472u);
  EXPECT_EQ(told->mtus.back().state, quic::mtu_state::search_complete);
  EXPECT_TRUE(std::ranges::any_of(told->sent, [](const auto& packet) { return packet.mtu_probe; }));
}

TEST_P(watched, tells_how_ecn_fares) {
  duel good(GetParam(), watched_by(told));
  good.peer.reports_marks = true;
  good.shake_hands();
  EXPECT_EQ(told->ecns.front(), quic::ecn_state::testing);
  EXPECT_EQ(told->ecns.back(), quic::ecn_state::capable);
  const auto other = std::make_shared<diary>();
  duel bad(GetParam(), watched_by(other));
  bad.shake_hands();
  EXPECT_EQ(other->ecns, (std::vector{quic::ecn_state::testing, quic::ecn_state::failed}));
}

// --- Timers and obstacles ---

std::vector<timer_event> events_of(const diary& told, timer_kind kind) {
  std::vector<timer_event> found;
  for (const auto& each : told.timers) {
    if (each.kind == kind) found.push_back(each.what);
  }
  return found;
}

TEST_P(watched, tells_how_timers_run) {
  const auto made = fight();
  EXPECT_EQ(events_of(*told, timer_kind::handshake), (std::vector{timer_event::set, timer_event::cancelled}));
  told->timers.clear();
  const auto stream = made->connection->open_stream(stream_direction::unidirectional).value();
  made->deaf = true;
  ASSERT_TRUE(made->connection->stream_write(stream, bytes(100, 1), false));
  made->collect();
  ASSERT_FALSE(told->timers.empty());
  EXPECT_EQ(told->timers.back().kind, timer_kind::probe_timeout);
  EXPECT_EQ(told->timers.back().what, timer_event::set);
  EXPECT_EQ(told->timers.back().space, quic::packet_kind::one_rtt);
  EXPECT_GE(made->now + told->timers.back().remaining, *made->connection->next_deadline());
  made->pass(told->timers.back().remaining);
  const auto probes = events_of(*told, timer_kind::probe_timeout);
  ASSERT_GE(probes.size(), 3u);
  EXPECT_EQ(std::vector(probes.begin(), probes.begin() + 3),
            (std::vector{timer_event::set, timer_event::expired, timer_event::set}));
  made->pass(600s);
  ASSERT_TRUE(made->connection->is_closed());
  EXPECT_EQ(events_of(*told, timer_kind::idle), std::vector{timer_event::expired});
}

TEST_P(watched, tells_what_holds_data_back) {
  duel_options options;
  options.transport.pacing = false;
  options.peer_parameters.initial_max_data = 100'000;
  options.peer_parameters.initial_max_stream_data_uni = 100'000;
  const auto made = fight(options);
  const auto stream = made->connection->open_stream(stream_direction::unidirectional).value();
  EXPECT_TRUE(told->obstacles.empty());
  ASSERT_TRUE(made->connection->stream_write(stream, bytes(120'000, 1), false));
  made->collect();
  EXPECT_EQ(told->obstacles, std::vector{send_obstacle::congestion_window});
  made->settle();
  EXPECT_EQ(told->obstacles.back(), send_obstacle::flow_control);
  EXPECT_EQ(told->obstacles.at(1), send_obstacle::none);
  made->send_frames(space_id::application_data, wire::max_data_frame{200'000},
                    wire::max_stream_data_frame{stream, 200'000});
  made->settle();
  EXPECT_EQ(told->obstacles.back(), send_obstacle::none);
}

TEST(watched_server, tells_that_an_unproven_address_holds_it_back) {
  const auto told = std::make_shared<diary>();
  duel_options options = watched_by(told);
  options.tls = make_server_tls(20'000);
  duel fight(endpoint_role::server, std::move(options));
  for (const bytes& datagram : fight.peer.flush()) fight.send(datagram);
  fight.collect();
  EXPECT_EQ(told->obstacles, std::vector{send_obstacle::amplification_limit});
}

// --- Streams and datagrams ---

std::vector<stream_change> changes_of(const diary& told, stream_id id) {
  std::vector<stream_change> found;
  for (const auto& each : told.streams) {
    if (each.id == id) found.push_back(each.what);
  }
  return found;
}

TEST_P(watched, tells_the_life_of_streams) {
  const auto made = fight();
  const auto ours = made->connection->open_stream(stream_direction::unidirectional).value();
  ASSERT_TRUE(made->connection->stream_write(ours, bytes(10, 1), true));
  made->settle();
  EXPECT_EQ(changes_of(*told, ours), (std::vector{stream_change::opened, stream_change::closed}));
  EXPECT_FALSE(told->streams.front().by_peer);

  const auto both = made->connection->open_stream(stream_direction::bidirectional).value();
  ASSERT_TRUE(made->connection->stream_write(both, bytes(10, 1), false));
  made->settle();
  ASSERT_TRUE(made->connection->reset_stream(both, 1));
  made->send_frames(space_id::application_data, wire::reset_stream_frame{both, 2, 0});
  made->settle();
  EXPECT_EQ(changes_of(*told, both), (std::vector{stream_change::opened, stream_change::reset_sent,
                                                  stream_change::reset_received, stream_change::closed}));

  const stream_id theirs = GetParam() == endpoint_role::client ? 3 : 2;
  const bytes data(5, 2);
  made->send_frames(space_id::application_data, wire::stream_frame{.id = theirs, .data = data});
  made->settle();
  EXPECT_TRUE(told->streams.back().by_peer);
  EXPECT_EQ(changes_of(*told, theirs), std::vector{stream_change::opened});
}

TEST_P(watched, tells_what_becomes_of_datagrams) {
  duel_options options;
  options.transport.datagrams.max_frame_size = 65535;
  options.transport.datagrams.max_to_read = 1;
  options.peer_parameters.max_datagram_frame_size = 65535;
  const auto made = fight(options);
  const bytes data(50, 1);
  ASSERT_TRUE(made->connection->send_datagram(data, {.expires = made->now + 1ms}));
  made->now += 10ms;
  made->connection->on_timeout(made->now);
  ASSERT_EQ(told->datagram_drops.size(), 1u);
  EXPECT_EQ(told->datagram_drops[0].outcome, quic::datagram_outcome::expired);
  EXPECT_EQ(told->datagram_drops[0].count, 1u);
  made->send_frames(space_id::application_data, wire::datagram_frame{data});
  made->send_frames(space_id::application_data, wire::datagram_frame{data});
  ASSERT_EQ(told->datagram_drops.size(), 2u);
  EXPECT_FALSE(told->datagram_drops[1].outcome);
  made->connection->pop_datagram();
  made->connection->pop_datagram();
  ASSERT_EQ(told->datagram_data.size(), 2u);
  EXPECT_EQ(told->datagram_data[0].movement, quic::data_movement::from_application);
  EXPECT_EQ(told->datagram_data[1].movement, quic::data_movement::to_application);
  EXPECT_EQ(told->datagram_data[1].length, 50u);
}

}  // namespace
}  // namespace quasio::test
