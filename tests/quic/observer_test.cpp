// What an observer is told agrees with what the connection counts and with what the peer sees.

#include <gtest/gtest.h>

#include "quic/diary.hpp"

namespace quasio::test {
namespace {

class observer_of_both_roles : public ::testing::TestWithParam<endpoint_role> {};

TEST_P(observer_of_both_roles, is_told_every_packet_with_its_frames) {
  const auto told = std::make_shared<diary>();
  duel fight(GetParam(), watched_by(told));
  fight.shake_hands();
  const auto stream = fight.connection->open_stream(stream_direction::unidirectional).value();
  ASSERT_TRUE(fight.connection->stream_write(stream, bytes(5000, 7), true));
  fight.settle();

  const quic::statistics counted = fight.connection->statistics();
  EXPECT_EQ(told->sent.size(), counted.packets_sent);
  EXPECT_EQ(told->received.size(), counted.packets_received);
  EXPECT_EQ(told->sent_bytes, counted.bytes_sent);
  // The frames of what was sent last are what the peer has opened.
  std::size_t stream_bytes = 0;
  for (const auto& packet : told->sent) {
    wire::frame_reader frames(packet.frames);
    while (!frames.done()) {
      const auto frame = frames.next();
      ASSERT_TRUE(frame) << "packet " << packet.number;
      if (const auto* data = std::get_if<wire::stream_frame>(&*frame)) stream_bytes += data->data.size();
    }
  }
  EXPECT_EQ(stream_bytes, 5000u);
  ASSERT_EQ(told->stream_data.size(), 1u);
  EXPECT_EQ(told->stream_data.front().length, 5000u);
  EXPECT_TRUE(told->stream_data.front().fin);
}

// [rfc9001 4.9.2#1]
TEST_P(observer_of_both_roles, sees_the_whole_life) {
  const auto told = std::make_shared<diary>();
  duel fight(GetParam(), watched_by(told));
  fight.shake_hands();
  fight.connection->close(5, "enough", fight.now);
  fight.settle();
  fight.pass(10s);

  ASSERT_EQ(told->started.size(), 1u);
  EXPECT_EQ(told->started.front().role, GetParam());
  EXPECT_EQ(told->local->initial_max_data, quic::settings{}.initial_connection_window);
  EXPECT_EQ(told->remote->initial_max_data, generous_parameters().initial_max_data);
  EXPECT_EQ(told->alpn, "test");
  using step = quic::connection_progress;
  const bool is_server = GetParam() == endpoint_role::server;
  std::vector<step> expected{step::attempted, step::handshake_started};
  if (is_server) expected.insert(expected.end(), {step::early_write, step::peer_validated});
  expected.insert(expected.end(), {step::handshake_complete, step::handshake_confirmed, step::closing, step::closed});
  EXPECT_EQ(told->progress, expected);
  EXPECT_EQ(told->count(told->keys, quic::key_event::installed), 3u);
  EXPECT_EQ(told->count(told->keys, quic::key_event::discarded), 2u);
  ASSERT_EQ(told->closed.size(), 1u);
  EXPECT_EQ(told->closed.front().code, 5u);
}

INSTANTIATE_TEST_SUITE_P(roles, observer_of_both_roles, ::testing::Values(endpoint_role::client, endpoint_role::server),
                         [](const auto& role) { return role.param == endpoint_role::client ? "client" : "server"; });

TEST(observer, learns_of_losses_and_of_the_controllers_state) {
  const auto told = std::make_shared<diary>();
  duel fight(endpoint_role::server, watched_by(told));
  fight.shake_hands();
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
  ASSERT_FALSE(told->losses.empty());
  EXPECT_EQ(told->losses.size(), fight.connection->statistics().packets_lost);
  EXPECT_EQ(told->losses.front().cause, quic::loss_cause::packet_threshold);
  EXPECT_EQ(told->congestion_states, (std::vector<std::string>{"slow_start", "recovery"}));
  ASSERT_FALSE(told->recoveries.empty());
  EXPECT_EQ(told->recoveries.back().congestion_window, fight.connection->statistics().congestion_window);
}

TEST(observer, learns_why_packets_were_dropped) {
  const auto told = std::make_shared<diary>();
  duel fight(endpoint_role::server, watched_by(told));
  fight.shake_hands();
  const bytes ping = fight.peer.seal(space_id::application_data, payload_of(wire::ping_frame{}));
  bytes spoilt = fight.peer.seal(space_id::application_data, payload_of(wire::ping_frame{}));
  spoilt.back() ^= 1;
  fight.send(ping);
  fight.send(ping);
  fight.send(spoilt);
  ASSERT_EQ(told->drops.size(), 2u);
  EXPECT_EQ(told->drops[0].cause, quic::drop_cause::duplicate);
  EXPECT_EQ(told->drops[1].cause, quic::drop_cause::unauthentic);
  EXPECT_EQ(told->drops[1].kind, quic::packet_kind::one_rtt);
  EXPECT_EQ(told->drops.size(), fight.connection->statistics().packets_dropped);
}

TEST(observer, learns_of_the_peers_key_update) {
  const auto told = std::make_shared<diary>();
  duel fight(endpoint_role::server, watched_by(told));
  fight.shake_hands();
  fight.peer.update_keys();
  fight.send_frames(space_id::application_data, wire::ping_frame{});
  fight.settle();
  EXPECT_EQ(told->count(told->keys, quic::key_event::updated_by_peer), 1u);
}

}  // namespace
}  // namespace quasio::test
