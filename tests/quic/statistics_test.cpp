// What a connection counts, against what was done to it.

#include <gtest/gtest.h>

#include "quic/busy_time.hpp"
#include "quic/duel.hpp"

namespace quasio::test {
namespace {

TEST(busy_time, adds_up_only_what_was_busy) {
  const time_point start{1000s};
  quic::busy_time busy;
  EXPECT_EQ(busy.total(start), 0s);
  busy.note(true, start);
  busy.note(true, start + 1s);
  EXPECT_EQ(busy.total(start + 2s), 2s);
  busy.note(false, start + 3s);
  EXPECT_EQ(busy.total(start + 9s), 3s);
  busy.note(true, start + 10s);
  busy.note(false, start + 11s);
  EXPECT_EQ(busy.total(start + 20s), 4s);
}

TEST(statistics, count_frames_of_both_directions) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  const auto stream = fight.connection->open_stream(stream_direction::bidirectional).value();
  ASSERT_TRUE(fight.connection->stream_write(stream, bytes(10, 1), false));
  ASSERT_TRUE(fight.connection->reset_stream(stream, 3));
  ASSERT_TRUE(fight.connection->stop_sending(stream, 4));
  fight.collect();
  fight.send_frames(space_id::application_data, wire::data_blocked_frame{9}, wire::stream_data_blocked_frame{0, 5},
                    wire::streams_blocked_frame{stream_direction::bidirectional, 7},
                    wire::streams_blocked_frame{stream_direction::unidirectional, 7}, wire::path_challenge_frame{{1}},
                    wire::reset_stream_frame{0, 1, 0});
  fight.settle();
  const quic::statistics counted = fight.connection->statistics();
  EXPECT_EQ(counted.frames_sent.reset_stream, 1u);
  EXPECT_EQ(counted.frames_sent.stop_sending, 1u);
  EXPECT_EQ(counted.frames_received.data_blocked, 1u);
  EXPECT_EQ(counted.frames_received.stream_data_blocked, 1u);
  EXPECT_EQ(counted.frames_received.streams_blocked_bidirectional, 1u);
  EXPECT_EQ(counted.frames_received.streams_blocked_unidirectional, 1u);
  EXPECT_EQ(counted.frames_received.path_challenge, 1u);
  EXPECT_EQ(counted.frames_received.reset_stream, 1u);
}

TEST(statistics, tell_what_was_acknowledged_and_sent_again) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  const auto stream = fight.connection->open_stream(stream_direction::unidirectional).value();
  fight.deaf = true;
  ASSERT_TRUE(fight.connection->stream_write(stream, bytes(500, 1), true));
  fight.collect();
  fight.deaf = false;
  EXPECT_EQ(fight.connection->statistics().packets_resent, 0u);
  fight.pass(1s);
  fight.settle();
  const quic::statistics counted = fight.connection->statistics();
  EXPECT_GE(counted.packets_resent, 1u);
  EXPECT_EQ(counted.stream_bytes_resent, 500u * counted.packets_resent);
  EXPECT_GT(counted.bytes_acked, 500u);
  EXPECT_LE(counted.bytes_acked, counted.bytes_sent);
  EXPECT_GT(counted.time_in_flight, 0s);
  EXPECT_LE(counted.time_in_flight, 1s);
}

TEST(statistics, tell_how_often_an_unproven_address_held_a_server_back) {
  duel_options options;
  options.tls = make_server_tls(20'000);
  duel fight(endpoint_role::server, std::move(options));
  for (const bytes& datagram : fight.peer.flush()) fight.send(datagram);
  fight.collect();
  fight.collect();
  EXPECT_EQ(fight.connection->statistics().amplification_limited, 1u);
}

TEST(statistics, count_each_stream_that_was_cut_short_once) {
  duel fight(endpoint_role::client);
  fight.shake_hands();
  std::vector<stream_id> streams;
  for (int i = 0; i < 3; ++i) {
    streams.push_back(fight.connection->open_stream(stream_direction::bidirectional).value());
    ASSERT_TRUE(fight.connection->stream_write(streams.back(), bytes(10, 1), false));
  }
  fight.settle();
  ASSERT_TRUE(fight.connection->reset_stream(streams[0], 1));
  ASSERT_TRUE(fight.connection->stop_sending(streams[0], 1));
  fight.deaf = true;
  fight.collect();
  fight.pass(1s);
  fight.deaf = false;
  for (int i = 0; i < 2; ++i) {
    fight.send_frames(space_id::application_data, wire::stop_sending_frame{streams[1], 2},
                      wire::reset_stream_frame{streams[2], 2, 0});
  }
  fight.settle();
  const quic::statistics counted = fight.connection->statistics();
  EXPECT_GT(counted.frames_sent.reset_stream, 1u) << "the frame went out again";
  EXPECT_EQ(counted.streams_reset, 1u);
  EXPECT_EQ(counted.streams_stopped, 1u);
  EXPECT_EQ(counted.streams_stopped_by_peer, 1u);
  EXPECT_EQ(counted.streams_reset_by_peer, 1u);
  EXPECT_EQ(counted.paths, 1u);
}

quic::path_statistics only_path(const duel& fight) { return fight.connection->paths().at(0); }

TEST(path_statistics, agree_with_those_of_the_connection) {
  duel_options options;
  options.transport.datagrams.max_frame_size = 65535;
  options.peer_parameters.max_datagram_frame_size = 65535;
  duel fight(endpoint_role::server, options);
  fight.shake_hands();
  const bytes data(100, 1);
  const auto stream = fight.connection->open_stream(stream_direction::unidirectional).value();
  fight.deaf = true;
  ASSERT_TRUE(fight.connection->send_datagram(data));
  ASSERT_TRUE(fight.connection->stream_write(stream, data, true));
  fight.collect();
  fight.now += 20ms;
  fight.pass(1s);
  fight.deaf = false;
  fight.send_frames(space_id::application_data, wire::datagram_frame{data});
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(fight.connection->send_datagram(data));
    fight.collect();
  }
  fight.now += 30ms;
  fight.settle();
  const quic::statistics counted = fight.connection->statistics();
  const quic::path_statistics path = only_path(fight);
  EXPECT_EQ(path.packets_resent, counted.packets_resent);
  EXPECT_GT(path.packets_resent, 0u);
  EXPECT_EQ(path.stream_bytes_resent, counted.stream_bytes_resent);
  EXPECT_EQ(path.datagram_frames_sent, counted.datagram_frames_out.sent);
  EXPECT_EQ(path.datagram_frames_sent, 5u);
  EXPECT_EQ(path.datagram_frames_received, 1u);
  EXPECT_EQ(path.datagram_frames_lost, counted.datagram_frames_out.lost);
  EXPECT_EQ(path.datagram_frames_lost, 1u);
  EXPECT_EQ(path.maximum_rtt, counted.maximum_rtt);
  EXPECT_GE(path.maximum_rtt, 30ms);
  EXPECT_LT(path.minimum_rtt, path.maximum_rtt);
  EXPECT_EQ(path.pacing_rate, counted.pacing_rate);
  EXPECT_EQ(path.delivery_rate, counted.delivery_rate);
  EXPECT_EQ(path.bandwidth_estimate, counted.bandwidth_estimate);
  EXPECT_EQ(path.congestion_state, counted.congestion_state);
  EXPECT_EQ(path.mtu, counted.mtu);
  EXPECT_EQ(path.ecn, counted.ecn);
}

TEST(path_statistics, tell_what_ended_slow_start) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  EXPECT_FALSE(only_path(fight).slow_start_ended);
  const auto stream = fight.connection->open_stream(stream_direction::unidirectional).value();
  fight.deaf = true;
  ASSERT_TRUE(fight.connection->stream_write(stream, bytes(1000, 1), false));
  fight.collect();
  fight.deaf = false;
  for (int i = 0; i < 8; ++i) {
    ASSERT_TRUE(fight.connection->stream_write(stream, bytes(1200, 2), false));
    fight.collect();
  }
  fight.settle();
  const auto ended = only_path(fight).slow_start_ended;
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->cause, quic::slow_start_end::loss);
  EXPECT_EQ(ended->congestion_window, fight.connection->statistics().congestion_window);
}

}  // namespace
}  // namespace quasio::test
