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

}  // namespace
}  // namespace quasio::test
