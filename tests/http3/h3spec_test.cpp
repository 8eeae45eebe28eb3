#include "http3/session_fixture.hpp"

/// The checks of h3spec that are about HTTP/3 and QPACK.
namespace quasio::http3 {
namespace {

using namespace testing;

// [rfc9114 4.1#3]
TEST(h3spec, data_before_headers) {
  server_test net;
  net.send_request(data("x") + headers(get_request()));
  expect_closed(net, error_code::frame_unexpected);
}

// [rfc9114 4.3.1#5]
TEST(h3spec, duplicate_pseudo_header) { expect_malformed_request(with(get_request(), ":path", "/b")); }

// [rfc9114 4.3.1#5]
TEST(h3spec, absent_pseudo_header) {
  field_list fields = get_request();
  fields.erase(fields.begin());
  expect_malformed_request(fields);
}

// [rfc9114 4.3#4]
TEST(h3spec, prohibited_pseudo_header) { expect_malformed_request(with(get_request(), ":foo", "bar")); }

// [rfc9114 4.3#6]
TEST(h3spec, pseudo_header_after_fields) {
  field_list fields = get_request();
  fields.insert(fields.begin(), field{"accept", "*/*", false});
  expect_malformed_request(fields);
}

// [rfc9114 6.2.1#2]
TEST(h3spec, first_control_frame_is_not_settings) {
  talker_and_raw_peer net(endpoint_role::server);
  net.send_unidirectional(varint(stream_type::control) + frame(frame_type::max_push_id, varint(1)));
  expect_closed(net, error_code::missing_settings);
}

// [rfc9114 7.2.1#2]
TEST(h3spec, data_on_the_control_stream) {
  server_test net;
  net.send_more(net.control, data(""));
  expect_closed(net, error_code::frame_unexpected);
}

// [rfc9114 7.2.2#1]
TEST(h3spec, headers_on_the_control_stream) {
  server_test net;
  net.send_more(net.control, headers(get_request()));
  expect_closed(net, error_code::frame_unexpected);
}

// [rfc9114 7.2.4#2]
TEST(h3spec, second_settings_frame) {
  server_test net;
  net.send_more(net.control, frame(frame_type::settings, no_payload));
  expect_closed(net, error_code::frame_unexpected);
}

// [rfc9114 7.2.4#5]
TEST(h3spec, duplicate_setting) {
  talker_and_raw_peer net(endpoint_role::server);
  net.open_control(varint(0x06) + varint(100) + varint(0x06) + varint(100));
  expect_closed(net, error_code::settings_error);
}

// [rfc9114 7.2.4.1#2]
TEST(h3spec, setting_of_http2) {
  for (const std::uint64_t id : {0x00, 0x02, 0x03, 0x04, 0x05}) {
    talker_and_raw_peer net(endpoint_role::server);
    net.open_control(varint(id) + varint(0));
    expect_closed(net, error_code::settings_error);
  }
}

// [rfc9114 7.2.3#1]
TEST(h3spec, cancel_push_on_a_request_stream) {
  for (const bool after_headers : {false, true}) {
    server_test net;
    const bytes cancel_push = frame(frame_type::cancel_push, varint(0));
    net.send_request(after_headers ? headers(get_request()) + cancel_push : cancel_push);
    expect_closed(net, error_code::frame_unexpected);
  }
}

// [rfc9204 3.1#1]
TEST(h3spec, bad_static_index) {
  server_test net;
  net.send_request(frame(frame_type::headers, from_hex("0000 ff24")));
  expect_closed(net, error_code::qpack_decompression_failed);
}

// [rfc9204 4.3.1#2]
TEST(h3spec, table_capacity_over_the_limit) {
  server_test net;
  net.send_unidirectional(varint(stream_type::qpack_encoder) + from_hex("3fe27f"));
  expect_closed(net, error_code::qpack_encoder_stream_error);
}

// [rfc9114 6.2.1#5]
TEST(h3spec, control_stream_closed) {
  server_test net;
  net.send_more(net.control, no_payload, true);
  expect_closed(net, error_code::closed_critical_stream);
}

// [rfc9204 4.4.3#1]
TEST(h3spec, insert_count_increment_of_zero) {
  server_test net;
  net.send_unidirectional(varint(stream_type::qpack_decoder) + from_hex("00"));
  expect_closed(net, error_code::qpack_decoder_stream_error);
}

}  // namespace
}  // namespace quasio::http3
