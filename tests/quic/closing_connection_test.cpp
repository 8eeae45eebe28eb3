// How a connection ends, seen from its peer (RFC 9000, sections 10.1 and 10.2).

#include <gtest/gtest.h>

#include "quic/duel.hpp"

namespace quasio::test {
namespace {

using code = transport_error_code;

duration probe_timeout_of(const duel& fight) {
  const auto counted = fight.connection->statistics();
  return counted.smoothed_rtt + std::max<duration>(4 * counted.rtt_variation, 1ms) + 25ms;
}

// [rfc9000 10.2.3#1 10.3#1]
TEST(connection_close, by_the_application_is_told_with_code_and_reason) {
  for (const endpoint_role role : {endpoint_role::client, endpoint_role::server}) {
    duel fight(role);
    fight.shake_hands();
    fight.connection->close(0x1234, "enough", fight.now);
    EXPECT_EQ(fight.collect(), 1u);
    const auto told = fight.peer.last<wire::connection_close_frame>(wire::packet_type::one_rtt);
    ASSERT_TRUE(told);
    EXPECT_EQ(fight.peer.count<wire::connection_close_frame>(), 1u) << "in this kind of packet alone";
    EXPECT_TRUE(told->by_application);
    EXPECT_EQ(told->error_code, 0x1234u);
    EXPECT_TRUE(std::ranges::equal(told->reason, as_bytes("enough")));
    EXPECT_EQ(fight.connection->reason().cause, quic::close_cause::local_application);
    EXPECT_EQ(fight.count_events<quic::connection_closed>(), 1u);
    fight.connection->close(0x5678, "again", fight.now);
    EXPECT_EQ(fight.collect(), 0u);
    EXPECT_EQ(fight.count_events<quic::connection_closed>(), 1u);
  }
}

TEST(connection_close, with_an_endless_reason_is_cut) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  fight.connection->close(1, std::string(100'000, 'r'), fight.now);
  EXPECT_EQ(fight.collect(), 1u);
  EXPECT_GT(fight.peer.last<wire::connection_close_frame>()->reason.size(), 1000u);
}

// [rfc9000 10.2.3#2 10.2.3#3 12.5#1]
TEST(connection_close, during_the_handshake_hides_what_the_application_says) {
  duel fight(endpoint_role::server);
  for (const bytes& datagram : fight.peer.flush()) fight.send(datagram);
  fight.collect();
  fight.peer.forget_packets();
  fight.connection->close(0x1234, "secret", fight.now);
  fight.collect();
  const auto open_to_all = fight.peer.last<wire::connection_close_frame>(wire::packet_type::initial);
  const auto in_handshake = fight.peer.last<wire::connection_close_frame>(wire::packet_type::handshake);
  ASSERT_TRUE(open_to_all && in_handshake);
  for (const auto& told : {*open_to_all, *in_handshake}) {
    EXPECT_FALSE(told.by_application);
    EXPECT_EQ(told.error_code, static_cast<std::uint64_t>(code::application_error));
    EXPECT_TRUE(told.reason.empty());
  }
}

TEST(connection_close, before_anything_was_received_works) {
  duel fight(endpoint_role::client);
  fight.connection->close(1, "never mind", fight.now);
  fight.collect();
  EXPECT_FALSE(fight.connection->is_drained());
  fight.pass(10s);
  EXPECT_TRUE(fight.connection->is_drained());
}

TEST(connection_close, is_repeated_ever_more_rarely) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  fight.connection->close(1, "bye", fight.now);
  EXPECT_EQ(fight.collect(), 1u);
  std::size_t answers = 0;
  for (int i = 0; i < 1000; ++i) {
    fight.send_frames(space_id::application_data, wire::ping_frame{});
    answers += fight.collect();
  }
  EXPECT_GE(answers, 5u);
  EXPECT_LE(answers, 11u);
}

// [rfc9000 10.2.2#1 10.2.2#2]
TEST(connection_close, by_the_peer_makes_silence) {
  for (const bool by_application : {false, true}) {
    duel fight(endpoint_role::server);
    fight.shake_hands();
    fight.send_frames(
        space_id::application_data,
        wire::connection_close_frame{.error_code = 7, .reason = as_bytes("tired"), .by_application = by_application});
    ASSERT_TRUE(fight.connection->is_closed());
    EXPECT_EQ(fight.connection->reason().cause,
              by_application ? quic::close_cause::peer_application : quic::close_cause::peer_transport);
    EXPECT_EQ(fight.connection->reason().code, 7u);
    EXPECT_EQ(fight.connection->reason().reason, "tired");
    for (int i = 0; i < 10; ++i) {
      fight.send_frames(space_id::application_data, wire::ping_frame{});
      EXPECT_EQ(fight.collect(), 0u);
    }
    EXPECT_EQ(fight.count_events<quic::connection_closed>(), 1u);
  }
}

TEST(connection_close, by_the_peer_in_each_kind_of_packet_is_heard) {
  for (const space_id space : {space_id::initial, space_id::handshake}) {
    duel fight(endpoint_role::server);
    for (const bytes& datagram : fight.peer.flush()) fight.send(datagram);
    fight.collect();
    fight.send_frames(space, wire::connection_close_frame{.error_code = 9});
    EXPECT_TRUE(fight.connection->is_closed());
    EXPECT_EQ(fight.connection->reason().code, 9u);
  }
}

TEST(connection_close, is_over_after_three_probe_timeouts) {
  for (const bool by_peer : {false, true}) {
    duel fight(endpoint_role::server);
    fight.shake_hands();
    const duration three = 3 * probe_timeout_of(fight);
    if (by_peer) {
      fight.send_frames(space_id::application_data, wire::connection_close_frame{});
    } else {
      fight.connection->close(0, "", fight.now);
    }
    fight.collect();
    const time_point begin = fight.now;
    ASSERT_TRUE(fight.connection->next_deadline());
    fight.pass_deadline();
    EXPECT_TRUE(fight.connection->is_drained());
    EXPECT_GE(fight.now - begin, three - 2ms);
    EXPECT_LE(fight.now - begin, 2 * three);
    EXPECT_FALSE(fight.connection->next_deadline());
    EXPECT_EQ(fight.count_events<quic::connection_id_issued>(), fight.count_events<quic::connection_id_retired>());
  }
}

TEST(connection_close, refuses_all_further_work) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  const auto id = fight.connection->open_stream(stream_direction::bidirectional);
  ASSERT_TRUE(id);
  fight.connection->close(0, "", fight.now);
  EXPECT_FALSE(fight.connection->open_stream(stream_direction::bidirectional));
  EXPECT_FALSE(fight.connection->stream_write(*id, as_bytes("x"), false));
  EXPECT_FALSE(fight.connection->is_established());
}

TEST(connection_close, of_a_server_short_of_credit_comes_once_the_client_sends_more) {
  static const crypto::tls_context large = make_server_tls(12'000);
  duel fight(endpoint_role::server, {.tls = large});
  for (const bytes& datagram : fight.peer.flush()) fight.send(datagram);
  fight.collect();  // All credit is spent.
  fight.peer.forget_packets();
  fight.connection->close(1, "", fight.now);
  fight.send_payload(space_id::initial, payload_of(wire::ping_frame{}), {.padded_to = 1200});
  fight.collect();
  EXPECT_TRUE(fight.peer.last<wire::connection_close_frame>());
}

// --- Idle timeout ---

TEST(idle_timeout, ends_a_quiet_connection_in_silence) {
  for (const endpoint_role role : {endpoint_role::client, endpoint_role::server}) {
    duel fight(role);
    fight.shake_hands();
    fight.pass(29s);
    EXPECT_FALSE(fight.connection->is_closed());
    fight.peer.forget_packets();
    fight.pass(2s);
    ASSERT_TRUE(fight.connection->is_closed());
    EXPECT_TRUE(fight.connection->is_drained());
    EXPECT_EQ(fight.connection->reason().cause, quic::close_cause::idle_timeout);
    EXPECT_EQ(fight.peer.packets().size(), 0u);
    EXPECT_FALSE(fight.connection->next_deadline());
  }
}

TEST(idle_timeout, is_the_smaller_of_both) {
  duel_options options;
  options.peer_parameters.max_idle_timeout = 5s;
  duel fight(endpoint_role::server, std::move(options));
  fight.shake_hands();
  fight.pass(4s);
  EXPECT_FALSE(fight.connection->is_closed());
  fight.pass(2s);
  EXPECT_TRUE(fight.connection->is_closed());
}

TEST(idle_timeout, is_put_off_by_packets) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  for (int i = 0; i < 10; ++i) {
    fight.pass(20s);
    fight.send_frames(space_id::application_data, wire::ping_frame{});
  }
  EXPECT_FALSE(fight.connection->is_closed());
}

TEST(idle_timeout, is_not_put_off_by_forgeries) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  for (int i = 0; i < 4; ++i) {
    fight.pass(10s);
    fight.send(bytes(100, 0x45));
  }
  EXPECT_TRUE(fight.connection->is_closed());
}

TEST(idle_timeout, may_be_off_on_both_sides) {
  duel_options options;
  options.transport.max_idle_timeout = 0ms;
  duel fight(endpoint_role::server, std::move(options));
  fight.shake_hands();
  fight.pass(std::chrono::hours(24));
  EXPECT_FALSE(fight.connection->is_closed());
}

}  // namespace
}  // namespace quasio::test
