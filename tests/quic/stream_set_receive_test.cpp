#include <gtest/gtest.h>

#include "quic/stream_endpoint.hpp"

/// What a peer may send about streams, and what it may not (RFC 9000, sections 4 and 19.4 to 19.14).
namespace quasio::quic {
namespace {

using code = transport_error_code;

constexpr stream_id client_bidi = 0;
constexpr stream_id server_bidi = 1;
constexpr stream_id client_uni = 2;
constexpr stream_id server_uni = 3;

settings tight() {
  settings own;
  own.initial_stream_window = 100;
  own.max_stream_window = 100;
  own.initial_connection_window = 150;
  own.max_connection_window = 150;
  own.max_concurrent_bidirectional_streams = 4;
  own.max_concurrent_unidirectional_streams = 4;
  return own;
}

/// A server and what it says to frames of its peer.
struct stream_frames : testing::Test {
  stream_frames() : server(endpoint_role::server, tight()) { server.streams.set_peer_parameters(parameters_of({})); }

  code answer(const wire::frame& frame) { return code_of(server.receive(frame)); }
  code stream(stream_id id, std::uint64_t offset, std::size_t length, bool fin = false) {
    return code_of(server.receive_stream(id, offset, std::string(length, 'x'), fin));
  }
  static code code_of(const transport_result<void>& outcome) { return outcome ? code::no_error : outcome.error().code; }

  stream_endpoint server;
};

// [rfc9000 19.10#1]
TEST_F(stream_frames, are_refused_for_streams_of_ours_that_were_not_opened) {
  EXPECT_EQ(stream(server_bidi, 0, 1), code::stream_state_error);
  EXPECT_EQ(answer(wire::stop_sending_frame{server_bidi, 0}), code::stream_state_error);
  EXPECT_EQ(answer(wire::max_stream_data_frame{server_bidi, 1}), code::stream_state_error);
  EXPECT_EQ(answer(wire::reset_stream_frame{server_bidi, 0, 0}), code::stream_state_error);
  EXPECT_EQ(answer(wire::stream_data_blocked_frame{server_bidi, 0}), code::stream_state_error);
  EXPECT_EQ(answer(wire::stop_sending_frame{server_uni, 0}), code::stream_state_error);
  EXPECT_EQ(answer(wire::max_stream_data_frame{server_uni, 1}), code::stream_state_error);
  ASSERT_TRUE(server.streams.open(stream_direction::bidirectional));
  EXPECT_EQ(stream(server_bidi, 0, 1), code::no_error);
  EXPECT_EQ(stream(server_bidi + 4, 0, 1), code::stream_state_error);
}

// [rfc9000 19.5#2 19.13#1]
TEST_F(stream_frames, are_refused_in_the_wrong_direction) {
  ASSERT_TRUE(server.streams.open(stream_direction::unidirectional));
  EXPECT_EQ(stream(server_uni, 0, 1), code::stream_state_error);
  EXPECT_EQ(answer(wire::reset_stream_frame{server_uni, 0, 0}), code::stream_state_error);
  EXPECT_EQ(answer(wire::stream_data_blocked_frame{server_uni, 0}), code::stream_state_error);
  EXPECT_EQ(answer(wire::stop_sending_frame{client_uni, 0}), code::stream_state_error);
  EXPECT_EQ(answer(wire::max_stream_data_frame{client_uni, 5}), code::stream_state_error);
}

// [rfc9000 19.11#4]
TEST_F(stream_frames, are_refused_beyond_the_limit_of_streams) {
  EXPECT_EQ(stream(client_bidi + 4 * 3, 0, 1), code::no_error);
  EXPECT_EQ(stream(client_bidi + 4 * 4, 0, 1), code::stream_limit_error);
  EXPECT_EQ(answer(wire::reset_stream_frame{client_uni + 4 * 4, 0, 0}), code::stream_limit_error);
  EXPECT_EQ(answer(wire::stop_sending_frame{client_bidi + 4 * 4, 0}), code::stream_limit_error);
  EXPECT_EQ(answer(wire::max_stream_data_frame{client_bidi + 4 * 4, 9}), code::stream_limit_error);
  EXPECT_EQ(answer(wire::stream_data_blocked_frame{client_uni + 4 * 4, 9}), code::stream_limit_error);
}

TEST_F(stream_frames, name_the_frame_and_the_stream_in_the_error) {
  const auto refused = server.receive(wire::stop_sending_frame{client_uni, 0});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().frame_type, 0x05u);
  EXPECT_NE(refused.error().reason.find("stream 2"), std::string::npos);
}

TEST_F(stream_frames, of_any_kind_open_a_stream_of_the_peer) {
  EXPECT_EQ(answer(wire::stop_sending_frame{client_bidi, 3}), code::no_error);
  EXPECT_EQ(answer(wire::max_stream_data_frame{client_bidi + 4, 1 << 20}), code::no_error);
  EXPECT_EQ(answer(wire::stream_data_blocked_frame{client_bidi + 8, 0}), code::no_error);
  EXPECT_EQ(answer(wire::reset_stream_frame{client_bidi + 12, 0, 0}), code::no_error);
  const auto opened = server.take<stream_opened>();
  ASSERT_EQ(opened.size(), 4u);
  EXPECT_EQ(server.streams.size(), 4u);
}

TEST_F(stream_frames, for_a_closed_stream_are_ignored) {
  EXPECT_EQ(stream(client_uni, 0, 5, true), code::no_error);
  server.read(client_uni);
  EXPECT_EQ(server.take<stream_closed>().size(), 1u);
  EXPECT_EQ(stream(client_uni, 0, 5, true), code::no_error);
  EXPECT_EQ(stream(client_uni, 0, 3), code::no_error);
  EXPECT_EQ(answer(wire::reset_stream_frame{client_uni, 0, 5}), code::no_error);
  EXPECT_EQ(answer(wire::stream_data_blocked_frame{client_uni, 5}), code::no_error);
  EXPECT_TRUE(server.take_events().empty());
  EXPECT_EQ(server.streams.size(), 0u);
}

// [rfc9000 19.10#4]
TEST_F(stream_frames, beyond_the_window_of_the_stream_are_refused) {
  EXPECT_EQ(stream(client_bidi, 99, 1), code::no_error);
  EXPECT_EQ(stream(client_bidi, 100, 1), code::flow_control_error);
  EXPECT_EQ(answer(wire::reset_stream_frame{client_uni, 0, 101}), code::flow_control_error);
  EXPECT_EQ(stream(client_uni, varint_max - 5, 5), code::flow_control_error);
}

// [rfc9000 4.1#2 4.5#1 19.9#2]
TEST_F(stream_frames, beyond_the_window_of_the_connection_are_refused) {
  EXPECT_EQ(stream(client_bidi, 99, 1), code::no_error);
  EXPECT_EQ(stream(client_bidi + 4, 49, 1), code::no_error);
  EXPECT_EQ(stream(client_bidi + 8, 0, 0), code::no_error);
  EXPECT_EQ(stream(client_bidi, 0, 99), code::no_error) << "fills what was counted";
  EXPECT_EQ(stream(client_bidi + 8, 0, 1), code::flow_control_error);
  EXPECT_EQ(answer(wire::reset_stream_frame{client_bidi + 12, 0, 1}), code::flow_control_error);
}

TEST_F(stream_frames, that_change_the_final_size_are_refused) {
  EXPECT_EQ(stream(client_bidi, 0, 10, true), code::no_error);
  EXPECT_EQ(stream(client_bidi, 0, 11), code::final_size_error);
  EXPECT_EQ(stream(client_bidi, 0, 9, true), code::final_size_error);
  EXPECT_EQ(answer(wire::reset_stream_frame{client_bidi, 0, 11}), code::final_size_error);
  EXPECT_EQ(answer(wire::reset_stream_frame{client_bidi, 0, 10}), code::no_error);
  EXPECT_EQ(stream(client_uni, 5, 5), code::no_error);
  EXPECT_EQ(stream(client_uni, 5, 0, true), code::final_size_error);
  EXPECT_EQ(answer(wire::reset_stream_frame{client_uni, 0, 9}), code::final_size_error);
}

TEST_F(stream_frames, after_a_reset_still_have_to_keep_its_final_size) {
  EXPECT_EQ(answer(wire::reset_stream_frame{client_bidi, 7, 50}), code::no_error);
  EXPECT_EQ(stream(client_bidi, 0, 50), code::no_error);
  EXPECT_EQ(stream(client_bidi, 50, 1), code::final_size_error);
  EXPECT_EQ(server.take<stream_reset>().size(), 1u);
  EXPECT_EQ(answer(wire::reset_stream_frame{client_bidi, 7, 50}), code::no_error);
  EXPECT_TRUE(server.take<stream_reset>().empty()) << "told once";
}

// Both sides must agree on the credit used, however a stream ends (section 4.4).
// [rfc9000 4.5#1]
TEST_F(stream_frames, give_back_the_credit_of_a_reset_stream) {
  for (int round = 0; round < 20; ++round) {
    const stream_id id = client_uni + 4 * static_cast<stream_id>(round);
    ASSERT_EQ(stream(id, 0, 10), code::no_error) << round;
    ASSERT_EQ(answer(wire::reset_stream_frame{id, 7, 60}), code::no_error) << round;
    server.send();  // MAX_DATA and MAX_STREAMS.
  }
  EXPECT_EQ(server.streams.size(), 0u);
}

// Late data of a stream that we do not want is counted, and given back at once (section 3.5).
// [rfc9000 4.4#1]
TEST_F(stream_frames, on_a_stream_we_abandoned_still_use_its_credit_but_not_the_connections) {
  ASSERT_EQ(stream(client_bidi, 0, 10), code::no_error);
  ASSERT_TRUE(server.streams.stop_sending(client_bidi, 1));
  server.take_events();
  ASSERT_EQ(stream(client_bidi, 10, 90), code::no_error);
  EXPECT_TRUE(server.take_events().empty());
  EXPECT_EQ(server.streams.blocks_in_use(), 0u);
  EXPECT_EQ(stream(client_bidi, 100, 1), code::flow_control_error);
  const auto limits = frames_of<wire::max_data_frame>(server.send());
  ASSERT_EQ(limits.size(), 1u);
  EXPECT_EQ(limits[0].maximum, 250u);
}

// [rfc9000 4.4#1]
TEST_F(stream_frames, close_an_abandoned_stream_once_its_size_is_known) {
  ASSERT_EQ(stream(client_uni, 0, 10), code::no_error);
  ASSERT_TRUE(server.streams.stop_sending(client_uni, 1));
  EXPECT_TRUE(server.take<stream_closed>().empty());
  ASSERT_EQ(stream(client_uni, 40, 10, true), code::no_error);
  EXPECT_EQ(server.take<stream_closed>().size(), 1u);
  EXPECT_TRUE(frames_of<wire::stop_sending_frame>(server.send()).empty()) << "there is nothing left to stop";
}

// [rfc9000 4.1#3 4.6#4 13.3#3 19.11#2]
TEST_F(stream_frames, that_raise_no_limit_are_ignored) {
  const stream_id id = *server.streams.open(stream_direction::bidirectional);
  EXPECT_EQ(answer(wire::max_stream_data_frame{id, 1}), code::no_error);
  EXPECT_EQ(answer(wire::max_data_frame{1}), code::no_error);
  EXPECT_EQ(answer(wire::max_streams_frame{stream_direction::bidirectional, 1}), code::no_error);
  EXPECT_EQ(server.streams.streams_left(stream_direction::bidirectional), 99u);
  ASSERT_TRUE(server.streams.write(id, as_bytes("hello"), true));
  EXPECT_EQ(frames_of<wire::stream_frame>(server.send()).at(0).data.size(), 5u);
}

TEST_F(stream_frames, that_count_more_streams_than_there_are_numbers_are_refused) {
  constexpr auto uni = stream_direction::unidirectional;
  EXPECT_EQ(answer(wire::max_streams_frame{uni, wire::max_stream_count}), code::no_error);
  EXPECT_EQ(answer(wire::max_streams_frame{uni, wire::max_stream_count + 1}), code::frame_encoding_error);
  EXPECT_EQ(answer(wire::streams_blocked_frame{uni, wire::max_stream_count}), code::no_error);
  EXPECT_EQ(answer(wire::streams_blocked_frame{uni, wire::max_stream_count + 1}), code::frame_encoding_error);
}

TEST_F(stream_frames, that_say_blocked_change_nothing) {
  EXPECT_EQ(answer(wire::data_blocked_frame{varint_max}), code::no_error);
  EXPECT_EQ(answer(wire::stream_data_blocked_frame{client_bidi, varint_max}), code::no_error);
  EXPECT_FALSE(server.streams.has_frames_to_send());
}

TEST_F(stream_frames, that_ask_twice_to_stop_stop_once) {
  ASSERT_EQ(stream(client_bidi, 0, 1), code::no_error);
  EXPECT_EQ(answer(wire::stop_sending_frame{client_bidi, 3}), code::no_error);
  EXPECT_EQ(answer(wire::stop_sending_frame{client_bidi, 4}), code::no_error);
  EXPECT_EQ(server.take<stream_stopped>().size(), 1u);
  const auto resets = frames_of<wire::reset_stream_frame>(server.send());
  ASSERT_EQ(resets.size(), 1u);
  EXPECT_EQ(resets[0].error_code, 3u);
}

TEST(hostile_peer, is_refused_when_it_scatters_more_pieces_than_allowed) {
  settings own;
  own.max_stream_gaps = 10;
  stream_endpoint server(endpoint_role::server, own);
  for (std::uint64_t piece = 0; piece < 10; ++piece) ASSERT_TRUE(server.receive_stream(0, 2 * piece + 1, "x"));
  const auto refused = server.receive_stream(0, 21, "x");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, transport_error_code::internal_error);
}

TEST(stream_set, takes_any_number_of_pieces_that_are_worth_their_gaps) {
  settings own;
  own.max_stream_gaps = 10;
  stream_endpoint server(endpoint_role::server, own);
  const std::string piece(512, 'x');
  for (std::uint64_t index = 0; index < 100; ++index) {
    ASSERT_TRUE(server.receive_stream(0, 1024 * index + 512, piece)) << index;
  }
  for (std::uint64_t index = 0; index < 90; ++index) ASSERT_TRUE(server.receive_stream(0, 1024 * index, piece));
  // Ten pieces are left: scattered bytes behind them are what the limit is for.
  ASSERT_TRUE(server.receive_stream(0, 200'000, piece));
  const auto refused = server.receive_stream(0, 300'000, "x");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, transport_error_code::internal_error);
}

TEST(hostile_peer, cannot_make_scattered_bytes_cost_more_than_the_windows) {
  const settings own;
  stream_endpoint server(endpoint_role::server, own);
  std::uint64_t credit = own.initial_connection_window;
  // As many streams as there may be, each with its last byte as far out as the credit allows and others in between.
  const std::uint64_t share = credit / 200;
  for (stream_id index = 0; index < 100; ++index) {
    for (const stream_id id : {4 * index, 4 * index + 2}) {
      for (std::uint64_t offset = share - 1; offset > 0; offset -= std::min<std::uint64_t>(offset, 1000)) {
        ASSERT_TRUE(server.receive_stream(id, offset, "x"));
      }
    }
  }
  EXPECT_EQ(server.streams.size(), 200u);
  EXPECT_LE(server.streams.blocks_in_use() * stream_block_size,
            own.initial_connection_window + 200 * stream_block_size);
}

TEST(hostile_peer, cannot_make_one_frame_cost_a_thousand_streams) {
  settings own;
  own.max_concurrent_bidirectional_streams = std::uint64_t{1} << 50;
  stream_endpoint server(endpoint_role::server, own);
  ASSERT_TRUE(server.receive_stream(
      make_stream_id((std::uint64_t{1} << 50) - 1, endpoint_role::client, stream_direction::bidirectional), 0, "x"));
  EXPECT_EQ(server.streams.size(), 1u);
  EXPECT_EQ(server.take_events().size(), 2u);
}

// The rapid opening and abandoning of streams: each is gone when it is reset, and the limit holds back the next ones.
TEST(hostile_peer, cannot_pile_up_events_by_resetting_streams) {
  stream_endpoint server(endpoint_role::server);
  std::uint64_t index = 0;
  for (;; ++index) {
    if (!server.receive(wire::reset_stream_frame{4 * index + 2, 0, 0})) break;
  }
  EXPECT_EQ(index, settings{}.max_concurrent_unidirectional_streams);
  EXPECT_EQ(server.take_events().size(), 3 * index);
  EXPECT_EQ(server.streams.size(), 0u);
}

}  // namespace
}  // namespace quasio::quic
