// Connections that are kept alive, fall silent, or take their leave; and peers that will not let them.

#include <gtest/gtest.h>

#include "quic/duel.hpp"

namespace quasio::test {
namespace {

constexpr space_id app = space_id::application_data;

struct lasting : testing::TestWithParam<endpoint_role> {
  static std::unique_ptr<duel> fight(duel_options options = {}) {
    auto made = std::make_unique<duel>(GetParam(), std::move(options));
    made->shake_hands();
    made->peer.forget_packets();
    return made;
  }

  static stream_id write(duel& round, std::size_t size, bool fin = true) {
    const auto id = round.connection->open_stream(stream_direction::unidirectional);
    EXPECT_TRUE(id);
    EXPECT_EQ(round.connection->stream_write(*id, bytes(size, 'x'), fin), size);
    return *id;
  }

  /// As duel::pass(), but the peer answers.
  static void pass_talking(duel& round, duration time) {
    const time_point end = round.now + time;
    while (!round.connection->is_closed()) {
      round.settle();
      const auto deadline = round.connection->next_deadline();
      if (!deadline || *deadline > end) break;
      round.pass_deadline();
    }
    round.now = std::max(round.now, end);
    round.settle();
  }
};

INSTANTIATE_TEST_SUITE_P(connections, lasting, testing::Values(endpoint_role::client, endpoint_role::server),
                         [](const auto& role) { return role.param == endpoint_role::client ? "client" : "server"; });

// --- Keep-alive and idle timeout -----------------------------------------------------------------------------------

duel_options with_timeout(std::chrono::milliseconds idle, std::chrono::milliseconds keep_alive = 0ms,
                          quic::keep_alive_scope scope = quic::keep_alive_scope::open_streams) {
  duel_options options;
  options.transport.max_idle_timeout = idle;
  options.transport.keep_alive_interval = keep_alive;
  options.transport.keep_alive_scope = scope;
  return options;
}

TEST_P(lasting, an_idle_connection_ends_without_a_word_and_no_ping_prevents_it) {
  const auto round = fight(with_timeout(30s, 10s));
  pass_talking(*round, 31s);
  EXPECT_EQ(round->connection->reason().cause, quic::close_cause::idle_timeout);
  EXPECT_EQ(round->peer.count<wire::ping_frame>(), 0u);
  EXPECT_EQ(round->peer.count<wire::connection_close_frame>(), 0u);
}

TEST_P(lasting, keep_alive_holds_a_connection_with_a_stream) {
  const auto round = fight(with_timeout(30s, 10s));
  const stream_id id = write(*round, 10, false);
  pass_talking(*round, 300s);
  EXPECT_FALSE(round->connection->is_closed());
  const std::size_t pings = round->peer.count<wire::ping_frame>();
  EXPECT_GE(pings, 28u);
  EXPECT_LE(pings, 31u);
  EXPECT_EQ(round->connection->statistics().keep_alives, pings);
  ASSERT_TRUE(round->connection->reset_stream(id, 0));
  pass_talking(*round, 60s);
  EXPECT_EQ(round->connection->reason().cause, quic::close_cause::idle_timeout);
}

TEST_P(lasting, keep_alive_can_be_wanted_always_and_no_more) {
  const auto round = fight(with_timeout(30s));
  round->connection->set_keep_alive(20s);
  pass_talking(*round, 100s);
  EXPECT_FALSE(round->connection->is_closed());
  EXPECT_GE(round->peer.count<wire::ping_frame>(), 6u) << "every 15 s, since 20 s would be more than half";
  round->connection->set_keep_alive(0s);
  pass_talking(*round, 31s);
  EXPECT_TRUE(round->connection->is_closed());
}

TEST_P(lasting, keep_alive_does_not_hold_a_connection_whose_peer_is_gone) {
  const auto round = fight(with_timeout(30s, 5s, quic::keep_alive_scope::always));
  round->peer.acknowledges = false;
  round->pass(60s);
  EXPECT_EQ(round->connection->reason().cause, quic::close_cause::idle_timeout);
}

TEST_P(lasting, a_shorter_timeout_of_ones_own_owes_the_peer_a_word) {
  const auto round = fight(with_timeout(30s));
  EXPECT_EQ(round->connection->idle_timeout(), 30s);
  round->connection->set_idle_timeout(5s);
  EXPECT_EQ(round->connection->statistics().idle_timeout, 5s);
  pass_talking(*round, 6s);
  EXPECT_EQ(round->connection->reason().cause, quic::close_cause::idle_timeout);
  const auto told = round->peer.last<wire::connection_close_frame>();
  ASSERT_TRUE(told);
  EXPECT_FALSE(told->by_application);
  EXPECT_EQ(told->error_code, 0u);
}

TEST_P(lasting, a_longer_timeout_of_ones_own_changes_nothing) {
  const auto round = fight(with_timeout(30s));
  round->connection->set_idle_timeout(300s);
  EXPECT_EQ(round->connection->idle_timeout(), 30s);
  round->connection->set_idle_timeout(0s);
  pass_talking(*round, 31s);
  EXPECT_TRUE(round->connection->is_closed());
  EXPECT_EQ(round->peer.count<wire::connection_close_frame>(), 0u);
}

TEST_P(lasting, the_timeout_is_never_below_three_probe_timeouts) {
  const auto round = fight(with_timeout(30s));
  round->connection->set_idle_timeout(1ms);
  // The peer's max_ack_delay of 25 ms alone is a part of each.
  round->pass(50ms);
  EXPECT_FALSE(round->connection->is_closed());
  round->pass(10s);
  EXPECT_TRUE(round->connection->is_closed());
}

// --- Held back by flow control -------------------------------------------------------------------------------------

duel_options with_credit(std::uint64_t of_connection, std::uint64_t of_stream) {
  duel_options options = with_timeout(30s);
  options.peer_parameters.initial_max_data = of_connection;
  options.peer_parameters.initial_max_stream_data_uni = of_stream;
  return options;
}

TEST_P(lasting, a_sender_without_credit_says_so_again_and_again) {
  for (const bool at_connection : {true, false}) {
    SCOPED_TRACE(at_connection);
    const auto round = fight(at_connection ? with_credit(100, 10'000) : with_credit(10'000, 100));
    write(*round, 1000);
    pass_talking(*round, 120s);
    EXPECT_FALSE(round->connection->is_closed());
    const std::size_t told = at_connection ? round->peer.count<wire::data_blocked_frame>()
                                           : round->peer.count<wire::stream_data_blocked_frame>();
    EXPECT_GE(told, 20u);
    EXPECT_LE(told, 26u) << "once every 5 s";
    EXPECT_EQ(round->peer.count<wire::ping_frame>(), 0u);
    round->send_frames(app, wire::max_data_frame{10'000},
                       wire::max_stream_data_frame{round->peer.last<wire::stream_frame>()->id, 10'000});
    round->settle();
    pass_talking(*round, 31s);
    EXPECT_TRUE(round->connection->is_closed()) << "with nothing left to say it may go idle";
  }
}

// --- Acknowledgments that want to be acknowledged ------------------------------------------------------------------

TEST_P(lasting, a_pure_receiver_asks_now_and_then) {
  const auto round = fight();
  const auto send_much = [&] {
    for (int i = 0; i < 1000; ++i) {
      round->send_frames(app, wire::ping_frame{});
      round->collect();
    }
  };
  round->peer.acknowledges = false;
  send_much();
  EXPECT_EQ(round->peer.count<wire::ping_frame>(), 1u) << "not again before the answer has come";
  round->peer.acknowledges = true;
  send_much();
  round->settle();
  send_much();
  EXPECT_EQ(round->peer.count<wire::ping_frame>(), 2u);
}

TEST_P(lasting, a_pure_receiver_asks_never_when_told_so) {
  duel_options options;
  options.transport.ack_only_packets_per_ping = 0;
  const auto round = fight(options);
  for (int i = 0; i < 1000; ++i) {
    round->send_frames(app, wire::ping_frame{});
    round->collect();
  }
  EXPECT_EQ(round->peer.count<wire::ping_frame>(), 0u);
}

TEST(a_client, acknowledges_the_end_of_its_last_allowed_stream_at_once) {
  for (const std::uint64_t allowed : {1u, 2u}) {
    duel_options options;
    options.peer_parameters.initial_max_streams_bidi = allowed;
    duel round(endpoint_role::client, options);
    round.shake_hands();
    const auto id = round.connection->open_stream(stream_direction::bidirectional);
    ASSERT_TRUE(round.connection->stream_write(*id, as_bytes("request"), true));
    round.settle();
    round.pass(100ms);
    round.peer.forget_packets();
    round.send_frames(app, wire::stream_frame{.id = *id, .offset = 0, .data = as_bytes("response"), .fin = true});
    round.collect();
    EXPECT_EQ(round.peer.count<wire::ack_frame>(), allowed == 1 ? 1u : 0u) << allowed;
  }
}

// --- Graceful close ------------------------------------------------------------------------------------------------

TEST_P(lasting, a_graceful_close_delivers_first) {
  const auto round = fight();
  write(*round, 50'000);
  write(*round, 100, false);
  round->connection->close_gracefully(7, "bye", round->now + 10s, round->now);
  EXPECT_TRUE(round->connection->is_closing_gracefully());
  EXPECT_FALSE(round->connection->is_closed());
  EXPECT_FALSE(round->connection->is_everything_delivered());
  pass_talking(*round, 5s);
  ASSERT_TRUE(round->connection->is_closed());
  EXPECT_EQ(round->connection->reason().cause, quic::close_cause::local_application);
  EXPECT_EQ(round->connection->reason().code, 7u);
  EXPECT_TRUE(round->connection->is_everything_delivered());
  std::size_t delivered = 0;
  round->peer.visit([&](const peer_packet&, const wire::frame& frame) {
    if (const auto* stream = std::get_if<wire::stream_frame>(&frame)) delivered += stream->data.size();
  });
  EXPECT_EQ(delivered, 50'100u);
  const auto told = round->peer.last<wire::connection_close_frame>();
  ASSERT_TRUE(told);
  EXPECT_EQ(told->error_code, 7u);
  EXPECT_EQ(as_text(told->reason), "bye");
}

TEST_P(lasting, a_graceful_close_with_nothing_to_deliver_is_immediate) {
  const auto round = fight();
  round->connection->close_gracefully(0, "", round->now + 10s, round->now);
  round->collect();
  EXPECT_TRUE(round->connection->is_closed());
}

TEST_P(lasting, a_graceful_close_takes_nothing_new) {
  const auto round = fight();
  const stream_id id = write(*round, 10, false);
  round->connection->close_gracefully(0, "", round->now + 10s, round->now);
  EXPECT_EQ(round->connection->open_stream(stream_direction::bidirectional).error(),
            quic::stream_error::connection_closed);
  EXPECT_EQ(round->connection->stream_write(id, as_bytes("x"), false).error(), quic::stream_error::connection_closed);
}

TEST_P(lasting, a_graceful_close_still_reads) {
  const auto round = fight();
  write(*round, 10);
  round->collect();
  round->connection->close_gracefully(0, "", round->now + 10s, round->now);
  const stream_id theirs = GetParam() == endpoint_role::client ? 3 : 2;
  round->send_frames(app, wire::stream_frame{.id = theirs, .offset = 0, .data = as_bytes("still here"), .fin = true});
  const auto chunk = round->connection->stream_peek(theirs);
  ASSERT_TRUE(chunk);
  EXPECT_EQ(as_text(chunk->bytes), "still here");
  round->settle();
  ASSERT_TRUE(round->connection->is_closed());
  EXPECT_EQ(as_text(round->connection->stream_peek(theirs)->bytes), "still here") << "also after the end";
}

TEST_P(lasting, a_peer_that_never_acknowledges_holds_a_graceful_close_to_its_deadline_only) {
  const auto round = fight();
  write(*round, 1000);
  round->peer.acknowledges = false;
  round->connection->close_gracefully(0, "", round->now + 3s, round->now);
  round->pass(2900ms);
  EXPECT_FALSE(round->connection->is_closed());
  round->pass(200ms);
  EXPECT_TRUE(round->connection->is_closed());
  EXPECT_FALSE(round->connection->is_everything_delivered());
  EXPECT_EQ(round->peer.count<wire::connection_close_frame>(), 1u);
}

TEST_P(lasting, a_peer_without_credit_holds_a_graceful_close_to_its_deadline_only) {
  const auto round = fight(with_credit(0, 0));
  write(*round, 1000);
  round->connection->close_gracefully(0, "", round->now + 60s, round->now);
  pass_talking(*round, 59s);
  EXPECT_FALSE(round->connection->is_closed());
  round->connection->close_gracefully(0, "", round->now + 90s, round->now);  // Later than before: ignored.
  pass_talking(*round, 2s);
  EXPECT_TRUE(round->connection->is_closed());
}

TEST_P(lasting, a_graceful_close_waits_for_resets_and_datagrams) {
  duel_options options;
  options.peer_parameters.max_datagram_frame_size = 65535;
  const auto round = fight(options);
  const stream_id id = write(*round, 1000, false);
  round->settle();
  ASSERT_TRUE(round->connection->reset_stream(id, 5));
  ASSERT_TRUE(round->connection->send_datagram(as_bytes("one more thing")));
  round->connection->close_gracefully(0, "", round->now + 60s, round->now);
  EXPECT_FALSE(round->connection->is_closed());
  round->settle();
  EXPECT_TRUE(round->connection->is_closed());
  EXPECT_EQ(round->peer.count<wire::datagram_frame>(), 1u);
  EXPECT_EQ(round->peer.count<wire::reset_stream_frame>(), 1u);
}

TEST_P(lasting, a_graceful_close_can_be_cut_short) {
  const auto round = fight();
  write(*round, 1000);
  round->connection->close_gracefully(1, "", round->now + 60s, round->now);
  round->connection->close(2, "", round->now);
  EXPECT_EQ(round->connection->reason().code, 2u);
}

// --- Memory at rest ------------------------------------------------------------------------------------------------

TEST_P(lasting, a_quiet_connection_wakes_once_to_give_memory_back) {
  const auto round = fight(with_timeout(0s));
  write(*round, 100'000);
  pass_talking(*round, 500ms);
  const auto wake = round->connection->next_deadline();
  ASSERT_TRUE(wake) << "spare memory is held";
  EXPECT_LE(*wake, round->now + 1s);
  pass_talking(*round, 2s);
  const auto next = round->connection->next_deadline();
  EXPECT_TRUE(!next || *next > round->now + 5s);
  EXPECT_FALSE(round->connection->is_closed());
}

}  // namespace
}  // namespace quasio::test
