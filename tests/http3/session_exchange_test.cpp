#include "http3/session_fixture.hpp"

/// Two sessions that talk to each other.
namespace quasio::http3 {
namespace {

using namespace testing;

stream_id request(talker& client, const field_list& fields, bool end = true) {
  const auto id = client.state.send_request(client.transport, fields, end);
  EXPECT_TRUE(id) << to_string(id.error());
  return id.value_or(0);
}

void respond(talker& server, stream_id id, const field_list& fields, bool end) {
  const auto sent = server.state.send_response(server.transport, id, fields, end);
  EXPECT_TRUE(sent) << to_string(sent.error());
}

std::size_t write(talker& from, stream_id id, std::string_view text, bool end) {
  const auto taken = from.state.write_body(from.transport, id, as_bytes(text), end);
  EXPECT_TRUE(taken) << to_string(taken.error());
  return taken.value_or(0);
}

TEST(exchange, tells_settings_on_both_sides) {
  settings server_limits;
  server_limits.max_field_section_size = 1234;
  server_limits.enable_connect_protocol = true;
  pair_of_talkers net({}, server_limits);
  net.settle();
  ASSERT_EQ(net.client.count<settings_received>(), 1u);
  EXPECT_EQ(net.client.state.peer().max_field_section_size, 1234u);
  EXPECT_TRUE(net.client.state.peer().enable_connect_protocol);
  ASSERT_EQ(net.server.count<settings_received>(), 1u);
  EXPECT_EQ(net.server.state.peer().max_field_section_size, 64u * 1024);
  EXPECT_FALSE(net.server.state.peer().enable_connect_protocol);
}

TEST(exchange, carries_a_request_and_a_response_without_bodies) {
  pair_of_talkers net;
  const stream_id id = request(net.client, get_request("/x"));
  net.settle();
  const auto asked = net.server.all<fields_received>();
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0].id, id);
  EXPECT_EQ(asked[0].kind, section_kind::request);
  EXPECT_EQ(asked[0].fields, get_request("/x"));
  EXPECT_TRUE(asked[0].end_of_message);

  respond(net.server, id, with(response("204"), "server", "quasio"), true);
  net.settle();
  const auto answered = net.client.all<fields_received>();
  ASSERT_EQ(answered.size(), 1u);
  EXPECT_EQ(answered[0].kind, section_kind::response);
  EXPECT_EQ(find_field(answered[0].fields, ":status"), "204");
  EXPECT_EQ(find_field(answered[0].fields, "server"), "quasio");
  EXPECT_TRUE(answered[0].end_of_message);
  EXPECT_EQ(net.client.count<exchange_closed>(), 1u);
  EXPECT_EQ(net.server.count<exchange_closed>(), 1u);
  EXPECT_EQ(net.client.state.open_exchanges(), 0u);
  EXPECT_EQ(net.server.state.open_exchanges(), 0u);
}

TEST(exchange, carries_bodies_both_ways_with_interim_responses_and_trailers) {
  pair_of_talkers net;
  const stream_id id = request(net.client, post_request(), false);
  EXPECT_EQ(write(net.client, id, "hello ", false), 6u);
  EXPECT_EQ(write(net.client, id, "world", false), 5u);
  ASSERT_TRUE(net.client.state.send_trailers(net.client.transport, id, {{"x-sum", "11", false}}));
  net.settle();

  bool finished = false;
  EXPECT_EQ(net.server.read(id, &finished), "hello world");
  EXPECT_TRUE(finished);
  const auto asked = net.server.all<fields_received>();
  ASSERT_EQ(asked.size(), 2u);
  EXPECT_FALSE(asked[0].end_of_message);
  EXPECT_EQ(asked[1].kind, section_kind::trailers);
  EXPECT_EQ(find_field(asked[1].fields, "x-sum"), "11");
  EXPECT_TRUE(asked[1].end_of_message);

  respond(net.server, id, response("100"), false);
  respond(net.server, id, with(response("103"), "link", "</a.css>"), false);
  respond(net.server, id, response("200"), false);
  EXPECT_EQ(write(net.server, id, "answer", false), 6u);
  ASSERT_TRUE(net.server.state.send_trailers(net.server.transport, id, {{"x-end", "1", false}}));
  net.settle();
  EXPECT_EQ(net.client.read(id, &finished), "answer");
  EXPECT_TRUE(finished);
  net.settle();

  const auto answered = net.client.all<fields_received>();
  ASSERT_EQ(answered.size(), 4u);
  EXPECT_EQ(answered[0].kind, section_kind::interim_response);
  EXPECT_EQ(answered[1].kind, section_kind::interim_response);
  EXPECT_EQ(answered[2].kind, section_kind::response);
  EXPECT_EQ(answered[3].kind, section_kind::trailers);
  EXPECT_EQ(net.client.state.open_exchanges(), 0u);
  EXPECT_EQ(net.server.state.open_exchanges(), 0u);
}

TEST(exchange, ends_with_an_empty_body_after_the_headers) {
  pair_of_talkers net;
  const stream_id id = request(net.client, post_request(), false);
  net.settle();
  EXPECT_FALSE(net.server.all<fields_received>().at(0).end_of_message);
  EXPECT_EQ(write(net.client, id, "", true), 0u);
  net.settle();
  ASSERT_EQ(net.server.count<body_readable>(), 1u);
  bool finished = false;
  EXPECT_EQ(net.server.read(id, &finished), "");
  EXPECT_TRUE(finished);
}

TEST(exchange, keeps_an_ended_body_until_it_was_read) {
  pair_of_talkers net;
  const stream_id id = request(net.client, get_request());
  net.settle();
  respond(net.server, id, response(), false);
  write(net.server, id, "late", true);
  net.settle();
  EXPECT_EQ(net.client.count<exchange_closed>(), 0u);
  bool finished = false;
  EXPECT_EQ(net.client.read(id, &finished), "late");
  EXPECT_TRUE(finished);
  net.settle();
  EXPECT_EQ(net.client.count<exchange_closed>(), 1u);
  EXPECT_EQ(net.client.state.read_body(net.client.transport, id, {}).error(), operation_error::unknown_exchange);
}

/// The end may come by itself; it too is told only once somebody can still ask about it.
TEST(exchange, closes_only_after_the_end_was_told) {
  pair_of_talkers net;
  const stream_id id = request(net.client, get_request());
  net.settle();
  respond(net.server, id, response(), false);
  net.settle();
  write(net.server, id, "", true);
  net.settle();
  EXPECT_EQ(net.client.count<body_readable>(), 1u);
  EXPECT_EQ(net.client.count<exchange_closed>(), 0u);
  bool finished = false;
  net.client.read(id, &finished);
  EXPECT_TRUE(finished);
  EXPECT_EQ(net.client.count<exchange_closed>(), 1u);
}

TEST(exchange, holds_the_sender_back_until_the_body_is_read) {
  pair_of_talkers net;
  net.server.transport.receive_window = 1000;
  net.client.transport.send_buffer = 500;
  const stream_id id = request(net.client, post_request(), false);
  const std::string text(20'000, 'b');
  std::size_t sent = write(net.client, id, text, true);
  net.settle();
  EXPECT_LT(sent, 3000u);
  std::string got;
  bool finished = false;
  for (int turns = 0; !finished && turns < 1000; ++turns) {
    got += net.server.read(id, &finished, 77);
    net.settle();
    if (sent < text.size() && net.client.count<body_writable>() > 0) {
      sent += write(net.client, id, std::string_view(text).substr(sent), true);
      net.settle();
    }
  }
  EXPECT_TRUE(finished);
  EXPECT_EQ(got, text);
}

TEST(exchange, tells_that_there_is_room_after_each_cut_write) {
  pair_of_talkers net;
  net.client.transport.send_buffer = 2000;
  const stream_id id = request(net.client, post_request(), false);
  net.settle();
  const std::string text(5000, 'x');
  EXPECT_LT(write(net.client, id, text, true), text.size());
  EXPECT_EQ(net.client.count<body_writable>(), 0u);
  net.settle();
  EXPECT_EQ(net.client.count<body_writable>(), 1u);
  write(net.client, id, text, true);
  net.settle();
  EXPECT_EQ(net.client.count<body_writable>(), 2u);
}

TEST(exchange, makes_no_tiny_frames_when_room_is_scarce) {
  talker_and_raw_peer net(endpoint_role::client);
  net.self.transport.send_buffer = 300;
  const stream_id id = request(net.self, post_request(), false);
  net.settle();
  const std::string text(10'000, 'y');
  std::size_t sent = 0;
  for (int turns = 0; sent < text.size() && turns < 100; ++turns) {
    sent += write(net.self, id, std::string_view(text).substr(sent), true);
    for (int n = 0; n < 5; ++n) net.self.transport.deliver(id, 60);  // Little room comes free at a time.
  }
  net.settle();
  ASSERT_EQ(sent, text.size());
  byte_view rest = net.peer.received(id);
  frame_reader frames;
  std::size_t count = 0;
  for (; !rest.empty(); ++count) {
    const auto header = frames.read_header(rest);
    ASSERT_TRUE(header);
    frames.took(header->length);
    rest = rest.subspan(static_cast<std::size_t>(header->length));
    if (header->type == frame_type::data && !rest.empty()) {
      EXPECT_GE(header->length, 1024u);
    }
  }
  EXPECT_LE(count, 11u);
}

TEST(exchange, answers_head_without_content) {
  pair_of_talkers net;
  field_list fields = get_request();
  fields[0].value = "HEAD";
  const stream_id id = request(net.client, fields);
  net.settle();
  respond(net.server, id, with(response(), "content-length", "1000"), false);
  EXPECT_EQ(net.server.state.write_body(net.server.transport, id, as_bytes("x"), true).error(),
            operation_error::wrong_state);
  EXPECT_EQ(write(net.server, id, "", true), 0u);
  net.settle();
  EXPECT_EQ(net.client.count<message_aborted>(), 0u);
  EXPECT_TRUE(net.client.all<fields_received>().at(0).end_of_message);
}

TEST(exchange, tunnels_after_connect) {
  pair_of_talkers net;
  const stream_id id =
      request(net.client, {{":method", "CONNECT", false}, {":authority", "b.example:443", false}}, false);
  net.settle();
  respond(net.server, id, response(), false);
  net.settle();
  write(net.client, id, "ping", false);
  write(net.server, id, "pong", false);
  net.settle();
  EXPECT_EQ(net.server.read(id), "ping");
  EXPECT_EQ(net.client.read(id), "pong");
  EXPECT_EQ(net.client.state.send_trailers(net.client.transport, id, {{"a", "b", false}}).error(),
            operation_error::wrong_state);
  write(net.client, id, "", true);
  net.settle();
  bool finished = false;
  net.server.read(id, &finished);
  EXPECT_TRUE(finished);
}

TEST(exchange, sends_an_extended_connect_only_where_it_is_welcome) {
  const field_list fields = {{":method", "CONNECT", false},
                             {":protocol", "websocket", false},
                             {":scheme", "https", false},
                             {":authority", "a.example", false},
                             {":path", "/chat", false}};
  settings welcoming;
  welcoming.enable_connect_protocol = true;
  pair_of_talkers net({}, welcoming);
  EXPECT_EQ(net.client.state.send_request(net.client.transport, fields, false).error(), operation_error::wrong_state);
  net.settle();
  request(net.client, fields, false);
  net.settle();
  EXPECT_EQ(find_field(net.server.all<fields_received>().at(0).fields, ":protocol"), "websocket");
}

TEST(exchange, joins_cookie_crumbs) {
  talker_and_raw_peer net(endpoint_role::server);
  net.open_control();
  net.send_request(headers(with(with(with(get_request(), "cookie", "a=1"), "accept", "*/*"), "cookie", "b=2")));
  field_list wanted = with(with(get_request(), "cookie", "a=1; b=2"), "accept", "*/*");
  wanted[4].never_indexed = true;  // Short cookies are sent so, and it must not get lost.
  const auto asked = net.self.all<fields_received>();
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0].fields, wanted);
}

// --- Cancelling ----------------------------------------------------------------------------------------------------

TEST(exchange, cancel_by_the_client_aborts_both_directions) {
  pair_of_talkers net;
  const stream_id id = request(net.client, post_request(), false);
  net.settle();
  ASSERT_TRUE(net.client.state.cancel(net.client.transport, id, error_code::request_cancelled));
  EXPECT_EQ(net.client.state.write_body(net.client.transport, id, as_bytes("x"), false).error(),
            operation_error::cancelled);
  EXPECT_EQ(net.client.state.read_body(net.client.transport, id, {}).error(), operation_error::cancelled);
  net.settle();
  ASSERT_EQ(net.server.count<message_aborted>(), 1u);
  EXPECT_EQ(net.server.all<message_aborted>()[0].code, error_code::request_cancelled);
  EXPECT_FALSE(net.server.all<message_aborted>()[0].malformed);
  ASSERT_EQ(net.server.count<message_refused>(), 1u);
  EXPECT_EQ(net.server.state.send_response(net.server.transport, id, response(), true).error(),
            operation_error::unknown_exchange);
  EXPECT_EQ(net.client.count<exchange_closed>(), 1u);
  EXPECT_EQ(net.server.count<exchange_closed>(), 1u);
}

// [rfc9114 4.1#9]
TEST(exchange, cancel_by_the_server_with_no_error_stops_the_request_only) {
  pair_of_talkers net;
  const stream_id id = request(net.client, post_request(), false);
  write(net.client, id, "much", false);
  net.settle();
  respond(net.server, id, response("413"), false);
  ASSERT_TRUE(net.server.state.cancel(net.server.transport, id, error_code::no_error));
  write(net.server, id, "too much", true);
  net.settle();
  ASSERT_EQ(net.client.count<message_refused>(), 1u);
  EXPECT_EQ(net.client.all<message_refused>()[0].code, error_code::no_error);
  EXPECT_EQ(net.client.count<message_aborted>(), 0u);
  bool finished = false;
  EXPECT_EQ(net.client.read(id, &finished), "too much");
  EXPECT_TRUE(finished);
  net.settle();
  EXPECT_EQ(net.client.state.open_exchanges(), 0u);
  EXPECT_EQ(net.server.state.open_exchanges(), 0u);
}

TEST(exchange, cancel_by_the_server_with_another_code_aborts_both_directions) {
  pair_of_talkers net;
  const stream_id id = request(net.client, post_request(), false);
  net.settle();
  ASSERT_TRUE(net.server.state.cancel(net.server.transport, id, error_code::internal_error));
  net.settle();
  EXPECT_EQ(net.client.all<message_aborted>().at(0).code, error_code::internal_error);
  EXPECT_EQ(net.client.all<message_refused>().at(0).code, error_code::internal_error);
  EXPECT_EQ(net.client.state.open_exchanges(), 0u);
}

// --- Misuse --------------------------------------------------------------------------------------------------------

TEST(operations, are_refused_in_the_wrong_state) {
  pair_of_talkers net;
  auto& client = net.client;
  auto& server = net.server;
  EXPECT_EQ(client.state.write_body(client.transport, 0, as_bytes("x"), false).error(),
            operation_error::unknown_exchange);
  EXPECT_EQ(server.state.send_request(server.transport, get_request(), true).error(), operation_error::wrong_state);
  const stream_id id = request(client, get_request(), true);
  EXPECT_EQ(client.state.write_body(client.transport, id, as_bytes("x"), false).error(), operation_error::wrong_state);
  EXPECT_EQ(client.state.send_trailers(client.transport, id, {}).error(), operation_error::wrong_state);
  EXPECT_EQ(client.state.send_response(client.transport, id, response(), true).error(), operation_error::wrong_state);
  EXPECT_EQ(server.state.send_response(server.transport, id, response(), true).error(),
            operation_error::unknown_exchange);
  net.settle();
  EXPECT_EQ(server.state.write_body(server.transport, id, as_bytes("x"), false).error(), operation_error::wrong_state);
  EXPECT_EQ(server.state.send_response(server.transport, id, response("103"), true).error(),
            operation_error::wrong_state);
  respond(server, id, response(), false);
  EXPECT_EQ(server.state.send_response(server.transport, id, response(), true).error(), operation_error::wrong_state);
  write(server, id, "", true);
  EXPECT_EQ(server.state.write_body(server.transport, id, as_bytes("x"), false).error(), operation_error::wrong_state);
}

TEST(operations, refuse_fields_that_the_peer_would_refuse) {
  pair_of_talkers net;
  auto& client = net.client;
  EXPECT_EQ(client.state.send_request(client.transport, with(get_request(), "Upper", "x"), true).error(),
            operation_error::malformed_fields);
  EXPECT_EQ(client.state.send_request(client.transport, with(get_request(), "connection", "close"), true).error(),
            operation_error::malformed_fields);
  const stream_id id = request(client, get_request());
  net.settle();
  EXPECT_EQ(net.server.state.send_response(net.server.transport, id, {{"x", "y", false}}, true).error(),
            operation_error::malformed_fields);
  respond(net.server, id, response(), false);
  EXPECT_EQ(net.server.state.send_trailers(net.server.transport, id, response()).error(),
            operation_error::malformed_fields);
}

TEST(operations, keep_within_the_size_that_the_peer_takes) {
  settings small;
  small.max_field_section_size = 200;
  pair_of_talkers net({}, small);
  net.settle();
  EXPECT_EQ(net.client.state.send_request(net.client.transport, with(get_request(), "x", std::string(100, 'x')), true)
                .error(),
            operation_error::fields_too_large);
  request(net.client, get_request());
}

TEST(operations, say_when_the_peer_allows_more_requests) {
  pair_of_talkers net;
  net.client.transport.bidirectional_limit = 1;
  request(net.client, get_request());
  EXPECT_EQ(net.client.state.send_request(net.client.transport, get_request(), true).error(),
            operation_error::limit_reached);
  net.client.transport.allow_streams(stream_direction::bidirectional, 2);
  net.client.turn();
  EXPECT_EQ(net.client.count<requests_available>(), 1u);
  request(net.client, get_request());
}

TEST(operations, are_refused_once_the_connection_has_ended) {
  pair_of_talkers net;
  const stream_id id = request(net.client, get_request());
  net.client.transport.close(error_code::no_error, "");
  net.client.turn();
  EXPECT_EQ(net.client.state.send_request(net.client.transport, get_request(), true).error(),
            operation_error::connection_closed);
  EXPECT_EQ(net.client.state.cancel(net.client.transport, id, error_code::no_error).error(),
            operation_error::connection_closed);
}

TEST(operations, waits_with_its_own_streams_until_the_peer_allows_them) {
  talker_and_raw_peer net(endpoint_role::client);
  talker late(endpoint_role::client);
  endpoint_double raw(endpoint_role::server);
  late.transport.join(raw);
  late.transport.unidirectional_limit = 0;
  late.start();
  late.state.send_goaway(late.transport);
  EXPECT_TRUE(late.transport.stream_ids().empty());
  late.transport.allow_streams(stream_direction::unidirectional, 3);
  late.turn();
  late.transport.deliver_all();
  EXPECT_EQ(late.transport.stream_ids().size(), 3u);
  EXPECT_EQ(raw.received(2).front(), stream_type::control);
  EXPECT_EQ(raw.received(6), varint(stream_type::qpack_encoder));
  EXPECT_EQ(raw.received(10), varint(stream_type::qpack_decoder));
  const bytes& control = raw.received(2);
  EXPECT_EQ(bytes(control.end() - 3, control.end()), frame(frame_type::goaway, varint(0)));
}

}  // namespace
}  // namespace quasio::http3
