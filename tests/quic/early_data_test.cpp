// Early data between two real ends: accepted, rejected, early, late, and again.

#include <gtest/gtest.h>

#include "crypto/tls_pair.hpp"
#include "quasio/crypto/system_random.hpp"
#include "quic/resumed_pair.hpp"
#include "wire/packet_header.hpp"

namespace {

using namespace quasio;
using namespace quasio::quic;
using crypto::system_random;
using namespace quasio::test;

struct early_data : testing::Test {
  resumption_options options;

  void resume() { options.session = fetch_session(options); }

  static void expect_status(resumed_pair& pair, early_data_status status) {
    EXPECT_EQ(pair.client->handshake().early_data, status) << pair.why_closed();
    EXPECT_EQ(pair.server->handshake().early_data, status);
  }

  static bool has_packet(const bytes& datagram, wire::packet_type type) {
    for (byte_view rest = datagram; !rest.empty();) {
      const auto header = wire::parse_packet_header(rest, 8);
      if (!header) return false;
      if (header->type == type) return true;
      rest = rest.subspan(header->size);
    }
    return false;
  }
};

// [rfc9000 13.2.6#3] [rfc9001 8.3#1]
TEST_F(early_data, reaches_the_server_with_the_first_flight_and_is_marked) {
  resume();
  resumed_pair pair(options);
  pair.drain_events();
  EXPECT_EQ(pair.count<early_data_ready>(pair.client_events), 1u);
  EXPECT_TRUE(pair.client->may_use_streams());
  EXPECT_FALSE(pair.client->is_established());
  const stream_id id = pair.write("at once");

  for (const bytes& each : pair.from_client()) pair.to_server(each);
  ASSERT_TRUE(pair.server);
  pair.drain_events();
  EXPECT_FALSE(pair.server->is_established());
  EXPECT_TRUE(pair.server->may_use_streams());
  EXPECT_EQ(pair.count<early_data_ready>(pair.server_events), 1u);
  ASSERT_EQ(pair.count<stream_opened>(pair.server_events), 1u);
  for (const event& each : pair.server_events) {
    if (const auto* opened = std::get_if<stream_opened>(&each)) {
      EXPECT_TRUE(opened->is_early_data);
    }
  }
  EXPECT_EQ(pair.read(id), "at once$");
  // The answer needs no handshake either.
  ASSERT_TRUE(pair.server->stream_write(id, as_bytes("indeed"), true));
  for (const bytes& each : pair.from_server()) pair.to_client(each);
  const auto answer = pair.client->stream_peek(id);
  ASSERT_TRUE(answer) << pair.why_closed();
  EXPECT_EQ(as_text(answer->bytes), "indeed") << "after one round trip";

  pair.settle();
  expect_status(pair, early_data_status::accepted);
  EXPECT_TRUE(pair.client->handshake().resumed);
  EXPECT_TRUE(pair.server->handshake().resumed);
  EXPECT_EQ(pair.client->statistics().packets_lost, 0u) << "0-RTT packets were acknowledged in 1-RTT packets";
  EXPECT_EQ(pair.client->statistics().bytes_in_flight, 0u);
}

TEST_F(early_data, goes_on_over_the_completion_of_the_handshake) {
  resume();
  resumed_pair pair(options);
  const stream_id id = pair.write("first ", false);
  pair.settle();
  ASSERT_TRUE(pair.client->stream_write(id, as_bytes("then"), true));
  const stream_id later = pair.write("later");
  pair.settle();
  EXPECT_EQ(pair.read(id), "first then$");
  EXPECT_EQ(pair.read(later), "later$");
  for (const event& each : pair.server_events) {
    const auto* opened = std::get_if<stream_opened>(&each);
    if (opened != nullptr) {
      EXPECT_EQ(opened->is_early_data, opened->id == id);
    }
  }
}

// [rfc9001 5.6#1]
TEST_F(early_data, is_not_offered_unless_the_application_asks) {
  resume();
  options.client_early_data = false;
  resumed_pair pair(options);
  EXPECT_FALSE(pair.client->may_use_streams());
  EXPECT_FALSE(pair.client->open_stream(stream_direction::bidirectional));
  pair.settle();
  expect_status(pair, early_data_status::not_offered);
  EXPECT_TRUE(pair.client->handshake().resumed);
}

TEST_F(early_data, is_off_at_a_server_by_default) {
  options.early_data = {};
  resume();
  EXPECT_FALSE(options.session->allows_early_data);
  resumed_pair pair(options);
  EXPECT_FALSE(pair.client->may_use_streams());
  pair.settle();
  EXPECT_TRUE(pair.client->handshake().resumed);
}

// [rfc9000 7.4.1#4 7.4.1#8]
TEST_F(early_data, keeps_to_the_limits_that_are_remembered) {
  options.server.initial_connection_window = 3000;
  options.server.initial_stream_window = 2000;
  options.server.max_concurrent_bidirectional_streams = 2;
  resume();
  options.server = {};  // It would allow more now.
  resumed_pair pair(options);
  EXPECT_EQ(pair.client->streams_left(stream_direction::bidirectional), 2u);
  const std::string text(2500, 'x');
  const stream_id one = pair.write(text);
  const stream_id two = pair.write(text);
  EXPECT_FALSE(pair.client->open_stream(stream_direction::bidirectional));
  for (const bytes& each : pair.from_client()) pair.to_server(each);
  ASSERT_TRUE(pair.server);
  EXPECT_EQ(pair.server->statistics().stream_bytes_received, 3000u);
  pair.settle();
  EXPECT_EQ(pair.read(one), text + '$');
  EXPECT_EQ(pair.read(two), text + '$');
  EXPECT_GT(pair.client->streams_left(stream_direction::bidirectional), 2u);
}

// --- Rejection -----------------------------------------------------------------------------------------------------

struct rejected_early_data : early_data {
  /// Everything that was written arrives all the same, once, and not early.
  void expect_rejected_and_sent_again(early_data_refusal why) {
    resumed_pair pair(options);
    const std::string text(20'000, 'y');
    const stream_id one = pair.write(text);
    const stream_id two = pair.write("two ", false);
    const stream_id three = pair.write("three", true);
    for (const bytes& each : pair.from_client()) pair.to_server(each);
    ASSERT_TRUE(pair.server);
    pair.drain_events();
    EXPECT_EQ(pair.count<stream_opened>(pair.server_events), 0u);
    EXPECT_FALSE(pair.server->may_use_streams());
    pair.settle();
    ASSERT_TRUE(pair.client->stream_write(two, as_bytes("and more"), true));
    pair.settle();
    EXPECT_TRUE(pair.read(one) == text + '$');
    EXPECT_EQ(pair.read(two), "two and more$");
    EXPECT_EQ(pair.read(three), "three$");
    expect_status(pair, early_data_status::rejected);
    EXPECT_EQ(pair.client->handshake().early_data_refused_for, early_data_refusal::by_peer);
    EXPECT_EQ(pair.server->handshake().early_data_refused_for, why);
    EXPECT_EQ(pair.count<early_data_rejected>(pair.client_events), 1u);
    for (const event& each : pair.server_events) {
      if (const auto* opened = std::get_if<stream_opened>(&each)) {
        EXPECT_FALSE(opened->is_early_data);
      }
    }
    EXPECT_EQ(pair.client->statistics().packets_lost, 0u) << "it says nothing about the path";
    EXPECT_EQ(pair.client->statistics().bytes_in_flight, 0u);
    EXPECT_EQ(pair.why_closed(), "open");
  }
};

// [rfc9001 4.6.2#2] [rfc9002 6.4#1]
TEST_F(rejected_early_data, because_the_server_takes_none_any_more) {
  resume();
  options.early_data.accept = false;
  expect_rejected_and_sent_again(early_data_refusal::session);
}

TEST_F(rejected_early_data, because_the_ticket_is_of_another_server) {
  resume();
  options.server_tls = make_server_tls();
  expect_rejected_and_sent_again(early_data_refusal::session);
}

// [rfc9000 7.4.1#5 7.4.1#6 7.4.1#7]
TEST_F(rejected_early_data, because_limits_were_reduced) {
  resume();
  options.server.initial_stream_window = 500'000;
  expect_rejected_and_sent_again(early_data_refusal::parameters);
}

TEST_F(rejected_early_data, because_the_application_has_other_settings) {
  options.early_data.application_context = {1};
  resume();
  options.early_data.application_context = {2};
  expect_rejected_and_sent_again(early_data_refusal::application);
}

TEST_F(rejected_early_data, unless_the_application_understands_the_former_settings) {
  options.early_data.application_context = {1};
  resume();
  options.early_data.application_context = {2};
  bytes asked;
  options.early_data.accepts_context = [&](byte_view former) {
    asked.assign(former.begin(), former.end());
    return true;
  };
  resumed_pair pair(options);
  pair.settle();
  expect_status(pair, early_data_status::accepted);
  EXPECT_EQ(asked, bytes{1});
}

TEST_F(rejected_early_data, because_the_hello_had_to_be_repeated) {
  options.server_tls = make_server_tls();
  resume();
  // Both know the group, but the client does not begin with it.
  set_groups(options.server_tls, "P-384");
  expect_rejected_and_sent_again(early_data_refusal::session);
}

// [rfc9001 4.6.2#2]
TEST_F(rejected_early_data, is_sent_within_the_new_limits) {
  resume();
  options.server.initial_connection_window = options.server.max_connection_window = 4000;
  options.server.initial_stream_window = options.server.max_stream_window = 1500;
  options.server.max_concurrent_bidirectional_streams = 2;
  resumed_pair pair(options);
  std::vector<stream_id> ids;
  const std::string text(3000, 'z');
  for (int i = 0; i < 7; ++i) ids.push_back(pair.write(text));
  ASSERT_TRUE(pair.client->reset_stream(ids[5], 7));
  std::vector<std::string> got(ids.size());
  for (int round = 0; round < 100; ++round) {
    pair.exchange();
    pair.drain_events();
    for (std::size_t i = 0; i < ids.size() && pair.server; ++i) {
      if (!got[i].ends_with('$')) got[i] += pair.read(ids[i]);
      // The stream ends when the answer does, and only then makes room for another.
      if (got[i].ends_with('$')) (void)pair.server->stream_write(ids[i], {}, true);
    }
    for (const stream_id id : ids) {
      if (const auto end = pair.client->stream_peek(id); end && end->fin) (void)pair.client->stream_consume(id, 0);
    }
    if (pair.server) (void)pair.server->stream_write(ids[5], {}, true);
    pair.now += 10ms;
  }
  EXPECT_EQ(pair.why_closed(), "open");
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (i == 5) continue;
    EXPECT_EQ(got[i].size(), text.size() + 1) << i;
    EXPECT_TRUE(got[i].ends_with('$')) << i;
  }
  EXPECT_EQ(pair.count<stream_reset>(pair.server_events), 1u);
  expect_status(pair, early_data_status::rejected);
}

TEST_F(rejected_early_data, ends_the_connection_when_the_protocol_is_another_one) {
  options.client_alpn = {"test", "other"};
  resume();
  options.server_alpn = {"other"};
  resumed_pair pair(options);
  pair.write("meant for somebody else");
  pair.settle();
  ASSERT_TRUE(pair.client->is_closed());
  EXPECT_EQ(pair.client->reason().cause, close_cause::local_transport);
  EXPECT_EQ(pair.count<stream_opened>(pair.server_events), 0u);
}

// --- Packets out of place ------------------------------------------------------------------------------------------

TEST_F(early_data, waits_for_the_rest_of_the_hello) {
  resume();
  resumed_pair pair(options);
  const stream_id id = pair.write(std::string(6000, 'w'));
  auto flight = pair.from_client();
  ASSERT_GE(flight.size(), 4u) << "the ClientHello takes two datagrams";
  std::vector<bytes> initials;
  std::vector<bytes> rest;
  for (bytes& each : flight)
    (has_packet(each, wire::packet_type::initial) ? initials : rest).push_back(std::move(each));
  ASSERT_EQ(initials.size(), 2u);
  pair.to_server(initials[0]);
  for (const bytes& each : rest) pair.to_server(each);
  ASSERT_TRUE(pair.server);
  EXPECT_EQ(pair.server->statistics().stream_bytes_received, 0u);
  pair.to_server(initials[1]);
  EXPECT_EQ(pair.server->statistics().stream_bytes_received, 6000u);
  EXPECT_EQ(pair.read(id), std::string(6000, 'w') + '$');
}

TEST_F(early_data, that_waits_is_limited_by_number_and_by_bytes) {
  resume();
  for (const bool by_bytes : {false, true}) {
    (by_bytes ? options.server.max_undecryptable_bytes : options.server.max_undecryptable_packets) =
        by_bytes ? 2500 : 2;
    resumed_pair pair(options);
    const std::string text(9000, 'w');
    const stream_id id = pair.write(text);
    std::vector<bytes> initials;
    std::vector<bytes> rest;
    for (bytes& each : pair.from_client())
      (has_packet(each, wire::packet_type::initial) ? initials : rest).push_back(std::move(each));
    ASSERT_GT(rest.size(), 4u);
    pair.to_server(initials[0]);
    for (const bytes& each : rest) pair.to_server(each);
    pair.to_server(initials[1]);
    EXPECT_GT(pair.server->statistics().stream_bytes_received, 0u);
    EXPECT_LT(pair.server->statistics().stream_bytes_received, 3000u);
    for (int round = 0; round < 50; ++round) {
      pair.exchange();
      pair.now += 100ms;
      if (pair.client->next_deadline() <= pair.now) pair.client->on_timeout(pair.now);
      if (pair.server->next_deadline() <= pair.now) pair.server->on_timeout(pair.now);
    }
    EXPECT_EQ(pair.read(id), text + '$') << "what was dropped is sent again";
    options.server = {};
    resume();
  }
}

TEST_F(early_data, that_comes_first_of_all_makes_no_connection) {
  resume();
  resumed_pair pair(options);
  pair.write(std::string(6000, 'w'));
  for (const bytes& each : pair.from_client()) {
    if (!has_packet(each, wire::packet_type::initial)) pair.to_server(each);
  }
  EXPECT_FALSE(pair.server);
}

TEST_F(early_data, is_sent_again_after_a_retry) {
  resume();
  options.retry = retry_policy::always;
  resumed_pair pair(options);
  const stream_id id = pair.write("twice on the wire");
  for (const bytes& each : pair.from_client()) pair.to_server(each);
  EXPECT_FALSE(pair.server);
  for (const bytes& each : pair.from_client()) pair.to_server(each);
  ASSERT_TRUE(pair.server);
  EXPECT_EQ(pair.read(id), "twice on the wire$") << "with the first flight that the server takes";
  EXPECT_FALSE(pair.server->is_established());
  pair.settle();
  expect_status(pair, early_data_status::accepted);
}

// [rfc9001 4.9.3#1]
TEST_F(early_data, that_is_late_is_taken_for_a_while) {
  resume();
  resumed_pair pair(options);
  const stream_id first = pair.write("in time");
  for (const bytes& each : pair.from_client()) pair.to_server(each);
  const stream_id late = pair.write("late");
  const auto held_back = pair.from_client();
  ASSERT_EQ(held_back.size(), 1u);
  ASSERT_TRUE(has_packet(held_back.front(), wire::packet_type::zero_rtt));
  pair.settle();
  ASSERT_TRUE(pair.server->is_established());
  pair.to_server(held_back.front());
  EXPECT_EQ(pair.read(first), "in time$");
  EXPECT_EQ(pair.read(late), "late$");
  pair.drain_events();
  for (const event& each : pair.server_events) {
    const auto* opened = std::get_if<stream_opened>(&each);
    // RFC 8470, section 3: whoever completed the handshake is no replay.
    if (opened != nullptr) {
      EXPECT_EQ(opened->is_early_data, opened->id == first);
    }
  }
}

// [rfc9001 4.9.3#1]
TEST_F(early_data, keys_are_gone_three_probe_timeouts_after_the_handshake) {
  resume();
  resumed_pair pair(options);
  pair.write("in time");
  for (const bytes& each : pair.from_client()) pair.to_server(each);
  pair.write("too late");
  const auto held_back = pair.from_client();
  pair.settle();
  pair.now += 5s;
  while (pair.server->next_deadline() && *pair.server->next_deadline() <= pair.now) pair.server->on_timeout(pair.now);
  const auto received = pair.server->statistics().packets_received;
  pair.to_server(held_back.front());
  EXPECT_EQ(pair.server->statistics().packets_received, received);
}

// --- Replays -------------------------------------------------------------------------------------------------------

// [rfc9001 9.2#1]
TEST_F(early_data, that_is_a_replay_is_refused) {
  system_random random;
  options.early_data.replay_guard = make_replay_guard(options.server_tls, random);
  resume();
  resumed_pair original(options);
  const stream_id id = original.write("pay 100");
  const auto recorded = original.from_client();
  for (const bytes& each : recorded) original.to_server(each);
  EXPECT_EQ(original.read(id), "pay 100$");

  resumed_pair victim(options);
  for (const bytes& each : recorded) victim.to_server(each);
  ASSERT_TRUE(victim.server);
  EXPECT_EQ(victim.server->handshake().early_data, early_data_status::rejected);
  EXPECT_EQ(victim.server->handshake().early_data_refused_for, early_data_refusal::possibly_a_replay);
  EXPECT_EQ(victim.server->statistics().stream_bytes_received, 0u);
  victim.drain_events();
  EXPECT_EQ(victim.count<stream_opened>(victim.server_events), 0u);
}

TEST_F(early_data, is_refused_while_the_guard_is_full) {
  system_random random;
  options.early_data.replay_guard =
      std::make_shared<crypto::strike_register>(crypto::strike_register_settings{.capacity = 1}, random);
  resume();
  const auto second = fetch_session(options);
  resumed_pair one(options);
  one.settle();
  expect_status(one, early_data_status::accepted);
  options.session = second;
  resumed_pair two(options);
  two.settle();
  expect_status(two, early_data_status::rejected);
}

TEST_F(early_data, is_refused_at_first_where_tickets_may_be_older_than_the_server) {
  system_random random;
  const certificate leaf = make_self_signed({});
  options.server_tls =
      crypto::tls_context::server(
          {.certificate_chain = crypto::pem::text(leaf.certificate_pem),
           .private_key = crypto::pem::text(leaf.key_pem),
           .ticket_keys = std::make_shared<crypto::ticket_key_set>(crypto::ticket_key::generate(random))})
          .value();
  resume();
  resumed_pair pair(options);
  pair.settle();
  expect_status(pair, early_data_status::rejected);
  EXPECT_EQ(pair.server->handshake().early_data_refused_for, early_data_refusal::possibly_a_replay);
}

// --- Sessions ------------------------------------------------------------------------------------------------------

TEST_F(early_data, session_is_good_for_its_version_and_protocol_only) {
  resume();
  options.version = quic_version::v2;
  {
    resumed_pair pair(options);
    pair.settle();
    EXPECT_FALSE(pair.client->handshake().resumed);
    expect_status(pair, early_data_status::not_offered);
  }
  options.version = quic_version::v1;
  // A client that claims that it is of this version: the server knows better (RFC 9369, section 5).
  const quic::saved_session of_v1 = *options.session;
  options.version = quic_version::v2;
  options.session = of_v1;
  options.session->version = quic_version::v2;
  {
    resumed_pair pair(options);
    pair.settle();
    EXPECT_EQ(pair.why_closed(), "open");
    EXPECT_FALSE(pair.client->handshake().resumed);
    expect_status(pair, early_data_status::rejected);
  }
  options.version = quic_version::v1;
  options.session = of_v1;
  options.client_alpn = options.server_alpn = {"other"};
  resumed_pair pair(options);
  pair.settle();
  expect_status(pair, early_data_status::not_offered);
}

TEST_F(early_data, works_in_version_2) {
  options.version = quic_version::v2;
  resume();
  resumed_pair pair(options);
  const stream_id id = pair.write("two");
  for (const bytes& each : pair.from_client()) pair.to_server(each);
  EXPECT_EQ(pair.read(id), "two$");
  pair.settle();
  expect_status(pair, early_data_status::accepted);
}

// [rfc9000 7.4.1#2]
TEST_F(early_data, sessions_survive_as_bytes) {
  resume();
  options.session->application_context = {1, 2, 3};
  const auto encoded = encode(*options.session);
  const auto decoded = decode_saved_session(encoded);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(*decoded, *options.session);
  EXPECT_FALSE(decoded->parameters.stateless_reset_token);
  EXPECT_FALSE(decoded->parameters.initial_source_connection_id);
  options.session = decoded;
  resumed_pair pair(options);
  pair.settle();
  expect_status(pair, early_data_status::accepted);

  for (std::size_t size = 0; size < encoded.size(); ++size) {
    ASSERT_FALSE(decode_saved_session(byte_view(encoded).first(size))) << size;
  }
  bytes longer = encoded;
  longer.push_back(0);
  EXPECT_FALSE(decode_saved_session(longer));
  EXPECT_FALSE(decode_saved_session(bytes(max_saved_session_size + 1)));
}

}  // namespace
