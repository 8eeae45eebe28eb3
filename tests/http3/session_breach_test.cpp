#include <array>

#include "http3/session_fixture.hpp"

/// A peer that breaks the rules on a request stream, and what it gets for it.
namespace quasio::http3 {
namespace {

using namespace testing;

// --- Requests ------------------------------------------------------------------------------------------------------

TEST(request_stream, refuses_frames_of_the_control_stream_and_of_http2) {
  for (const std::uint64_t type : {0x02, 0x03, 0x04, 0x06, 0x07, 0x08, 0x09, 0x0d}) {
    for (const bytes& before : {no_payload, headers(post_request())}) {
      server_test net;
      net.send_request(before + frame(type, varint(0)), false);
      expect_closed(net, error_code::frame_unexpected);
    }
  }
}

TEST(request_stream, refuses_push_promises) {
  server_test server;
  server.send_request(headers(get_request()) + frame(frame_type::push_promise, varint(0)));
  expect_closed(server, error_code::frame_unexpected);
  client_test client;
  client.send_more(client.id, frame(frame_type::push_promise, varint(0)));
  expect_closed(client, error_code::id_error);
}

TEST(request_stream, refuses_what_follows_the_trailers) {
  for (const bytes& after : {headers({{"b", "2", false}}), data("x"), data("")}) {
    server_test net;
    net.send_request(headers(post_request()) + headers({{"a", "1", false}}) + after);
    expect_closed(net, error_code::frame_unexpected);
  }
}

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

TEST(request_stream, that_is_reset_before_a_request_came_is_rejected) {
  server_test net;
  const stream_id id = net.send_request(bytes{0x01, 0x10}, false);
  net.peer.reset_stream(id, error_code::request_cancelled);
  net.settle();
  expect_refused_request(net, id, error_code::request_rejected);
}

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

// --- Smuggling -----------------------------------------------------------------------------------------------------

TEST(smuggling, content_length_must_be_what_comes) {
  for (const char* body : {"1234", "123456", ""}) {
    server_test net;
    const stream_id id = net.send_request(headers(with(post_request(), "content-length", "5")), false);
    if (*body != 0) net.send_more(id, data(body));
    net.self.read(id);
    net.send_more(id, no_payload, true);
    net.self.read(id);
    net.settle();
    EXPECT_EQ(net.peer.received_reset(id), error_code::message_error) << body;
    ASSERT_EQ(net.self.count<message_aborted>(), 1u);
    EXPECT_TRUE(net.self.all<message_aborted>()[0].malformed);
  }
}

TEST(smuggling, content_length_is_checked_before_the_excess_is_read) {
  server_test net;
  const stream_id id = net.send_request(headers(with(post_request(), "content-length", "5")) + data("123"), false);
  EXPECT_EQ(net.self.read(id), "123");
  net.send_more(id, data("456"));
  EXPECT_EQ(net.self.read(id), "");
  EXPECT_EQ(net.self.count<message_aborted>(), 1u);
}

TEST(smuggling, a_request_that_ends_short_of_its_content_length_is_never_told) {
  server_test net;
  const stream_id id = net.send_request(headers(with(post_request(), "content-length", "5")));
  expect_refused_request(net, id, error_code::message_error);
}

TEST(smuggling, content_length_of_several_equal_lines_becomes_one) {
  server_test net;
  net.send_request(headers(with(with(post_request(), "content-length", "0"), "content-length", "0")));
  EXPECT_EQ(net.self.all<fields_received>().at(0).fields, with(post_request(), "content-length", "0"));
}

TEST(smuggling, fields_that_http1_would_read_otherwise_are_refused) {
  expect_malformed_request(with(with(post_request(), "content-length", "0"), "content-length", "1"));
  for (const char* length : {"+1", "-1", "0x1", "1,1", " 1", "1 ", "", "99999999999999999999", "4611686018427387904"}) {
    expect_malformed_request(with(post_request(), "content-length", length));
  }
  for (const char* name : {"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"}) {
    expect_malformed_request(with(get_request(), name, "x"));
  }
  expect_malformed_request(with(get_request(), "te", "gzip"));
  for (const char* name : {"", "X-Upper", "a b", "a:b", "a\r\nb", "na\xc3\xafve", "a\x7f"}) {
    expect_malformed_request(with(get_request(), name, "x"));
  }
  for (const char* value : {"a\rb", "a\nb", " a", "a ", "\ta", "a\x01", "a\x7f"}) {
    expect_malformed_request(with(get_request(), "x", value));
  }
  expect_malformed_request(with(get_request(), "x", std::string("a\0b", 3)));
  expect_malformed_request(with(get_request(), "host", "b.example"));
  expect_malformed_request(with(with(get_request(), "host", "a.example"), "host", "a.example"));
}

TEST(smuggling, request_targets_that_http1_would_read_otherwise_are_refused) {
  for (const char* path : {"", "a", "/a b", "/a\r\nx: y", "/a#b", "*", "/\x7f"}) {
    field_list fields = get_request();
    fields[3].value = path;
    expect_malformed_request(fields);
  }
  for (const char* authority : {"", "user@a.example", "a b", "a.example/x", "a\r\nb", "a?b", "a#b", "a\\b"}) {
    field_list fields = get_request();
    fields[2].value = authority;
    expect_malformed_request(fields);
  }
  for (const char* method : {"", "G ET", "GET\r\n", "GET /"}) {
    field_list fields = get_request();
    fields[0].value = method;
    expect_malformed_request(fields);
  }
  for (const char* scheme : {"", "1x", "ht tp", "https:"}) {
    field_list fields = get_request();
    fields[1].value = scheme;
    expect_malformed_request(fields);
  }
}

TEST(smuggling, trailers_carry_no_control_data) {
  for (const field& line : field_list{{":path", "/", false},
                                      {":status", "200", false},
                                      {"content-length", "1", false},
                                      {"transfer-encoding", "chunked", false},
                                      {"Upper", "x", false}}) {
    server_test net;
    const stream_id id = net.send_request(headers(post_request()), false);
    net.send_more(id, headers({line}), true);
    EXPECT_EQ(net.peer.received_reset(id), error_code::message_error) << line.name;
    EXPECT_EQ(net.self.count<message_aborted>(), 1u);
    expect_open(net);
  }
}

// --- Responses -----------------------------------------------------------------------------------------------------

void expect_malformed_response(client_test& net) {
  expect_open(net);
  ASSERT_EQ(net.self.count<message_aborted>(), 1u);
  EXPECT_EQ(net.self.all<message_aborted>()[0].code, error_code::message_error);
  EXPECT_TRUE(net.self.all<message_aborted>()[0].malformed);
}

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
