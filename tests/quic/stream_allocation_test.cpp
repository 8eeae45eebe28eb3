#include <gtest/gtest.h>

#include "quic/allocation_counter.hpp"
#include "quic/stream_endpoint.hpp"

/// That the paths of every packet take no memory once they have run for a while.
namespace quasio::quic {
namespace {

using test::allocations_so_far;

/// A client that sends and a server that receives, with memory for packets that is taken once.
struct steady_state : testing::Test {
  steady_state() {
    for (test_packet& packet : flying) {
      packet.payload.resize(1400);
      packet.record.reserve(64);
    }
  }

  test_packet& send(stream_endpoint& from) {
    test_packet& packet = flying[next++ % flying.size()];
    packet.payload.resize(1400);
    packet.record.clear();
    byte_writer writer(packet.payload);
    from.streams.write_frames(writer, packet.record, true);
    packet.payload.resize(writer.position());
    return packet;
  }

  void carry(stream_endpoint& from, stream_endpoint& to) {
    while (from.streams.has_frames_to_send()) {
      test_packet& packet = send(from);
      ASSERT_TRUE(to.receive(packet));
      from.acknowledge(packet);
    }
  }

  static void drain(stream_endpoint& reader, stream_id id) {
    for (auto chunk = reader.streams.peek(id); chunk; chunk = reader.streams.peek(id)) {
      if (chunk->bytes.empty() && !chunk->fin) return;
      const bool is_end = chunk->fin;
      (void)reader.streams.consume(id, chunk->bytes.size(), reader.now, reader.rtt);
      if (is_end) return;
    }
  }

  static void forget_events(stream_endpoint& endpoint) {
    while (endpoint.events.pop()) {
    }
  }

  stream_pair pair;
  std::vector<test_packet> flying = std::vector<test_packet>(64);
  std::size_t next = 0;
};

TEST_F(steady_state, of_a_bulk_transfer_allocates_nothing) {
  const stream_id id = *pair.client.streams.open(stream_direction::unidirectional);
  const std::vector<std::uint8_t> data(64 * 1024);
  test_packet outstanding;
  outstanding.record.reserve(64);
  std::size_t before = 0;
  for (int round = 0; round < 2000; ++round) {
    if (round == 200) before = allocations_so_far();
    ASSERT_TRUE(pair.client.streams.write(id, data, false));
    // One packet stays unacknowledged, as some are in a transfer that never pauses.
    std::size_t packets = 0;
    std::array<test_packet*, 64> sent{};
    while (pair.client.streams.has_frames_to_send() && packets < sent.size()) sent[packets++] = &send(pair.client);
    // Two neighbours change places on the way, and the last one is lost at first.
    if (packets > 4) std::swap(sent[1], sent[2]);
    for (std::size_t i = 0; i + 1 < packets; ++i) ASSERT_TRUE(pair.server.receive(*sent[i]));
    drain(pair.server, id);
    pair.client.acknowledge(outstanding);
    for (std::size_t i = 1; i + 1 < packets; ++i) pair.client.acknowledge(*sent[i]);
    pair.client.lose(*sent[packets - 1]);
    outstanding.record = sent[0]->record;
    carry(pair.client, pair.server);
    drain(pair.server, id);
    carry(pair.server, pair.client);
    pair.client.now += std::chrono::milliseconds(1);
    pair.server.now += std::chrono::milliseconds(1);
    forget_events(pair.client);
    forget_events(pair.server);
  }
  // The queue of events is a deque, which takes a node for several events: one of its events comes a round.
  EXPECT_LE(allocations_so_far() - before, 1800u / 4);
}

TEST_F(steady_state, of_short_requests_allocates_less_than_once_a_stream) {
  const std::string request(100, 'q');
  const std::string response(1000, 'r');
  constexpr int rounds = 3000;
  std::size_t before = 0;
  for (int round = 0; round < rounds; ++round) {
    if (round == 300) before = allocations_so_far();
    const auto id = pair.client.streams.open(stream_direction::bidirectional);
    ASSERT_TRUE(id);
    ASSERT_TRUE(pair.client.streams.write_whole(*id, as_bytes(request), true));
    carry(pair.client, pair.server);
    drain(pair.server, *id);
    ASSERT_TRUE(pair.server.streams.write_whole(*id, as_bytes(response), true));
    carry(pair.server, pair.client);
    drain(pair.client, *id);
    carry(pair.client, pair.server);
    forget_events(pair.client);
    forget_events(pair.server);
  }
  // Five events a request, on deques whose nodes hold several.
  EXPECT_LE(allocations_so_far() - before, (rounds - 300u) * 5 / 4);
}

}  // namespace
}  // namespace quasio::quic
