#include "quic/stream_set.hpp"

#include <gtest/gtest.h>

#include "quic/stream_endpoint.hpp"

/// What the application sees of streams.
namespace quasio::quic {
namespace {

constexpr auto bidirectional = stream_direction::bidirectional;
constexpr auto unidirectional = stream_direction::unidirectional;

settings small_limits() {
  settings own;
  own.max_concurrent_bidirectional_streams = 2;
  own.max_concurrent_unidirectional_streams = 1;
  return own;
}

// [rfc9000 2.1#1]
TEST(stream_set, numbers_streams_by_role_and_direction) {
  stream_pair pair;
  EXPECT_EQ(pair.client.streams.open(bidirectional), 0u);
  EXPECT_EQ(pair.client.streams.open(bidirectional), 4u);
  EXPECT_EQ(pair.client.streams.open(unidirectional), 2u);
  EXPECT_EQ(pair.server.streams.open(bidirectional), 1u);
  EXPECT_EQ(pair.server.streams.open(unidirectional), 3u);
}

TEST(stream_set, opens_nothing_before_it_knows_the_peers_limits) {
  stream_endpoint client(endpoint_role::client);
  EXPECT_EQ(client.streams.streams_left(bidirectional), 0u);
  EXPECT_EQ(client.streams.open(bidirectional).error(), stream_error::limit_reached);
  client.streams.set_peer_parameters(parameters_of({}));
  EXPECT_EQ(client.take<streams_available>().size(), 1u);
  EXPECT_EQ(client.streams.streams_left(bidirectional), 100u);
}

TEST(stream_set, carries_a_request_and_its_response) {
  stream_pair pair;
  const stream_id id = *pair.client.streams.open(bidirectional);
  EXPECT_EQ(pair.client.streams.write(id, as_bytes("request"), true), 7u);
  ASSERT_TRUE(pair.settle());

  const auto events = pair.server.take_events();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(std::get<stream_opened>(events[0]).id, id);
  EXPECT_EQ(std::get<stream_readable>(events[1]).id, id);
  bool fin = false;
  EXPECT_EQ(pair.server.read(id, &fin), "request");
  EXPECT_TRUE(fin);
  EXPECT_TRUE(pair.server.take<stream_closed>().empty());
  EXPECT_TRUE(pair.server.streams.write_whole(id, as_bytes("response"), true));
  ASSERT_TRUE(pair.settle());

  EXPECT_EQ(pair.client.take<stream_opened>().size(), 0u);
  EXPECT_EQ(pair.client.read(id, &fin), "response");
  EXPECT_EQ(pair.client.take<stream_closed>().size(), 1u);
  EXPECT_EQ(pair.server.take<stream_closed>().size(), 1u);
  EXPECT_EQ(pair.client.streams.size(), 0u);
  EXPECT_EQ(pair.server.streams.size(), 0u);
  EXPECT_EQ(pair.client.streams.blocks_in_use() + pair.server.streams.blocks_in_use(), 0u);
  EXPECT_EQ(pair.client.streams.counters().bytes_sent, 7u);
  EXPECT_EQ(pair.client.streams.counters().bytes_received, 8u);
}

TEST(stream_set, refuses_what_a_stream_is_not_for) {
  stream_pair pair;
  auto& client = pair.client.streams;
  auto& server = pair.server.streams;
  const stream_id up = *client.open(unidirectional);
  ASSERT_TRUE(client.write(up, as_bytes("x"), false));
  ASSERT_TRUE(pair.settle());
  EXPECT_EQ(client.peek(up).error(), stream_error::wrong_direction);
  EXPECT_EQ(client.stop_sending(up, 0).error(), stream_error::wrong_direction);
  EXPECT_EQ(server.write(up, as_bytes("x"), false).error(), stream_error::wrong_direction);
  EXPECT_EQ(server.capacity(up).error(), stream_error::wrong_direction);
  EXPECT_EQ(server.reset(up, 0).error(), stream_error::wrong_direction);
  EXPECT_EQ(server.set_priority(up, 0, false).error(), stream_error::wrong_direction);
}

TEST(stream_set, knows_only_streams_that_are_open) {
  stream_pair pair;
  auto& client = pair.client.streams;
  EXPECT_EQ(client.write(0, as_bytes("x"), false).error(), stream_error::unknown_stream);
  EXPECT_EQ(client.peek(1).error(), stream_error::unknown_stream);
  EXPECT_EQ(client.capacity(2).error(), stream_error::unknown_stream);
  EXPECT_EQ(client.consume(3, 0, {}, {}).error(), stream_error::unknown_stream);
  EXPECT_EQ(client.reset(0, 0).error(), stream_error::unknown_stream);

  const stream_id id = *client.open(unidirectional);
  ASSERT_TRUE(client.write(id, as_bytes("x"), true));
  ASSERT_TRUE(pair.settle());
  pair.server.read(id);
  EXPECT_EQ(client.write(id, as_bytes("x"), false).error(), stream_error::unknown_stream);
  EXPECT_EQ(pair.server.streams.peek(id).error(), stream_error::unknown_stream);
}

// [rfc9000 3.3#2 4.5#2]
TEST(stream_set, takes_nothing_after_the_end_or_a_reset) {
  stream_pair pair;
  auto& client = pair.client.streams;
  const stream_id ended = *client.open(bidirectional);
  ASSERT_TRUE(client.write(ended, {}, true));
  EXPECT_EQ(client.write(ended, as_bytes("x"), false).error(), stream_error::already_finished);
  EXPECT_EQ(client.write_whole(ended, as_bytes("x"), false).error(), stream_error::already_finished);
  EXPECT_EQ(client.capacity(ended).error(), stream_error::already_finished);
  const stream_id reset = *client.open(bidirectional);
  ASSERT_TRUE(client.reset(reset, 1));
  ASSERT_TRUE(client.reset(reset, 2)) << "once more does nothing";
  EXPECT_EQ(client.write(reset, as_bytes("x"), false).error(), stream_error::reset);
  EXPECT_EQ(client.capacity(reset).error(), stream_error::reset);
}

TEST(stream_set, takes_no_more_than_the_send_buffer_and_says_when_there_is_room) {
  settings own;
  own.stream_send_buffer = 4000;
  stream_pair pair(own, {});
  auto& client = pair.client.streams;
  const stream_id id = *client.open(bidirectional);
  const std::vector<std::uint8_t> data(5000);
  EXPECT_EQ(client.capacity(id), 4000u);
  EXPECT_EQ(client.write(id, data, true), 4000u);
  EXPECT_EQ(client.capacity(id), 0u);
  EXPECT_EQ(client.write(id, data, true), 0u);
  EXPECT_TRUE(pair.client.take<stream_writable>().empty());
  pair.client.send(1200);
  EXPECT_TRUE(pair.client.take<stream_writable>().empty()) << "a packet's worth is not worth a wake-up";
  pair.client.send(1200);
  EXPECT_EQ(pair.client.take<stream_writable>().size(), 1u);
  pair.client.send(600);
  EXPECT_TRUE(pair.client.take<stream_writable>().empty()) << "said already";
  EXPECT_EQ(client.write(id, std::span(data).first(1000), true), 1000u);
  pair.client.send(1200);
  EXPECT_TRUE(pair.client.take<stream_writable>().empty()) << "the last write was not cut short";
}

TEST(stream_set, bounds_what_all_streams_hold_unsent_and_leaves_each_its_share) {
  constexpr std::size_t share = 16 * 1024;
  settings own;
  own.stream_send_buffer = 8 * share;
  own.connection_send_buffer = 10 * share;
  settings peer;
  peer.initial_stream_window = 0;
  stream_pair pair(own, peer);
  auto& client = pair.client.streams;
  const std::vector<std::uint8_t> data(20 * share);
  std::vector<stream_id> all;
  std::size_t held = 0;
  for (int i = 0; i < 50; ++i) {
    all.push_back(*client.open(bidirectional));
    held += *client.write(all.back(), data, false);
  }
  EXPECT_EQ(held, (8 + 2 + 48) * share) << "one its own limit, one what it left, the others their share";
  EXPECT_EQ(client.capacity(*client.open(bidirectional)), share);
  ASSERT_TRUE(client.reset(all.front(), 1));
  EXPECT_EQ(client.capacity(all.back()), 0u) << "the others hold enough without it";
  for (int i = 1; i < 48; ++i) ASSERT_TRUE(client.reset(all[static_cast<std::size_t>(i)], 1));
  EXPECT_EQ(client.capacity(all.back()), 7 * share) << "what was given up counts no more";
}

TEST(stream_set, says_that_there_is_room_at_half_of_the_share) {
  constexpr std::size_t share = 16 * 1024;
  settings own;
  own.connection_send_buffer = 0;
  stream_pair pair(own, {});
  auto& client = pair.client.streams;
  const stream_id id = *client.open(bidirectional);
  const std::vector<std::uint8_t> data(2 * share);
  EXPECT_EQ(client.write(id, data, false), share);
  pair.client.send(share / 2 - 100);
  EXPECT_TRUE(pair.client.take<stream_writable>().empty());
  pair.client.send(200);
  EXPECT_EQ(pair.client.take<stream_writable>().size(), 1u);
  EXPECT_GE(client.write(id, data, false).value_or(0), share / 2);
}

TEST(stream_set, says_how_much_the_peer_lets_go_at_once) {
  settings peer;
  peer.initial_stream_window = 1000;
  peer.initial_connection_window = 1500;
  stream_pair pair({}, peer);
  auto& client = pair.client.streams;
  const stream_id id = *client.open(bidirectional);
  EXPECT_EQ(client.credit(id), 1000u);
  ASSERT_TRUE(client.write(id, std::vector<std::uint8_t>(300), false));
  EXPECT_EQ(client.credit(id), 700u) << "what is written counts before it is sent";
  pair.client.send(1200);
  EXPECT_EQ(client.credit(id), 700u);
  const stream_id other = *client.open(bidirectional);
  ASSERT_TRUE(client.write(other, std::vector<std::uint8_t>(800), false));
  pair.client.send(1200);
  EXPECT_EQ(client.credit(id), 400u) << "the connection's";
  ASSERT_TRUE(client.write(id, std::vector<std::uint8_t>(2000), false));
  EXPECT_EQ(client.credit(id), 0u);
  EXPECT_EQ(client.credit(8).error(), stream_error::unknown_stream);
}

TEST(stream_set, takes_a_message_whole_whatever_room_there_is) {
  settings own;
  own.stream_send_buffer = 10;
  stream_pair pair(own, {});
  const stream_id id = *pair.client.streams.open(bidirectional);
  ASSERT_TRUE(pair.client.streams.write_whole(id, std::vector<std::uint8_t>(100), false));
  EXPECT_EQ(pair.client.streams.capacity(id), 0u);
  ASSERT_TRUE(pair.settle());
  EXPECT_EQ(pair.server.read(id).size(), 100u);
}

TEST(stream_set, says_once_that_a_stream_is_readable) {
  stream_pair pair;
  const stream_id id = *pair.client.streams.open(bidirectional);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(pair.client.streams.write(id, as_bytes("x"), false));
    ASSERT_TRUE(pair.settle());
  }
  EXPECT_EQ(pair.server.take<stream_readable>().size(), 1u);
  EXPECT_EQ(pair.server.read(id), "xxx");
  ASSERT_TRUE(pair.client.streams.write(id, {}, true));
  ASSERT_TRUE(pair.settle());
  EXPECT_EQ(pair.server.take<stream_readable>().size(), 1u);
}

TEST(stream_set, gives_the_empty_end_again_while_the_other_side_is_open) {
  stream_pair pair;
  const stream_id id = *pair.client.streams.open(bidirectional);
  ASSERT_TRUE(pair.client.streams.write(id, as_bytes("x"), true));
  ASSERT_TRUE(pair.settle());
  EXPECT_EQ(pair.server.read(id), "x");
  const auto chunk = pair.server.streams.peek(id);
  ASSERT_TRUE(chunk);
  EXPECT_TRUE(chunk->bytes.empty());
  EXPECT_TRUE(chunk->fin);
}

TEST(stream_set, tells_of_a_reset_and_closes) {
  stream_pair pair;
  const stream_id id = *pair.client.streams.open(unidirectional);
  ASSERT_TRUE(pair.client.streams.write(id, as_bytes("never mind"), false));
  ASSERT_TRUE(pair.settle());
  ASSERT_TRUE(pair.client.streams.reset(id, 42));
  pair.server.take_events();
  ASSERT_TRUE(pair.settle());
  const auto events = pair.server.take_events();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(std::get<stream_reset>(events[0]).id, id);
  EXPECT_EQ(std::get<stream_reset>(events[0]).code, 42u);
  EXPECT_EQ(std::get<stream_closed>(events[1]).id, id);
  EXPECT_EQ(pair.client.streams.size() + pair.server.streams.size(), 0u);
}

TEST(stream_set, reads_nothing_more_after_a_reset) {
  stream_pair pair;
  const stream_id id = *pair.client.streams.open(bidirectional);
  ASSERT_TRUE(pair.client.streams.write(id, as_bytes("never mind"), false));
  ASSERT_TRUE(pair.settle());
  ASSERT_TRUE(pair.client.streams.reset(id, 42));
  ASSERT_TRUE(pair.settle());
  EXPECT_EQ(pair.server.streams.peek(id).error(), stream_error::reset);
  EXPECT_EQ(pair.server.streams.consume(id, 1, {}, {}).error(), stream_error::reset);
  EXPECT_TRUE(pair.server.streams.write(id, as_bytes("all right"), true))
      << "the other direction goes on (section 4.4)";
}

// [rfc9000 3.5#1]
TEST(stream_set, resets_its_side_when_the_peer_asks_it_to_stop) {
  stream_pair pair;
  const stream_id id = *pair.client.streams.open(unidirectional);
  ASSERT_TRUE(pair.client.streams.write(id, std::vector<std::uint8_t>(5000), false));
  const test_packet first = pair.client.send();
  ASSERT_TRUE(pair.server.receive(first));
  ASSERT_TRUE(pair.server.streams.stop_sending(id, 9));
  EXPECT_EQ(pair.server.streams.peek(id).error(), stream_error::reset);
  pair.server.take_events();
  ASSERT_TRUE(stream_pair::carry(pair.server, pair.client, 1200));

  const auto stopped = pair.client.take<stream_stopped>();
  ASSERT_EQ(stopped.size(), 1u);
  EXPECT_EQ(stopped[0].code, 9u);
  EXPECT_EQ(pair.client.streams.write(id, as_bytes("x"), false).error(), stream_error::reset);
  const test_packet reset = pair.client.send();
  const auto frames = frames_of<wire::reset_stream_frame>(reset);
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(frames[0].error_code, 9u);
  EXPECT_TRUE(frames_of<wire::stream_frame>(reset).empty());
  ASSERT_TRUE(pair.server.receive(reset));
  const auto events = pair.server.take_events();
  ASSERT_EQ(events.size(), 1u) << "who asked to stop need not be told of the reset";
  EXPECT_TRUE(std::holds_alternative<stream_closed>(events[0]));
}

TEST(stream_set, waits_for_the_peer_to_raise_the_limit_of_streams) {
  stream_pair pair({}, small_limits());
  auto& client = pair.client;
  const stream_id first = *client.streams.open(bidirectional);
  ASSERT_TRUE(client.streams.open(bidirectional));
  EXPECT_EQ(client.streams.streams_left(bidirectional), 0u);
  EXPECT_EQ(client.streams.open(bidirectional).error(), stream_error::limit_reached);
  const auto blocked = frames_of<wire::streams_blocked_frame>(client.send());
  ASSERT_EQ(blocked.size(), 1u);
  EXPECT_EQ(blocked[0].limit, 2u);

  ASSERT_TRUE(client.streams.write(first, as_bytes("x"), true));
  ASSERT_TRUE(pair.settle());
  ASSERT_TRUE(pair.server.streams.write(first, as_bytes("y"), true));
  pair.server.read(first);
  ASSERT_TRUE(pair.settle());
  client.read(first);
  const auto available = client.take<streams_available>();
  ASSERT_EQ(available.size(), 1u);
  EXPECT_EQ(available[0].direction, bidirectional);
  EXPECT_EQ(client.streams.open(bidirectional), 8u);
}

// [rfc9000 3.2#1]
TEST(stream_set, lets_the_application_use_streams_that_are_open_because_a_higher_one_is) {
  stream_pair pair;
  ASSERT_TRUE(pair.server.receive_stream(8, 0, "x"));
  EXPECT_EQ(pair.server.take<stream_opened>().size(), 1u) << "told with the first frame";
  EXPECT_EQ(pair.server.streams.size(), 1u);
  const auto& server = pair.server.streams;
  EXPECT_TRUE(server.peek(0)->bytes.empty());
  EXPECT_EQ(server.capacity(4), settings{}.stream_send_buffer);
  EXPECT_EQ(pair.server.streams.size(), 1u) << "asking costs nothing";
  EXPECT_EQ(pair.server.streams.write(4, as_bytes("push"), false), 4u);
  EXPECT_EQ(pair.server.streams.size(), 2u);
  EXPECT_EQ(server.capacity(12).error(), stream_error::unknown_stream);
  ASSERT_TRUE(pair.server.receive_stream(4, 0, "x"));
  EXPECT_EQ(pair.server.take<stream_opened>().size(), 1u);
}

TEST(stream_set, takes_larger_limits_later_as_after_early_data) {
  settings remembered;
  remembered.initial_connection_window = 10;
  remembered.initial_stream_window = 10;
  remembered.max_concurrent_bidirectional_streams = 1;
  stream_endpoint client(endpoint_role::client);
  client.streams.set_peer_parameters(parameters_of(remembered));
  const stream_id id = *client.streams.open(bidirectional);
  ASSERT_TRUE(client.streams.write(id, std::vector<std::uint8_t>(30), false));
  EXPECT_EQ(frames_of<wire::stream_frame>(client.send()).at(0).data.size(), 10u);
  EXPECT_FALSE(client.streams.open(bidirectional));
  client.streams.set_peer_parameters(parameters_of({}));
  EXPECT_EQ(frames_of<wire::stream_frame>(client.send()).at(0).data.size(), 20u);
  EXPECT_EQ(client.take<streams_available>().size(), 1u);
  client.streams.set_peer_parameters(parameters_of(remembered));
  EXPECT_EQ(client.streams.streams_left(bidirectional), 99u) << "limits never fall";
}

TEST(stream_set, drains_and_closes_streams_without_leaving_memory) {
  stream_pair pair;
  for (int round = 0; round < 2000; ++round) {
    const auto id = pair.client.streams.open(bidirectional);
    ASSERT_TRUE(id) << "round " << round;
    ASSERT_TRUE(pair.client.streams.write(*id, as_bytes("ping"), true));
    ASSERT_TRUE(pair.settle());
    ASSERT_EQ(pair.server.read(*id), "ping");
    ASSERT_TRUE(pair.server.streams.write(*id, as_bytes("pong"), true));
    ASSERT_TRUE(pair.settle());
    ASSERT_EQ(pair.client.read(*id), "pong");
    ASSERT_EQ(pair.client.streams.size() + pair.server.streams.size(), 0u);
    ASSERT_EQ(pair.client.streams.blocks_in_use() + pair.server.streams.blocks_in_use(), 0u);
    pair.client.take_events();
    pair.server.take_events();
  }
}

}  // namespace
}  // namespace quasio::quic
