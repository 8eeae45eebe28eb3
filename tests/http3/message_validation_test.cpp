#include "http3/message_validation.hpp"

#include <gtest/gtest.h>

#include "http3/test_bytes.hpp"

/// What is valid; what is not is tried on whole connections in session_breach_test.cpp.
namespace quasio::http3 {
namespace {

using namespace testing;

field_list request_to(std::string method, std::string scheme, std::string authority, std::string path) {
  return {
      {":method", method, false}, {":scheme", scheme, false}, {":authority", authority, false}, {":path", path, false}};
}

TEST(message_validation, takes_ordinary_requests) {
  for (const char* path : {"/", "/a?b=c&d", "/%20", "/\"<>|{}^`", "/caf\xc3\xa9"}) {
    EXPECT_TRUE(validate_request(request_to("GET", "https", "a.example", path))) << path;
  }
  for (const char* authority :
       {"a.example", "a.example:443", "[2001:db8::1]:443", "192.0.2.1", "xn--caf-dma.example"}) {
    EXPECT_TRUE(validate_request(request_to("GET", "https", authority, "/"))) << authority;
  }
  EXPECT_TRUE(validate_request(request_to("M-SEARCH", "HTTP", "a.example", "/")));
  EXPECT_TRUE(validate_request(request_to("OPTIONS", "https", "a.example", "*")));
}

// [rfc9114 4.3.1#6 4.3.1#7]
TEST(message_validation, takes_host_for_authority_where_they_agree) {
  field_list fields = get_request();
  EXPECT_TRUE(validate_request(with(fields, "host", "a.example")));
  fields.erase(fields.begin() + 2);
  EXPECT_TRUE(validate_request(with(fields, "host", "a.example")));
  EXPECT_FALSE(validate_request(with(fields, "host", "")));
  EXPECT_FALSE(validate_request(fields));
}

// [rfc9114 4.3.1#9]
TEST(message_validation, asks_for_an_authority_only_where_the_scheme_does) {
  const field_list fields = {{":method", "GET", false}, {":scheme", "urn", false}, {":path", "isbn:123", false}};
  EXPECT_TRUE(validate_request(fields));
  EXPECT_FALSE(validate_request(with(fields, "host", "")));
}

// [rfc9114 4.2#4]
TEST(message_validation, takes_te_trailers_in_requests_only) {
  EXPECT_TRUE(validate_request(with(get_request(), "te", "trailers")));
  EXPECT_FALSE(validate_request(with(get_request(), "te", "trailers, gzip")));
  EXPECT_FALSE(validate_response(with(response(), "te", "trailers")));
  EXPECT_FALSE(validate_trailers({{"te", "trailers", false}}));
}

TEST(message_validation, takes_field_values_with_inner_blanks_and_high_bytes) {
  EXPECT_TRUE(validate_request(with(get_request(), "x", "a b\tc")));
  EXPECT_TRUE(validate_request(with(get_request(), "x", "\xff\x80")));
  EXPECT_TRUE(validate_request(with(get_request(), "x", "")));
  EXPECT_TRUE(validate_request(with(get_request(), "!#$%&'*+-.^_`|~09az", "")));
}

// [rfc9114 4.4#1]
TEST(message_validation, knows_the_fields_of_connect) {
  const field_list connect = {{":method", "CONNECT", false}, {":authority", "a.example:443", false}};
  ASSERT_TRUE(validate_request(connect));
  EXPECT_TRUE(validate_request(connect)->is_connect);
  EXPECT_FALSE(validate_request(connect)->is_extended);
  EXPECT_FALSE(validate_request(with(connect, "host", "b.example:443")));
  for (const char* extra : {":scheme", ":path"}) {
    EXPECT_FALSE(validate_request(with(connect, extra, "https"))) << extra;
  }
  for (const char* authority : {"a.example", "a.example:", ":443", "a.example:0", "a.example:65536", "a.example:44x"}) {
    EXPECT_FALSE(validate_request({{":method", "CONNECT", false}, {":authority", authority, false}})) << authority;
  }
}

TEST(message_validation, knows_the_fields_of_extended_connect) {
  const field_list fields = with(request_to("CONNECT", "https", "a.example", "/chat"), ":protocol", "websocket");
  ASSERT_TRUE(validate_request(fields));
  EXPECT_TRUE(validate_request(fields)->is_extended);
  for (const std::size_t missing : {1u, 2u, 3u}) {
    field_list lacking = fields;
    lacking.erase(lacking.begin() + static_cast<std::ptrdiff_t>(missing));
    EXPECT_FALSE(validate_request(lacking));
  }
  EXPECT_FALSE(validate_request(with(request_to("CONNECT", "https", "a.example", "/"), ":protocol", "web socket")));
  EXPECT_FALSE(validate_request(with(get_request(), ":protocol", "websocket")));
}

TEST(message_validation, reads_status_and_content_length) {
  const auto head = validate_response(with(response("206"), "content-length", "4611686018427387903"));
  ASSERT_TRUE(head);
  EXPECT_EQ(head->status, 206u);
  EXPECT_EQ(head->content_length, 4611686018427387903u);
  EXPECT_TRUE(head->is_successful());
  EXPECT_TRUE(validate_response(response("100"))->is_interim());
  EXPECT_TRUE(validate_response(response("999")));
  EXPECT_TRUE(validate_response(response("304"))->has_no_content());
}

// [rfc9114 4.2.1#1]
TEST(message_validation, joins_cookies_and_equal_content_lengths_in_place) {
  field_list fields = {
      {"cookie", "a=1", true}, {"content-length", "3", false}, {"x", "1", false},       {"cookie", "b=2", false},
      {"x", "2", false},       {"content-length", "3", false}, {"cookie", "c=3", false}};
  join_repeated_fields(fields);
  EXPECT_EQ(
      fields,
      (field_list{
          {"cookie", "a=1; b=2; c=3", true}, {"content-length", "3", false}, {"x", "1", false}, {"x", "2", false}}));
}

TEST(message_validation, counts_sizes_as_the_setting_does) {
  EXPECT_EQ(section_size({{"abc", "de", false}, {"", "", false}}), 3u + 2 + 32 + 32);
}

}  // namespace
}  // namespace quasio::http3
