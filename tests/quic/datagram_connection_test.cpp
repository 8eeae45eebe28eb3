// DATAGRAM frames as a connection has them (RFC 9221): what is agreed on, what goes into packets, and peers that keep
// to nothing.

#include <gtest/gtest.h>

#include "quic/duel.hpp"

namespace quasio::test {
namespace {

using quic::datagram_error;
using quic::datagram_outcome;

constexpr space_id app = space_id::application_data;

duel_options taking(std::uint64_t frame_size, std::uint64_t peer_takes = 65535) {
  duel_options options;
  options.transport.datagrams.max_frame_size = frame_size;
  options.peer_parameters.max_datagram_frame_size = peer_takes;
  // Time stands still in a duel.
  options.transport.pacing = false;
  options.transport.congestion.initial_window_packets = 100;
  options.transport.congestion.initial_window_limit = 120'000;
  return options;
}

struct both_roles : testing::TestWithParam<endpoint_role> {
  static std::unique_ptr<duel> fight(duel_options options) {
    auto made = std::make_unique<duel>(GetParam(), std::move(options));
    made->shake_hands();
    made->peer.forget_packets();
    return made;
  }
};

INSTANTIATE_TEST_SUITE_P(datagrams, both_roles, testing::Values(endpoint_role::client, endpoint_role::server),
                         [](const auto& role) { return role.param == endpoint_role::client ? "client" : "server"; });

std::vector<std::string> sent_texts(const hostile_peer& peer) {
  std::vector<std::string> texts;
  peer.visit([&](const peer_packet&, const wire::frame& frame) {
    if (const auto* datagram = std::get_if<wire::datagram_frame>(&frame)) texts.emplace_back(as_text(datagram->data));
  });
  return texts;
}

std::vector<std::string> read_all(quic::connection& connection) {
  std::vector<std::string> texts;
  while (const auto next = connection.peek_datagram()) {
    texts.emplace_back(as_text(*next));
    connection.pop_datagram();
  }
  return texts;
}

std::vector<std::pair<std::uint64_t, datagram_outcome>> fates(duel& fight) {
  fight.drain_events();
  std::vector<std::pair<std::uint64_t, datagram_outcome>> told;
  for (const auto& event : fight.events) {
    if (const auto* fate = std::get_if<quic::datagram_fate>(&event)) told.emplace_back(fate->cookie, fate->outcome);
  }
  return told;
}

using texts = std::vector<std::string>;
using told_fates = std::vector<std::pair<std::uint64_t, datagram_outcome>>;

TEST_P(both_roles, datagrams_come_in_order_even_empty_ones) {
  const auto round = fight(taking(65535));
  round->send_frames(app, wire::datagram_frame{as_bytes("one")}, wire::datagram_frame{}, wire::ping_frame{},
                     wire::datagram_frame{as_bytes("two")});
  EXPECT_EQ(round->count_events<quic::datagrams_readable>(), 1u);
  EXPECT_EQ(read_all(*round->connection), (texts{"one", "", "two"}));
  EXPECT_EQ(round->connection->statistics().datagram_frames_in.received, 3u);
  EXPECT_FALSE(round->connection->is_closed());
}

TEST_P(both_roles, a_datagram_that_was_not_agreed_on_is_a_violation) {
  const auto round = fight(taking(0));
  round->send_frames(app, wire::datagram_frame{});
  EXPECT_EQ(round->verdict(), transport_error_code::protocol_violation);
  EXPECT_EQ(round->connection->reason().frame_type, 0x31u);
}

TEST_P(both_roles, a_frame_of_the_announced_size_is_taken_and_one_byte_more_is_a_violation) {
  const auto round = fight(taking(100));
  const bytes payload(98);
  round->send_frames(app, wire::datagram_frame{byte_view(payload).first(97)});  // Type, two bytes of length, data.
  EXPECT_FALSE(round->connection->is_closed());
  round->send_frames(app, wire::datagram_frame{payload});
  EXPECT_EQ(round->verdict(), transport_error_code::protocol_violation);
}

TEST_P(both_roles, a_frame_without_length_is_measured_too) {
  const auto round = fight(taking(100));
  bytes payload(100, 0x30);
  round->send_payload(app, payload);
  EXPECT_FALSE(round->connection->is_closed());
  ASSERT_EQ(read_all(*round->connection), texts{std::string(99, '0')});
  payload.push_back(0);
  round->send_payload(app, payload);
  EXPECT_EQ(round->verdict(), transport_error_code::protocol_violation);
}

TEST_P(both_roles, an_overlong_length_counts) {
  const auto round = fight(taking(100));
  bytes payload{0x31, 0xc0, 0, 0, 0, 0, 0, 0, 92};  // A length of 8 bytes, and with the type 101 in all.
  payload.resize(9 + 92);
  round->send_payload(app, payload);
  EXPECT_EQ(round->verdict(), transport_error_code::protocol_violation);
}

TEST_P(both_roles, datagrams_in_handshake_packets_are_a_violation) {
  duel round(GetParam(), taking(65535));
  round.settle();
  if (!round.peer.has_keys(space_id::initial) || round.connection->is_closed()) GTEST_FAIL();
  if (GetParam() == endpoint_role::server) return;  // It has discarded those keys by now.
  round.send_frames(space_id::handshake, wire::datagram_frame{as_bytes("x")});
  EXPECT_EQ(round.verdict(), transport_error_code::protocol_violation);
}

TEST_P(both_roles, a_slow_reader_bounds_a_flood) {
  duel_options options = taking(65535);
  options.transport.datagrams.max_to_read = 50;
  options.transport.datagrams.max_bytes_to_read = 5000;
  const auto round = fight(options);
  const bytes payload(400);
  for (int i = 0; i < 300; ++i) {
    round->send_frames(app, wire::datagram_frame{payload}, wire::datagram_frame{}, wire::datagram_frame{});
    const auto now = round->connection->statistics().datagram_frames_in;
    ASSERT_LE(now.waiting, 50u);
    ASSERT_LE(now.bytes_waiting, 5000u);
  }
  // A packet of nothing but empty datagrams: 1200 frames.
  for (int i = 0; i < 100; ++i) {
    bytes tiny;
    for (int frame = 0; frame < 600; ++frame) tiny.insert(tiny.end(), {0x31, 0});
    round->send_payload(app, tiny);
  }
  EXPECT_EQ(round->connection->statistics().datagram_frames_in.waiting, 50u);
  EXPECT_EQ(round->count_events<quic::datagrams_readable>(), 1u);
  EXPECT_FALSE(round->connection->is_closed());
  const auto statistics = round->connection->statistics().datagram_frames_in;
  EXPECT_EQ(statistics.received - statistics.dropped, 50u);
}

// [rfc9000 19.21#1]
TEST_P(both_roles, nothing_is_sent_to_a_peer_that_takes_none) {
  const auto round = fight(taking(65535, 0));
  EXPECT_EQ(round->connection->max_datagram_payload(), 0u);
  EXPECT_EQ(round->connection->send_datagram(as_bytes("x")).error(), datagram_error::not_negotiated);
}

TEST_P(both_roles, nothing_is_sent_before_the_handshake_or_after_the_end) {
  duel round(GetParam(), taking(65535));
  if (round.connection) {
    EXPECT_EQ(round.connection->send_datagram(as_bytes("x")).error(), datagram_error::connection_closed);
  }
  round.shake_hands();
  round.connection->close(0, "", round.now);
  EXPECT_EQ(round.connection->send_datagram(as_bytes("x")).error(), datagram_error::connection_closed);
}

TEST_P(both_roles, the_largest_payload_fills_a_packet_and_no_more) {
  const auto round = fight(taking(0));
  const std::size_t largest = round->connection->max_datagram_payload();
  EXPECT_EQ(largest, 1200u - 1 - round->peer.own_id().size() - 4 - 16 - 1);
  const std::string payload(largest, 'x');
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(round->connection->send_datagram(as_bytes(payload)));
  EXPECT_EQ(round->connection->send_datagram(as_bytes(payload + "x")).error(), datagram_error::too_large);
  round->collect();
  EXPECT_EQ(sent_texts(round->peer), texts(3, payload));
  EXPECT_EQ(round->peer.packets().size(), 3u);
}

TEST_P(both_roles, what_the_peer_announced_is_never_exceeded) {
  for (const std::uint64_t limit : {1u, 2u, 3u, 64u, 65u, 66u, 67u, 300u}) {
    SCOPED_TRACE(limit);
    const auto round = fight(taking(0, limit));
    const std::size_t largest = round->connection->max_datagram_payload();
    if (limit < 2) {
      EXPECT_EQ(largest, 0u);
      continue;
    }
    EXPECT_GE(largest + 3, limit);
    const std::string payload(largest, 'x');
    ASSERT_TRUE(round->connection->send_datagram(as_bytes(payload)));
    round->collect();
    ASSERT_EQ(sent_texts(round->peer), texts{payload});
    EXPECT_LE(wire::encoded_size(wire::datagram_frame{as_bytes(payload)}), limit);
  }
}

TEST_P(both_roles, small_datagrams_share_a_packet_and_go_in_one_batch) {
  const auto round = fight(taking(0));
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(round->connection->send_datagram(as_bytes(std::string(100, 'x'))));
  bytes buffer(65536);
  const auto sent = round->connection->transmit(buffer, 16, round->now);
  ASSERT_TRUE(sent);
  EXPECT_GE(sent->size, 9u * sent->segment_size);
  for (std::size_t begin = 0; begin < sent->size; begin += sent->segment_size) {
    round->peer.receive(byte_view(buffer).subspan(begin, std::min(sent->segment_size, sent->size - begin)));
  }
  EXPECT_EQ(sent_texts(round->peer).size(), 100u);
}

TEST_P(both_roles, datagrams_that_do_not_share_a_packet_go_in_one_batch_without_padding) {
  const auto round = fight(taking(0));
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(round->connection->send_datagram(as_bytes(std::string(700, 'x'))));
  bytes buffer(65536);
  const auto sent = round->connection->transmit(buffer, 16, round->now);
  ASSERT_TRUE(sent);
  EXPECT_EQ(sent->size, 8 * sent->segment_size);
  EXPECT_LT(sent->segment_size, 740u);
}

TEST_P(both_roles, one_that_fits_only_without_an_acknowledgment_beside_it_is_not_held_up) {
  const auto round = fight(taking(65535));
  const std::string payload(round->connection->max_datagram_payload(), 'x');
  // Each of the peer's packets makes an acknowledgment wait for a ride.
  for (int i = 0; i < 20; ++i) {
    round->send_frames(app, wire::datagram_frame{as_bytes("ping")});
    ASSERT_TRUE(round->connection->send_datagram(as_bytes(payload)));
    round->collect();
    ASSERT_EQ(sent_texts(round->peer).size(), static_cast<std::size_t>(i + 1));
  }
}

TEST_P(both_roles, fates_are_told) {
  const auto round = fight(taking(0));
  ASSERT_TRUE(round->connection->send_datagram(as_bytes("a"), {.cookie = 1}));
  ASSERT_TRUE(round->connection->send_datagram(as_bytes("b")));
  round->settle();
  EXPECT_EQ(fates(*round), (told_fates{{1, datagram_outcome::acknowledged}}));
  ASSERT_TRUE(round->connection->send_datagram(as_bytes("c"), {.expires = round->now, .cookie = 2}));
  ASSERT_TRUE(round->connection->send_datagram(as_bytes("d"), {.group = 9, .cookie = 3}));
  EXPECT_EQ(round->connection->purge_datagram_group(9), 1u);
  round->settle();
  EXPECT_EQ(
      fates(*round),
      (told_fates{{1, datagram_outcome::acknowledged}, {3, datagram_outcome::purged}, {2, datagram_outcome::expired}}));
  EXPECT_EQ(sent_texts(round->peer), (texts{"a", "b"}));
}

TEST_P(both_roles, an_expired_one_is_told_although_nothing_can_be_sent) {
  duel_options options = taking(0);
  options.transport.congestion.initial_window_packets = 2;
  const auto round = fight(options);
  round->peer.acknowledges = false;
  for (std::uint64_t i = 0; i < 30; ++i) {
    ASSERT_TRUE(round->connection->send_datagram(bytes(1000), {.expires = round->now + 20ms, .cookie = i}));
  }
  round->pass(25ms);
  const auto statistics = round->connection->statistics().datagram_frames_out;
  EXPECT_GT(statistics.expired, 10u);
  EXPECT_EQ(fates(*round).size(), statistics.expired);
  EXPECT_EQ(statistics.waiting, 0u);
}

TEST_P(both_roles, a_lost_one_is_told_and_never_sent_again) {
  const auto round = fight(taking(0));
  round->deaf = true;
  ASSERT_TRUE(round->connection->send_datagram(as_bytes("lost"), {.cookie = 1}));
  round->collect();
  round->deaf = false;
  // Probes ask after it, but must not take it for lost or send it again.
  for (int i = 0; i < 3; ++i) round->pass_deadline();
  EXPECT_TRUE(fates(*round).empty());
  EXPECT_GE(round->peer.count<wire::ping_frame>(), 1u);
  round->settle();
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(round->connection->send_datagram(as_bytes("later")));
    round->settle();
  }
  EXPECT_EQ(fates(*round), (told_fates{{1, datagram_outcome::lost}}));
  EXPECT_EQ(sent_texts(round->peer), texts(5, "later"));
}

// [rfc9000 19.21#2]
TEST_P(both_roles, datagrams_keep_to_the_congestion_window) {
  duel_options options = taking(0);
  options.transport.congestion = {};
  const auto round = fight(options);
  round->peer.acknowledges = false;
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(round->connection->send_datagram(bytes(1000)));
  round->collect();
  round->pass(20ms);
  const auto statistics = round->connection->statistics();
  EXPECT_GT(statistics.datagram_frames_out.sent, 5u);
  EXPECT_LT(statistics.datagram_frames_out.sent, 20u);
  EXPECT_LE(statistics.bytes_in_flight, statistics.congestion_window);
}

TEST_P(both_roles, streams_and_datagrams_of_one_urgency_share_and_the_urgent_come_first) {
  const auto round = fight(taking(0));
  const auto id = round->connection->open_stream(stream_direction::unidirectional);
  ASSERT_TRUE(id);
  ASSERT_TRUE(round->connection->stream_write(*id, bytes(20'000), false));
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(round->connection->send_datagram(bytes(500)));
  ASSERT_TRUE(round->connection->send_datagram(as_bytes("now"), {.urgency = 0}));
  bytes buffer(1200);
  for (int packets = 0; packets < 8; ++packets) {
    const auto sent = round->connection->transmit(buffer, 1, round->now);
    if (!sent) break;
    round->peer.receive(byte_view(buffer).first(sent->size));
  }
  std::size_t stream_bytes = 0;
  std::size_t datagram_bytes = 0;
  round->peer.visit([&](const peer_packet&, const wire::frame& frame) {
    if (const auto* stream = std::get_if<wire::stream_frame>(&frame)) stream_bytes += stream->data.size();
    if (const auto* datagram = std::get_if<wire::datagram_frame>(&frame)) datagram_bytes += datagram->data.size();
  });
  EXPECT_EQ(sent_texts(round->peer).front(), "now");
  EXPECT_GT(stream_bytes, 2000u);
  EXPECT_NEAR(static_cast<double>(stream_bytes), static_cast<double>(datagram_bytes), 1300);
}

TEST_P(both_roles, what_came_stays_readable_after_the_end) {
  const auto round = fight(taking(65535));
  round->send_frames(app, wire::datagram_frame{as_bytes("last words")},
                     wire::connection_close_frame{.error_code = 0, .by_application = true});
  EXPECT_TRUE(round->connection->is_closed());
  EXPECT_EQ(read_all(*round->connection), texts{"last words"});
}

}  // namespace
}  // namespace quasio::test
