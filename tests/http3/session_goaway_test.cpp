#include "http3/session_fixture.hpp"
#include "quasio/base/varint.hpp"

/// Going away, and what means nothing.
namespace quasio::http3 {
namespace {

using namespace testing;

// --- Going away ----------------------------------------------------------------------------------------------------

// [rfc9114 5.2#2]
TEST(goaway, of_a_server_comes_twice_and_then_rejects_what_is_new) {
  server_test net;
  net.send_request(headers(get_request()), false);
  net.self.state.send_goaway(net.self.transport);
  net.send_request(headers(get_request()), false);
  EXPECT_EQ(net.self.count<fields_received>(), 2u);
  net.self.state.send_goaway(net.self.transport);
  net.self.state.send_goaway(net.self.transport);
  const stream_id late = net.send_request(headers(get_request()), false);
  EXPECT_EQ(net.self.count<fields_received>(), 2u);
  EXPECT_EQ(net.peer.received_reset(late), error_code::request_rejected);
  EXPECT_EQ(net.peer.received_stop(late), error_code::request_rejected);
  const bytes& control = net.peer.received(3);
  const bytes wanted = frame(frame_type::goaway, varint(varint_max - 3)) + frame(frame_type::goaway, varint(8));
  ASSERT_GE(control.size(), wanted.size());
  EXPECT_EQ(bytes(control.end() - static_cast<std::ptrdiff_t>(wanted.size()), control.end()), wanted);
  EXPECT_EQ(net.self.state.open_exchanges(), 2u);
  expect_open(net);
}

// [rfc9114 5.2#1]
TEST(goaway, ends_new_requests_of_a_client_and_gives_up_those_not_processed) {
  client_test net;
  const auto second = net.self.state.send_request(net.self.transport, get_request(), true);
  net.settle();
  net.send_more(net.control, frame(frame_type::goaway, varint(varint_max - 3)));
  EXPECT_EQ(net.self.state.send_request(net.self.transport, get_request(), true).error(), operation_error::going_away);
  EXPECT_EQ(net.self.count<message_aborted>(), 0u);
  net.send_more(net.control, frame(frame_type::goaway, varint(4)));
  ASSERT_EQ(net.self.count<goaway_received>(), 2u);
  ASSERT_EQ(net.self.count<message_aborted>(), 1u);
  EXPECT_EQ(net.self.all<message_aborted>()[0].id, *second);
  EXPECT_EQ(net.self.all<message_aborted>()[0].code, error_code::request_rejected);
  EXPECT_TRUE(net.self.all<message_aborted>()[0].was_unprocessed);
  EXPECT_EQ(net.peer.received_stop(*second), error_code::request_cancelled);
  net.send_more(net.id, headers(response()), true);
  EXPECT_EQ(net.self.count<fields_received>(), 1u);
}

TEST(goaway, names_the_first_request_that_was_not_taken) {
  server_test net;
  net.peer.open_stream(stream_direction::bidirectional).value();
  const stream_id second = net.send_request(headers(get_request()), false);
  net.self.state.send_goaway(net.self.transport);
  net.self.state.send_goaway(net.self.transport);
  net.settle();
  // The first stream comes after all. It is below the ID: it must be served (RFC 9114, section 5.2).
  net.send_more(0, headers(get_request("/late")), true);
  EXPECT_EQ(net.self.count<fields_received>(), 2u);
  EXPECT_FALSE(net.peer.received_reset(0));
  const stream_id third = net.send_request(headers(get_request()), false);
  EXPECT_EQ(third, second + 4);
  EXPECT_EQ(net.peer.received_reset(third), error_code::request_rejected);
  EXPECT_EQ(net.self.state.statistics().requests_rejected, 1u);
  EXPECT_EQ(net.self.state.statistics().goaways_sent, 2u);
}

TEST(goaway, of_a_server_that_was_asked_for_nothing_is_zero) {
  server_test net;
  net.self.state.send_goaway(net.self.transport);
  net.self.state.send_goaway(net.self.transport);
  net.settle();
  const bytes& control = net.peer.received(3);
  const bytes wanted = frame(frame_type::goaway, varint(0));
  ASSERT_GE(control.size(), wanted.size());
  EXPECT_EQ(bytes(control.end() - static_cast<std::ptrdiff_t>(wanted.size()), control.end()), wanted);
}

TEST(goaway, may_fall_and_gives_up_more_each_time) {
  client_test net;
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(net.self.state.send_request(net.self.transport, get_request(), true));
  net.settle();
  net.send_more(net.control, frame(frame_type::goaway, varint(12)));
  EXPECT_EQ(net.self.count<message_aborted>(), 1u);
  net.send_more(net.control, frame(frame_type::goaway, varint(4)));
  EXPECT_EQ(net.self.count<message_aborted>(), 3u);
  for (const message_aborted& told : net.self.all<message_aborted>()) EXPECT_TRUE(told.was_unprocessed) << told.id;
  net.send_more(net.id, headers(response()), true);
  EXPECT_EQ(net.self.count<fields_received>(), 1u) << "the one below is answered";
  EXPECT_EQ(net.self.state.statistics().requests_rejected_by_peer, 3u);
}

// [rfc9114 5.2#3]
TEST(goaway, must_not_grow) {
  client_test net;
  net.send_more(net.control, frame(frame_type::goaway, varint(4)));
  net.send_more(net.control, frame(frame_type::goaway, varint(4)));
  expect_open(net);
  EXPECT_EQ(net.self.count<goaway_received>(), 1u);
  net.send_more(net.control, frame(frame_type::goaway, varint(8)));
  expect_closed(net, error_code::id_error);
}

// [rfc9114 7.2.6#1]
TEST(goaway, of_a_server_names_a_request) {
  for (const std::uint64_t id : {1u, 2u, 3u, 7u}) {
    client_test net;
    net.send_more(net.control, frame(frame_type::goaway, varint(id)));
    expect_closed(net, error_code::id_error);
  }
}

TEST(goaway, of_a_client_names_any_push) {
  server_test net;
  net.send_more(net.control, frame(frame_type::goaway, varint(7)));
  net.send_more(net.control, frame(frame_type::goaway, varint(1)));
  expect_open(net);
  net.send_more(net.control, frame(frame_type::goaway, varint(2)));
  expect_closed(net, error_code::id_error);
}

TEST(goaway, flood_leaves_one_event) {
  client_test net;
  bytes flood;
  for (std::uint64_t id = 2000; id > 4; id -= 4) flood = flood + frame(frame_type::goaway, varint(id));
  net.self.transport.receive_window = flood.size();
  net.send_more(net.control, flood);
  expect_open(net);
  EXPECT_EQ(net.self.count<goaway_received>(), 1u);
  EXPECT_EQ(net.self.all<goaway_received>()[0].id, 8u);
}

// --- Grease --------------------------------------------------------------------------------------------------------

bool is_reserved(std::uint64_t code) { return code >= 0x21 && (code - 0x21) % 0x1f == 0; }

// [rfc9114 3.2#3 6.2.1#1 7.2.4#1]
TEST(grease, is_on_the_control_stream_and_on_a_stream_of_its_own_only) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    talker self(endpoint_role::server, {}, seed);
    endpoint_double raw(endpoint_role::client);
    self.transport.join(raw);
    self.start();
    self.transport.deliver_all();
    byte_reader control(raw.received(3));
    ASSERT_EQ(control.read_varint(), stream_type::control);
    ASSERT_EQ(control.read_varint(), frame_type::settings);
    ASSERT_TRUE(control.read_varint_prefixed());
    const auto type = control.read_varint();
    ASSERT_TRUE(type && is_reserved(*type));
    ASSERT_TRUE(control.read_varint_prefixed());
    EXPECT_TRUE(control.empty());
    byte_reader reserved(raw.received(15));
    const auto stream = reserved.read_varint();
    ASSERT_TRUE(stream && is_reserved(*stream));
    EXPECT_TRUE(raw.received_fin(15));
  }
}

TEST(grease, can_be_turned_off) {
  settings plain;
  plain.grease = false;
  talker self(endpoint_role::client, plain);
  endpoint_double raw(endpoint_role::server);
  self.transport.join(raw);
  self.start();
  self.transport.deliver_all();
  EXPECT_EQ(raw.received(2), from_hex("00 04 0d 06 8001 0000 01 8000 4000 07 4064"));
  EXPECT_EQ(self.transport.stream_ids().size(), 3u);
}

}  // namespace
}  // namespace quasio::http3
