// Peers that break the rules of early data, on both ends.

#include <gtest/gtest.h>

#include "quic/resumed_pair.hpp"

namespace {

using namespace quasio;
using namespace quasio::quic;
using namespace quasio::test;

/// A server under test, and a client with early data that says what it likes.
struct hostile_early_client : testing::Test {
  duel_options options{.early_data = {.accept = true}, .peer_early_data = true};

  std::unique_ptr<duel> resumed() {
    duel first(endpoint_role::server, options);
    first.shake_hands();
    options.peer_ticket = first.peer.tickets().at(0);
    auto made = std::make_unique<duel>(endpoint_role::server, options);
    for (const bytes& datagram : made->peer.flush()) made->send(datagram);
    EXPECT_EQ(made->connection->handshake().early_data, early_data_status::accepted);
    return made;
  }

  template <class Frame>
  void expect_refused(const Frame& frame) {
    const auto pair = resumed();
    pair->send_payload(space_id::application_data, payload_of(frame), {.early = true});
    EXPECT_EQ(pair->verdict(), transport_error_code::protocol_violation) << pair->why_closed();
  }
};

// [rfc9000 12.4#3] [rfc9001 8.3#2]
TEST_F(hostile_early_client, is_refused_frames_that_early_data_may_not_carry) {
  expect_refused(wire::crypto_frame{.offset = 0, .data = as_bytes("x")});
  expect_refused(wire::handshake_done_frame{});
  expect_refused(wire::new_token_frame{.token = as_bytes("token")});
  expect_refused(wire::path_response_frame{});
  expect_refused(wire::retire_connection_id_frame{});
}

TEST_F(hostile_early_client, is_refused_acknowledgments) {
  const auto pair = resumed();
  pair->send_payload(space_id::application_data, hostile_peer::acknowledgment_of(0, 0), {.early = true});
  EXPECT_EQ(pair->verdict(), transport_error_code::protocol_violation) << pair->why_closed();
}

// [rfc9000 13.2.6#3] [rfc9001 5.6#3]
TEST_F(hostile_early_client, may_send_the_others) {
  const auto pair = resumed();
  pair->send_payload(space_id::application_data,
                     payload_of(wire::ping_frame{}, wire::stream_frame{.id = 0, .data = as_bytes("early")},
                                wire::reset_stream_frame{.id = 4, .error_code = 1, .final_size = 0},
                                wire::stop_sending_frame{.id = 8, .error_code = 1}, wire::max_data_frame{1 << 21}),
                     {.early = true});
  EXPECT_EQ(pair->why_closed(), "it is open");
  EXPECT_EQ(pair->count_events<stream_opened>(), 3u);
  pair->shake_hands();
  EXPECT_GT(pair->peer.count<wire::ack_frame>(wire::packet_type::one_rtt), 0u);
  EXPECT_EQ(pair->peer.count<wire::ack_frame>(wire::packet_type::zero_rtt), 0u);
}

TEST_F(hostile_early_client, is_held_to_the_limits) {
  options.transport.initial_stream_window = 1000;
  const auto pair = resumed();
  const bytes much(1001);
  pair->send_payload(space_id::application_data, payload_of(wire::stream_frame{.id = 0, .data = much}),
                     {.early = true});
  EXPECT_EQ(pair->verdict(), transport_error_code::flow_control_error);
}

TEST_F(hostile_early_client, may_close_at_once) {
  const auto pair = resumed();
  pair->send_payload(space_id::application_data,
                     payload_of(wire::connection_close_frame{.error_code = 9, .by_application = true}),
                     {.early = true});
  ASSERT_TRUE(pair->connection->is_closed());
  EXPECT_EQ(pair->connection->reason().cause, close_cause::peer_application);
  EXPECT_EQ(pair->connection->reason().code, 9u);
}

// [rfc9001 4.6.2#1]
TEST_F(hostile_early_client, gets_no_ear_for_early_data_that_was_rejected) {
  duel first(endpoint_role::server, options);
  first.shake_hands();
  options.peer_ticket = first.peer.tickets().at(0);
  options.transport.initial_connection_window /= 2;
  duel pair(endpoint_role::server, options);
  for (const bytes& datagram : pair.peer.flush()) pair.send(datagram);
  ASSERT_EQ(pair.connection->handshake().early_data, early_data_status::rejected);
  pair.send_payload(space_id::application_data, payload_of(wire::stream_frame{.id = 0, .data = as_bytes("x")}),
                    {.early = true});
  EXPECT_EQ(pair.count_events<stream_opened>(), 0u);
  pair.shake_hands();
  pair.send_payload(space_id::application_data, payload_of(wire::stream_frame{.id = 0, .data = as_bytes("x")}),
                    {.early = true});
  EXPECT_EQ(pair.count_events<stream_opened>(), 0u);
}

TEST_F(hostile_early_client, makes_nobody_wait_for_more_than_the_limits) {
  options.transport.max_undecryptable_packets = 4;
  options.transport.max_undecryptable_bytes = 4000;
  duel first(endpoint_role::server, options);
  first.shake_hands();
  options.peer_ticket = first.peer.tickets().at(0);
  duel pair(endpoint_role::server, options);
  auto hello = pair.peer.flush();
  ASSERT_GE(hello.size(), 2u);
  pair.send(hello[0]);
  for (int i = 0; i < 100; ++i) {
    pair.send_payload(space_id::application_data, payload_of(wire::ping_frame{}),
                      {.padded_to = i % 2 == 0 ? 1100u : 60u, .early = true});
  }
  EXPECT_EQ(pair.connection->statistics().packets_dropped, 96u);
  for (std::size_t i = 1; i < hello.size(); ++i) pair.send(hello[i]);
  pair.shake_hands();
}

/// A client under test with early data, and a server that breaks its word.
struct hostile_early_server : testing::Test {
  duel_options options{.peer_early_data = true};

  void fetch_session() {
    duel first(endpoint_role::client, options);
    first.shake_hands();
    for (const event& each : first.events) {
      if (const auto* received = std::get_if<session_received>(&each)) options.session = *received->session;
    }
    ASSERT_TRUE(options.session);
    ASSERT_TRUE(options.session->allows_early_data);
  }
};

// [rfc9000 7.4.1#5 7.4.1#6]
TEST_F(hostile_early_server, may_not_reduce_limits_that_it_accepted_early_data_under) {
  using parameters = transport_parameters;
  for (const auto limit : {&parameters::initial_max_data, &parameters::initial_max_stream_data_bidi_local,
                           &parameters::initial_max_stream_data_bidi_remote, &parameters::initial_max_stream_data_uni,
                           &parameters::initial_max_streams_bidi, &parameters::initial_max_streams_uni,
                           &parameters::active_connection_id_limit}) {
    options.peer_parameters = generous_parameters();
    fetch_session();
    --(options.peer_parameters.*limit);
    duel pair(endpoint_role::client, options);
    ASSERT_TRUE(pair.connection->may_use_streams());
    pair.settle();
    EXPECT_EQ(pair.verdict(), transport_error_code::protocol_violation) << pair.why_closed();
  }
}

// [rfc9000 7.4.1#8]
TEST_F(hostile_early_server, may_raise_them) {
  fetch_session();
  options.peer_parameters.initial_max_data += 1;
  options.peer_parameters.initial_max_streams_bidi += 1;
  duel pair(endpoint_role::client, options);
  EXPECT_EQ(pair.connection->streams_left(stream_direction::bidirectional), 100u);
  pair.shake_hands();
  EXPECT_EQ(pair.connection->streams_left(stream_direction::bidirectional), 101u);
  EXPECT_EQ(pair.connection->handshake().early_data, early_data_status::accepted);
}

TEST_F(hostile_early_server, may_not_acknowledge_early_data_that_it_rejected) {
  fetch_session();
  options.peer_early_data = false;
  duel pair(endpoint_role::client, options);
  const auto id = pair.connection->open_stream(stream_direction::bidirectional);
  ASSERT_TRUE(pair.connection->stream_write(*id, as_bytes("early"), true));
  pair.shake_hands();
  ASSERT_EQ(pair.connection->handshake().early_data, early_data_status::rejected);
  EXPECT_EQ(pair.peer.count<wire::stream_frame>(wire::packet_type::one_rtt), 1u) << "sent again";
  pair.send_payload(space_id::application_data, hostile_peer::acknowledgment_of(0, 0));
  EXPECT_EQ(pair.verdict(), transport_error_code::protocol_violation);
}

// [rfc9001 5.6#4]
TEST_F(hostile_early_server, sends_no_early_data_itself) {
  fetch_session();
  duel pair(endpoint_role::client, options);
  const auto id = pair.connection->open_stream(stream_direction::bidirectional);
  ASSERT_TRUE(pair.connection->stream_write(*id, as_bytes("early"), true));
  pair.collect();
  ASSERT_TRUE(pair.peer.has_early_keys());
  pair.send_payload(space_id::application_data, payload_of(wire::ping_frame{}), {.early = true});
  EXPECT_EQ(pair.connection->statistics().packets_received, 0u);
  EXPECT_EQ(pair.connection->statistics().packets_dropped, 1u);
  pair.shake_hands();
}

// [rfc9000 17.2.3#2] [rfc9001 5.6#5]
TEST_F(hostile_early_server, hears_nothing_early_after_the_handshake_but_one_kind_of_packet) {
  fetch_session();
  duel pair(endpoint_role::client, options);
  const auto id = pair.connection->open_stream(stream_direction::bidirectional);
  ASSERT_TRUE(pair.connection->stream_write(*id, as_bytes("early"), false));
  pair.shake_hands();
  pair.peer.forget_packets();
  ASSERT_TRUE(pair.connection->stream_write(*id, as_bytes("late"), true));
  pair.settle();
  EXPECT_EQ(pair.peer.count<wire::stream_frame>(wire::packet_type::zero_rtt), 0u);
  EXPECT_EQ(pair.peer.count<wire::stream_frame>(wire::packet_type::one_rtt), 1u);
}

TEST(hostile_session, of_any_bytes_does_no_harm) {
  resumption_options options;
  const auto good = fetch_session(options);
  counting_random random;
  for (int i = 0; i < 50; ++i) {
    options.session = good;
    std::array<std::uint8_t, 3> noise{};
    random.fill(noise);
    options.session->ticket[(noise[0] << 8 | noise[1]) % options.session->ticket.size()] ^= noise[2] | 1;
    options.session->parameters.initial_max_data = 1 << 30;
    options.session->parameters.initial_max_streams_bidi = 10;
    resumed_pair pair(options);
    if (pair.client->may_use_streams()) pair.write("x");
    pair.settle();
    // A session that lies about the limits is the client's own fault; it ends as it should and nothing worse.
    EXPECT_TRUE(pair.client->is_closed() || pair.client->is_established());
  }
}

}  // namespace
