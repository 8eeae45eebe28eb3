// Asking for acknowledgments and being asked (draft-ietf-quic-ack-frequency).

#include "quic/ack_frequency.hpp"

#include <gtest/gtest.h>

#include "quic/connection_pair.hpp"

namespace quasio::test {
namespace {

using code = transport_error_code;
using quic::ack_frequency_requests;

// --- What is asked for ---

struct asker {
  ack_frequency_requests requests{quic::acknowledgment_settings{}};
  time_point now{1000s};

  asker() { requests.allow(1ms, 25ms); }

  /// The frame that these conditions bring forth, if any.
  std::optional<wire::ack_frequency_frame> ask(std::uint64_t window_packets, duration rtt,
                                               std::uint64_t packet_threshold = 3) {
    requests.consider({window_packets, rtt, packet_threshold}, now);
    bytes packet(100);
    byte_writer out(packet);
    record.clear();
    requests.write_frame(out, record);
    if (out.position() == 0) return std::nullopt;
    EXPECT_EQ(record.size(), 1u);
    return std::get<wire::ack_frequency_frame>(*wire::frame_reader(byte_view(packet).first(out.position())).next());
  }

  void acknowledge() {
    requests.on_acked(record.front());
    now += 1s;
  }

  quic::sent_frames record;
};

TEST(ack_requests, follow_window_and_round_trip) {
  asker sender;
  const auto first = sender.ask(80, 40ms);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->sequence, 0u);
  EXPECT_EQ(first->ack_eliciting_threshold, 9u) << "an acknowledgment for every tenth, an eighth of the window";
  EXPECT_EQ(first->max_ack_delay, 10'000u) << "a quarter of the round trip";
  EXPECT_EQ(first->reordering_threshold, 3u);
  sender.acknowledge();
  EXPECT_FALSE(sender.ask(90, 42ms)) << "too small a change";
  const auto second = sender.ask(160, 40ms);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->sequence, 1u);
  EXPECT_EQ(second->ack_eliciting_threshold, 19u);
}

TEST(ack_requests, ask_for_more_where_the_window_is_exhausted_and_for_less_when_it_no_longer_is) {
  asker sender;
  ASSERT_EQ(sender.ask(320, 40ms)->ack_eliciting_threshold, 39u);
  sender.acknowledge();
  for (const std::uint64_t wanted : {19u, 9u}) {
    sender.requests.on_window_exhausted();
    const auto more = sender.ask(320, 40ms);
    ASSERT_TRUE(more);
    EXPECT_EQ(more->ack_eliciting_threshold, wanted);
    sender.acknowledge();
  }
  sender.requests.on_window_exhausted();
  EXPECT_FALSE(sender.ask(320, 40ms)) << "32 for each window are the most";
  // One round trip of quiet says little; dozens do.
  sender.now += 1s;
  EXPECT_FALSE(sender.ask(320, 40ms));
  std::optional<wire::ack_frequency_frame> fewer;
  int quiet = 1;
  for (; quiet < 200 && !fewer; ++quiet) {
    sender.now += 1s;
    fewer = sender.ask(320, 40ms);
  }
  ASSERT_TRUE(fewer);
  EXPECT_EQ(fewer->ack_eliciting_threshold, 19u);
  EXPECT_GT(quiet, 30);
}

TEST(ack_requests, change_at_most_once_a_round_trip_however_often_the_window_is_exhausted) {
  asker sender;
  ASSERT_TRUE(sender.ask(320, 40ms));
  sender.requests.on_acked(sender.record.front());
  for (int i = 0; i < 10; ++i) {
    sender.requests.on_window_exhausted();
    sender.now += 1ms;
    EXPECT_FALSE(sender.ask(320, 40ms));
  }
}

TEST(ack_requests, keep_within_bounds) {
  asker sender;
  const auto large = sender.ask(100'000, 10s);
  ASSERT_TRUE(large);
  EXPECT_EQ(large->ack_eliciting_threshold, 63u);
  EXPECT_EQ(large->max_ack_delay, 25'000u) << "no longer than the peer would delay by itself";
  sender.acknowledge();
  sender.now += 10s;
  const auto small = sender.ask(1, 100us, 7);
  ASSERT_TRUE(small);
  EXPECT_EQ(small->ack_eliciting_threshold, 1u);
  EXPECT_EQ(small->max_ack_delay, 1'000u) << "no shorter than the peer can";
  EXPECT_EQ(small->reordering_threshold, 7u);
}

TEST(ack_requests, are_not_made_where_nothing_is_gained) {
  asker sender;
  EXPECT_FALSE(sender.ask(10, 100ms)) << "that is what the peer does anyway";
}

TEST(ack_requests, are_one_at_a_time_and_one_a_round_trip) {
  asker sender;
  ASSERT_TRUE(sender.ask(80, 40ms));
  EXPECT_FALSE(sender.ask(800, 40ms)) << "one is under way";
  sender.requests.on_acked(sender.record.front());
  EXPECT_FALSE(sender.ask(800, 40ms)) << "within the round trip";
  sender.now += 40ms;
  EXPECT_TRUE(sender.ask(800, 40ms));
}

TEST(ack_requests, that_are_lost_are_made_anew) {
  asker sender;
  ASSERT_TRUE(sender.ask(80, 40ms));
  const quic::sent_frame lost = sender.record.front();
  sender.requests.on_lost(lost);
  const auto again = sender.ask(80, 40ms);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->sequence, 1u);
  EXPECT_EQ(again->ack_eliciting_threshold, 9u);
  sender.requests.on_lost(lost);
  sender.requests.on_acked(lost);
  EXPECT_FALSE(sender.requests.has_frame_to_send()) << "the fate of the older one is of no interest";
}

TEST(ack_requests, count_with_the_longest_delay_that_may_hold) {
  asker sender;
  EXPECT_EQ(sender.requests.max_ack_delay(), 25ms);
  ASSERT_TRUE(sender.ask(80, 8ms));
  EXPECT_EQ(sender.requests.max_ack_delay(), 25ms) << "section 7: it may not have heard yet";
  sender.acknowledge();
  EXPECT_EQ(sender.requests.max_ack_delay(), 2ms);
  ASSERT_TRUE(sender.ask(80, 40ms));
  EXPECT_EQ(sender.requests.max_ack_delay(), 10ms) << "it may have heard";
  sender.acknowledge();
  EXPECT_EQ(sender.requests.max_ack_delay(), 10ms);
}

// [rfc9000 19.21#1]
TEST(ack_requests, are_not_made_of_a_peer_that_takes_none) {
  ack_frequency_requests requests{quic::acknowledgment_settings{}};
  requests.consider({1000, 10ms, 3}, time_point(1s));
  EXPECT_FALSE(requests.has_frame_to_send());
  ack_frequency_requests unwilling{quic::acknowledgment_settings{.request = false}};
  unwilling.allow(1ms, 25ms);
  unwilling.consider({1000, 10ms, 3}, time_point(1s));
  EXPECT_FALSE(unwilling.has_frame_to_send());
}

// --- Being asked ---

std::unique_ptr<duel> asked_server(quic::settings settings = {}) {
  auto fight = std::make_unique<duel>(endpoint_role::server, duel_options{.transport = std::move(settings)});
  fight->shake_hands();
  fight->peer.forget_packets();
  return fight;
}

wire::ack_frequency_frame asking_for(std::uint64_t sequence, std::uint64_t threshold,
                                     std::uint64_t microseconds = 20'000, std::uint64_t reordering = 1) {
  return {sequence, threshold, microseconds, reordering};
}

/// How many ACK frames so many PINGs bring, each in a packet of its own.
std::size_t acknowledgments_of(duel& fight, int pings) {
  fight.peer.forget_packets();
  for (int i = 0; i < pings; ++i) {
    fight.send_frames(space_id::application_data, wire::ping_frame{});
    fight.collect();
  }
  return fight.peer.count<wire::ack_frame>();
}

TEST(ack_frequency, is_obeyed) {
  const auto fight = asked_server();
  EXPECT_EQ(acknowledgments_of(*fight, 20), 10u);
  fight->send_frames(space_id::application_data, asking_for(0, 9), wire::immediate_ack_frame{});
  fight->collect();
  EXPECT_EQ(acknowledgments_of(*fight, 20), 2u);
  fight->send_frames(space_id::application_data, asking_for(1, 0));
  fight->collect();
  EXPECT_EQ(acknowledgments_of(*fight, 20), 20u);
  EXPECT_EQ(fight->connection->statistics().ack_requests_received, 2u);
}

TEST(ack_frequency, that_is_out_of_date_is_ignored) {
  const auto fight = asked_server();
  fight->send_frames(space_id::application_data, asking_for(5, 9), wire::immediate_ack_frame{});
  fight->send_frames(space_id::application_data, asking_for(5, 0), wire::immediate_ack_frame{});
  fight->send_frames(space_id::application_data, asking_for(4, 0), wire::immediate_ack_frame{});
  fight->collect();
  EXPECT_EQ(acknowledgments_of(*fight, 20), 2u);
  EXPECT_EQ(fight->connection->statistics().ack_requests_received, 1u);
}

TEST(ack_frequency, changes_how_long_an_acknowledgment_waits) {
  const auto fight = asked_server();
  fight->send_frames(space_id::application_data, asking_for(0, 9, 5'000), wire::immediate_ack_frame{});
  fight->collect();
  fight->peer.forget_packets();
  fight->send_frames(space_id::application_data, wire::ping_frame{});
  fight->pass(4ms);
  EXPECT_EQ(fight->peer.count<wire::ack_frame>(), 0u);
  fight->pass(1ms);
  EXPECT_EQ(fight->peer.count<wire::ack_frame>(), 1u);
}

TEST(ack_frequency, out_of_bounds_is_a_protocol_violation) {
  const auto verdict_on = [](const wire::ack_frequency_frame& frame) {
    const auto fight = asked_server();
    fight->send_frames(space_id::application_data, frame);
    return fight->verdict();
  };
  EXPECT_EQ(verdict_on(asking_for(0, 1, 1'000)), code::no_error);
  EXPECT_EQ(verdict_on(asking_for(0, 1, 999)), code::protocol_violation) << "below the min_ack_delay";
  EXPECT_EQ(verdict_on(asking_for(0, 1, 16'383'000)), code::no_error);
  EXPECT_EQ(verdict_on(asking_for(0, 1, 16'384'000)), code::protocol_violation) << "2^14 ms";
  EXPECT_EQ(verdict_on(asking_for(0, varint_max, 16'383'000, varint_max)), code::no_error);
  EXPECT_EQ(verdict_on(asking_for(varint_max, 1, varint_max)), code::protocol_violation);
}

TEST(ack_frequency, that_was_not_invited_is_an_unknown_frame) {
  quic::settings settings;
  settings.acknowledgments.accept_requests = false;
  const auto fight = asked_server(settings);
  fight->send_frames(space_id::application_data, asking_for(0, 1));
  EXPECT_EQ(fight->verdict(), code::frame_encoding_error);
  const auto other = asked_server(settings);
  other->send_frames(space_id::application_data, wire::immediate_ack_frame{});
  EXPECT_EQ(other->verdict(), code::frame_encoding_error);
}

TEST(ack_frequency, in_a_handshake_packet_is_a_protocol_violation) {
  for (const bool immediate : {true, false}) {
    duel fight(endpoint_role::server);
    for (const bytes& datagram : fight.peer.flush()) fight.send(datagram);
    if (immediate) {
      fight.send_frames(space_id::initial, wire::immediate_ack_frame{});
    } else {
      fight.send_frames(space_id::initial, asking_for(0, 1));
    }
    EXPECT_EQ(fight.verdict(), code::protocol_violation);
  }
}

TEST(ack_frequency, with_extreme_wishes_costs_no_more_than_the_wisher) {
  const auto fight = asked_server();
  fight->send_frames(space_id::application_data, asking_for(0, varint_max, 16'383'000, varint_max));
  fight->collect();
  // Every other packet is missing: the ranges must neither be lost untold nor grow without bound.
  for (int i = 0; i < 1000; ++i) {
    fight->peer.skip_numbers(space_id::application_data, 1);
    fight->send_frames(space_id::application_data, wire::ping_frame{});
    fight->collect();
  }
  EXPECT_GT(fight->peer.count<wire::ack_frame>(), 100u);
  EXPECT_EQ(fight->verdict(), code::no_error);
}

TEST(min_ack_delay, beyond_the_max_ack_delay_is_a_transport_parameter_error) {
  for (const endpoint_role role : {endpoint_role::client, endpoint_role::server}) {
    duel_options options;
    options.peer_parameters.max_ack_delay = 5ms;
    options.peer_parameters.min_ack_delay = 6ms;
    duel fight(role, std::move(options));
    fight.settle();
    EXPECT_EQ(fight.verdict(), code::transport_parameter_error);
  }
}

TEST(min_ack_delay, is_never_declared_beyond_ones_own_max_ack_delay) {
  connection_pair pair({.client = {.max_ack_delay = 0ms}, .server = {.max_ack_delay = 1ms}});
  pair.settle();
  EXPECT_TRUE(pair.is_established());
  EXPECT_EQ(pair.server->peer_parameters().min_ack_delay, 0us);
  EXPECT_EQ(pair.client->peer_parameters().min_ack_delay, 1ms);
}

// --- Probes ---

TEST(immediate_ack, is_asked_for_by_probes) {
  duel_options options;
  options.peer_parameters.min_ack_delay = 1ms;
  duel fight(endpoint_role::server, std::move(options));
  fight.shake_hands();
  fight.peer.acknowledges = false;
  const auto id = fight.connection->open_stream(stream_direction::unidirectional);
  ASSERT_TRUE(id);
  const bytes data(100, 1);
  ASSERT_TRUE(fight.connection->stream_write(*id, data, false));
  fight.collect();
  EXPECT_EQ(fight.peer.count<wire::immediate_ack_frame>(), 0u);
  fight.pass(5s);
  EXPECT_GE(fight.peer.count<wire::immediate_ack_frame>(), 2u);
}

}  // namespace
}  // namespace quasio::test
