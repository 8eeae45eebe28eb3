#include <gtest/gtest.h>

#include <map>

#include "http3/prefixed_integer.hpp"
#include "http3/session_fixture.hpp"
#include "http3/settings_frame.hpp"

/// QPACK's dynamic table within sessions: its two streams, sections that wait, and peers that abuse it.
namespace quasio::http3 {
namespace {

using namespace testing;

field_list long_request(std::string path = "/") {
  return with(with(get_request(std::move(path)), "user-agent", "An agent with a rather long name/1.0 (of no repute)"),
              "x-unknown-to-the-static-table", "and its value");
}

/// What came on the session's stream of this type, without the type.
bytes received_on(endpoint_double& peer, std::uint64_t type) {
  for (const stream_id id : peer.stream_ids()) {
    const bytes& came = peer.received(id);
    if (direction_of(id) == stream_direction::unidirectional && !came.empty() && came.front() == type) {
      return {came.begin() + 1, came.end()};
    }
  }
  return {};
}

bytes settings_with_table(std::uint64_t capacity, std::uint64_t blocked) {
  return varint(setting_id::qpack_max_table_capacity) + varint(capacity) + varint(setting_id::qpack_blocked_streams) +
         varint(blocked);
}

/// Instructions that fill the table: its capacity, then x-a: 1 and x-b: 2.
const bytes two_inserts = from_hex("3fe11f 43 782d61 01 31 43 782d62 01 32");

/// A request whose last line is an entry that these instructions add.
bytes request_that_needs_two() {
  return frame(frame_type::headers, from_hex("0300 d1 d7 50 09") + bytes_of("a.example") + from_hex("c1 80"));
}

const field_list with_entry = with(
    {{":method", "GET", false}, {":scheme", "https", false}, {":authority", "a.example", false}, {":path", "/", false}},
    "x-b", "2");

// --- Two sessions --------------------------------------------------------------------------------------------------

TEST(session_qpack, what_comes_again_takes_fewer_bytes) {
  pair_of_talkers net;
  net.settle();
  std::size_t sizes[3] = {};
  for (std::size_t& size : sizes) {
    const auto id = net.client.state.send_request(net.client.transport, long_request(), true);
    ASSERT_TRUE(id);
    net.settle();
    size = net.server.transport.received(*id).size();
    EXPECT_EQ(net.server.all<fields_received>().back().fields, long_request());
    ASSERT_TRUE(net.server.state.send_response(net.server.transport, *id,
                                               with(response(), "x-answer", "the same each time"), true));
    net.settle();
    EXPECT_EQ(net.client.all<fields_received>().back().fields, with(response(), "x-answer", "the same each time"));
  }
  EXPECT_LT(sizes[1], 20u);
  const qpack_statistics seen = net.client.state.statistics().qpack;
  EXPECT_EQ(seen.encoder.capacity, settings{}.qpack_max_table_capacity);
  EXPECT_GE(seen.encoder.inserted, 3u);
  EXPECT_EQ(seen.encoder.outstanding, 0u);
  EXPECT_EQ(seen.encoder.unacknowledged, 0u);
  EXPECT_EQ(seen.decoder.inserted, net.server.state.statistics().qpack.encoder.inserted);
  EXPECT_GE(seen.decoder.inserted, 1u);
  EXPECT_EQ(net.server.state.statistics().qpack.decoder.entries, seen.encoder.entries);
  EXPECT_LE(sizes[2], sizes[1]);
  EXPECT_FALSE(net.client.closed_with());
  EXPECT_FALSE(net.server.closed_with());
}

TEST(session_qpack, works_in_pieces_of_any_size) {
  for (const std::size_t piece : {1, 2, 7, 100}) {
    pair_of_talkers net;
    net.settle(piece);
    for (int i = 0; i < 20; ++i) {
      const auto fields = with(long_request("/" + std::to_string(i)), "x-part", std::to_string(i / 3));
      const auto id = net.client.state.send_request(net.client.transport, fields, true);
      ASSERT_TRUE(id);
      net.settle(piece);
      ASSERT_EQ(net.server.all<fields_received>().back().fields, fields);
      ASSERT_TRUE(net.server.state.send_response(net.server.transport, *id, response(), true));
      net.settle(piece);
    }
    EXPECT_EQ(net.client.state.open_exchanges(), 0u);
    EXPECT_EQ(net.server.state.open_exchanges(), 0u);
  }
}

// [rfc9204 3.2.3#3]
TEST(session_qpack, uses_no_table_where_either_side_wants_none) {
  settings none;
  none.qpack_max_table_capacity = 0;
  settings unwilling;
  unwilling.qpack_encoder_table_capacity = 0;
  for (const auto& [ours, theirs] : {std::pair(settings{}, none), std::pair(unwilling, settings{})}) {
    pair_of_talkers net(ours, theirs);
    net.settle();
    for (int i = 0; i < 5; ++i) {
      ASSERT_TRUE(net.client.state.send_request(net.client.transport, long_request(), true));
      net.settle();
      EXPECT_EQ(net.server.all<fields_received>().back().fields, long_request());
    }
    EXPECT_EQ(received_on(net.server.transport, stream_type::qpack_encoder), bytes{});
  }
}

// [rfc9204 4.2#1 4.2#3]
TEST(session_qpack, has_one_stream_each_way_and_ends_neither) {
  pair_of_talkers net;
  net.settle();
  for (int i = 0; i < 10; ++i) {
    const auto id = net.client.state.send_request(net.client.transport, long_request(), i % 2 == 0);
    ASSERT_TRUE(id);
    net.settle();
    if (i % 3 == 0) {
      ASSERT_TRUE(net.client.state.cancel(net.client.transport, *id, error_code::request_cancelled));
    } else {
      ASSERT_TRUE(net.server.state.send_response(net.server.transport, *id, response(), true));
    }
    net.settle();
  }
  net.server.state.send_goaway(net.server.transport);
  net.settle();
  for (talker* hearer : {&net.client, &net.server}) {
    std::map<std::uint64_t, int> seen;
    for (const stream_id id : hearer->transport.stream_ids()) {
      const bytes& came = hearer->transport.received(id);
      if (direction_of(id) != stream_direction::unidirectional || came.empty() || came.front() > 0x3f) continue;
      ++seen[came.front()];
      const bool is_qpack = came.front() == stream_type::qpack_encoder || came.front() == stream_type::qpack_decoder;
      if (!is_qpack) continue;
      EXPECT_FALSE(hearer->transport.received_fin(id));
      EXPECT_FALSE(hearer->transport.received_reset(id));
    }
    EXPECT_EQ(seen[stream_type::qpack_encoder], 1);
    EXPECT_EQ(seen[stream_type::qpack_decoder], 1);
    for (const stream_id id : hearer->transport.stream_ids()) {
      const bool is_unidirectional = direction_of(id) == stream_direction::unidirectional;
      EXPECT_FALSE(is_unidirectional && hearer->transport.received_stop(id)) << id;
    }
  }
}

// --- Our decoder, and a raw peer -----------------------------------------------------------------------------------

TEST(session_qpack, tells_its_limits) {
  settings limits;
  limits.qpack_max_table_capacity = 12'345;
  limits.qpack_blocked_streams = 67;
  limits.grease = false;
  server_test net(limits);
  bytes wanted;
  append_settings_frame(wanted, limits, endpoint_role::server, {});
  const bytes told = received_on(net.peer, stream_type::control);
  EXPECT_EQ(told, wanted);
  const auto parsed = parse_settings(byte_view(told).subspan(2));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->qpack_max_table_capacity, 12'345u);
  EXPECT_EQ(parsed->qpack_blocked_streams, 67u);
}

// [rfc9204 2.2.2.1#1]
TEST(session_qpack, a_section_waits_for_its_entries) {
  for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, SIZE_MAX}) {
    server_test net;
    const stream_id id = net.send_request(request_that_needs_two() + data("body"), true, piece);
    expect_open(net);
    EXPECT_EQ(net.self.count<fields_received>(), 0u);
    const stream_id encoder = net.send_unidirectional(varint(stream_type::qpack_encoder), false);
    for (const std::uint8_t byte : two_inserts) net.send_more(encoder, {byte});
    ASSERT_EQ(net.self.count<fields_received>(), 1u);
    EXPECT_EQ(net.self.all<fields_received>()[0].fields, with_entry);
    bool finished = false;
    EXPECT_EQ(net.self.read(id, &finished), "body");
    EXPECT_TRUE(finished);
    net.settle();
    // An increment for the first entry, then the section, which says the same of the second.
    EXPECT_EQ(received_on(net.peer, stream_type::qpack_decoder), from_hex("01 80"));
  }
}

TEST(session_qpack, trailers_wait_and_the_body_before_them_does_not) {
  server_test net;
  const bytes trailers = frame(frame_type::headers, from_hex("0300 80"));
  const stream_id id = net.send_request(headers(post_request()) + data("body") + trailers);
  bool finished = true;
  EXPECT_EQ(net.self.read(id, &finished), "body");
  EXPECT_FALSE(finished);
  EXPECT_EQ(net.self.count<fields_received>(), 1u);
  net.self.events.clear();
  net.send_unidirectional(varint(stream_type::qpack_encoder) + two_inserts);
  ASSERT_EQ(net.self.count<fields_received>(), 1u);
  EXPECT_EQ(net.self.all<fields_received>()[0].kind, section_kind::trailers);
  EXPECT_EQ(net.self.all<fields_received>()[0].fields, (field_list{{"x-b", "2", false}}));
  EXPECT_TRUE(net.self.all<fields_received>()[0].end_of_message);
}

TEST(session_qpack, what_waits_stays_where_flow_control_holds_the_peer) {
  server_test net;
  net.self.transport.receive_window = 1000;
  bytes request = from_hex("0300 d1 d7 50 09") + bytes_of("a.example") + from_hex("c1 80");
  for (int i = 0; i < 100; ++i) request = request + from_hex("21 6e 64") + bytes(100, 'v');
  const stream_id id = net.send_request(frame(frame_type::headers, request), true);
  EXPECT_GT(net.peer.unsent(id), 9000u);
  net.send_unidirectional(varint(stream_type::qpack_encoder) + two_inserts);
  ASSERT_EQ(net.self.count<fields_received>(), 1u);
  EXPECT_EQ(net.self.all<fields_received>()[0].fields.size(), 105u);
}

// [rfc9204 2.1.2#2]
TEST(session_qpack, more_blocked_streams_than_allowed_end_the_connection) {
  settings limits;
  limits.qpack_blocked_streams = 2;
  server_test net(limits);
  net.send_request(request_that_needs_two());
  net.send_request(request_that_needs_two());
  expect_open(net);
  net.send_request(request_that_needs_two());
  expect_closed(net, error_code::qpack_decompression_failed);
}

TEST(session_qpack, a_reset_of_a_blocked_stream_is_told_to_the_encoder) {
  settings limits;
  limits.qpack_blocked_streams = 1;
  server_test net(limits);
  for (int i = 0; i < 3; ++i) {
    const stream_id id = net.send_request(request_that_needs_two(), false);
    net.peer.reset_stream(id, error_code::request_cancelled);
    net.settle();
  }
  expect_open(net);
  EXPECT_EQ(received_on(net.peer, stream_type::qpack_decoder), from_hex("40 44 48"));
  net.send_unidirectional(varint(stream_type::qpack_encoder) + two_inserts);
  EXPECT_EQ(net.self.count<fields_received>(), 0u);
  expect_open(net);
}

TEST(session_qpack, giving_up_a_request_is_told_to_the_encoder) {
  server_test net;
  const stream_id id = net.send_request(headers(post_request()), false);
  ASSERT_TRUE(net.self.state.cancel(net.self.transport, id, error_code::request_cancelled));
  net.settle();
  EXPECT_EQ(received_on(net.peer, stream_type::qpack_decoder), from_hex("40"));
}

TEST(session_qpack, what_is_too_large_is_given_up_and_the_rest_goes_on) {
  settings limits;
  limits.max_field_section_size = 1000;
  server_test net(limits);
  net.send_unidirectional(varint(stream_type::qpack_encoder) + two_inserts);
  bytes bomb = from_hex("0300");
  bomb.insert(bomb.end(), 100, 0x80);
  net.send_request(frame(frame_type::headers, bomb), false);
  expect_open(net);
  EXPECT_EQ(received_on(net.peer, stream_type::qpack_decoder), from_hex("02 40"));
  net.send_request(request_that_needs_two());
  EXPECT_EQ(net.self.count<fields_received>(), 1u);
}

// [rfc9204 2.2.3#1 2.2.3#2 4.2#4 4.4.3#1]
TEST(session_qpack, breaches_have_the_codes_of_the_rfc) {
  {
    server_test net;
    net.send_unidirectional(varint(stream_type::qpack_encoder) + from_hex("02"));
    expect_closed(net, error_code::qpack_encoder_stream_error);
  }
  {
    server_test net;
    net.send_unidirectional(varint(stream_type::qpack_decoder) + from_hex("01"));
    expect_closed(net, error_code::qpack_decoder_stream_error);
  }
  {
    server_test net;
    net.send_unidirectional(varint(stream_type::qpack_encoder) + two_inserts);
    net.send_request(frame(frame_type::headers, from_hex("0300 82")));
    expect_closed(net, error_code::qpack_decompression_failed);
  }
  for (const std::uint64_t type : {stream_type::qpack_encoder, stream_type::qpack_decoder}) {
    server_test net;
    net.send_unidirectional(varint(type), true);
    expect_closed(net, error_code::closed_critical_stream);
  }
}

// [rfc9204 4.2#5]
TEST(session_qpack, both_streams_may_come_where_there_is_nothing_to_say_on_them) {
  settings none;
  none.qpack_max_table_capacity = 0;
  none.qpack_blocked_streams = 0;
  none.qpack_encoder_table_capacity = 0;
  server_test net(none);
  const stream_id encoder = net.send_unidirectional(varint(stream_type::qpack_encoder) + from_hex("20"));
  const stream_id decoder = net.send_unidirectional(varint(stream_type::qpack_decoder));
  expect_open(net);
  EXPECT_FALSE(net.peer.received_stop(encoder));
  EXPECT_FALSE(net.peer.received_stop(decoder));
  net.send_request(headers(get_request()));
  EXPECT_EQ(net.self.count<fields_received>(), 1u);
}

TEST(session_qpack, a_peer_that_never_inserts_what_its_sections_need_costs_bounded_memory) {
  settings limits;
  limits.qpack_blocked_streams = 50;
  server_test net(limits);
  net.peer.bidirectional_limit = 1000;
  for (int i = 0; i < 50; ++i) net.send_request(request_that_needs_two(), false);
  expect_open(net);
  const qpack_table_statistics seen = net.self.state.statistics().qpack.decoder;
  EXPECT_EQ(seen.outstanding, 50u);
  EXPECT_LE(seen.memory, 4096u);
  net.send_request(request_that_needs_two(), false);
  expect_closed(net, error_code::qpack_decompression_failed);
}

/// Insertions, duplicates, changes of the capacity and instructions that never end, in pieces.
TEST(session_qpack, a_flood_of_instructions_costs_bounded_memory) {
  settings limits;
  limits.qpack_max_table_capacity = 4096;
  for (const char* hex : {"43 782d61 01 31", "3fe11f", "00", "20", "40 00"}) {
    server_test net(limits);
    const stream_id encoder = net.send_unidirectional(varint(stream_type::qpack_encoder) + two_inserts);
    bytes flood;
    while (flood.size() < 64 * 1024) flood = flood + from_hex(hex);
    for (int i = 0; i < 30 && !net.self.closed_with(); ++i) net.send_more(encoder, flood);
    EXPECT_LE(net.self.state.statistics().qpack.decoder.memory, 32u * 1024) << hex;
    EXPECT_LE(net.self.state.statistics().qpack.decoder.size, 4096u);
  }
  server_test net(limits);
  const stream_id encoder =
      net.send_unidirectional(varint(stream_type::qpack_encoder) + from_hex("3fe11f 41 61 7f e11e"));
  for (int i = 0; i < 4000; ++i) net.send_more(encoder, from_hex("31"));
  EXPECT_LE(net.self.state.statistics().qpack.decoder.memory, 32u * 1024) << "a value of 4064 bytes";
}

TEST(session_qpack, a_peer_that_takes_no_acknowledgments_is_shut_out) {
  settings limits;
  limits.qpack_max_unsent_acknowledgments = 64;
  server_test net(limits);
  net.self.transport.send_buffer = 0;
  for (int i = 0; i < 200 && !net.self.closed_with(); ++i) {
    net.peer.bidirectional_limit = 1000;
    const stream_id id = net.send_request(headers(post_request()), false);
    net.peer.reset_stream(id, error_code::request_cancelled);
    net.settle();
  }
  expect_closed(net, error_code::excessive_load);
}

TEST(session_qpack, acknowledgments_that_lack_credit_do_not_wait_in_the_stream) {
  settings limits;
  limits.qpack_max_unsent_acknowledgments = 64;
  server_test net(limits);
  net.self.transport.send_credit = 0;
  for (int i = 0; i < 200 && !net.self.closed_with(); ++i) {
    net.peer.bidirectional_limit = 1000;
    const stream_id id = net.send_request(headers(post_request()), false);
    net.peer.reset_stream(id, error_code::request_cancelled);
    net.settle();
  }
  expect_closed(net, error_code::excessive_load);
}

// --- Our encoder, and a raw peer -----------------------------------------------------------------------------------

/// A client whose raw server allows a table.
struct table_test : talker_and_raw_peer {
  explicit table_test(settings limits = {}, std::uint64_t capacity = 4096, std::uint64_t blocked = 100)
      : talker_and_raw_peer(endpoint_role::client, limits) {
    open_control(settings_with_table(capacity, blocked));
    decoder = send_unidirectional(varint(stream_type::qpack_decoder));
  }

  bytes ask(const field_list& fields = long_request()) {
    const auto id = self.state.send_request(self.transport, fields, true);
    EXPECT_TRUE(id);
    settle();
    return id ? peer.received(*id) : bytes{};
  }

  stream_id decoder = 0;
};

TEST(session_qpack, inserts_only_once_the_peer_has_allowed_it) {
  talker_and_raw_peer net(endpoint_role::client);
  ASSERT_TRUE(net.self.state.send_request(net.self.transport, long_request(), true));
  net.settle();
  EXPECT_EQ(received_on(net.peer, stream_type::qpack_encoder), bytes{});
  net.open_control(settings_with_table(4096, 100));
  ASSERT_TRUE(net.self.state.send_request(net.self.transport, long_request(), true));
  net.settle();
  const bytes said = received_on(net.peer, stream_type::qpack_encoder);
  ASSERT_GT(said.size(), 3u);
  EXPECT_EQ(bytes(said.begin(), said.begin() + 3), from_hex("3fe11f"));
}

/// RFC 9204, section 3.2.3, and what is sent again when early data is rejected.
TEST(session_qpack, early_data_needs_no_table) {
  talker_and_raw_peer net(endpoint_role::client);
  peer_settings former;
  former.qpack_max_table_capacity = 4096;
  former.qpack_blocked_streams = 100;
  net.self.state.remember(former);
  ASSERT_TRUE(net.self.state.send_request(net.self.transport, long_request(), true));
  net.settle();
  EXPECT_EQ(received_on(net.peer, stream_type::qpack_encoder), bytes{});
}

TEST(session_qpack, a_remembered_table_must_stay_as_it_was) {
  for (const std::uint64_t capacity : {0u, 4095u, 4097u}) {
    talker_and_raw_peer net(endpoint_role::client);
    peer_settings former;
    former.qpack_max_table_capacity = 4096;
    net.self.state.remember(former);
    net.open_control(settings_with_table(capacity, 0));
    expect_closed(net, error_code::qpack_decoder_stream_error);
  }
}

/// RFC 9204, section 2.1.3.
TEST(session_qpack, without_credit_for_instructions_there_are_none_and_requests_go_on) {
  table_test net;
  net.self.transport.send_credit = 12;
  for (int i = 0; i < 5; ++i) EXPECT_EQ(net.ask(), headers(long_request()));
  EXPECT_EQ(received_on(net.peer, stream_type::qpack_encoder), bytes{});
  net.self.transport.send_credit = SIZE_MAX;
  EXPECT_LT(net.ask().size(), headers(long_request()).size());
}

// [rfc9204 4.4.1#1]
TEST(session_qpack, an_acknowledgment_of_nothing_ends_the_connection) {
  table_test net;
  net.ask();
  net.send_more(net.decoder, from_hex("80"));
  expect_open(net);
  net.send_more(net.decoder, from_hex("80"));
  expect_closed(net, error_code::qpack_decoder_stream_error);
}

// [rfc9204 2.1.2#1]
TEST(session_qpack, a_peer_that_never_acknowledges_gets_what_it_allowed_and_no_more) {
  table_test net({}, 4096, 2);
  net.self.transport.bidirectional_limit = 1000;
  std::size_t risky = 0;
  for (int i = 0; i < 50; ++i) {
    const bytes sent = net.ask();
    byte_reader frame(sent);
    (void)frame.read_varint();
    const auto encoded = frame.read_varint_prefixed();
    ASSERT_TRUE(encoded && !encoded->empty());
    if (encoded->front() != 0) ++risky;
  }
  EXPECT_GE(risky, 1u);
  EXPECT_LE(risky, 2u);
}

TEST(session_qpack, a_peer_that_never_acknowledges_costs_bounded_memory) {
  settings limits;
  limits.qpack_max_unacknowledged_sections = 64;
  table_test net(limits, 1 << 20, 1 << 20);
  net.self.transport.bidirectional_limit = 2000;
  for (int i = 0; i < 1500; ++i) net.ask(with(long_request(), "x-new", std::string(200, 'x') + std::to_string(i / 2)));
  const qpack_table_statistics seen = net.self.state.statistics().qpack.encoder;
  EXPECT_EQ(seen.outstanding, 64u);
  EXPECT_EQ(seen.capacity, limits.qpack_encoder_table_capacity);
  EXPECT_LE(seen.size, seen.capacity);
  EXPECT_LE(seen.memory, 160u * 1024);
}

// [rfc9204 3.2.3#1 4.3.1#1]
TEST(session_qpack, a_small_offer_is_kept_to) {
  table_test net({}, 200, 100);
  net.ask();
  const bytes said = received_on(net.peer, stream_type::qpack_encoder);
  ASSERT_GT(said.size(), 3u);
  EXPECT_EQ(bytes(said.begin(), said.begin() + 3), from_hex("3fa901"));
}

TEST(session_qpack, settings_decide_how_much_of_the_offer_is_used) {
  settings limits;
  limits.qpack_encoder_table_capacity = 100;
  table_test net(limits, 1 << 20, 100);
  net.ask();
  const bytes said = received_on(net.peer, stream_type::qpack_encoder);
  ASSERT_GT(said.size(), 2u);
  EXPECT_EQ(bytes(said.begin(), said.begin() + 2), from_hex("3f45"));
}

}  // namespace
}  // namespace quasio::http3
