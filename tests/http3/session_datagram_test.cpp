#include "http3/session_fixture.hpp"

/// HTTP Datagrams on whole connections (RFC 9297).
namespace quasio::http3 {
namespace {

using namespace testing;
using namespace std::chrono_literals;

settings with_datagrams() {
  settings limits;
  limits.datagrams.enable = true;
  limits.enable_connect_protocol = true;
  return limits;
}

field_list tunnel_request() {
  field_list fields = with(get_request("/t"), ":protocol", "connect-udp");
  fields[0].value = "CONNECT";
  return fields;
}

const bytes datagram_setting = varint(0x33) + varint(1);

bytes datagram_for(stream_id id, std::string_view payload) { return varint(id / 4) + bytes_of(payload); }

/// All that waits for this exchange, read.
std::vector<std::string> drain(talker& self, stream_id id) {
  std::vector<std::string> read;
  while (const auto next = self.state.peek_datagram(id)) {
    read.emplace_back(as_text(*next));
    self.state.pop_datagram(id);
  }
  return read;
}

/// A server that takes datagrams, and a raw client.
struct datagram_server : talker_and_raw_peer {
  explicit datagram_server(settings limits = with_datagrams()) : talker_and_raw_peer(endpoint_role::server, limits) {
    control = open_control(datagram_setting);
  }
  stream_id open_tunnel() { return send_request(headers(tunnel_request()), false); }
  void send(const bytes& datagram) {
    ASSERT_TRUE(peer.send_datagram(datagram, {}));
    settle();
  }
  const received_datagram_counts& counts() {
    counted = self.state.statistics().datagrams;
    return counted;
  }
  stream_id control = 0;
  received_datagram_counts counted;
};

/// Client and server, with a tunnel between them.
struct tunnel : pair_of_talkers {
  explicit tunnel(settings of_client = with_datagrams(), settings of_server = with_datagrams())
      : pair_of_talkers(of_client, of_server) {
    settle();
    const auto begun = client.state.send_request(client.transport, tunnel_request(), false);
    if (begun) id = *begun;
    settle();
    (void)server.state.send_response(server.transport, id, response(), false);
    settle();
  }
  operation_result<void> send(talker& from, std::string_view payload, const datagram_options& options = {}) {
    return from.state.send_datagram(from.transport, id, as_bytes(payload), options);
  }
  stream_id id = 0;
};

TEST(datagrams, go_both_ways) {
  tunnel net;
  EXPECT_TRUE(net.send(net.client, "up"));
  EXPECT_TRUE(net.send(net.client, ""));
  EXPECT_TRUE(net.send(net.server, "down"));
  net.settle();
  EXPECT_EQ(drain(net.server, net.id), (std::vector<std::string>{"up", ""}));
  EXPECT_EQ(drain(net.client, net.id), (std::vector<std::string>{"down"}));
  EXPECT_EQ(net.server.count<datagrams_readable>(), 1u) << "once until they have been drained";
  EXPECT_TRUE(net.send(net.client, "more"));
  net.settle();
  EXPECT_EQ(net.server.count<datagrams_readable>(), 2u);
  EXPECT_EQ(net.client.state.statistics().datagrams_sent, 3u);
  EXPECT_EQ(net.client.state.statistics().datagram_bytes_sent, 6u);
  EXPECT_EQ(net.server.state.statistics().datagrams.received, 3u);
}

TEST(datagrams, carry_the_quarter_of_the_stream_id) {
  tunnel net;
  for (int i = 0; i < 70; ++i) {
    const auto begun = net.client.state.send_request(net.client.transport, tunnel_request(), false);
    ASSERT_TRUE(begun);
    net.id = *begun;
  }
  EXPECT_EQ(net.id, 280u);
  ASSERT_TRUE(net.send(net.client, "x"));
  EXPECT_EQ(net.client.transport.unsent_datagrams.at(0).data, from_hex("40 46 78"));
  EXPECT_EQ(net.client.state.max_datagram_payload(1200, net.id), 1198u);
  EXPECT_EQ(net.client.state.max_datagram_payload(2, net.id), 0u);
  EXPECT_EQ(net.client.state.max_datagram_payload(0, net.id), 0u);
}

// [rfc9114 9#3]
// [rfc9297 2.1.1#3]
TEST(datagrams, need_the_word_of_both_sides) {
  settings without;
  without.enable_connect_protocol = true;
  for (const bool at_client : {false, true}) {
    tunnel net(at_client ? without : with_datagrams(), at_client ? with_datagrams() : without);
    EXPECT_EQ(net.send(net.client, "x").error(), operation_error::not_negotiated);
    EXPECT_EQ(net.send(net.server, "x").error(), operation_error::not_negotiated);
    EXPECT_EQ(net.client.state.max_datagram_payload(1200, net.id), 0u);
  }
}

// [rfc9114 7.2.4.2#1]
// [rfc9297 2.1.1#3]
TEST(datagrams, wait_for_the_settings_of_the_peer) {
  talker_and_raw_peer net(endpoint_role::client, with_datagrams());
  const auto id = net.self.state.send_request(net.self.transport, get_request(), false);
  ASSERT_TRUE(net.self.state.allow_datagrams(*id));
  EXPECT_EQ(net.self.state.send_datagram(net.self.transport, *id, {}, {}).error(), operation_error::not_negotiated);
  net.open_control(datagram_setting);
  EXPECT_TRUE(net.self.state.send_datagram(net.self.transport, *id, {}, {}));
}

TEST(datagrams, are_refused_when_they_do_not_fit) {
  tunnel net;
  net.client.transport.datagram_limit = 101;
  EXPECT_EQ(net.client.state.max_datagram_payload(101, net.id), 100u);
  EXPECT_TRUE(net.send(net.client, std::string(100, 'x')));
  EXPECT_EQ(net.send(net.client, std::string(101, 'x')).error(), operation_error::datagram_too_large);
  net.client.transport.datagram_queue_limit = 1;
  EXPECT_EQ(net.send(net.client, "x").error(), operation_error::queue_full);
  net.client.state.handle(net.client.transport, quic::datagrams_writable{});
  net.client.collect();
  EXPECT_EQ(net.client.count<datagrams_writable>(), 1u);
}

TEST(datagrams, go_with_the_urgency_of_their_request_unless_they_have_their_own) {
  tunnel net;
  ASSERT_TRUE(net.client.state.set_priority(net.client.transport, net.id, {1, false}));
  const time_point later = net.client.transport.time + 1s;
  ASSERT_TRUE(net.send(net.client, "a"));
  ASSERT_TRUE(net.send(net.client, "b", {.urgency = 6, .expires = later, .cookie = 77}));
  const auto& sent = net.client.transport.unsent_datagrams;
  EXPECT_EQ(sent.at(0).options.urgency, 1);
  EXPECT_EQ(sent.at(1).options.urgency, 6);
  EXPECT_EQ(sent.at(1).options.expires, later);
  EXPECT_EQ(sent.at(1).options.cookie, 77u);
  EXPECT_EQ(sent.at(1).options.group, net.id);
}

// [rfc9297 2#1]
TEST(datagrams, belong_to_requests_that_have_a_meaning_for_them) {
  pair_of_talkers net(with_datagrams(), with_datagrams());
  net.settle();
  const auto id = net.client.state.send_request(net.client.transport, post_request(), false);
  net.settle();
  EXPECT_EQ(net.client.state.send_datagram(net.client.transport, *id, {}, {}).error(), operation_error::wrong_state);
  ASSERT_TRUE(net.client.state.allow_datagrams(*id));
  ASSERT_TRUE(net.server.state.allow_datagrams(*id));
  EXPECT_TRUE(net.client.state.send_datagram(net.client.transport, *id, as_bytes("x"), {}));
  net.settle();
  EXPECT_EQ(drain(net.server, *id), (std::vector<std::string>{"x"}));
  EXPECT_EQ(net.server.state.allow_datagrams(400).error(), operation_error::unknown_exchange);
}

// [rfc9297 2#2]
TEST(datagrams, for_a_request_without_a_meaning_for_them_abort_it) {
  datagram_server net;
  const stream_id id = net.send_request(headers(post_request()), false);
  net.send(datagram_for(id, "x"));
  expect_open(net);
  EXPECT_EQ(net.peer.received_reset(id), error_code::datagram_error);
  EXPECT_EQ(net.peer.received_stop(id), error_code::datagram_error);
  ASSERT_EQ(net.self.count<message_aborted>(), 1u);
  EXPECT_EQ(net.self.all<message_aborted>()[0].code, error_code::datagram_error);
}

// [rfc9297 2#2]
TEST(datagrams, before_a_request_without_a_meaning_for_them_abort_it_too) {
  datagram_server net;
  net.send(datagram_for(0, "x"));
  const stream_id id = net.send_request(headers(post_request()), false);
  EXPECT_EQ(net.peer.received_reset(id), error_code::datagram_error);
  EXPECT_EQ(net.self.state.statistics().datagram_bytes_waiting, 0u);
}

// [rfc9297 2.1#3]
TEST(datagrams, go_no_more_when_our_side_is_closed) {
  tunnel net;
  ASSERT_TRUE(net.send(net.client, "waits"));
  ASSERT_TRUE(net.client.state.write_body(net.client.transport, net.id, {}, true));
  EXPECT_TRUE(net.client.transport.unsent_datagrams.empty()) << "what has not left is dropped";
  EXPECT_EQ(net.send(net.client, "x").error(), operation_error::wrong_state);
  EXPECT_EQ(net.client.state.max_datagram_payload(1200, net.id), 0u);
  EXPECT_TRUE(net.send(net.server, "the other way is open"));
  ASSERT_TRUE(net.server.state.cancel(net.server.transport, net.id, error_code::request_cancelled));
  EXPECT_TRUE(net.server.transport.unsent_datagrams.empty());
}

// [rfc9297 2.1#4]
TEST(datagrams, after_the_end_of_the_request_are_dropped) {
  datagram_server net;
  const stream_id id = net.open_tunnel();
  net.send_more(id, no_payload, true);
  net.self.read(id);
  net.send(datagram_for(id, "late"));
  expect_open(net);
  EXPECT_FALSE(net.self.state.peek_datagram(id));
  EXPECT_EQ(net.counts().dropped_late, 1u);
  ASSERT_TRUE(net.self.state.send_response(net.self.transport, id, response(), true));
  net.settle();
  EXPECT_EQ(net.self.state.open_exchanges(), 0u);
  net.send(datagram_for(id, "later"));
  expect_open(net);
  EXPECT_EQ(net.counts().dropped_late, 2u);
}

TEST(datagrams, can_be_read_until_the_exchange_is_closed) {
  datagram_server net;
  const stream_id id = net.open_tunnel();
  net.send(datagram_for(id, "last words"));
  net.peer.reset_stream(id, error_code::request_cancelled);
  net.settle();
  EXPECT_EQ(drain(net.self, id), (std::vector<std::string>{"last words"}));
}

TEST(datagrams, unread_are_forgotten_with_their_exchange) {
  datagram_server net;
  const stream_id id = net.open_tunnel();
  net.send(datagram_for(id, "unread"));
  EXPECT_EQ(net.self.state.statistics().datagram_bytes_waiting, 6u);
  net.send_more(id, no_payload, true);
  net.self.read(id);
  ASSERT_TRUE(net.self.state.send_response(net.self.transport, id, response(), true));
  net.settle();
  ASSERT_EQ(net.self.count<exchange_closed>(), 1u);
  EXPECT_EQ(net.self.state.statistics().datagram_bytes_waiting, 0u);
}

// [rfc9297 2.1#5]
TEST(datagrams, before_their_request_wait_for_it) {
  datagram_server net;
  net.send(datagram_for(4, "b1"));
  net.send(datagram_for(0, "a1"));
  net.send(datagram_for(4, "b2"));
  EXPECT_EQ(net.self.count<datagrams_readable>(), 0u);
  const stream_id first = net.open_tunnel();
  const stream_id second = net.open_tunnel();
  EXPECT_EQ(drain(net.self, first), (std::vector<std::string>{"a1"}));
  EXPECT_EQ(drain(net.self, second), (std::vector<std::string>{"b1", "b2"}));
  EXPECT_EQ(net.self.count<datagrams_readable>(), 2u);
  EXPECT_EQ(net.self.state.statistics().datagram_bytes_waiting, 0u);
}

TEST(datagrams, wait_for_a_request_whose_headers_are_on_their_way) {
  datagram_server net;
  const bytes request = headers(tunnel_request());
  const stream_id id = net.send_request(bytes(request.begin(), request.begin() + 5), false);
  net.send(datagram_for(id, "early"));
  net.send_more(id, bytes(request.begin() + 5, request.end()));
  EXPECT_EQ(drain(net.self, id), (std::vector<std::string>{"early"}));
}

// [rfc9297 2.1#5]
TEST(datagrams, before_their_request_wait_within_limits) {
  settings limits = with_datagrams();
  limits.datagrams.max_early = 3;
  limits.datagrams.max_early_bytes = 100;
  datagram_server net(limits);
  net.send(datagram_for(0, std::string(60, 'a')));
  net.send(datagram_for(0, std::string(60, 'b')));
  EXPECT_EQ(net.counts().dropped_full, 1u);
  for (int i = 0; i < 3; ++i) net.send(datagram_for(0, "c"));
  EXPECT_EQ(net.counts().dropped_full, 2u);
  EXPECT_EQ(drain(net.self, net.open_tunnel()).size(), 3u);
}

// [rfc9297 2.1#5]
TEST(datagrams, before_their_request_wait_for_some_time) {
  datagram_server net;
  net.send(datagram_for(0, "old"));
  net.self.transport.time += 400ms;
  net.send(datagram_for(0, "new"));
  net.self.transport.time += 200ms;
  EXPECT_EQ(drain(net.self, net.open_tunnel()), (std::vector<std::string>{"new"}));
  EXPECT_EQ(net.counts().dropped_early, 1u);
}

TEST(datagrams, for_a_stream_beyond_the_limit_end_the_connection) {
  datagram_server net;
  net.send(datagram_for(99 * 4, "x"));
  expect_open(net);
  net.send(datagram_for(100 * 4, "x"));
  expect_closed(net, error_code::id_error);
}

// [rfc9297 2.1#1 2.1#2]
TEST(datagrams, without_a_stream_id_end_the_connection) {
  for (const bytes& sent : {no_payload, from_hex("40"), from_hex("c0000000"), from_hex("d000000000000000")}) {
    datagram_server net;
    net.send(sent);
    expect_closed(net, error_code::datagram_error);
  }
}

TEST(datagrams, for_requests_that_a_client_has_not_made_are_dropped) {
  talker_and_raw_peer net(endpoint_role::client, with_datagrams());
  net.open_control(datagram_setting);
  ASSERT_TRUE(net.peer.send_datagram(datagram_for(40, "x"), {}));
  net.settle();
  expect_open(net);
  EXPECT_EQ(net.self.state.statistics().datagrams.dropped_unasked, 1u);
}

TEST(datagrams, are_left_to_others_where_they_are_not_enabled) {
  datagram_server net{settings{}};
  net.send(bytes_of("not ours"));
  net.send(no_payload);
  expect_open(net);
  EXPECT_EQ(net.counts().received, 0u);
  EXPECT_TRUE(net.self.transport.peek_datagram());
}

TEST(datagrams, wait_for_a_slow_reader_within_limits) {
  using quic::datagram_receive_overflow;
  for (const auto policy : {datagram_receive_overflow::drop_oldest, datagram_receive_overflow::drop_newest}) {
    settings limits = with_datagrams();
    limits.datagrams.max_to_read = 4;
    limits.datagrams.max_bytes_to_read = 10;
    limits.datagrams.receive_overflow = policy;
    datagram_server net(limits);
    const stream_id id = net.open_tunnel();
    for (const char* text : {"1", "2", "3", "4", "5", "6"}) net.send(datagram_for(id, text));
    const bool oldest = policy == datagram_receive_overflow::drop_oldest;
    EXPECT_EQ(net.counts().dropped_full, 2u);
    EXPECT_EQ(drain(net.self, id),
              oldest ? (std::vector<std::string>{"3", "4", "5", "6"}) : (std::vector<std::string>{"1", "2", "3", "4"}));
    EXPECT_EQ(net.self.count<datagrams_readable>(), 1u);
    net.send(datagram_for(id, "1234567"));
    net.send(datagram_for(id, "89ab"));
    EXPECT_EQ(drain(net.self, id), (std::vector<std::string>{oldest ? "89ab" : "1234567"}));
    net.send(datagram_for(id, "larger than all"));
    EXPECT_TRUE(drain(net.self, id).empty());
    net.send(datagram_for(id, "x"));
    EXPECT_EQ(drain(net.self, id).size(), 1u);
    EXPECT_EQ(net.self.count<datagrams_readable>(), 3u) << "told anew after it was drained";
  }
}

TEST(datagrams, of_one_request_do_not_push_out_those_of_another) {
  settings limits = with_datagrams();
  limits.datagrams.max_bytes_in_all = 100;
  datagram_server net(limits);
  const stream_id quiet = net.open_tunnel();
  const stream_id loud = net.open_tunnel();
  net.send(datagram_for(quiet, std::string(30, 'q')));
  for (int i = 0; i < 1000; ++i) net.send(datagram_for(loud, std::string(50, 'l')));
  EXPECT_LE(net.self.state.statistics().datagram_bytes_waiting, 100u);
  EXPECT_EQ(drain(net.self, quiet).size(), 1u);
  EXPECT_EQ(drain(net.self, loud).size(), 1u);
}

TEST(datagrams, in_a_flood_take_bounded_memory) {
  datagram_server net;
  const settings limits = with_datagrams();
  std::vector<stream_id> tunnels;
  for (int i = 0; i < 50; ++i) tunnels.push_back(net.open_tunnel());
  for (int i = 0; i < 20'000; ++i) {
    ASSERT_TRUE(
        net.peer.send_datagram(datagram_for(tunnels[static_cast<std::size_t>(i) % 50], std::string(1100, 'x')), {}));
  }
  net.settle();
  expect_open(net);
  EXPECT_LE(net.self.state.statistics().datagram_bytes_waiting, limits.datagrams.max_bytes_in_all);
  EXPECT_EQ(net.counts().received, 20'000u);
  EXPECT_EQ(net.self.count<datagrams_readable>(), 50u);
}

// [rfc9114 7.2.4.2#7]
// [rfc9297 2.1.1#1]
TEST(datagram_setting, is_told_by_who_takes_them) {
  for (const endpoint_role role : {endpoint_role::client, endpoint_role::server}) {
    settings limits = with_datagrams();
    limits.grease = false;
    talker self(role, limits);
    endpoint_double raw(other(role));
    self.transport.join(raw);
    self.start();
    self.transport.deliver_all();
    const bytes& control = raw.received(role == endpoint_role::client ? 2 : 3);
    EXPECT_NE(std::search(control.begin(), control.end(), datagram_setting.begin(), datagram_setting.end()),
              control.end());
  }
}

// --- Capsules ------------------------------------------------------------------------------------------------------

// [rfc9297 3.2#2 3.2#4]
TEST(capsule_messages, must_not_say_what_content_they_have) {
  const field_list fields = with(tunnel_request(), "capsule-protocol", "?1");
  for (const field& line : field_list{{"content-length", "0", false}, {"content-type", "text/plain", false}}) {
    datagram_server net;
    const stream_id id = net.send_request(headers(with(fields, line.name, line.value)), false);
    EXPECT_EQ(net.peer.received_reset(id), error_code::message_error) << line.name;
    EXPECT_EQ(net.self.count<fields_received>(), 0u);
  }
  datagram_server net;
  net.send_request(headers(with(with(tunnel_request(), "content-type", "a/b"), "capsule-protocol", "?0")), false);
  EXPECT_EQ(net.self.count<fields_received>(), 1u) << "no capsules, no rule";
}

// [rfc9297 3.2#3 3.2#4]
TEST(capsule_messages, are_not_answered_without_content) {
  for (const field_list& answer : {response("204"), response("205"), response("206"),
                                   with(response(), "content-length", "5"), with(response(), "content-type", "a/b")}) {
    talker_and_raw_peer net(endpoint_role::client, with_datagrams());
    net.open_control(datagram_setting + varint(0x08) + varint(1));
    const auto id = net.self.state.send_request(net.self.transport, tunnel_request(), false);
    ASSERT_TRUE(id);
    net.settle();
    net.send_more(*id, headers(with(answer, "capsule-protocol", "?1")));
    ASSERT_EQ(net.self.count<message_aborted>(), 1u);
    EXPECT_EQ(net.self.all<message_aborted>()[0].code, error_code::message_error);
  }
}

// [rfc9297 3.2#2 3.2#3 3.4#3]
TEST(capsule_messages, of_ours_keep_to_the_same_rules) {
  datagram_server net;
  const stream_id id = net.open_tunnel();
  for (const field_list& answer :
       {response("204"), response("404"), response("100"), with(response(), "content-type", "a/b")}) {
    EXPECT_EQ(
        net.self.state.send_response(net.self.transport, id, with(answer, "capsule-protocol", "?1"), false).error(),
        operation_error::malformed_fields);
  }
  EXPECT_TRUE(net.self.state.send_response(net.self.transport, id, with(response(), "capsule-protocol", "?1"), false));
}

}  // namespace
}  // namespace quasio::http3
