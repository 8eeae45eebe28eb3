// A log is read back with somebody else's JSON parser, and must tell what the connection did.

#include "qlog/logged_duel.hpp"

namespace quasio::test {
namespace {

TEST(connection_log, begins_with_a_head_that_names_schema_and_vantage_point) {
  logged_duel at(endpoint_role::server);
  at.fight.shake_hands();
  const json head = at.records().front();
  EXPECT_EQ(head.at("file_schema"), "urn:ietf:params:qlog:file:sequential");
  EXPECT_EQ(head.at("serialization_format"), "application/qlog+json-seq");
  EXPECT_EQ(head.at("trace").at("vantage_point").at("type"), "server");
  EXPECT_EQ(head.at("trace").at("vantage_point").at("name"), "here");
  EXPECT_EQ(head.at("trace").at("event_schemas").at(0), "urn:ietf:params:qlog:events:quic-13");
  const std::string group = head.at("trace").at("common_fields").at("group_id");
  EXPECT_EQ(group, "bbbbbbbbbbbbbbbb");
  EXPECT_EQ(at.name, group + "_server.sqlog");
}

TEST(connection_log, tells_the_life_of_a_connection_in_order) {
  logged_duel at(endpoint_role::client);
  at.fight.shake_hands();
  at.fight.connection->close(7, "done", at.fight.now);
  at.fight.settle();
  at.fight.pass(10s);

  double last = -1;
  for (const json& record : at.records()) {
    if (!record.contains("time")) continue;
    EXPECT_GE(record.at("time").get<double>(), last);
    last = record.at("time");
  }
  EXPECT_EQ(at.events("quic:connection_started").size(), 1u);
  const auto parameters = at.events("quic:parameters_set");
  ASSERT_GE(parameters.size(), 3u) << "tickets may follow";
  EXPECT_EQ(parameters[0].at("initiator"), "local");
  EXPECT_EQ(parameters[1].at("initiator"), "remote");
  EXPECT_EQ(parameters[2].at("tls_cipher"), at.fight.connection->handshake().cipher);
  EXPECT_EQ(parameters[2].at("resumption_allowed"), false);
  const auto alpn = at.events("quic:alpn_information");
  ASSERT_EQ(alpn.size(), 2u);
  EXPECT_EQ(alpn[0].at("client_alpns").at(0).at("string_value"), "test");
  EXPECT_EQ(alpn[1].at("chosen_alpn").at("string_value"), "test");
  std::vector<std::string> states;
  std::string before;
  for (const json& state : at.events("quic:connection_state_updated")) {
    EXPECT_EQ(state.value("old", ""), before);
    before = states.emplace_back(state.at("new"));
  }
  EXPECT_EQ(states, (std::vector<std::string>{"attempted", "handshake_started", "handshake_complete",
                                              "handshake_confirmed", "closing", "closed"}));
  const auto closed = at.events("quic:connection_closed");
  ASSERT_EQ(closed.size(), 1u);
  EXPECT_EQ(closed[0].at("initiator"), "local");
  EXPECT_EQ(closed[0].at("error_code"), 7);
  EXPECT_EQ(closed[0].at("reason"), "done");
}

TEST(connection_log, tells_packets_and_frames) {
  logged_duel at(endpoint_role::server);
  at.fight.shake_hands();
  const auto stream = at.fight.connection->open_stream(stream_direction::unidirectional).value();
  ASSERT_TRUE(at.fight.connection->stream_write(stream, bytes(3000, 1), true));
  at.fight.settle();

  const quic::statistics counted = at.fight.connection->statistics();
  const auto sent = at.events("quic:packet_sent");
  EXPECT_EQ(sent.size(), counted.packets_sent);
  EXPECT_EQ(at.events("quic:packet_received").size(), counted.packets_received);
  std::size_t length = 0;
  bool fin = false;
  for (const json& packet : sent) {
    for (const json& frame : packet.at("frames")) {
      if (frame.at("frame_type") != "stream") continue;
      EXPECT_EQ(packet.at("header").at("packet_type"), "1RTT");
      EXPECT_EQ(frame.at("stream_id"), stream);
      length += frame.at("raw").at("length").get<std::size_t>();
      fin |= frame.value("fin", false);
    }
  }
  EXPECT_EQ(length, 3000u);
  EXPECT_TRUE(fin);
}

// Each kind of frame once, as the peer sends it; also what no honest peer would.
TEST(connection_log, knows_every_frame) {
  logged_duel at(endpoint_role::client);
  at.fight.shake_hands();
  const bytes token(20, 5);
  at.fight.send_frames(space_id::application_data, wire::ping_frame{}, wire::new_token_frame{token},
                       wire::stream_frame{.id = 3, .offset = 0, .data = token, .fin = false},
                       wire::reset_stream_frame{3, 9, 20}, wire::max_data_frame{1 << 22},
                       wire::max_streams_frame{stream_direction::bidirectional, 200}, wire::data_blocked_frame{5},
                       wire::stream_data_blocked_frame{3, 6},
                       wire::streams_blocked_frame{stream_direction::unidirectional, 7},
                       wire::new_connection_id_frame{1, 0, make_id(0xcc), {}},
                       wire::path_challenge_frame{{1, 2, 3, 4, 5, 6, 7, 8}}, wire::handshake_done_frame{});
  std::vector<std::string> kinds;
  const json frames = at.events("quic:packet_received").back().at("frames");
  for (const json& frame : frames) kinds.push_back(frame.at("frame_type"));
  EXPECT_EQ(kinds, (std::vector<std::string>{"ping", "new_token", "stream", "reset_stream", "max_data", "max_streams",
                                             "data_blocked", "stream_data_blocked", "streams_blocked",
                                             "new_connection_id", "path_challenge", "handshake_done"}));
  // What could end or take over the connection must not be in a log.
  for (const std::string& text : *at.texts) EXPECT_EQ(text.find("stateless_reset_token"), std::string::npos);
}

TEST(connection_log, survives_a_reason_that_is_no_text) {
  logged_duel at(endpoint_role::server);
  at.fight.shake_hands();
  const bytes reason{0xff, 0x00, '"', 0x1e};
  at.fight.send_frames(space_id::application_data,
                       wire::connection_close_frame{.error_code = 0x12a, .frame_type = 6, .reason = reason});
  const auto frames = at.events("quic:packet_received").back().at("frames");
  EXPECT_EQ(frames.at(0).at("reason_bytes"), "ff00221e");
  EXPECT_EQ(frames.at(0).at("error"), "crypto_error_0x12a");
  EXPECT_EQ(at.events("quic:connection_closed").at(0).at("initiator"), "remote");
}

TEST(connection_log, leaves_out_what_is_less_important_than_wanted) {
  logged_duel core(endpoint_role::server, qlog::importance::core);
  core.fight.shake_hands();
  EXPECT_FALSE(core.events("quic:packet_sent").empty());
  EXPECT_TRUE(core.events("quic:connection_state_updated").empty());
  EXPECT_TRUE(core.events("quic:key_updated").empty());
}

TEST(connection_log, tells_only_metrics_that_changed) {
  logged_duel at(endpoint_role::server);
  at.fight.shake_hands();
  const auto metrics = at.events("quic:recovery_metrics_updated");
  ASSERT_FALSE(metrics.empty());
  EXPECT_TRUE(metrics.front().contains("congestion_window"));
  EXPECT_TRUE(metrics.front().contains("smoothed_rtt"));
}

}  // namespace
}  // namespace quasio::test
