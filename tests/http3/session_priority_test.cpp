#include "http3/session_fixture.hpp"

/// Priorities on whole connections (RFC 9218).
namespace quasio::http3 {
namespace {

using namespace testing;

using scheduled = std::pair<std::uint8_t, bool>;

bytes update_of(stream_id id, std::string_view value) {
  return frame(frame_type::priority_update_request, varint(id) + bytes_of(value));
}

scheduled schedule_of(const talker& self, stream_id id) {
  const auto found = self.transport.priorities.find(id);
  return found == self.transport.priorities.end() ? scheduled{3, false} : found->second;
}

TEST(priority_field, of_a_request_schedules_its_response) {
  server_test net;
  const stream_id id = net.send_request(headers(with(get_request(), "priority", "u=5, i")));
  EXPECT_EQ(schedule_of(net.self, id), scheduled(5, true));
  EXPECT_EQ(*net.self.state.priority_of(id), (priority{5, true}));
  const stream_id plain = net.send_request(headers(get_request()));
  EXPECT_EQ(net.self.transport.priorities.count(plain), 0u);
}

TEST(priority_field, that_is_malformed_is_ignored) {
  server_test net;
  const stream_id id = net.send_request(headers(with(get_request(), "priority", "u=5,")));
  EXPECT_EQ(*net.self.state.priority_of(id), priority{});
  expect_open(net);
  EXPECT_EQ(net.self.count<fields_received>(), 1u);
}

TEST(priority_field, of_a_response_overrides_what_it_names) {
  server_test net;
  const stream_id id = net.send_request(headers(with(get_request(), "priority", "u=5, i")));
  ASSERT_TRUE(net.self.state.send_response(net.self.transport, id, with(response("103"), "priority", "u=0"), false));
  EXPECT_EQ(schedule_of(net.self, id), scheduled(5, true)) << "an interim response decides nothing";
  ASSERT_TRUE(net.self.state.send_response(net.self.transport, id, with(response(), "priority", "u=1"), false));
  EXPECT_EQ(schedule_of(net.self, id), scheduled(1, true));
  net.send_more(net.control, update_of(id, "u=7"));
  EXPECT_EQ(schedule_of(net.self, id), scheduled(1, false)) << "only what the server did not name follows the client";
}

TEST(priority_field, of_a_request_schedules_its_body_too) {
  pair_of_talkers net;
  net.settle();
  const auto id =
      net.client.state.send_request(net.client.transport, with(post_request(), "priority", "u=6, i"), false);
  ASSERT_TRUE(id);
  EXPECT_EQ(schedule_of(net.client, *id), scheduled(6, true));
}

TEST(own_streams, go_before_all_that_may_wait_for_them) {
  pair_of_talkers net;
  net.settle();
  for (const stream_id id : {2, 6, 10}) EXPECT_EQ(schedule_of(net.client, id), scheduled(0, true));
  for (const stream_id id : {3, 7, 11}) EXPECT_EQ(schedule_of(net.server, id), scheduled(0, true));
}

// [rfc9218 7.2#8]
TEST(set_priority, of_a_server_stands_above_all_others) {
  server_test net;
  const stream_id id = net.send_request(headers(with(get_request(), "priority", "u=5, i")));
  ASSERT_TRUE(net.self.state.set_priority(net.self.transport, id, {2, false}));
  EXPECT_EQ(schedule_of(net.self, id), scheduled(2, false));
  ASSERT_TRUE(net.self.state.send_response(net.self.transport, id, with(response(), "priority", "u=1"), false));
  net.send_more(net.control, update_of(id, "u=7, i"));
  EXPECT_EQ(schedule_of(net.self, id), scheduled(2, false));
  const bytes said = net.peer.received(3);
  ASSERT_TRUE(net.self.state.set_priority(net.self.transport, id, {0, true}));
  EXPECT_EQ(schedule_of(net.self, id), scheduled(0, true));
  net.settle();
  EXPECT_EQ(net.peer.received(3), said) << "a server sends no PRIORITY_UPDATE";
  EXPECT_EQ(net.self.state.statistics().priority_updates_sent, 0u);
}

TEST(set_priority, refuses_what_is_none_and_who_is_unknown) {
  server_test net;
  const stream_id id = net.send_request(headers(get_request()));
  EXPECT_EQ(net.self.state.set_priority(net.self.transport, id, {8, false}).error(), operation_error::malformed_fields);
  EXPECT_EQ(net.self.state.set_priority(net.self.transport, 400, {1, false}).error(),
            operation_error::unknown_exchange);
  EXPECT_EQ(net.self.state.priority_of(400).error(), operation_error::unknown_exchange);
}

// [rfc9218 7.2#1 7.2#3]
TEST(set_priority, of_a_client_tells_the_server) {
  pair_of_talkers net;
  net.settle();
  const auto id = net.client.state.send_request(net.client.transport, post_request(), false);
  net.settle();
  ASSERT_TRUE(net.client.state.set_priority(net.client.transport, *id, {1, true}));
  ASSERT_TRUE(net.client.state.set_priority(net.client.transport, *id, {1, true}));
  EXPECT_EQ(schedule_of(net.client, *id), scheduled(1, true)) << "what is left of the request goes by it too";
  net.settle();
  EXPECT_EQ(schedule_of(net.server, *id), scheduled(1, true));
  ASSERT_EQ(net.server.count<priority_changed>(), 1u);
  EXPECT_EQ(net.server.all<priority_changed>()[0].id, *id);
  EXPECT_EQ(net.server.all<priority_changed>()[0].wanted, (priority{1, true}));
  EXPECT_EQ(net.client.state.statistics().priority_updates_sent, 1u) << "what is known need not be said";
  EXPECT_EQ(net.server.state.statistics().priority_updates_received, 1u);
}

TEST(set_priority, of_a_client_is_too_late_after_the_response) {
  client_test net;
  net.send_more(net.id, headers(response()), false);
  ASSERT_TRUE(net.self.state.set_priority(net.self.transport, net.id, {0, false}));
  net.send_more(net.id, no_payload, true);
  net.self.read(net.id);
  EXPECT_FALSE(net.self.state.set_priority(net.self.transport, net.id, {1, false}));
}

TEST(priority_update, overrides_the_field_whichever_comes_first) {
  for (const bool update_first : {false, true}) {
    server_test net;
    if (update_first) net.send_more(net.control, update_of(0, "u=1"));
    const stream_id id = net.send_request(headers(with(get_request(), "priority", "u=5, i")));
    if (!update_first) net.send_more(net.control, update_of(0, "u=1"));
    EXPECT_EQ(schedule_of(net.self, id), scheduled(1, false)) << update_first;
    EXPECT_EQ(net.self.count<priority_changed>(), update_first ? 0u : 1u) << "what was said before is no change";
  }
}

TEST(priority_update, comes_in_any_pieces) {
  for (const std::size_t piece : {1u, 2u, 3u, 5u}) {
    server_test net;
    const stream_id id = net.send_request(headers(get_request()));
    net.send_more(net.control, update_of(id, "u=0") + update_of(id, "u=2, i"), false, piece);
    EXPECT_EQ(schedule_of(net.self, id), scheduled(2, true));
  }
}

TEST(priority_update, waits_for_a_request_between_headers_and_stream) {
  server_test net;
  // The stream has begun, and its header section is still on its way.
  const bytes request = headers(with(get_request(), "priority", "u=6"));
  const stream_id id = net.send_request(bytes(request.begin(), request.begin() + 3), false);
  net.send_more(net.control, update_of(id, "u=1"));
  net.send_more(id, bytes(request.begin() + 3, request.end()), true);
  EXPECT_EQ(schedule_of(net.self, id), scheduled(1, false));
  EXPECT_EQ(net.self.count<priority_changed>(), 0u);
}

TEST(priority_update, keeps_the_last_for_each_request_to_come) {
  server_test net;
  net.send_more(net.control, update_of(4, "u=1") + update_of(0, "u=2") + update_of(4, "u=6, i"));
  EXPECT_EQ(net.self.state.statistics().early_priorities_waiting, 2u);
  net.send_request(headers(get_request()));
  net.send_request(headers(get_request()));
  EXPECT_EQ(schedule_of(net.self, 0), scheduled(2, false));
  EXPECT_EQ(schedule_of(net.self, 4), scheduled(6, true));
  EXPECT_EQ(net.self.state.statistics().early_priorities_waiting, 0u);
}

TEST(priority_update, is_kept_for_so_many_requests_only) {
  settings limits;
  limits.max_early_priorities = 3;
  server_test net(limits);
  for (stream_id id = 0; id < 5 * 4; id += 4) net.send_more(net.control, update_of(id, "u=1"));
  expect_open(net);
  EXPECT_EQ(net.self.state.statistics().early_priorities_waiting, 3u);
  EXPECT_EQ(net.self.state.statistics().priority_updates_ignored, 2u);
  net.send_more(net.control, update_of(8, "u=2"));
  for (int i = 0; i < 5; ++i) net.send_request(headers(get_request()));
  EXPECT_EQ(schedule_of(net.self, 8), scheduled(2, false)) << "one that is kept may change";
  EXPECT_EQ(schedule_of(net.self, 12), scheduled(3, false));
}

TEST(priority_update, for_a_request_that_is_over_is_forgotten) {
  server_test net;
  const stream_id id = net.send_request(headers(get_request()));
  ASSERT_TRUE(net.self.state.send_response(net.self.transport, id, response(), true));
  net.settle();
  ASSERT_EQ(net.self.count<exchange_closed>(), 1u);
  net.send_more(net.control, update_of(id, "u=1"));
  expect_open(net);
  EXPECT_EQ(net.self.state.statistics().early_priorities_waiting, 0u);
  EXPECT_EQ(net.self.state.statistics().priority_updates_ignored, 1u);
}

TEST(priority_update, still_counts_when_the_response_was_written_but_not_sent) {
  server_test net;
  const stream_id id = net.send_request(headers(get_request()));
  net.self.transport.send_buffer = 100'000;
  ASSERT_TRUE(net.self.state.send_response(net.self.transport, id, response(), false));
  const bytes body(50'000, 'x');
  ASSERT_TRUE(net.self.state.write_body(net.self.transport, id, body, true));
  (void)net.peer.stream_write_whole(net.control, update_of(id, "u=1"), false);
  net.peer.deliver(net.control);
  net.self.turn();
  EXPECT_EQ(schedule_of(net.self, id), scheduled(1, false));
}

TEST(priority_update, with_a_malformed_value_is_ignored) {
  server_test net;
  const stream_id id = net.send_request(headers(with(get_request(), "priority", "u=5")));
  net.send_more(net.control, update_of(id, "u=1,,") + update_of(8, "U"));
  expect_open(net);
  EXPECT_EQ(schedule_of(net.self, id), scheduled(5, false));
  EXPECT_EQ(net.self.state.statistics().priority_updates_ignored, 2u);
  EXPECT_EQ(net.self.state.statistics().early_priorities_waiting, 0u);
}

TEST(priority_update, without_a_parameter_means_its_default) {
  server_test net;
  const stream_id id = net.send_request(headers(with(get_request(), "priority", "u=5, i")));
  net.send_more(net.control, update_of(id, "i"));
  EXPECT_EQ(schedule_of(net.self, id), scheduled(3, true));
  net.send_more(net.control, update_of(id, ""));
  EXPECT_EQ(schedule_of(net.self, id), scheduled(3, false));
}

// [rfc9218 7.2#4]
TEST(priority_update, must_name_a_request) {
  for (const stream_id id : {1u, 2u, 3u, 7u}) {
    server_test net;
    net.send_more(net.control, update_of(id, "u=1"));
    expect_closed(net, error_code::id_error);
  }
}

// [rfc9218 7.2#5]
TEST(priority_update, must_name_a_request_within_the_limit) {
  server_test net;
  net.send_more(net.control, update_of(99 * 4, "u=1"));
  expect_open(net);
  net.send_more(net.control, update_of(100 * 4, "u=1"));
  expect_closed(net, error_code::id_error);
}

// [rfc9218 7.2#7]
TEST(priority_update, must_not_name_a_push) {
  server_test net;
  net.send_more(net.control, frame(frame_type::max_push_id, varint(10)));
  net.send_more(net.control, frame(frame_type::priority_update_push, varint(0) + bytes_of("u=1")));
  expect_closed(net, error_code::id_error);
}

TEST(priority_update, must_have_an_id) {
  for (const std::uint64_t type : {frame_type::priority_update_request, frame_type::priority_update_push}) {
    for (const bytes& payload : {no_payload, from_hex("40"), from_hex("c000")}) {
      server_test net;
      net.send_more(net.control, frame(type, payload));
      expect_closed(net, error_code::frame_error);
    }
  }
}

// [rfc9218 7.2#9]
TEST(priority_update, must_not_come_from_a_server) {
  for (const std::uint64_t type : {frame_type::priority_update_request, frame_type::priority_update_push}) {
    client_test net;
    net.send_more(net.control, frame(type, varint(0)));
    expect_closed(net, error_code::frame_unexpected);
  }
}

// [rfc9218 7.2#2]
TEST(priority_update, must_not_come_on_a_request_stream) {
  for (const std::uint64_t type : {frame_type::priority_update_request, frame_type::priority_update_push}) {
    server_test server;
    server.send_request(headers(get_request()) + frame(type, varint(0)));
    expect_closed(server, error_code::frame_unexpected);
    client_test client;
    client.send_more(client.id, frame(type, varint(0)));
    expect_closed(client, error_code::frame_unexpected);
  }
}

TEST(priority_update, must_not_be_too_large) {
  settings limits;
  limits.max_priority_update_size = 50;
  server_test net(limits);
  net.send_more(net.control, update_of(0, std::string(49, ' ')));
  expect_open(net);
  bytes header;
  append_frame_header(header, frame_type::priority_update_request, 51);
  net.send_more(net.control, header);
  expect_closed(net, error_code::excessive_load);
}

TEST(priority_update, in_a_flood_leaves_one_event_and_then_closes) {
  settings limits;
  limits.abuse.control_frames = {500, 0};
  server_test net(limits);
  const stream_id id = net.send_request(headers(get_request()));
  bytes flood;
  for (int i = 0; i < 500; ++i) flood = flood + update_of(id, i % 2 == 0 ? "u=1" : "u=2");
  net.send_more(net.control, flood);
  expect_open(net);
  EXPECT_EQ(net.self.count<priority_changed>(), 1u);
  EXPECT_EQ(net.self.all<priority_changed>()[0].wanted, (priority{2, false}));
  net.send_more(net.control, update_of(id, "u=3"));
  expect_closed(net, error_code::excessive_load);
}

// As Chromium does, however fast its requests come.
TEST(priority_update, goes_on_for_ever_with_requests) {
  settings limits;
  limits.abuse.control_frames = {10, 0};
  server_test net(limits);
  stream_id id = 0;
  for (int i = 0; i < 60; ++i) {
    id = net.send_request(headers(get_request()));
    net.send_more(net.control, update_of(id, "u=1") + update_of(id, "u=2"));
  }
  expect_open(net);
  for (int i = 0; i < 8; ++i) net.send_more(net.control, update_of(id, "u=1"));
  expect_open(net);
  net.send_more(net.control, update_of(id, "u=3"));
  expect_closed(net, error_code::excessive_load);
}

TEST(priority_update, at_a_steady_pace_goes_on_for_ever) {
  settings limits;
  limits.abuse.control_frames = {10, 100};
  server_test net(limits);
  const stream_id id = net.send_request(headers(get_request()));
  for (int i = 0; i < 1000; ++i) {
    net.self.transport.time += std::chrono::milliseconds(10);
    net.send_more(net.control, update_of(id, i % 2 == 0 ? "u=1" : "u=2"));
  }
  expect_open(net);
}

}  // namespace
}  // namespace quasio::http3
