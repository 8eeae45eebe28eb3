#include "http3/session_fixture.hpp"

/// A peer that does what is allowed, without end. See session_breach_test.cpp for what is not allowed, and
/// session_datagram_test.cpp and session_priority_test.cpp for floods of those.
namespace quasio::http3 {
namespace {

using namespace testing;
using namespace std::chrono_literals;

settings with_limit(rate_limit abuse_settings::*which, rate_limit limit) {
  settings limits;
  limits.abuse.*which = limit;
  return limits;
}

/// Many more streams than may be open at once.
void allow_many_streams(talker_and_raw_peer& net) {
  net.peer.bidirectional_limit = net.peer.unidirectional_limit = 1'000'000;
}

// --- Rapid reset ---------------------------------------------------------------------------------------------------

TEST(rapid_reset, ends_the_connection) {
  server_test net(with_limit(&abuse_settings::wasted_requests, {50, 10}));
  allow_many_streams(net);
  for (int i = 0; i < 50; ++i) {
    const stream_id id = net.send_request(headers(post_request()), false);
    net.peer.reset_stream(id, error_code::request_cancelled);
    net.peer.stop_sending(id, error_code::request_cancelled);
    net.settle();
  }
  expect_open(net);
  EXPECT_LE(net.self.state.open_exchanges(), 0u);
  const stream_id id = net.send_request(headers(post_request()), false);
  net.peer.reset_stream(id, error_code::request_cancelled);
  net.settle();
  expect_closed(net, error_code::excessive_load);
  EXPECT_EQ(net.self.state.statistics().closed_for, error_code::excessive_load);
  EXPECT_EQ(net.self.state.statistics().exchanges_cancelled_by_peer, 51u);
}

TEST(rapid_reset, counts_in_whatever_way_it_is_done) {
  const auto reset_at_once = [](server_test& net) {
    const stream_id id = net.send_request(bytes{0x01, 0x10}, false);
    net.peer.reset_stream(id, error_code::request_cancelled);
  };
  const auto reset_later = [](server_test& net) {
    const stream_id id = net.send_request(headers(post_request()), false);
    net.peer.reset_stream(id, error_code::no_error);
  };
  const auto stop = [](server_test& net) {
    const stream_id id = net.send_request(headers(get_request()));
    net.peer.stop_sending(id, error_code::request_cancelled);
  };
  const auto stop_after_interim = [](server_test& net) {
    const stream_id id = net.send_request(headers(get_request()));
    ASSERT_TRUE(net.self.state.send_response(net.self.transport, id, response("103"), false));
    net.peer.stop_sending(id, error_code::request_cancelled);
  };
  // What the server is made to reset costs as much as what the client resets.
  const auto be_malformed = [](server_test& net) { net.send_request(headers(with(get_request(), "Bad", "x"))); };
  const auto be_too_large = [](server_test& net) {
    net.send_request(headers(field_list(300, field{"a", "b", false})), false);
  };
  const auto be_incomplete = [](server_test& net) { net.send_request(no_payload); };
  const std::vector<std::function<void(server_test&)>> ways = {
      reset_at_once, reset_later, stop, stop_after_interim, be_malformed, be_too_large, be_incomplete};
  for (std::size_t i = 0; i < ways.size(); ++i) {
    server_test net(with_limit(&abuse_settings::wasted_requests, {3, 0}));
    for (int n = 0; n < 3; ++n) {
      ways[i](net);
      net.settle();
    }
    expect_open(net);
    ways[i](net);
    net.settle();
    ASSERT_TRUE(net.self.closed_with()) << i;
    EXPECT_EQ(*net.self.closed_with(), error_code::excessive_load) << i;
  }
}

TEST(rapid_reset, is_not_what_impatient_people_do) {
  server_test net(with_limit(&abuse_settings::wasted_requests, {3, 0}));
  allow_many_streams(net);
  for (int i = 0; i < 50; ++i) {
    // Cancelled in the middle of the response, as by somebody who has seen enough of a film.
    const stream_id id = net.send_request(headers(get_request()));
    ASSERT_TRUE(net.self.state.send_response(net.self.transport, id, response(), false));
    net.peer.stop_sending(id, error_code::request_cancelled);
    net.settle();
  }
  expect_open(net);
  EXPECT_EQ(net.self.state.statistics().exchanges_cancelled_by_peer, 50u);
}

TEST(rapid_reset, is_forgiven_in_time) {
  server_test net(with_limit(&abuse_settings::wasted_requests, {10, 10}));
  allow_many_streams(net);
  for (int i = 0; i < 500; ++i) {
    net.self.transport.time += 100ms;
    const stream_id id = net.send_request(headers(post_request()), false);
    net.peer.reset_stream(id, error_code::request_cancelled);
    net.settle();
  }
  expect_open(net);
}

TEST(rapid_reset, by_a_server_costs_a_client_nothing) {
  settings limits = with_limit(&abuse_settings::wasted_requests, {1, 0});
  client_test net(get_request(), limits);
  for (int i = 0; i < 10; ++i) {
    const auto id = net.self.state.send_request(net.self.transport, get_request(), true);
    net.settle();
    net.peer.reset_stream(*id, error_code::request_cancelled);
    net.settle();
  }
  expect_open(net);
}

// --- Streams and frames that mean nothing, or little ----------------------------------------------------------------

TEST(flood, of_unknown_streams_ends_the_connection) {
  const auto unknown_type = [](server_test& net) { net.send_unidirectional(varint(0x21) + bytes(10, 1), true); };
  const auto no_type = [](server_test& net) { net.send_unidirectional(bytes{0x40}, true); };
  const auto reset = [](server_test& net) {
    const stream_id id = net.send_unidirectional(bytes{0x40});
    net.peer.reset_stream(id, error_code::no_error);
    net.settle();
  };
  for (const std::function<void(server_test&)>& way :
       {std::function<void(server_test&)>(unknown_type), std::function<void(server_test&)>(no_type),
        std::function<void(server_test&)>(reset)}) {
    server_test net(with_limit(&abuse_settings::unknown_streams, {20, 0}));
    allow_many_streams(net);
    for (int i = 0; i < 20; ++i) way(net);
    expect_open(net);
    EXPECT_EQ(net.self.state.statistics().unknown_streams, 20u);
    way(net);
    expect_closed(net, error_code::excessive_load);
  }
}

TEST(flood, of_small_data_frames_ends_the_connection) {
  server_test net(with_limit(&abuse_settings::small_data_frames, {100, 0}));
  const stream_id id = net.send_request(headers(post_request()), false);
  const std::string enough(settings{}.abuse.small_data_frame, 'x');
  for (int i = 0; i < 1000; ++i) net.send_more(id, testing::data(enough));
  net.self.read(id);
  for (int i = 0; i < 100; ++i) net.send_more(id, data("x"));
  net.self.read(id);
  expect_open(net);
  net.send_more(id, data("x"));
  net.self.read(id);
  expect_closed(net, error_code::excessive_load);
}

TEST(flood, of_small_data_frames_is_seen_in_one_piece_too) {
  client_test net(get_request(), with_limit(&abuse_settings::small_data_frames, {100, 0}));
  bytes flood = headers(response());
  for (int i = 0; i < 101; ++i) flood = flood + data("x");
  net.send_more(net.id, flood);
  net.self.read(net.id);
  expect_closed(net, error_code::excessive_load);
}

TEST(flood, of_control_frames_ends_the_connection) {
  for (const std::uint64_t type : {frame_type::goaway, frame_type::max_push_id}) {
    server_test net(with_limit(&abuse_settings::control_frames, {100, 0}));
    for (int i = 0; i < 100; ++i) net.send_more(net.control, frame(type, varint(5)));
    expect_open(net);
    net.send_more(net.control, frame(type, varint(5)));
    expect_closed(net, error_code::excessive_load);
  }
}

TEST(flood, of_interim_responses_costs_the_exchange) {
  client_test net;
  for (std::size_t i = 0; i < settings{}.max_interim_responses; ++i) {
    net.send_more(net.id, headers(with(response("103"), "link", std::string(1000, 'x'))));
  }
  EXPECT_EQ(net.self.count<message_aborted>(), 0u);
  net.send_more(net.id, headers(response("100")));
  EXPECT_EQ(net.peer.received_stop(net.id), error_code::excessive_load);
  EXPECT_EQ(net.self.state.statistics().exchange_breaches.of(error_code::excessive_load), 1u);
}

// --- Trailers and header bombs
// -----------------------------------------------------------------------------------------

TEST(endless_trailers, are_refused_by_their_length) {
  server_test net;
  const stream_id id = net.send_request(headers(post_request()), false);
  bytes header;
  append_frame_header(header, frame_type::headers, std::uint64_t{1} << 40);
  net.send_more(id, header);
  EXPECT_EQ(net.self.count<message_aborted>(), 1u);
  EXPECT_EQ(net.peer.received_stop(id), error_code::excessive_load);
  expect_open(net);
}

TEST(endless_trailers, come_to_an_end_with_the_frames_after_them) {
  settings limits;
  limits.max_skipped_bytes = 5000;
  server_test net(limits);
  const stream_id id = net.send_request(headers(post_request()) + headers({{"t", "1", false}}), false);
  for (int i = 0; i < 6 && !net.self.closed_with(); ++i) net.send_more(id, frame(0x21, bytes(1000, 0)));
  expect_closed(net, error_code::excessive_load);
}

TEST(header_bomb, that_decodes_to_much_is_answered_with_431) {
  settings limits;
  limits.max_field_section_size = 4000;
  limits.max_fields = 10'000;
  server_test net(limits);
  // A byte each, that decodes to a line of the static table: "accept-language" and an empty value.
  const bytes section = from_hex("0000") + bytes(3000, 0xc0 | 17);
  const stream_id id = net.send_request(frame(frame_type::headers, section), false);
  expect_open(net);
  EXPECT_EQ(net.peer.received(id), headers(response("431")));
  EXPECT_EQ(net.self.state.statistics().requests_too_large, 1u);
}

// --- SETTINGS --------------------------------------------------------------------------------------------------------

// [rfc9114 7.2.4#6]
TEST(settings_abuse, in_many_unknown_settings_is_bounded_by_the_size_of_the_frame) {
  talker_and_raw_peer net(endpoint_role::server);
  bytes pairs;
  for (std::uint64_t n = 0; pairs.size() + 10 < settings{}.max_settings_size; ++n) {
    pairs = pairs + varint(0x1f * n + 0x21) + varint(n);
  }
  net.open_control(pairs);
  expect_open(net);
  EXPECT_EQ(net.self.count<settings_received>(), 1u);
}

TEST(settings_abuse, by_an_unknown_setting_given_twice_is_refused) {
  talker_and_raw_peer net(endpoint_role::server);
  net.open_control(varint(0x1f * 9 + 0x21) + varint(1) + varint(0x1f * 9 + 0x21) + varint(2));
  expect_closed(net, error_code::settings_error);
}

// [rfc9114 7.2.4#4]
TEST(settings_abuse, on_a_request_stream_is_refused_at_both_sides) {
  server_test server;
  server.send_request(frame(frame_type::settings, no_payload));
  expect_closed(server, error_code::frame_unexpected);
  client_test client;
  client.send_more(client.id, frame(frame_type::settings, no_payload));
  expect_closed(client, error_code::frame_unexpected);
}

// --- Push ------------------------------------------------------------------------------------------------------------

// [rfc9114 7.2.3#1 7.2.3#2 7.2.3#3 7.2.5#2 7.2.5#5 7.2.5#7 7.2.7#1]
TEST(push, is_refused_with_the_code_that_the_rfc_names) {
  struct attempt {
    endpoint_role self;
    bool on_control;
    std::uint64_t type;
    error_code wanted;
  };
  using role = endpoint_role;
  // RFC 9114, sections 4.6, 7.2.3, 7.2.5 and 7.2.7.
  for (const attempt& one : {attempt{role::client, false, frame_type::push_promise, error_code::id_error},
                             attempt{role::client, true, frame_type::push_promise, error_code::frame_unexpected},
                             attempt{role::server, false, frame_type::push_promise, error_code::frame_unexpected},
                             attempt{role::server, true, frame_type::push_promise, error_code::frame_unexpected},
                             attempt{role::client, true, frame_type::cancel_push, error_code::id_error},
                             attempt{role::client, false, frame_type::cancel_push, error_code::frame_unexpected},
                             attempt{role::server, true, frame_type::cancel_push, error_code::id_error},
                             attempt{role::server, false, frame_type::cancel_push, error_code::frame_unexpected},
                             attempt{role::client, true, frame_type::max_push_id, error_code::frame_unexpected},
                             attempt{role::client, false, frame_type::max_push_id, error_code::frame_unexpected},
                             attempt{role::server, false, frame_type::max_push_id, error_code::frame_unexpected}}) {
    SCOPED_TRACE(std::to_string(one.type) + (one.on_control ? " on the control stream" : " on a request stream"));
    const bytes sent = frame(one.type, varint(0));
    if (one.self == role::client) {
      client_test net;
      net.send_more(one.on_control ? net.control : net.id, sent);
      expect_closed(net, one.wanted);
    } else {
      server_test net;
      // That the client allows pushes changes nothing: none was promised.
      net.send_more(net.control, frame(frame_type::max_push_id, varint(100)));
      if (one.on_control) {
        net.send_more(net.control, sent);
      } else {
        net.send_request(headers(post_request()) + sent, false);
      }
      expect_closed(net, one.wanted);
    }
  }
}

TEST(push, is_never_allowed_by_us) {
  settings plain;
  plain.grease = false;
  talker self(endpoint_role::client, plain);
  endpoint_double raw(endpoint_role::server);
  self.transport.join(raw);
  self.start();
  (void)self.state.send_request(self.transport, get_request(), true);
  self.transport.deliver_all();
  byte_reader control(raw.received(2));
  ASSERT_EQ(control.read_varint(), stream_type::control);
  ASSERT_EQ(control.read_varint(), frame_type::settings);
  ASSERT_TRUE(control.read_varint_prefixed());
  EXPECT_TRUE(control.empty()) << "no MAX_PUSH_ID";
}

}  // namespace
}  // namespace quasio::http3
