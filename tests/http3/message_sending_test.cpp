#include "http3/cookie_pairs.hpp"
#include "http3/session_fixture.hpp"

/// What our own messages are held to: they must be what the peer would take (RFC 9114, section 4.1.2).
namespace quasio::http3 {
namespace {

using namespace testing;

field_list with_length(field_list fields, std::string length) {
  return with(std::move(fields), "content-length", length);
}

TEST(sent_content_length, holds_the_body_to_it) {
  pair_of_talkers net;
  net.settle();
  talker& client = net.client;
  const auto id = client.state.send_request(client.transport, with_length(post_request(), "5"), false);
  ASSERT_TRUE(id);
  const auto write = [&](std::string_view text, bool end) {
    return client.state.write_body(client.transport, *id, as_bytes(text), end);
  };
  EXPECT_EQ(write("123456", false).error(), operation_error::content_length_mismatch);
  EXPECT_EQ(*write("123", false), 3u);
  EXPECT_EQ(write("456", false).error(), operation_error::content_length_mismatch);
  EXPECT_EQ(write("", true).error(), operation_error::content_length_mismatch);
  EXPECT_EQ(client.state.send_trailers(client.transport, *id, {{"t", "1", false}}).error(),
            operation_error::content_length_mismatch);
  EXPECT_EQ(*write("45", true), 2u) << "what was refused has left nothing behind";
  net.settle();
  EXPECT_EQ(net.server.read(*id), "12345");
  EXPECT_EQ(net.server.count<message_aborted>(), 0u);
}

TEST(sent_content_length, holds_a_body_that_goes_in_pieces) {
  pair_of_talkers net;
  net.settle();
  net.client.transport.send_buffer = 1000;
  const auto id = net.client.state.send_request(net.client.transport, with_length(post_request(), "5000"), false);
  const bytes body(5000, 'x');
  std::size_t sent = 0;
  std::size_t came = 0;
  for (int turn = 0; turn < 100 && sent < body.size(); ++turn) {
    const auto taken = net.client.state.write_body(net.client.transport, *id, byte_view(body).subspan(sent), true);
    ASSERT_TRUE(taken) << to_string(taken.error());
    sent += *taken;
    net.settle();
    came += net.server.read(*id).size();
  }
  EXPECT_EQ(came, 5000u);
}

TEST(sent_content_length, is_asked_for_where_the_message_ends_at_once) {
  pair_of_talkers net;
  net.settle();
  EXPECT_EQ(net.client.state.send_request(net.client.transport, with_length(post_request(), "1"), true).error(),
            operation_error::content_length_mismatch);
  const auto id = net.client.state.send_request(net.client.transport, with_length(post_request(), "0"), true);
  ASSERT_TRUE(id);
  EXPECT_EQ(*id, 0u) << "no stream was spent on the other";
  net.settle();
  const auto answer = [&](const field_list& fields) {
    return net.server.state.send_response(net.server.transport, *id, fields, true);
  };
  EXPECT_EQ(answer(with_length(response(), "1")).error(), operation_error::content_length_mismatch);
  EXPECT_TRUE(answer(with_length(response(), "0")));
}

TEST(sent_content_length, may_speak_of_content_that_is_not_sent) {
  for (const auto& [method, status] : {std::pair{"HEAD", "200"}, {"GET", "304"}}) {
    server_test net;
    field_list fields = get_request();
    fields[0].value = method;
    const stream_id id = net.send_request(headers(fields));
    EXPECT_TRUE(net.self.state.send_response(net.self.transport, id, with_length(response(status), "1000"), true));
  }
}

TEST(sent_content_length, has_no_place_where_there_is_never_content) {
  server_test net;
  const stream_id id = net.send_request(headers(get_request()));
  for (const char* status : {"100", "103", "204"}) {
    EXPECT_EQ(net.self.state.send_response(net.self.transport, id, with_length(response(status), "0"), false).error(),
              operation_error::malformed_fields)
        << status;
  }
  const stream_id tunnel =
      net.send_request(headers({{":method", "CONNECT", false}, {":authority", "b.example:443", false}}), false);
  EXPECT_EQ(net.self.state.send_response(net.self.transport, tunnel, with_length(response(), "0"), false).error(),
            operation_error::malformed_fields);
  EXPECT_TRUE(net.self.state.send_response(net.self.transport, tunnel, with_length(response("403"), "2"), false));
}

TEST(sent_response, of_205_has_no_content) {
  server_test net;
  const stream_id id = net.send_request(headers(get_request()));
  ASSERT_TRUE(net.self.state.send_response(net.self.transport, id, response("205"), false));
  EXPECT_EQ(net.self.state.write_body(net.self.transport, id, as_bytes("x"), true).error(),
            operation_error::wrong_state);
  EXPECT_TRUE(net.self.state.write_body(net.self.transport, id, {}, true));
}

TEST(early_data_field, is_told_whatever_it_says) {
  for (const char* value : {"1", "0", "yes", ""}) {
    server_test net;
    net.send_request(headers(with(with(get_request(), "early-data", value), "early-data", "1")));
    EXPECT_TRUE(net.self.all<fields_received>().at(0).says_early_data) << value;
    EXPECT_FALSE(net.self.all<fields_received>().at(0).is_early_data);
  }
  server_test net;
  const stream_id id = net.send_request(headers(get_request()));
  EXPECT_FALSE(net.self.all<fields_received>().at(0).says_early_data);
  EXPECT_TRUE(net.self.state.send_response(net.self.transport, id, response("425"), true));
}

// [rfc9114 4.1.1#2]
TEST(cancelled, by_a_client_is_never_called_rejected) {
  client_test net;
  ASSERT_TRUE(net.self.state.cancel(net.self.transport, net.id, error_code::request_rejected));
  net.settle();
  EXPECT_EQ(net.peer.received_stop(net.id), error_code::request_cancelled);
}

TEST(cancelled, by_a_server_that_did_nothing_is_safe_to_retry) {
  pair_of_talkers net;
  net.settle();
  const auto id = net.client.state.send_request(net.client.transport, post_request(), false);
  net.settle();
  ASSERT_TRUE(net.server.state.cancel(net.server.transport, *id, error_code::request_rejected));
  net.settle();
  ASSERT_EQ(net.client.count<message_aborted>(), 1u);
  EXPECT_EQ(net.client.all<message_aborted>()[0].code, error_code::request_rejected);
  EXPECT_TRUE(net.client.all<message_aborted>()[0].was_unprocessed);
  EXPECT_EQ(net.client.state.statistics().requests_rejected_by_peer, 1u);
  EXPECT_EQ(net.server.state.statistics().requests_rejected, 1u);
}

TEST(cancelled, with_any_other_code_may_have_been_processed) {
  for (const error_code code : {error_code::request_cancelled, error_code::internal_error, error_code::no_error}) {
    client_test net;
    net.peer.reset_stream(net.id, code);
    net.settle();
    ASSERT_EQ(net.self.count<message_aborted>(), 1u);
    EXPECT_FALSE(net.self.all<message_aborted>()[0].was_unprocessed);
  }
}

TEST(cancelled, after_a_response_began_was_processed_whatever_the_server_says) {
  for (const char* status : {"103", "200"}) {
    client_test net;
    net.send_more(net.id, headers(response(status)));
    net.peer.reset_stream(net.id, error_code::request_rejected);
    net.settle();
    ASSERT_EQ(net.self.count<message_aborted>(), 1u);
    EXPECT_FALSE(net.self.all<message_aborted>()[0].was_unprocessed) << status;
  }
}

TEST(cookies, are_split_where_the_server_has_a_table) {
  EXPECT_EQ(split_cookies({{"a", "b; c", false}, {"cookie", "x=1; y=2; z", true}, {"cookie", "w=3", false}}),
            (field_list{{"a", "b; c", false},
                        {"cookie", "x=1", true},
                        {"cookie", "y=2", true},
                        {"cookie", "z", true},
                        {"cookie", "w=3", false}}));
  EXPECT_FALSE(split_cookies({{"cookie", "x=1", false}, {"set-cookie", "a; b", false}}));
}

TEST(cookies, stay_whole_where_their_pairs_would_be_malformed) {
  for (const char* value : {"x=1;  y=2", "x=1; ; y=2", "x=1 ; y=2"}) {
    EXPECT_FALSE(split_cookies({{"cookie", value, false}})) << value;
  }
}

// [rfc9114 4.2.1#1]
TEST(cookies, come_whole_to_the_application) {
  const field_list fields = with(with(get_request(), "cookie", "x=1; y=2"), "cookie", "z=3");
  for (const std::uint64_t capacity : {0u, 4096u}) {
    talker_and_raw_peer net(endpoint_role::client);
    net.open_control(varint(0x01) + varint(capacity));
    ASSERT_TRUE(net.self.state.send_request(net.self.transport, fields, true));
    net.settle();
    server_test server;
    server.send_request(net.peer.received(0));
    const field_list told = server.self.all<fields_received>().at(0).fields;
    EXPECT_EQ(told.size(), 5u) << capacity;
    EXPECT_EQ(find_field(told, "cookie"), "x=1; y=2; z=3") << capacity;
  }
}

TEST(cookies, stay_whole_where_the_server_takes_no_more_lines) {
  const field_list fields = with(get_request(), "cookie", "x=1; y=2; z=3");
  talker_and_raw_peer net(endpoint_role::client);
  net.open_control(varint(0x01) + varint(4096) + varint(0x06) + varint(section_size(fields)));
  EXPECT_TRUE(net.self.state.send_request(net.self.transport, fields, true));
}

TEST(http3_statistics, count_both_ends_alike) {
  pair_of_talkers net;
  net.settle();
  const auto id = net.client.state.send_request(net.client.transport, post_request(), false);
  ASSERT_TRUE(net.client.state.write_body(net.client.transport, *id, as_bytes("question"), false));
  ASSERT_TRUE(net.client.state.send_trailers(net.client.transport, *id, {{"t", "1", false}}));
  net.settle();
  net.server.read(*id);
  ASSERT_TRUE(net.server.state.send_response(net.server.transport, *id, response("103"), false));
  ASSERT_TRUE(net.server.state.send_response(net.server.transport, *id, response(), false));
  ASSERT_TRUE(net.server.state.write_body(net.server.transport, *id, as_bytes("answer"), true));
  net.settle();
  net.client.read(*id);
  net.server.state.send_goaway(net.server.transport);
  net.settle();
  const statistics client = net.client.state.statistics();
  const statistics server = net.server.state.statistics();
  EXPECT_EQ(client.requests_sent, 1u);
  EXPECT_EQ(server.requests_received, 1u);
  EXPECT_EQ(client.content_bytes_sent, 8u);
  EXPECT_EQ(server.content_bytes_received, 8u);
  EXPECT_EQ(client.trailers_sent, 1u);
  EXPECT_EQ(server.trailers_received, 1u);
  EXPECT_EQ(server.interim_responses_sent, 1u);
  EXPECT_EQ(client.interim_responses_received, 1u);
  EXPECT_EQ(server.responses_sent, 1u);
  EXPECT_EQ(client.responses_received, 1u);
  EXPECT_EQ(server.content_bytes_sent, 6u);
  EXPECT_EQ(client.content_bytes_received, 6u);
  EXPECT_EQ(client.field_bytes_sent, server.field_bytes_received);
  EXPECT_EQ(server.field_bytes_sent, client.field_bytes_received);
  EXPECT_EQ(server.goaways_sent, 1u);
  EXPECT_EQ(client.goaways_received, 1u);
  EXPECT_EQ(client.exchanges_closed, 1u);
  EXPECT_EQ(server.open_exchanges, 0u);
  EXPECT_FALSE(client.closed_for || server.closed_for);
}

TEST(http3_statistics, count_breaches_by_their_code) {
  server_test net;
  net.send_request(headers(with(get_request(), "Bad", "x")));
  net.send_request(no_payload);
  net.send_request(headers(with(get_request(), "Bad", "x")));
  statistics now = net.self.state.statistics();
  EXPECT_EQ(now.exchange_breaches.of(error_code::message_error), 2u);
  EXPECT_EQ(now.exchange_breaches.of(error_code::request_incomplete), 1u);
  EXPECT_EQ(now.exchange_breaches.total(), 3u);
  EXPECT_EQ(now.messages_malformed, 3u);
  net.send_more(net.control, frame(frame_type::data, no_payload));
  EXPECT_EQ(net.self.state.statistics().closed_for, error_code::frame_unexpected);
}

TEST(http3_statistics, know_every_code) {
  error_counts counts;
  for (const error_code code :
       {error_code::no_error, error_code::version_fallback, error_code::datagram_error,
        error_code::qpack_decompression_failed, error_code::qpack_decoder_stream_error, error_code{0x12345}}) {
    EXPECT_EQ(counts.of(code), 0u);
    counts.add(code);
    EXPECT_EQ(counts.of(code), 1u);
  }
  EXPECT_EQ(counts.of(error_code{0x54321}), 1u) << "all that have no name are one";
}

}  // namespace
}  // namespace quasio::http3
