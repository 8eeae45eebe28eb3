// ECN of a whole connection against peers and networks that do not do as they should (RFC 9000, section 13.4.2).

#include <gtest/gtest.h>

#include "quic/duel.hpp"

namespace quasio::quic {
namespace {

using test::bytes;
using test::duel;
using namespace std::chrono_literals;

constexpr std::uint64_t largest_count = (std::uint64_t{1} << 62) - 1;

ecn_state state_of(duel& fight) { return fight.connection->statistics().ecn; }

/// Has the connection send data in so many packets, which arrive.
void send_packets(duel& fight, int count) {
  for (int i = 0; i < count; ++i) {
    const auto id = fight.connection->open_stream(stream_direction::unidirectional).value();
    ASSERT_TRUE(fight.connection->stream_write(id, bytes(10, 1), true));
    ASSERT_GT(fight.collect(), 0u);
  }
}

void acknowledge(duel& fight) {
  fight.send_payload(space_id::application_data, fight.peer.acknowledgment(space_id::application_data));
}

/// A connection whose handshake packets were acknowledged with honest counts.
duel capable(endpoint_role role) {
  duel fight(role);
  fight.peer.reports_marks = true;
  fight.shake_hands();
  return fight;
}

class ecn : public ::testing::TestWithParam<endpoint_role> {};

TEST_P(ecn, is_validated_by_honest_counts) {
  duel fight = capable(GetParam());
  EXPECT_EQ(state_of(fight), ecn_state::capable);
  send_packets(fight, 20);
  EXPECT_EQ(fight.last_ecn, ecn_codepoint::ect0);
  acknowledge(fight);
  EXPECT_EQ(state_of(fight), ecn_state::capable);
  EXPECT_GE(fight.connection->statistics().ecn_ect0_acked, 20u);
  EXPECT_GE(fight.connection->statistics().ecn_ect0_sent, fight.connection->statistics().ecn_ect0_acked);
}

TEST_P(ecn, is_counted_in_each_packet_number_space_of_a_coalesced_datagram) {
  duel fight = capable(GetParam());
  EXPECT_GT(fight.peer.marks(space_id::initial).ect0, 0u);
  EXPECT_GT(fight.peer.marks(space_id::handshake).ect0, 0u);
  EXPECT_EQ(state_of(fight), ecn_state::capable);
}

TEST_P(ecn, ends_when_the_peer_reports_no_counts) {
  duel fight(GetParam());
  fight.shake_hands();
  EXPECT_EQ(state_of(fight), ecn_state::failed);
  send_packets(fight, 1);
  EXPECT_EQ(fight.last_ecn, ecn_codepoint::not_ect);
  EXPECT_EQ(fight.connection->statistics().ecn_ect0_acked, 0u);
}

// [rfc9000 13.4.2.2#1]
TEST_P(ecn, ends_when_the_network_bleaches_marks) {
  duel fight(GetParam());
  fight.peer.reports_marks = true;
  fight.network_ecn = ecn_codepoint::not_ect;
  fight.shake_hands();
  EXPECT_EQ(state_of(fight), ecn_state::failed);
}

// [rfc9000 13.4.2.2#2]
TEST_P(ecn, ends_when_counts_cease_later) {
  duel fight = capable(GetParam());
  fight.peer.reports_marks = false;
  send_packets(fight, 1);
  acknowledge(fight);
  EXPECT_EQ(state_of(fight), ecn_state::failed);
}

TEST_P(ecn, ends_when_fewer_marks_are_counted_than_packets_acknowledged) {
  duel fight = capable(GetParam());
  fight.peer.claimed_marks = fight.peer.marks(space_id::application_data);
  send_packets(fight, 3);
  fight.peer.claimed_marks->ect0 += 2;
  acknowledge(fight);
  EXPECT_EQ(state_of(fight), ecn_state::failed);
}

TEST_P(ecn, takes_a_mark_of_congestion_for_a_mark) {
  duel fight = capable(GetParam());
  fight.peer.claimed_marks = fight.peer.marks(space_id::application_data);
  send_packets(fight, 3);
  fight.peer.claimed_marks->ect0 += 2;
  fight.peer.claimed_marks->ce += 1;
  acknowledge(fight);
  EXPECT_EQ(state_of(fight), ecn_state::capable);
  EXPECT_EQ(fight.connection->statistics().ecn_ce_acked, 1u);
}

TEST_P(ecn, survives_absurd_counts) {
  const wire::ecn_counts absurd[] = {
      {.ect0 = largest_count, .ect1 = 0, .ce = 0},
      {.ect0 = 0, .ect1 = 0, .ce = largest_count},
      {.ect0 = largest_count, .ect1 = largest_count, .ce = largest_count},
      {.ect0 = 5, .ect1 = 1, .ce = 0},
  };
  for (const wire::ecn_counts& counts : absurd) {
    duel fight = capable(GetParam());
    const std::uint64_t window = fight.connection->statistics().congestion_window;
    fight.peer.claimed_marks = counts;
    send_packets(fight, 1);
    acknowledge(fight);
    EXPECT_EQ(state_of(fight), ecn_state::failed);
    EXPECT_EQ(fight.connection->statistics().ecn_ce_acked, 0u);
    EXPECT_GE(fight.connection->statistics().congestion_window, window) << "a lie is no sign of congestion";
    EXPECT_TRUE(fight.connection->is_established());
    // Honest counts afterwards change nothing, and do no harm.
    fight.peer.claimed_marks.reset();
    send_packets(fight, 1);
    acknowledge(fight);
    EXPECT_EQ(state_of(fight), ecn_state::failed);
  }
}

// [rfc9000 13.4.2.1#1]
TEST_P(ecn, ignores_counts_in_frames_that_do_not_raise_the_largest_number) {
  duel fight = capable(GetParam());
  send_packets(fight, 2);
  acknowledge(fight);
  ASSERT_EQ(state_of(fight), ecn_state::capable);
  fight.peer.claimed_marks = wire::ecn_counts{};
  acknowledge(fight);
  EXPECT_EQ(state_of(fight), ecn_state::capable);
  fight.peer.reports_marks = false;
  fight.peer.claimed_marks.reset();
  acknowledge(fight);
  EXPECT_EQ(state_of(fight), ecn_state::capable);
}

TEST_P(ecn, answers_marks_of_congestion_once_a_round_trip) {
  duel fight = capable(GetParam());
  send_packets(fight, 10);
  const std::uint64_t before = fight.connection->statistics().congestion_window;
  fight.peer.claimed_marks = fight.peer.marks(space_id::application_data);
  fight.peer.claimed_marks->ect0 -= 1;
  fight.peer.claimed_marks->ce += 1;
  fight.now += 10ms;
  acknowledge(fight);
  const std::uint64_t after = fight.connection->statistics().congestion_window;
  EXPECT_LT(after, before);
  EXPECT_EQ(fight.connection->statistics().packets_lost, 0u);

  // Sent before the window was reduced: the same sign again. Sent later: another.
  send_packets(fight, 2);
  fight.peer.claimed_marks->ect0 += 1;
  fight.peer.claimed_marks->ce += 1;
  acknowledge(fight);
  EXPECT_EQ(fight.connection->statistics().congestion_window, after);
  fight.now += 10ms;
  send_packets(fight, 2);
  fight.peer.claimed_marks->ce += 2;
  acknowledge(fight);
  EXPECT_LT(fight.connection->statistics().congestion_window, after);
  EXPECT_EQ(state_of(fight), ecn_state::capable);
}

TEST_P(ecn, is_off_when_the_settings_say_so) {
  duel fight(GetParam(), {.transport = {.ecn = false}});
  fight.peer.reports_marks = true;
  fight.shake_hands();
  send_packets(fight, 5);
  EXPECT_EQ(fight.last_ecn, ecn_codepoint::not_ect);
  EXPECT_EQ(state_of(fight), ecn_state::disabled);
  EXPECT_EQ(fight.connection->statistics().ecn_ect0_sent, 0u);
}

TEST(ecn_of_a_moved_client, is_tested_anew) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  ASSERT_EQ(state_of(fight), ecn_state::failed);
  network_path elsewhere = fight.path;
  elsewhere.peer = ip_endpoint::v4({10, 0, 9, 9}, 1234);
  fight.peer.reports_marks = true;
  fight.send(fight.peer.seal(space_id::application_data, test::payload_of(wire::ping_frame{}), {.padded_to = 1200}),
             elsewhere);
  EXPECT_EQ(state_of(fight), ecn_state::testing);
  send_packets(fight, 2);
  EXPECT_EQ(fight.last_ecn, ecn_codepoint::ect0);
  fight.send(fight.peer.seal(space_id::application_data, fight.peer.acknowledgment(space_id::application_data)),
             elsewhere);
  EXPECT_EQ(state_of(fight), ecn_state::capable);
}

// [rfc9000 13.4.1#1]
TEST_P(ecn, reports_what_it_receives_whether_it_marks_or_not) {
  duel fight(GetParam(), {.transport = {.ecn = false}});
  fight.shake_hands();
  for (const ecn_codepoint mark : {ecn_codepoint::ect0, ecn_codepoint::ect1, ecn_codepoint::ce, ecn_codepoint::ce}) {
    bytes packet = fight.peer.seal(space_id::application_data, test::payload_of(wire::ping_frame{}));
    bytes again = packet;
    fight.connection->receive(packet, fight.path, mark, fight.now);
    // A duplicate is not processed and so not counted (section 13.4.1).
    fight.connection->receive(again, fight.path, mark, fight.now);
  }
  fight.collect();
  const auto ack = fight.peer.last<wire::ack_frame>(wire::packet_type::one_rtt);
  ASSERT_TRUE(ack && ack->ecn);
  EXPECT_EQ(*ack->ecn, (wire::ecn_counts{.ect0 = 1, .ect1 = 1, .ce = 2}));
  EXPECT_EQ(fight.connection->statistics().ecn_ce_received, 2u);
}

INSTANTIATE_TEST_SUITE_P(, ecn, ::testing::Values(endpoint_role::client, endpoint_role::server),
                         [](const auto& instance) {
                           return instance.param == endpoint_role::client ? "client" : "server";
                         });

}  // namespace
}  // namespace quasio::quic
