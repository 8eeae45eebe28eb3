// The events of the draft beside those of every connection: each in the situation that it is for. kept_log holds every
// record against the schema.

#include <set>

#include "qlog/logged_duel.hpp"
#include "quic/migration_duel.hpp"
#include "quic/resumed_pair.hpp"

namespace quasio::test {
namespace {

using texts = std::vector<std::string>;

// --- Connectivity ---

struct logged_client : kept_log {
  explicit logged_client(duel_options options = {}) : fight(with_log(std::move(options))) {}

  duel_options with_log(duel_options options) {
    options.observe = factory();
    return options;
  }

  client_duel fight;
};

TEST(quic_events, tell_of_a_migration) {
  logged_client at;
  const network_path next = at.fight.from(1);
  ASSERT_TRUE(at.fight.connection->migrate(next, at.fight.now));
  at.fight.collect();
  at.fight.answer_on(next);
  at.fight.pass(5s);
  const auto tuples = at.events("quic:tuple_assigned");
  ASSERT_EQ(tuples.size(), 2u);
  EXPECT_EQ(tuples[0].at("tuple_id"), "1");
  EXPECT_EQ(tuples[0].at("tuple_local").at("ip_v4"), "10.0.1.1");
  EXPECT_EQ(tuples[0].at("tuple_local").at("port_v4"), 5000);
  EXPECT_EQ(tuples[0].at("tuple_remote").at("connection_ids").at(0), "0101010101010101");
  EXPECT_EQ(tuples[1].at("tuple_id"), "") << "the old one is abandoned: it has no ends any more";
  EXPECT_FALSE(tuples[1].contains("tuple_local") || tuples[1].contains("tuple_remote"));
  EXPECT_EQ(at.texts_of("quic:migration_state_updated", "new"),
            (texts{"migration_started", "probing_started", "probing_successful", "migration_complete"}));
  std::set<std::string> paths;
  for (const json& record : at.records()) {
    if (record.value("name", "") == "quic:packet_sent") paths.insert(record.value("tuple", ""));
  }
  EXPECT_EQ(paths, (std::set<std::string>{"", "1"}));
}

TEST(quic_events, tell_of_a_migration_that_failed) {
  logged_client at;
  const network_path next = at.fight.from(1);
  at.fight.deaf_on.insert(next);
  ASSERT_TRUE(at.fight.connection->migrate(next, at.fight.now));
  at.fight.pass(20s);
  const auto states = at.texts_of("quic:migration_state_updated", "new");
  EXPECT_EQ(texts(states.begin(), states.begin() + 4),
            (texts{"migration_started", "probing_started", "probing_abandoned", "migration_abandoned"}));
}

TEST(quic_events, tell_of_connection_ids_of_both_sides) {
  logged_duel client(endpoint_role::client);
  client.fight.shake_hands();
  const auto of_server = client.events("quic:connection_id_updated");
  ASSERT_EQ(of_server.size(), 1u);
  EXPECT_EQ(of_server[0].at("initiator"), "remote");
  EXPECT_EQ(of_server[0].at("new"), "aaaaaaaaaaaaaaaa");

  logged_duel server(endpoint_role::server);
  server.fight.shake_hands();
  const auto issued = server.fight.peer.last<wire::new_connection_id_frame>();
  ASSERT_TRUE(issued);
  server.fight.send(
      server.fight.peer.seal(space_id::application_data, payload_of(wire::ping_frame{}), {.destination = issued->id}));
  const auto of_ours = server.events("quic:connection_id_updated");
  ASSERT_EQ(of_ours.size(), 1u);
  EXPECT_EQ(of_ours[0].at("initiator"), "local");
}

TEST(quic_events, tell_of_the_mtu_and_of_its_probes) {
  duel_options options;
  options.mtu_discovery = true;
  logged_duel at(endpoint_role::server, qlog::importance::extra, options);
  at.fight.shake_hands();
  at.fight.pass(1s);
  at.fight.settle();
  const auto updates = at.events("quic:mtu_updated");
  ASSERT_FALSE(updates.empty());
  EXPECT_EQ(updates.front().at("old"), 1200);
  EXPECT_EQ(updates.back().at("new"), quic::settings{}.max_datagram_size);
  EXPECT_EQ(updates.back().at("done"), true);
  std::size_t probes = 0;
  for (const json& packet : at.events("quic:packet_sent")) probes += packet.value("is_mtu_probe_packet", false);
  EXPECT_EQ(probes, at.fight.connection->statistics().mtu_probes_sent);
}

// --- Versions and parameters ---

TEST(quic_events, tell_of_the_versions_that_a_server_offers) {
  kept_log log;
  quic::settings server;
  server.versions = {.supported = {quic_version::v2}};
  server.grease = false;
  resumed_pair pair({.server = server, .observe_client = log.factory()});
  pair.settle();
  ASSERT_TRUE(pair.client->is_established()) << pair.why_closed();
  const auto versions = log.events("quic:version_information");
  ASSERT_GE(versions.size(), 2u);
  EXPECT_EQ(versions[0].at("client_versions"), (texts{"00000001", "6b3343cf"}));
  EXPECT_EQ(versions[0].at("chosen_version"), "00000001");
  const auto& offered = versions[1].at("server_versions");
  EXPECT_NE(std::find(offered.begin(), offered.end(), "6b3343cf"), offered.end());
  EXPECT_EQ(versions[1].at("chosen_version"), "6b3343cf");
  const auto received = log.events("quic:packet_received");
  EXPECT_EQ(received.front().at("header"), (json{{"packet_type", "version_negotiation"}}));
}

TEST(quic_events, tell_what_recovery_begins_with) {
  logged_duel at(endpoint_role::server);
  at.fight.shake_hands();
  const auto parameters = at.events("quic:recovery_parameters_set");
  ASSERT_EQ(parameters.size(), 1u);
  EXPECT_EQ(parameters[0].at("reordering_threshold"), 3);
  EXPECT_DOUBLE_EQ(parameters[0].at("time_threshold"), 1.125);
  EXPECT_EQ(parameters[0].at("timer_granularity"), 1);
  EXPECT_EQ(parameters[0].at("initial_rtt"), 333);
  EXPECT_EQ(parameters[0].at("persistent_congestion_threshold"), 3);
}

TEST(quic_events, tell_of_early_data_and_its_keys) {
  kept_log log;
  resumption_options options;
  options.session = fetch_session(options);
  options.observe_client = log.factory();
  resumed_pair pair(options);
  pair.write("early");
  pair.settle();
  ASSERT_EQ(pair.client->handshake().early_data, quic::early_data_status::accepted);
  const auto restored = log.events("quic:parameters_restored");
  ASSERT_EQ(restored.size(), 1u);
  EXPECT_EQ(restored[0].at("initial_max_data"), quic::settings{}.initial_connection_window);
  const auto keys = log.texts_of("quic:key_updated", "key_type");
  EXPECT_EQ(std::ranges::count(keys, "client_0rtt_secret"), 1);
  const auto gone = log.texts_of("quic:key_discarded", "key_type");
  EXPECT_EQ(std::ranges::count(gone, "client_0rtt_secret"), 1);
  const bool any_early = std::ranges::any_of(log.events("quic:packet_sent"), [](const json& packet) {
    return packet.at("header").at("packet_type") == "0RTT";
  });
  EXPECT_TRUE(any_early);
  std::vector<bool> enabled;
  bool resumed = false;
  for (const json& set : log.events("quic:parameters_set")) {
    if (set.contains("early_data_enabled")) enabled.push_back(set.at("early_data_enabled"));
    resumed |= set.contains("tls_cipher") && set.at("resumption_allowed") == true;
  }
  EXPECT_TRUE(enabled.at(0)) << "offered";
  EXPECT_TRUE(enabled.at(1)) << "accepted";
  EXPECT_TRUE(resumed);
}

TEST(quic_events, tell_of_key_updates_and_who_began_them) {
  logged_duel at(endpoint_role::server);
  at.fight.shake_hands();
  at.fight.peer.update_keys();
  at.fight.send_frames(space_id::application_data, wire::ping_frame{});
  at.fight.settle();
  at.fight.pass(10s);
  const auto updated = at.events("quic:key_updated");
  EXPECT_EQ(updated.back(), (json{{"key_type", "server_1rtt_secret"}, {"key_phase", 1}, {"trigger", "remote_update"}}));
  const auto discarded = at.events("quic:key_discarded");
  EXPECT_EQ(discarded.back(), (json{{"key_type", "server_1rtt_secret"}, {"key_phase", 0}}));
}

// --- Packets ---

TEST(quic_events, tell_of_packets_that_wait_and_of_those_that_are_dropped) {
  duel_options options;
  options.transport.max_undecryptable_packets = 1;
  logged_duel at(endpoint_role::server, qlog::importance::extra, options);
  const auto first = at.fight.peer.flush();
  for (const bytes& each : first) at.fight.send(each);
  at.fight.collect();
  const auto shake = at.fight.peer.flush();
  // The client's first 1-RTT packet overtakes its Finished, and so does another.
  at.fight.send_frames(space_id::application_data, wire::ping_frame{});
  at.fight.send_frames(space_id::application_data, wire::ping_frame{});
  for (const bytes& each : shake) at.fight.send(each);
  at.fight.settle();
  bytes other = first.at(0);
  other[4] ^= 0x40;
  at.fight.send(other);
  at.fight.send(bytes{0x40});
  const auto waiting = at.events("quic:packet_buffered");
  ASSERT_EQ(waiting.size(), 1u);
  EXPECT_EQ(waiting[0].at("header").at("packet_type"), "1RTT");
  EXPECT_EQ(waiting[0].at("trigger"), "keys_unavailable");
  EXPECT_EQ(at.texts_of("quic:packet_received", "trigger"), texts{"keys_available"});
  EXPECT_EQ(at.texts_of("quic:packet_dropped", "trigger"), (texts{"rejected", "unsupported", "invalid"}));
  EXPECT_EQ(at.events("quic:packet_dropped")[0].at("details").at("cause"), "too_many_waiting");
}

TEST(quic_events, tell_of_a_stateless_reset_without_its_token) {
  duel_options options;
  options.peer_parameters.stateless_reset_token = stateless_reset_token{0xd7, 0xd7, 0xd7, 0xd7};
  logged_duel at(endpoint_role::client, qlog::importance::extra, options);
  at.fight.shake_hands();
  bytes reset(60, 0x41);
  std::copy_n(options.peer_parameters.stateless_reset_token->begin(), 16, reset.end() - 16);
  at.fight.send(reset);
  EXPECT_EQ(at.events("quic:packet_received").back(),
            (json{{"header", {{"packet_type", "stateless_reset"}}}, {"raw", {{"length", 60}}}}));
  EXPECT_EQ(at.texts_of("quic:connection_closed", "trigger"), texts{"stateless_reset"});
  for (const std::string& text : *at.texts) EXPECT_EQ(text.find("d7d7d7d7"), std::string::npos);
}

TEST(quic_events, tell_of_acknowledgments_by_number) {
  logged_duel at(endpoint_role::server);
  at.fight.shake_hands();
  std::set<std::pair<std::string, std::uint64_t>> acked;
  std::size_t told = 0;
  for (const json& event : at.events("quic:packets_acked")) {
    for (const json& number : event.at("packet_numbers")) {
      acked.emplace(event.at("packet_number_space"), number);
      ++told;
    }
  }
  EXPECT_GT(told, 2u);
  EXPECT_EQ(acked.size(), told) << "each once";
}

TEST(quic_events, tell_of_datagrams_and_their_marks) {
  logged_duel at(endpoint_role::server);
  at.fight.peer.reports_marks = true;
  at.fight.shake_hands();
  std::uint64_t bytes_sent = 0;
  std::uint64_t count = 0;
  const auto sent = at.events("quic:udp_datagrams_sent");
  for (const json& event : sent) {
    count += event.at("count").get<std::uint64_t>();
    EXPECT_EQ(event.at("raw").size(), event.at("count"));
    for (const json& each : event.at("raw")) bytes_sent += each.at("length").get<std::uint64_t>();
  }
  EXPECT_EQ(bytes_sent, at.fight.connection->statistics().bytes_sent);
  EXPECT_EQ(count, at.fight.connection->statistics().datagrams_sent);
  EXPECT_EQ(sent.front().at("ecn").at(0), "ECT(0)");
  EXPECT_FALSE(sent.back().contains("ecn")) << "only when it changes";
  EXPECT_EQ(at.texts_of("quic:ecn_state_updated", "new").back(), "capable");
}

TEST(quic_events, name_the_frames_of_extensions) {
  duel_options options;
  options.transport.acknowledgments.accept_requests = true;
  logged_duel at(endpoint_role::client, qlog::importance::extra, options);
  at.fight.shake_hands();
  at.fight.send_frames(
      space_id::application_data,
      wire::ack_frequency_frame{
          .sequence = 0, .ack_eliciting_threshold = 10, .max_ack_delay = 25'500, .reordering_threshold = 3},
      wire::immediate_ack_frame{});
  const json frames = at.events("quic:packet_received").back().at("frames");
  EXPECT_EQ(frames.at(0), (json{{"frame_type", "ack_frequency"},
                                {"sequence_number", 0},
                                {"ack_eliciting_threshold", 10},
                                {"requested_max_ack_delay", 25.5},
                                {"reordering_threshold", 3}}));
  EXPECT_EQ(frames.at(1), (json{{"frame_type", "immediate_ack"}}));
}

// --- Data ---

TEST(quic_events, tell_the_states_of_streams_by_side) {
  logged_duel at(endpoint_role::client);
  at.fight.shake_hands();
  const auto both = at.fight.connection->open_stream(stream_direction::bidirectional).value();
  const auto one = at.fight.connection->open_stream(stream_direction::unidirectional).value();
  ASSERT_TRUE(at.fight.connection->stream_write(one, bytes(10, 1), true));
  ASSERT_TRUE(at.fight.connection->reset_stream(both, 1));
  at.fight.settle();
  texts seen;
  for (const json& event : at.events("quic:stream_state_updated")) {
    seen.push_back(std::to_string(event.at("stream_id").get<int>()) + " " + event.at("stream_side").get<std::string>() +
                   " " + event.at("new").get<std::string>());
  }
  EXPECT_EQ(seen, (texts{"0 sending open", "0 receiving open", "2 sending open", "0 sending reset_sent",
                         "2 sending closed"}));
}

TEST(quic_events, tell_of_datagram_frames_and_where_they_went) {
  duel_options options;
  options.transport.datagrams.max_frame_size = 65535;
  options.transport.datagrams.max_to_read = 1;
  options.peer_parameters.max_datagram_frame_size = 65535;
  logged_duel at(endpoint_role::server, qlog::importance::extra, options);
  at.fight.shake_hands();
  const bytes data(50, 1);
  ASSERT_TRUE(at.fight.connection->send_datagram(data));
  at.fight.settle();
  at.fight.send_frames(space_id::application_data, wire::datagram_frame{data});
  at.fight.send_frames(space_id::application_data, wire::datagram_frame{data});
  at.fight.connection->pop_datagram();
  EXPECT_EQ(at.texts_of("quic:datagram_data_moved", "from"), (texts{"application", "transport", "transport"}));
  EXPECT_EQ(at.texts_of("quic:datagram_data_moved", "to"), (texts{"transport", "application"}));
  EXPECT_EQ(at.texts_of("quic:datagram_data_moved", "dropped_for"), texts{"not read in time"});
}

TEST(quic_events, tell_what_blocks_and_which_timers_run) {
  logged_duel at(endpoint_role::server);
  at.fight.shake_hands();
  const auto stream = at.fight.connection->open_stream(stream_direction::unidirectional).value();
  at.fight.deaf = true;
  ASSERT_TRUE(at.fight.connection->stream_write(stream, bytes(50'000, 1), false));
  at.fight.collect();
  at.fight.pass(1s);
  const auto blocked = at.events("quic:connection_data_blocked_updated");
  ASSERT_FALSE(blocked.empty());
  EXPECT_EQ(blocked.front().at("old"), "unblocked");
  EXPECT_EQ(blocked.front().at("new"), "blocked");
  bool expired = false;
  for (const json& event : at.events("quic:timer_updated")) {
    if (event.at("event_type") == "set") {
      EXPECT_GE(event.at("delta").get<double>(), 0);
    }
    expired |= event.at("timer_type") == "pto" && event.at("event_type") == "expired" &&
               event.at("packet_number_space") == "application_data";
  }
  EXPECT_TRUE(expired);
  EXPECT_EQ(at.texts_of("quic:packet_sent", "trigger").front(), "pto_probe");
}

// --- Completeness ---

// Events that no part of a connection can tell of: what acceptors and sockets do, what is told in packets, what quasio
// does not do.
const std::set<std::string> not_written{
    "quic:server_listening",
    "quic:spin_bit_updated",
    "quic:frames_created",
    "quic:frames_parsed",
    "quic:marked_for_retransmit",
    "quic:udp_datagram_dropped",
    "quic:stream_data_blocked_updated",
    "quic:datagram_data_blocked_updated",
};

/// One connection that does nearly everything.
TEST(quic_events, are_all_written_but_those_that_have_no_occasion) {
  duel_options options;
  options.mtu_discovery = true;
  options.transport.datagrams.max_frame_size = 65535;
  options.peer_parameters.max_datagram_frame_size = 65535;
  logged_client at(options);
  at.fight.pass(100ms);
  at.fight.settle();
  const auto stream = at.fight.connection->open_stream(stream_direction::bidirectional).value();
  at.fight.deaf = true;
  ASSERT_TRUE(at.fight.connection->stream_write(stream, bytes(1000, 1), false));
  at.fight.collect();
  at.fight.deaf = false;
  for (int i = 0; i < 8; ++i) {
    ASSERT_TRUE(at.fight.connection->stream_write(stream, bytes(1200, 2), false));
    at.fight.collect();
  }
  at.fight.settle();
  ASSERT_TRUE(at.fight.connection->stream_write(stream, bytes(50'000, 2), false));
  at.fight.settle();
  ASSERT_TRUE(at.fight.connection->send_datagram(bytes(10, 1)));
  at.fight.send(bytes{0x40});
  at.fight.send_frames(space_id::application_data, wire::path_challenge_frame{{1}});
  at.fight.settle();
  ASSERT_TRUE(at.fight.connection->migrate(at.fight.from(1), at.fight.now));
  at.fight.collect();
  at.fight.answer_on(at.fight.from(1));
  at.fight.pass(2s);
  at.fight.connection->close(1, "enough", at.fight.now);
  at.fight.settle();
  at.fight.pass(10s);

  kept_log resumed;
  resumption_options resumption;
  resumption.session = fetch_session(resumption);
  resumption.observe_client = resumed.factory();
  resumed_pair pair(resumption);
  for (const bytes& each : pair.from_client()) pair.to_server(each);
  auto flight = pair.from_server();
  std::ranges::reverse(flight);
  for (const bytes& each : flight) pair.to_client(each);
  pair.settle();

  std::set<std::string> written;
  for (const kept_log* log : {static_cast<const kept_log*>(&at), static_cast<const kept_log*>(&resumed)}) {
    for (const json& record : log->records()) {
      if (record.contains("name")) written.insert(record.at("name"));
    }
  }
  for (const std::string& name : known_events()) EXPECT_NE(written.contains(name), not_written.contains(name)) << name;
}

TEST(quic_events, of_less_importance_are_left_out) {
  logged_duel base(endpoint_role::server, qlog::importance::base);
  base.fight.shake_hands();
  EXPECT_FALSE(base.events("quic:recovery_parameters_set").empty());
  for (const char* extra : {"quic:timer_updated", "quic:packets_acked", "quic:udp_datagrams_sent",
                            "quic:udp_datagrams_received", "quic:ecn_state_updated", "quic:mtu_updated"}) {
    EXPECT_TRUE(base.events(extra).empty()) << extra;
  }
}

TEST(schema, finds_what_is_wrong) {
  const auto wrong = [](const char* data) { return violations(json::parse(data)).size(); };
  EXPECT_EQ(wrong(R"({"time":1,"name":"quic:mtu_updated","data":{"new":1400}})"), 0u);
  EXPECT_EQ(wrong(R"({"time":1,"name":"quic:mtu_updated","data":{}})"), 1u);
  EXPECT_EQ(wrong(R"({"time":1,"name":"quic:mtu_updated","data":{"new":"1400"}})"), 1u);
  EXPECT_EQ(wrong(R"({"time":1,"name":"quic:mtu_updated","data":{"new":1400,"path":1}})"), 1u);
  EXPECT_EQ(wrong(R"({"time":1,"name":"quic:ecn_state_updated","data":{"new":"disabled"}})"), 1u);
  EXPECT_EQ(wrong(R"({"time":1,"name":"quic:key_retired","data":{}})"), 1u);
  EXPECT_EQ(wrong(R"({"time":1,"name":"quic:frames_parsed","data":{"frames":[{"frame_type":"pong"}]}})"), 1u);
}

}  // namespace
}  // namespace quasio::test
