#include <array>

#include "http3/session_fixture.hpp"

/// A peer that breaks the rules on a request stream, and what it gets for it.
namespace quasio::http3 {
namespace {

using namespace testing;

// --- Requests ------------------------------------------------------------------------------------------------------

// [rfc9114 7.2.8#2]
TEST(request_stream, refuses_frames_of_the_control_stream_and_of_http2) {
  for (const std::uint64_t type : {0x02, 0x03, 0x04, 0x06, 0x07, 0x08, 0x09, 0x0d}) {
    for (const bytes& before : {no_payload, headers(post_request())}) {
      server_test net;
      net.send_request(before + frame(type, varint(0)), false);
      expect_closed(net, error_code::frame_unexpected);
    }
  }
}

// [rfc9114 7.2.5#2 7.2.5#7]
TEST(request_stream, refuses_push_promises) {
  server_test server;
  server.send_request(headers(get_request()) + frame(frame_type::push_promise, varint(0)));
  expect_closed(server, error_code::frame_unexpected);
  client_test client;
  client.send_more(client.id, frame(frame_type::push_promise, varint(0)));
  expect_closed(client, error_code::id_error);
}

// [rfc9114 4.1#3]
TEST(request_stream, refuses_what_follows_the_trailers) {
  for (const bytes& after : {headers({{"b", "2", false}}), data("x"), data("")}) {
    server_test net;
    net.send_request(headers(post_request()) + headers({{"a", "1", false}}) + after);
    expect_closed(net, error_code::frame_unexpected);
  }
}

// [rfc9114 7.2.8#1 9#1]
TEST(request_stream, skips_unknown_frames_anywhere) {
  server_test net;
  const bytes unknown = frame(0x21, bytes(300, 7)) + frame(0x1f * 5000 + 0x21, no_payload);
  const stream_id id = net.send_request(unknown + headers(post_request()) + unknown + data("ab") + unknown + data("c") +
                                            unknown + headers({{"t", "1", false}}) + unknown,
                                        true, 5);
  bool finished = false;
  EXPECT_EQ(net.self.read(id, &finished), "abc");
  EXPECT_TRUE(finished);
  EXPECT_EQ(net.self.count<fields_received>(), 2u);
  expect_open(net);
}

TEST(request_stream, bounds_what_means_nothing) {
  settings limits;
  limits.max_skipped_bytes = 1000;
  server_test net(limits);
  const stream_id id = net.send_request(headers(post_request()), false);
  for (int i = 0; i < 10; ++i) {
    net.send_more(id, frame(0x21, bytes(900, 0)) + data("x"));
    net.self.read(id);
  }
  expect_open(net);
  net.send_more(id, frame(0x21, bytes(1001, 0)));
  expect_closed(net, error_code::excessive_load);
}

TEST(request_stream, bounds_a_flood_of_empty_data_frames) {
  settings limits;
  limits.max_skipped_bytes = 1000;
  server_test net(limits);
  bytes flood = headers(post_request());
  for (int i = 0; i < 501; ++i) flood = flood + data("");
  net.send_request(flood, false);
  expect_closed(net, error_code::excessive_load);
}

// [rfc9114 7.1#4]
TEST(request_stream, must_not_end_within_a_frame) {
  const bytes whole = headers(post_request()) + data("hello");
  const std::size_t headers_size = headers(post_request()).size();
  for (std::size_t size = 1; size < whole.size(); ++size) {
    if (size == headers_size) continue;
    server_test net;
    const stream_id id = net.send_request(bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)));
    net.self.read(id);
    expect_closed(net, error_code::frame_error);
  }
}

TEST(request_stream, must_hold_a_request) {
  for (const bytes& sent : {no_payload, frame(0x21, bytes(3, 0))}) {
    server_test net;
    const stream_id id = net.send_request(sent);
    expect_refused_request(net, id, error_code::request_incomplete);
  }
}

// [rfc9114 4.1.1#1]
TEST(request_stream, that_is_reset_before_a_request_came_is_rejected) {
  server_test net;
  const stream_id id = net.send_request(bytes{0x01, 0x10}, false);
  net.peer.reset_stream(id, error_code::request_cancelled);
  net.settle();
  expect_refused_request(net, id, error_code::request_rejected);
}

// [rfc9114 4.1.1#1]
TEST(request_stream, that_is_reset_later_aborts_the_message) {
  server_test net;
  const stream_id id = net.send_request(headers(post_request()) + data("half"), false);
  net.peer.reset_stream(id, error_code::request_cancelled);
  net.settle();
  ASSERT_EQ(net.self.count<message_aborted>(), 1u);
  EXPECT_EQ(net.self.all<message_aborted>()[0].code, error_code::request_cancelled);
  EXPECT_EQ(net.self.state.read_body(net.self.transport, id, {}).error(), operation_error::cancelled);
  EXPECT_TRUE(net.self.state.send_response(net.self.transport, id, response(), true));
  net.settle();
  EXPECT_EQ(net.self.count<exchange_closed>(), 1u);
}

TEST(request_stream, answers_431_to_what_is_too_large) {
  settings limits;
  limits.max_field_section_size = 2000;
  for (const std::size_t size : {1500u, 10'000u}) {
    server_test net(limits);
    field_list fields = get_request();
    for (std::size_t i = 0; i < size / 100; ++i) fields.push_back({"x-filler", std::string(100, '\\'), false});
    const stream_id id = net.send_request(headers(fields), false);
    expect_open(net);
    EXPECT_EQ(net.peer.received(id), headers(response("431")));
    EXPECT_TRUE(net.peer.received_fin(id));
    EXPECT_EQ(net.peer.received_stop(id), error_code::no_error);
    EXPECT_EQ(net.self.count<fields_received>(), 0u);
    EXPECT_EQ(net.self.state.open_exchanges(), 0u);
  }
}

TEST(request_stream, answers_431_to_too_many_fields) {
  settings limits;
  limits.max_fields = 10;
  server_test net(limits);
  const stream_id id = net.send_request(headers(field_list(11, field{"a", "b", false})));
  EXPECT_EQ(net.peer.received(id), headers(response("431")));
}

TEST(request_stream, aborts_a_message_whose_trailers_are_too_large) {
  settings limits;
  limits.max_fields = 10;
  server_test net(limits);
  const stream_id id = net.send_request(headers(post_request()), false);
  net.send_more(id, headers(field_list(11, field{"a", "b", false})));
  expect_open(net);
  EXPECT_EQ(net.self.count<message_aborted>(), 1u);
  EXPECT_EQ(net.peer.received_reset(id), error_code::excessive_load);
  EXPECT_EQ(net.peer.received_stop(id), error_code::excessive_load);
}

// [rfc9114 4.4#2]
TEST(request_stream, refuses_headers_in_a_tunnel) {
  server_test net;
  net.send_request(
      headers({{":method", "CONNECT", false}, {":authority", "b.example:443", false}}) + headers({{"a", "b", false}}),
      false);
  expect_closed(net, error_code::frame_unexpected);
}

TEST(request_stream, refuses_an_extended_connect_that_was_not_welcomed) {
  const field_list fields = with(with(get_request(), ":protocol", "websocket"), "x", "y");
  field_list connect = fields;
  connect[0].value = "CONNECT";
  expect_malformed_request(connect);
  expect_malformed_request(fields);
}

// --- Responses -----------------------------------------------------------------------------------------------------

void expect_malformed_response(client_test& net) {
  expect_open(net);
  ASSERT_EQ(net.self.count<message_aborted>(), 1u);
  EXPECT_EQ(net.self.all<message_aborted>()[0].code, error_code::message_error);
  EXPECT_TRUE(net.self.all<message_aborted>()[0].malformed);
}

// [rfc9114 4.1.2#2 4.1.2#3 4.3#2 4.3.2#1]
TEST(response_stream, refuses_malformed_responses) {
  for (const field_list& fields :
       {field_list{}, field_list{{"server", "x", false}}, response("99"), response("20"), response("2000"),
        response("abc"), response("101"), response(""), response("000"), with(response(), ":status", "200"),
        with(response(), ":path", "/"), with(response(), "te", "trailers"), with(response(), "connection", "close"),
        with(response(), "Server", "x"), field_list{{"server", "x", false}, {":status", "200", false}}}) {
    client_test net;
    net.send_more(net.id, headers(fields), true);
    expect_malformed_response(net);
    EXPECT_EQ(net.peer.received_stop(net.id).has_value(), false) << "all of it had come";
  }
}

// [rfc9114 7.2.6#2]
TEST(response_stream, refuses_frames_of_the_control_stream) {
  for (const std::uint64_t type :
       {frame_type::cancel_push, frame_type::settings, frame_type::goaway, frame_type::max_push_id}) {
    for (const bytes& before : {no_payload, headers(response())}) {
      client_test net;
      net.send_more(net.id, before + frame(type, varint(0)));
      expect_closed(net, error_code::frame_unexpected);
    }
  }
}

TEST(response_stream, stops_a_malformed_response_that_goes_on) {
  client_test net;
  net.send_more(net.id, headers(response("99")));
  expect_malformed_response(net);
  EXPECT_EQ(net.peer.received_stop(net.id), error_code::message_error);
}

TEST(response_stream, refuses_content_where_there_is_none) {
  field_list head = get_request();
  head[0].value = "HEAD";
  for (const auto& [request, answer] : std::array<std::pair<field_list, field_list>, 3>{
           {{head, response()}, {get_request(), response("204")}, {get_request(), response("304")}}}) {
    client_test net(request);
    net.send_more(net.id, headers(with(answer, "content-length", "1")) + data("x"), true);
    expect_malformed_response(net);
  }
}

TEST(response_stream, takes_a_content_length_where_there_is_no_content) {
  client_test net;
  net.send_more(net.id, headers(with(response("304"), "content-length", "1000")), true);
  EXPECT_EQ(net.self.count<message_aborted>(), 0u);
  EXPECT_TRUE(net.self.all<fields_received>().at(0).end_of_message);
}

TEST(response_stream, refuses_data_between_interim_and_final_response) {
  client_test net;
  net.send_more(net.id, headers(response("103")) + data("x"));
  expect_closed(net, error_code::frame_unexpected);
}

TEST(response_stream, must_hold_a_final_response) {
  client_test net;
  net.send_more(net.id, headers(response("103")), true);
  expect_malformed_response(net);
}

// [rfc9114 4.1#2]
TEST(response_stream, refuses_a_second_final_response) {
  client_test net;
  net.send_more(net.id, headers(response()) + headers(response()));
  expect_malformed_response(net);
}

TEST(response_stream, bounds_interim_responses) {
  settings limits;
  limits.max_interim_responses = 3;
  client_test net(get_request(), limits);
  for (int i = 0; i < 3; ++i) net.send_more(net.id, headers(response("103")));
  EXPECT_EQ(net.self.count<message_aborted>(), 0u);
  net.send_more(net.id, headers(response("103")));
  ASSERT_EQ(net.self.count<message_aborted>(), 1u);
  EXPECT_EQ(net.self.all<message_aborted>()[0].code, error_code::excessive_load);
}

// [rfc9114 4.4#2]
TEST(response_stream, refuses_headers_in_a_tunnel_and_takes_them_where_there_is_none) {
  const field_list connect = {{":method", "CONNECT", false}, {":authority", "b.example:443", false}};
  client_test tunnel(connect);
  tunnel.send_more(tunnel.id, headers(response()) + headers({{"a", "b", false}}));
  expect_closed(tunnel, error_code::frame_unexpected);
  client_test refused(connect);
  refused.send_more(refused.id, headers(response("403")) + data("no") + headers({{"a", "b", false}}), true);
  EXPECT_EQ(refused.self.read(refused.id), "no");
  EXPECT_EQ(refused.self.count<fields_received>(), 2u);
}

TEST(response_stream, aborts_a_response_that_is_too_large) {
  settings limits;
  limits.max_field_section_size = 1000;
  client_test net(get_request(), limits);
  net.send_more(net.id, headers(with(response(), "x", std::string(2000, 'x'))));
  ASSERT_EQ(net.self.count<message_aborted>(), 1u);
  EXPECT_EQ(net.self.all<message_aborted>()[0].code, error_code::excessive_load);
  EXPECT_EQ(net.peer.received_stop(net.id), error_code::excessive_load);
}

}  // namespace
}  // namespace quasio::http3
