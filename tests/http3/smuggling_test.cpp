#include <algorithm>

#include "http3/session_fixture.hpp"

/// Messages that a server further on, above all one that speaks HTTP/1.1, would read otherwise than we do (RFC 9114,
/// sections 4.1.2 and 10.3). Each known trick is tried on a whole connection: the application hears nothing of it.
namespace quasio::http3 {
namespace {

using namespace testing;

// --- Where a message ends ------------------------------------------------------------------------------------------

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

// [rfc9114 4.1.2#2]
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

// [rfc9114 4.3#4 4.3.1#1 4.3.1#4 4.3.1#7]
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

// [rfc9114 4.3#3]
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

// [rfc9114 4.1#5]
TEST(smuggling, transfer_codings_are_refused_however_they_are_written) {
  for (const char* value : {"chunked", "identity", "gzip, chunked", "xchunked", "chunked, identity", ""}) {
    expect_malformed_request(with(post_request(), "transfer-encoding", value));
    expect_malformed_request(with(with(post_request(), "content-length", "5"), "transfer-encoding", value));
  }
  for (const char* name : {"Transfer-Encoding", "transfer-encoding ", " transfer-encoding", "transfer-encoding\t",
                           "transfer-encoding:", "transfer\r\n-encoding", "transfer-encoding\v"}) {
    expect_malformed_request(with(post_request(), name, "chunked"));
  }
}

TEST(smuggling, content_length_is_digits_and_nothing_else) {
  for (const char* length :
       {"5,5", "5, 5", "5,6", "05x", "5;", "5\t", "\t5", "5.0", "5e0", "0b101", "٥", "-0", "+0", "1_000"}) {
    expect_malformed_request(with(post_request(), "content-length", length));
  }
  expect_malformed_request(with(post_request(), "content-length", std::string("5\0", 2)));
  expect_malformed_request(with(post_request(), "Content-Length", "5"));
  expect_malformed_request(with(post_request(), "content-length ", "5"));
}

TEST(smuggling, content_length_that_differs_is_refused_in_any_order) {
  for (const auto& [one, other] : {std::pair{"5", "6"}, {"6", "5"}, {"0", "5"}, {"5", "0"}, {"5", ""}}) {
    expect_malformed_request(with(with(post_request(), "content-length", one), "content-length", other));
  }
}

TEST(smuggling, content_length_of_equal_worth_counts_once) {
  server_test net;
  const stream_id id = net.send_request(
      headers(with(with(post_request(), "content-length", "3"), "content-length", "003")) + testing::data("abc"));
  EXPECT_EQ(net.self.read(id), "abc");
  const field_list told = net.self.all<fields_received>().at(0).fields;
  EXPECT_EQ(std::count_if(told.begin(), told.end(), [](const field& one) { return one.name == "content-length"; }), 1);
}

TEST(smuggling, a_body_is_as_long_as_said_over_any_number_of_frames) {
  server_test net;
  const stream_id id = net.send_request(headers(with(post_request(), "content-length", "6")), false);
  for (const char* piece : {"ab", "", "cd", "e"}) net.send_more(id, testing::data(piece));
  EXPECT_EQ(net.self.read(id), "abcde");
  net.send_more(id, testing::data("fGET / HTTP/1.1"));
  EXPECT_EQ(net.self.read(id), "");
  EXPECT_EQ(net.self.count<message_aborted>(), 1u);
  EXPECT_EQ(net.peer.received_stop(id), error_code::message_error);
}

TEST(smuggling, trailers_do_not_make_up_for_a_short_body) {
  for (const bool ends : {true, false}) {
    server_test net;
    const stream_id id = net.send_request(
        headers(with(post_request(), "content-length", "5")) + testing::data("123") + headers({{"x", "45", false}}),
        ends);
    net.self.read(id);
    net.settle();
    EXPECT_EQ(net.peer.received_reset(id), error_code::message_error);
    EXPECT_EQ(net.self.count<fields_received>(), 1u) << "nor are they told";
  }
}

TEST(smuggling, a_second_request_on_a_stream_is_none) {
  server_test net;
  const stream_id id = net.send_request(headers(post_request()) + headers(get_request("/admin")), false);
  EXPECT_EQ(net.peer.received_reset(id), error_code::message_error);
  for (const fields_received& told : net.self.all<fields_received>()) EXPECT_EQ(told.fields, post_request());
}

// --- Lines within lines --------------------------------------------------------------------------------------------

// [rfc9114 10.3#2]
TEST(smuggling, values_carry_no_line_ends) {
  for (const char* value :
       {"a\r\nx: y", "a\nx: y", "a\rx: y", "\r\n", "a\r\n\r\nGET /admin HTTP/1.1", "a\r\n b", "a\n", "\na"}) {
    expect_malformed_request(with(get_request(), "x", value));
    expect_malformed_request(with(get_request(), "cookie", value));
    for (std::size_t pseudo = 0; pseudo < 4; ++pseudo) {
      field_list fields = get_request();
      fields[pseudo].value += value;
      expect_malformed_request(fields);
    }
  }
}

// [rfc9114 4.2#2 10.3#1]
TEST(smuggling, names_carry_no_second_field) {
  for (const char* name :
       {"x: y\r\nz", "x\r\ny", "x\n", "\nx",  "x:",  ":x",  "x y", " x",   "x ",   "x\t", "\tx",  "x\x7f",
        "x\"",       "x,y",    "x;y", "x(y)", "x/y", "x=y", "x@y", "x[y]", "x{y}", "x?y", "x\\y", "\xffx"}) {
    expect_malformed_request(with(get_request(), name, "v"));
  }
  expect_malformed_request(with(get_request(), std::string("x\0", 2), "v"));
  for (char c = 'A'; c <= 'Z'; ++c) expect_malformed_request(with(get_request(), std::string("x") + c, "v"));
}

// --- Whose request it is -------------------------------------------------------------------------------------------

// [rfc9114 4.3#2]
TEST(smuggling, pseudo_fields_come_once_first_and_known) {
  for (const char* name : {":method", ":scheme", ":authority", ":path"}) {
    expect_malformed_request(with(get_request(), name, std::string(find_field(get_request(), name))));
    field_list late = get_request();
    const auto moved = std::find_if(late.begin(), late.end(), [&](const field& one) { return one.name == name; });
    const field line = *moved;
    late.erase(moved);
    late.push_back({"x", "y", false});
    late.push_back(line);
    expect_malformed_request(late);
  }
  for (const char* name :
       {":", ":status", ":host", ":version", "::path", ":Path", ":path ", ":protocol", ":authority:"}) {
    field_list fields = get_request();
    fields.insert(fields.begin(), field{name, "x", false});
    expect_malformed_request(fields);
  }
}

TEST(smuggling, target_in_absolute_form_is_no_path) {
  for (const char* path : {"http://b.example/", "https://a.example/", "//b.example/\\", "b.example/", "?x", "*/",
                           "/ HTTP/1.1", "/\tx", "/#x", "/a\x01", "\\x", "%2f"}) {
    if (path == std::string_view("//b.example/\\")) continue;  // A path, if an odd one.
    field_list fields = get_request();
    fields[3].value = path;
    expect_malformed_request(fields);
  }
}

TEST(smuggling, authority_is_one_host_with_one_port) {
  for (const char* authority : {"a.example:80:90",
                                "a.example:x",
                                "a.example:65536",
                                "a.example:-1",
                                "a.example: 80",
                                ":443",
                                "[::1",
                                "::1]",
                                "[]",
                                "[::1]x",
                                "[::1]:x",
                                "a.example,b.example",
                                "a.example;b",
                                "a.example@b.example",
                                "a@b",
                                "a:b@c",
                                "a.example/b",
                                "a.example#",
                                "a.example?x",
                                "a\\b",
                                "a.example\tb",
                                "a.[b]"}) {
    if (authority == std::string_view("a.example,b.example") || authority == std::string_view("a.example;b")) continue;
    field_list fields = get_request();
    fields[2].value = authority;
    expect_malformed_request(fields);
    field_list by_host = get_request();
    by_host.erase(by_host.begin() + 2);
    expect_malformed_request(with(by_host, "host", authority));
  }
}

// [rfc9114 4.3.1#8]
TEST(smuggling, host_says_what_authority_says) {
  for (const char* host : {"b.example", "a.example:443", "A.example", "a.example.", ""}) {
    expect_malformed_request(with(get_request(), "host", host));
  }
  field_list by_host = get_request();
  by_host.erase(by_host.begin() + 2);
  expect_malformed_request(with(with(by_host, "host", "a.example"), "host", "b.example"));
  expect_malformed_request(by_host);
}

// [rfc9114 4.2#3]
TEST(smuggling, hop_by_hop_fields_are_refused_in_responses_too) {
  for (const char* name : {"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade", "te"}) {
    client_test net;
    net.send_more(net.id, headers(with(response(), name, "trailers")), true);
    ASSERT_EQ(net.self.count<message_aborted>(), 1u) << name;
    EXPECT_EQ(net.self.count<fields_received>(), 0u);
  }
}

TEST(smuggling, responses_are_as_long_as_they_say) {
  for (const char* body : {"1234", "123456"}) {
    client_test net;
    net.send_more(net.id, headers(with(response(), "content-length", "5")) + testing::data(body), true);
    net.self.read(net.id);
    ASSERT_EQ(net.self.count<message_aborted>(), 1u) << body;
    EXPECT_TRUE(net.self.all<message_aborted>()[0].malformed);
  }
}

TEST(smuggling, a_response_within_a_response_is_none) {
  client_test net;
  net.send_more(net.id, headers(response()) + testing::data("x") + headers(with(response(), "set-cookie", "a=b")));
  net.self.read(net.id);
  ASSERT_EQ(net.self.count<message_aborted>(), 1u);
  EXPECT_EQ(net.self.count<fields_received>(), 1u);
}

// [rfc9114 4.1#5 4.2#1 4.2#3 4.3#1]
TEST(smuggling, we_do_not_send_what_we_would_not_take) {
  server_test net;
  const stream_id id = net.send_request(headers(get_request()));
  for (const field_list& fields :
       {with(response(), "x", "a\r\nb: c"), with(response(), "X", "y"), with(response(), "connection", "close"),
        with(response(), "transfer-encoding", "chunked"), with(response("101"), "upgrade", "x"),
        with(response(), ":path", "/"), with(with(response(), "content-length", "1"), "content-length", "2"),
        field_list{{"x", "y", false}}}) {
    EXPECT_EQ(net.self.state.send_response(net.self.transport, id, fields, false).error(),
              operation_error::malformed_fields);
  }
}

}  // namespace
}  // namespace quasio::http3
