#include "http3/session_fixture.hpp"

/// What a peer may and may not do on its unidirectional streams.
namespace quasio::http3 {
namespace {

using namespace testing;

// --- Control stream ------------------------------------------------------------------------------------------------

// [rfc9114 7.2.4#6 7.2.4.1#1 9#1]
TEST(control_stream, takes_its_bytes_in_any_pieces) {
  for (const std::size_t piece : {1u, 2u, 3u, 7u}) {
    talker_and_raw_peer net(endpoint_role::server);
    const bytes settings_payload =
        varint(0x06) + varint(4321) + varint(0x1f * 7 + 0x21) + varint(12345678) + varint(0x33) + varint(1);
    net.send_unidirectional(varint(stream_type::control) + frame(frame_type::settings, settings_payload) +
                                frame(0x21, bytes(100, 0xaa)) + frame(frame_type::max_push_id, varint(77)) +
                                frame(frame_type::goaway, varint(1 << 20)),
                            false, piece);
    expect_open(net);
    ASSERT_EQ(net.self.count<settings_received>(), 1u);
    EXPECT_EQ(net.self.all<settings_received>()[0].settings.max_field_section_size, 4321u);
    EXPECT_TRUE(net.self.all<settings_received>()[0].settings.h3_datagram);
    EXPECT_EQ(net.self.all<goaway_received>().at(0).id, 1u << 20);
  }
}

// [rfc9114 6.2.1#2]
TEST(control_stream, wants_settings_before_unknown_frames_too) {
  talker_and_raw_peer net(endpoint_role::client);
  net.send_unidirectional(varint(stream_type::control) + frame(0x21, no_payload));
  expect_closed(net, error_code::missing_settings);
}

// [rfc9114 7.2.8#2]
TEST(control_stream, refuses_frame_types_of_http2) {
  for (const std::uint64_t type : {0x02, 0x06, 0x08, 0x09}) {
    server_test net;
    net.send_more(net.control, frame(type, no_payload));
    expect_closed(net, error_code::frame_unexpected);
  }
}

TEST(control_stream, refuses_push_promise) {
  server_test net;
  net.send_more(net.control, frame(frame_type::push_promise, varint(0)));
  expect_closed(net, error_code::frame_unexpected);
}

// [rfc9114 7.1#2]
TEST(control_stream, refuses_settings_that_end_within_a_setting) {
  talker_and_raw_peer net(endpoint_role::server);
  net.open_control(varint(0x06));
  expect_closed(net, error_code::frame_error);
}

// [rfc9297 2.1.1#2]
TEST(control_stream, refuses_switches_that_are_neither_on_nor_off) {
  for (const std::uint64_t id : {0x08, 0x33}) {
    talker_and_raw_peer net(endpoint_role::server);
    net.open_control(varint(id) + varint(2));
    expect_closed(net, error_code::settings_error);
  }
}

TEST(control_stream, bounds_the_settings_frame) {
  talker_and_raw_peer net(endpoint_role::server);
  bytes header = varint(stream_type::control);
  append_frame_header(header, frame_type::settings, settings{}.max_settings_size + 1);
  net.send_unidirectional(header);
  expect_closed(net, error_code::excessive_load);
}

// [rfc9114 7.1#1 7.1#2 7.1#3 10.8#1]
TEST(control_stream, refuses_ids_of_the_wrong_size) {
  for (const std::uint64_t type : {frame_type::goaway, frame_type::cancel_push, frame_type::max_push_id}) {
    for (const bytes& payload : {no_payload, varint(0) + bytes{0}, from_hex("40"), bytes(9, 0)}) {
      server_test net;
      net.send_more(net.control, frame(type, payload));
      expect_closed(net, error_code::frame_error);
    }
  }
}

TEST(control_stream, bounds_what_means_nothing) {
  settings limits;
  limits.max_skipped_bytes = 1000;
  server_test net(limits);
  for (int i = 0; i < 20; ++i) {
    net.send_more(net.control, frame(0x21, bytes(900, 0)));
    net.send_more(net.control, frame(frame_type::max_push_id, varint(5)));
  }
  expect_open(net);
  net.send_more(net.control, frame(0x21, bytes(500, 0)));
  net.send_more(net.control, frame(0x40, bytes(500, 0)));
  expect_closed(net, error_code::excessive_load);
}

TEST(control_stream, bounds_a_flood_of_empty_frames) {
  settings limits;
  limits.max_skipped_bytes = 1000;
  server_test net(limits);
  for (int i = 0; i < 501; ++i) net.send_more(net.control, frame(0x21, no_payload));
  expect_closed(net, error_code::excessive_load);
}

TEST(control_stream, lets_priority_updates_pass) {
  settings limits;
  limits.max_skipped_bytes = 100;
  server_test net(limits);
  for (int i = 0; i < 200; ++i)
    net.send_more(net.control, frame(frame_type::priority_update_request, bytes_of("\4u=1")));
  expect_open(net);
}

// [rfc9114 6.2.1#5]
TEST(control_stream, must_not_be_reset) {
  server_test net;
  net.peer.reset_stream(net.control, error_code::no_error);
  net.settle();
  expect_closed(net, error_code::closed_critical_stream);
}

// [rfc9114 6.2.1#5]
TEST(control_stream, of_ours_must_not_be_refused) {
  server_test net;
  net.peer.stop_sending(3, error_code::no_error);
  net.settle();
  expect_closed(net, error_code::closed_critical_stream);
}

// [rfc9114 7.2.7#4]
TEST(control_stream, refuses_a_max_push_id_that_shrinks) {
  server_test net;
  net.send_more(net.control, frame(frame_type::max_push_id, varint(8)));
  net.send_more(net.control, frame(frame_type::max_push_id, varint(8)));
  expect_open(net);
  net.send_more(net.control, frame(frame_type::max_push_id, varint(7)));
  expect_closed(net, error_code::id_error);
}

// [rfc9114 7.2.7#3]
TEST(control_stream, refuses_max_push_id_from_a_server) {
  client_test net;
  net.send_more(net.control, frame(frame_type::max_push_id, varint(8)));
  expect_closed(net, error_code::frame_unexpected);
}

// [rfc9114 7.2.3#3]
TEST(control_stream, refuses_to_cancel_pushes_that_never_were) {
  server_test server;
  server.send_more(server.control, frame(frame_type::cancel_push, varint(0)));
  expect_closed(server, error_code::id_error);
  client_test client;
  client.send_more(client.control, frame(frame_type::cancel_push, varint(0)));
  expect_closed(client, error_code::id_error);
}

// --- Other unidirectional streams ----------------------------------------------------------------------------------

// [rfc9114 6.2.1#3]
// [rfc9204 4.2#2]
TEST(unidirectional_streams, come_once_where_they_are_critical) {
  for (const std::uint64_t type : {stream_type::control, stream_type::qpack_encoder, stream_type::qpack_decoder}) {
    server_test net;
    net.send_unidirectional(varint(type));
    if (type != stream_type::control) {
      expect_open(net);
      net.send_unidirectional(varint(type));
    }
    expect_closed(net, error_code::stream_creation_error);
  }
}

// [rfc9204 4.2#4]
TEST(unidirectional_streams, must_not_close_where_they_are_critical) {
  for (const std::uint64_t type : {stream_type::qpack_encoder, stream_type::qpack_decoder}) {
    server_test net;
    net.send_unidirectional(varint(type), true);
    expect_closed(net, error_code::closed_critical_stream);
  }
}

// [rfc9114 6.2#2 6.2#3 6.2.3#1 9#2]
TEST(unidirectional_streams, of_unknown_type_are_refused_without_more) {
  server_test net;
  const stream_id id = net.send_unidirectional(varint(0x21 + 0x1f * 1000) + bytes(5000, 1), false, 1);
  expect_open(net);
  EXPECT_EQ(net.peer.received_stop(id), error_code::stream_creation_error);
  net.send_unidirectional(varint(0x54), true);
  expect_open(net);
}

// [rfc9114 6.2#5]
TEST(unidirectional_streams, may_end_before_they_say_what_they_are_for) {
  server_test net;
  net.send_unidirectional(no_payload, true);
  net.send_unidirectional(bytes{0x40}, true);
  const stream_id id = net.send_unidirectional(bytes{0x40});
  net.peer.reset_stream(id, error_code::no_error);
  net.settle();
  expect_open(net);
}

// [rfc9114 4.6#1 6.2.2#1]
TEST(unidirectional_streams, for_pushes_are_refused) {
  server_test server;
  server.send_unidirectional(varint(stream_type::push) + varint(0));
  expect_closed(server, error_code::stream_creation_error);
  client_test client;
  client.send_unidirectional(varint(stream_type::push) + varint(0));
  expect_closed(client, error_code::id_error);
}

// [rfc9114 6.1#1]
TEST(bidirectional_streams, from_a_server_are_refused) {
  client_test net;
  net.peer.send(stream_direction::bidirectional, bytes{0});
  net.settle();
  expect_closed(net, error_code::stream_creation_error);
}

}  // namespace
}  // namespace quasio::http3
