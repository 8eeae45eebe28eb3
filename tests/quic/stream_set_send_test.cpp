#include <gtest/gtest.h>

#include "quic/stream_endpoint.hpp"

/// What streams send, in which order, and what becomes of it (RFC 9000, sections 4 and 13.3).
namespace quasio::quic {
namespace {

constexpr auto bidirectional = stream_direction::bidirectional;

std::vector<std::uint8_t> bytes(std::size_t count) { return std::vector<std::uint8_t>(count, 'x'); }

std::vector<stream_id> ids_in(const test_packet& packet) {
  std::vector<stream_id> ids;
  for (const auto& frame : frames_of<wire::stream_frame>(packet)) ids.push_back(frame.id);
  return ids;
}

/// A client whose peer has these limits.
struct sending_streams : testing::Test {
  explicit sending_streams(const settings& of_peer = {}) { client.streams.set_peer_parameters(parameters_of(of_peer)); }

  stream_id open_with(std::size_t count, bool fin = false) {
    const stream_id id = *client.streams.open(bidirectional);
    EXPECT_TRUE(client.streams.write_whole(id, bytes(count), fin));
    return id;
  }

  stream_endpoint client{endpoint_role::client};
};

using ids = std::vector<stream_id>;

TEST_F(sending_streams, have_nothing_to_say_at_first) {
  EXPECT_FALSE(client.streams.has_frames_to_send());
  EXPECT_TRUE(client.send().payload.empty());
  ASSERT_TRUE(client.streams.open(bidirectional));
  EXPECT_FALSE(client.streams.has_frames_to_send()) << "the peer learns of a stream with its first bytes";
}

TEST_F(sending_streams, fill_the_packet_without_a_length) {
  open_with(5000);
  const test_packet packet = client.send(1200);
  EXPECT_EQ(packet.payload.size(), 1200u);
  EXPECT_EQ(packet.payload[0], 0x08);
  ASSERT_EQ(packet.record.size(), 1u);
  EXPECT_EQ(packet.record[0].length, 1198u);
  const test_packet next = client.send(1200);
  EXPECT_EQ(next.payload[0], 0x0c) << "with an offset now";
  EXPECT_EQ(next.record[0].offset, 1198u);
}

TEST_F(sending_streams, write_the_length_when_something_may_follow) {
  open_with(5000);
  const test_packet packet = client.send(1200, false);
  EXPECT_EQ(packet.payload.size(), 1200u);
  EXPECT_EQ(packet.payload[0], 0x0a);
  EXPECT_EQ(packet.record[0].length, 1196u);
}

TEST_F(sending_streams, share_a_packet_when_they_are_short) {
  open_with(10, true);
  open_with(20, true);
  open_with(5000);
  const test_packet packet = client.send();
  EXPECT_EQ(packet.payload.size(), 1200u);
  EXPECT_EQ(ids_in(packet), (ids{0, 4, 8}));
}

// A frame whose data fits but for its Length field takes padding instead, and leaves no byte behind for the next
// packet.
TEST_F(sending_streams, leave_no_sliver_behind) {
  for (std::size_t count = 1190; count <= 1200; ++count) {
    const stream_id id = open_with(count, true);
    const test_packet packet = client.send(1200);
    const auto frames = frames_of<wire::stream_frame>(packet);
    ASSERT_EQ(frames.size(), 1u);
    const std::size_t room = 1200 - 1 - varint_size(id);
    EXPECT_EQ(frames[0].data.size(), std::min(count, room));
    EXPECT_EQ(frames[0].fin, count <= room);
    client.lose(packet);
    ASSERT_TRUE(client.streams.reset(id, 0));
    client.send();
  }
}

TEST_F(sending_streams, do_not_begin_a_frame_for_a_few_bytes) {
  open_with(5000);
  EXPECT_TRUE(client.send(20).payload.empty());
  EXPECT_TRUE(client.send(20, false).payload.empty());
  EXPECT_EQ(client.send(40).payload.size(), 40u);
}

TEST_F(sending_streams, go_by_urgency_and_id) {
  const stream_id a = open_with(3000);
  const stream_id b = open_with(3000);
  const stream_id urgent = open_with(100);
  ASSERT_TRUE(client.streams.set_priority(urgent, 0, false));
  EXPECT_EQ(ids_in(client.send()), (ids{urgent, a}));
  EXPECT_EQ(ids_in(client.send()), (ids{a}));
  EXPECT_EQ(ids_in(client.send()), (ids{a, b}));
  EXPECT_EQ(ids_in(client.send()), (ids{b}));
}

TEST_F(sending_streams, take_turns_when_incremental) {
  const stream_id a = open_with(5000);
  const stream_id b = open_with(5000);
  ASSERT_TRUE(client.streams.set_priority(a, 3, true));
  ASSERT_TRUE(client.streams.set_priority(b, 3, true));
  EXPECT_EQ(ids_in(client.send()), (ids{a}));
  EXPECT_EQ(ids_in(client.send()), (ids{b}));
  EXPECT_EQ(ids_in(client.send()), (ids{a}));
}

TEST_F(sending_streams, treat_urgencies_beyond_seven_as_seven) {
  const stream_id a = open_with(100);
  const stream_id b = open_with(100);
  ASSERT_TRUE(client.streams.set_priority(a, 255, false));
  ASSERT_TRUE(client.streams.set_priority(b, 6, false));
  EXPECT_EQ(ids_in(client.send()), (ids{b, a}));
}

TEST_F(sending_streams, send_lost_data_first) {
  open_with(1000);
  const test_packet lost = client.send();
  const stream_id b = open_with(1000);
  client.lose(lost);
  EXPECT_EQ(ids_in(client.send()), (ids{0, b}));
  EXPECT_EQ(client.streams.counters().bytes_resent, 1000u);
}

TEST_F(sending_streams, send_urgent_new_data_before_lost_data_of_others) {
  open_with(1000);
  const test_packet lost = client.send();
  const stream_id urgent = open_with(1000);
  ASSERT_TRUE(client.streams.set_priority(urgent, 0, false));
  client.lose(lost);
  EXPECT_EQ(ids_in(client.send()), (ids{urgent, 0}));
}

TEST_F(sending_streams, cut_lost_data_to_the_packet_they_get) {
  open_with(1000, true);
  const test_packet lost = client.send();
  client.lose(lost);
  std::uint64_t next = 0;
  while (client.streams.has_frames_to_send()) {
    const test_packet packet = client.send(300);
    ASSERT_EQ(packet.record.size(), 1u);
    EXPECT_EQ(packet.record[0].offset, next);
    next += packet.record[0].length;
    EXPECT_EQ(packet.record[0].fin, next == 1000);
  }
  EXPECT_EQ(next, 1000u);
}

struct streams_with_little_credit : sending_streams {
  streams_with_little_credit() : sending_streams(limits()) {}
  static settings limits() {
    settings own;
    own.initial_stream_window = 1000;
    own.initial_connection_window = 1500;
    return own;
  }
};

TEST_F(streams_with_little_credit, do_not_block_one_another) {
  const stream_id a = open_with(2000);
  const stream_id b = open_with(300);
  const test_packet packet = client.send(4000);
  const auto frames = frames_of<wire::stream_frame>(packet);
  ASSERT_EQ(frames.size(), 2u);
  EXPECT_EQ(frames[0].id, a);
  EXPECT_EQ(frames[0].data.size(), 1000u);
  EXPECT_EQ(frames[1].id, b);
  const auto blocked = frames_of<wire::stream_data_blocked_frame>(packet);
  ASSERT_EQ(blocked.size(), 1u);
  EXPECT_EQ(blocked[0].id, a);
  EXPECT_EQ(blocked[0].limit, 1000u);
  EXPECT_FALSE(client.streams.has_frames_to_send()) << "said once a limit";
}

// [rfc9000 2.2#3]
TEST_F(streams_with_little_credit, go_on_when_they_get_more) {
  const stream_id id = open_with(2000);
  client.send(4000);
  ASSERT_TRUE(client.receive(wire::max_stream_data_frame{id, 1100}));
  EXPECT_EQ(frames_of<wire::stream_frame>(client.send()).at(0).data.size(), 100u);
}

// [rfc9000 4.1#1 19.9#1]
TEST_F(streams_with_little_credit, park_new_data_but_neither_repairs_nor_ends_when_the_connection_is_blocked) {
  const stream_id a = open_with(1000);
  const stream_id b = open_with(1000);
  const test_packet packet = client.send(4000);
  EXPECT_EQ(frames_of<wire::stream_frame>(packet).at(1).data.size(), 500u);
  const auto blocked = frames_of<wire::data_blocked_frame>(packet);
  ASSERT_EQ(blocked.size(), 1u);
  EXPECT_EQ(blocked[0].limit, 1500u);
  EXPECT_FALSE(client.streams.has_frames_to_send());

  ASSERT_TRUE(client.streams.write(a, {}, true));
  client.streams.on_lost(packet.record.at(1));
  ASSERT_TRUE(client.streams.has_frames_to_send());
  const test_packet repair = client.send(4000);
  const auto frames = frames_of<wire::stream_frame>(repair);
  ASSERT_EQ(frames.size(), 2u);
  EXPECT_TRUE(frames[0].fin);
  EXPECT_EQ(frames[1].id, b);
  EXPECT_EQ(frames[1].data.size(), 500u);
  EXPECT_FALSE(client.streams.has_frames_to_send());

  ASSERT_TRUE(client.receive(wire::max_data_frame{1600}));
  EXPECT_EQ(frames_of<wire::stream_frame>(client.send()).at(0).data.size(), 100u);
}

TEST_F(streams_with_little_credit, say_again_that_they_are_blocked_only_while_they_are) {
  const stream_id id = open_with(2000);
  const test_packet packet = client.send(4000);
  client.lose(packet);
  EXPECT_EQ(frames_of<wire::stream_data_blocked_frame>(client.send(4000)).size(), 1u);
  ASSERT_TRUE(client.receive(wire::max_stream_data_frame{id, 1400}));
  client.lose(packet);
  EXPECT_TRUE(frames_of<wire::stream_data_blocked_frame>(client.send(4000)).size() == 1u) << "blocked at 1400 now";
  ASSERT_TRUE(client.receive(wire::max_stream_data_frame{id, 2000}));
  client.lose(packet);
  ASSERT_TRUE(client.receive(wire::max_data_frame{5000}));
  EXPECT_TRUE(frames_of<wire::stream_data_blocked_frame>(client.send(4000)).empty());
}

// [rfc9000 3.3#1 13.3#1]
TEST_F(sending_streams, repeat_a_lost_reset_until_it_is_acknowledged) {
  const stream_id id = open_with(100);
  client.send();
  ASSERT_TRUE(client.streams.reset(id, 5));
  const test_packet first = client.send();
  client.lose(first);
  const test_packet second = client.send();
  const auto frames = frames_of<wire::reset_stream_frame>(second);
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(frames[0].error_code, 5u);
  EXPECT_EQ(frames[0].final_size, 100u);
  client.acknowledge(second);
  client.lose(first);
  EXPECT_FALSE(client.streams.has_frames_to_send());
}

TEST_F(sending_streams, repeat_a_lost_request_to_stop_only_while_the_peer_sends) {
  const stream_id id = *client.streams.open(bidirectional);
  ASSERT_TRUE(client.streams.stop_sending(id, 5));
  const test_packet first = client.send();
  ASSERT_EQ(frames_of<wire::stop_sending_frame>(first).size(), 1u);
  client.lose(first);
  EXPECT_EQ(frames_of<wire::stop_sending_frame>(client.send()).size(), 1u);
  ASSERT_TRUE(client.receive(wire::reset_stream_frame{id, 5, 0}));
  client.lose(first);
  EXPECT_FALSE(client.streams.has_frames_to_send());
}

TEST_F(sending_streams, announce_the_present_limits_when_an_announcement_is_lost) {
  settings own;
  own.initial_stream_window = own.max_stream_window = 1000;
  own.initial_connection_window = own.max_connection_window = 1500;
  stream_endpoint server(endpoint_role::server, own);
  ASSERT_TRUE(server.receive_stream(0, 0, std::string(1000, 'x')));
  EXPECT_EQ(server.read(0).size(), 1000u);
  const test_packet first = server.send();
  EXPECT_EQ(frames_of<wire::max_stream_data_frame>(first).at(0).maximum, 2000u);
  EXPECT_EQ(frames_of<wire::max_data_frame>(first).at(0).maximum, 2500u);
  ASSERT_TRUE(server.receive_stream(0, 1000, std::string(100, 'x')));
  EXPECT_EQ(server.read(0).size(), 100u);
  EXPECT_FALSE(server.streams.has_frames_to_send());
  server.lose(first);
  const test_packet second = server.send();
  EXPECT_EQ(frames_of<wire::max_stream_data_frame>(second).at(0).maximum, 2100u);
  EXPECT_EQ(frames_of<wire::max_data_frame>(second).at(0).maximum, 2600u);
  server.lose(first);
  EXPECT_FALSE(server.streams.has_frames_to_send()) << "a newer one is on its way";

  server.lose(second);
  ASSERT_TRUE(server.receive_stream(0, 1100, "", true));
  const test_packet third = server.send();
  EXPECT_TRUE(frames_of<wire::max_stream_data_frame>(third).empty()) << "the size is known (section 3.2)";
  EXPECT_EQ(frames_of<wire::max_data_frame>(third).size(), 1u);
}

TEST_F(sending_streams, offer_no_more_credit_once_they_ask_the_peer_to_stop) {
  settings own;
  own.initial_stream_window = 1000;
  stream_endpoint server(endpoint_role::server, own);
  ASSERT_TRUE(server.receive_stream(0, 0, std::string(600, 'x')));
  server.read(0);
  ASSERT_TRUE(server.streams.stop_sending(0, 1));
  const test_packet packet = server.send();
  EXPECT_EQ(frames_of<wire::stop_sending_frame>(packet).size(), 1u);
  EXPECT_TRUE(frames_of<wire::max_stream_data_frame>(packet).empty());
}

TEST_F(sending_streams, raise_the_connections_window_with_that_of_a_busy_stream) {
  settings own;
  own.initial_stream_window = 1000;
  own.initial_connection_window = 1500;
  stream_endpoint server(endpoint_role::server, own);
  ASSERT_TRUE(server.receive_stream(0, 0, std::string(500, 'x')));
  server.read(0);
  const test_packet packet = server.send();
  EXPECT_EQ(frames_of<wire::max_stream_data_frame>(packet).at(0).maximum, 2500u);
  EXPECT_EQ(frames_of<wire::max_data_frame>(packet).at(0).maximum, 3500u);
}

TEST_F(sending_streams, wait_for_the_next_packet_with_frames_that_do_not_fit) {
  for (int i = 0; i < 50; ++i) {
    const stream_id id = *client.streams.open(bidirectional);
    ASSERT_TRUE(client.streams.reset(id, 1000));
  }
  std::size_t resets = 0;
  while (client.streams.has_frames_to_send()) {
    const test_packet packet = client.send(60);
    ASSERT_FALSE(packet.payload.empty());
    resets += frames_of<wire::reset_stream_frame>(packet).size();
    EXPECT_EQ(frames_in(packet).size(), packet.record.size());
  }
  EXPECT_EQ(resets, 50u);
}

TEST_F(sending_streams, ignore_the_fate_of_frames_of_others_and_of_closed_streams) {
  for (const auto kind : {sent_frame_kind::ack, sent_frame_kind::crypto, sent_frame_kind::new_connection_id,
                          sent_frame_kind::stream, sent_frame_kind::reset_stream, sent_frame_kind::max_stream_data}) {
    client.streams.on_acked({.kind = kind, .id = 77});
    client.streams.on_lost({.kind = kind, .id = 77});
  }
  EXPECT_FALSE(client.streams.has_frames_to_send());
}

}  // namespace
}  // namespace quasio::quic
