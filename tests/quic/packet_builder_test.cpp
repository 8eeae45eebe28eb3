// Packets under construction: their sizes, and what becomes of those that are given up.

#include "quic/packet_builder.hpp"

#include <gtest/gtest.h>

#include "quic/connection_state.hpp"
#include "quic/hostile_peer.hpp"

namespace quasio::quic {
namespace {

using test::bytes;

connection_id id_of(std::uint8_t fill) {
  const bytes content(8, fill);
  return connection_id(content);
}

/// A client's state with keys for Initial and 1-RTT packets.
struct builder_test : testing::Test {
  test::counting_random random;
  connection_state state{{.role = endpoint_role::client,
                          .version = quic_version::v1,
                          .transport = {},
                          .path = {},
                          .local_id = id_of(1),
                          .peer_id = id_of(2),
                          .original_destination = id_of(2),
                          .retry_source = std::nullopt,
                          .reset_token_key = {},
                          .connection_ids = std::make_shared<random_connection_ids>(),
                          .now = time_point(std::chrono::seconds(1000))},
                         random};
  bytes room = bytes(1200, 0xee);

  builder_test() {
    state.tls.derive_initial_keys(id_of(2));
    state.keys.application_write.emplace(crypto::traffic_secret(std::size_t{32}), crypto::aead_algorithm::aes_128_gcm,
                                         crypto::key_labels::v1);
  }
};

using packet_builder_of = builder_test;

TEST_F(packet_builder_of, initial_packets_says_beforehand_how_large_it_will_be) {
  for (const std::size_t payload : {0u, 1u, 2u, 3u, 4u, 17u, 500u}) {
    packet_builder packet(state, state.space(space_id::initial), state.paths.active(), room);
    ASSERT_TRUE(packet.ok());
    EXPECT_TRUE(packet.is_empty());
    packet.frames().write_zeros(payload);
    EXPECT_EQ(packet.is_empty(), payload == 0);
    const std::size_t announced = packet.sealed_size();
    const byte_span sealed = packet.seal(state);
    EXPECT_EQ(sealed.size(), announced);
    const auto header = wire::parse_packet_header(sealed, 8);
    ASSERT_TRUE(header);
    EXPECT_EQ(header->size, sealed.size()) << "the Length field covers all";
    EXPECT_TRUE(header->has_sample());
  }
}

TEST_F(packet_builder_of, short_headers_is_always_long_enough_for_a_sample) {
  for (const std::size_t payload : {0u, 1u, 2u, 3u, 4u, 100u}) {
    packet_builder packet(state, state.application(), state.paths.active(), room);
    ASSERT_TRUE(packet.ok());
    packet.frames().write_zeros(payload);
    const std::size_t announced = packet.sealed_size();
    const byte_span sealed = packet.seal(state);
    EXPECT_EQ(sealed.size(), announced);
    EXPECT_GE(sealed.size(), 1u + 8u + wire::header_protection_sample_end);
  }
}

TEST_F(packet_builder_of, any_room_never_writes_beyond_it) {
  for (std::size_t size = 0; size < 200; ++size) {
    for (packet_space* space : {&state.space(space_id::initial), &state.application()}) {
      bytes exact(size);
      packet_builder packet(state, *space, state.paths.active(), exact);
      if (!packet.ok()) continue;
      packet.frames().write_zeros(packet.frames().remaining());
      EXPECT_FALSE(packet.frames().overflowed());
      EXPECT_EQ(packet.seal(state).size(), size);
    }
  }
}

TEST_F(packet_builder_of, padding_reaches_the_size_and_never_shrinks) {
  packet_builder packet(state, state.space(space_id::initial), state.paths.active(), room);
  packet.frames().write_zeros(10);
  packet.pad_to(5);
  EXPECT_FALSE(packet.is_padded());
  packet.pad_to(700);
  EXPECT_TRUE(packet.is_padded());
  EXPECT_EQ(packet.sealed_size(), 700u);
  packet.pad_to(600);
  EXPECT_EQ(packet.sealed_size(), 700u);
  packet.pad_to(5000);
  EXPECT_EQ(packet.seal(state).size(), 1200u);
}

// [rfc9000 12.4#1]
TEST_F(packet_builder_of, nothing_leaves_no_trace_when_it_is_given_up) {
  packet_space& space = state.application();
  packet_builder packet(state, space, state.paths.active(), room);
  packet.frames().write_zeros(10);
  space.sent.draft().push_back({.kind = sent_frame_kind::handshake_done});
  const std::size_t remaining = packet.frames().remaining();
  packet.give_up();
  EXPECT_TRUE(packet.is_empty());
  EXPECT_EQ(packet.frames().remaining(), remaining + 10);
  EXPECT_TRUE(space.sent.draft().empty());
}

TEST_F(packet_builder_of, a_token_that_fills_the_datagram_is_not_ok) {
  state.token.assign(1200, 0x33);
  EXPECT_FALSE(packet_builder(state, state.space(space_id::initial), state.paths.active(), room).ok());
}

TEST_F(packet_builder_of, application_packets_leaves_numbers_out) {
  std::size_t skipped = 0;
  std::uint64_t expected = 0;
  for (int i = 0; i < 10'000; ++i) {
    const std::uint64_t number = state.next_packet_number(state.application());
    skipped += number - expected;
    state.application().sent.append({.packet_number = number, .time_sent = state.now});
    expected = number + 1;
  }
  EXPECT_GE(skipped, 7u);
  EXPECT_LE(skipped, 80u);
}

}  // namespace
}  // namespace quasio::quic
