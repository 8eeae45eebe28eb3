// Greasing the QUIC bit (RFC 9287) and transport parameters that mean nothing (RFC 9000, section 18.1).

#include <gtest/gtest.h>

#include "quic/connection_pair.hpp"
#include "quic/grease.hpp"

namespace quasio::test {
namespace {

using wire::first_byte::has_fixed_bit;
using wire::first_byte::is_long;

struct bit_counts {
  std::size_t set = 0;
  std::size_t cleared = 0;
};

/// What the short header packets that went to the server look like after the handshake, over some requests.
bit_counts short_headers(pair_options options) {
  connection_pair pair(std::move(options));
  bit_counts counts;
  pair.passes = [&](bytes& datagram, bool to_server) {
    if (is_long(datagram.front())) {
      EXPECT_TRUE(has_fixed_bit(datagram.front())) << "the handshake is spared";
    } else if (to_server) {
      ++(has_fixed_bit(datagram.front()) ? counts.set : counts.cleared);
    }
    return true;
  };
  pair.settle();
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(pair.exchange());
  EXPECT_EQ(pair.server->statistics().packets_dropped, 0u);
  return counts;
}

TEST(quic_bit, is_random_where_both_ends_agree) {
  const bit_counts counts = short_headers({});
  EXPECT_GT(counts.set, 20u);
  EXPECT_GT(counts.cleared, 20u);
}

TEST(quic_bit, stays_set_where_one_end_does_not_want_it) {
  EXPECT_EQ(short_headers({.client = {.grease_quic_bit = false}}).cleared, 0u);
  EXPECT_EQ(short_headers({.server = {.grease_quic_bit = false}}).cleared, 0u);
}

TEST(quic_bit, may_be_clear_in_every_kind_of_packet_once_that_was_said) {
  // A client with a token may do so from its first packet on (RFC 9287, section 3.1).
  duel fight(endpoint_role::server);
  const auto flight = fight.peer.flush();
  hostile_peer& peer = fight.peer;
  fight.send(peer.seal(space_id::initial, payload_of(wire::ping_frame{}), {.flipped_bits = 0x40, .padded_to = 1200}));
  ASSERT_TRUE(fight.connection);
  for (const bytes& datagram : flight) fight.send(datagram);
  fight.shake_hands();
  const auto received = fight.connection->statistics().packets_received;
  fight.send_payload(space_id::application_data, payload_of(wire::ping_frame{}), {.flipped_bits = 0x40});
  EXPECT_EQ(fight.connection->statistics().packets_received, received + 1);
}

TEST(quic_bit, that_is_clear_without_invitation_makes_a_packet_that_is_dropped) {
  const quic::settings strict{.grease_quic_bit = false};
  duel fight(endpoint_role::server, {.transport = strict});
  fight.send(
      fight.peer.seal(space_id::initial, payload_of(wire::ping_frame{}), {.flipped_bits = 0x40, .padded_to = 1200}));
  EXPECT_FALSE(fight.connection);
  fight.shake_hands();
  const auto received = fight.connection->statistics().packets_received;
  fight.send_payload(space_id::application_data, payload_of(wire::ping_frame{}), {.flipped_bits = 0x40});
  EXPECT_EQ(fight.connection->statistics().packets_received, received);
  EXPECT_FALSE(fight.connection->is_closed());
}

TEST(quic_bit, with_a_value_in_its_parameter_is_an_error) {
  duel_options options;
  options.encoded_parameters = bytes{0x6a, 0xb2, 0x01, 0x00};
  duel fight(endpoint_role::server, std::move(options));
  fight.settle();
  EXPECT_EQ(fight.verdict(), transport_error_code::transport_parameter_error);
}

TEST(reserved_parameter, has_a_random_name_and_size) {
  counting_random random;
  std::set<std::uint64_t> names;
  std::set<std::size_t> sizes;
  for (int i = 0; i < 300; ++i) {
    const quic::reserved_parameter grease(random);
    const auto parameter = grease.if_wanted({});
    ASSERT_TRUE(parameter);
    names.insert(parameter->n);
    sizes.insert(parameter->value.size());
    EXPECT_FALSE(grease.if_wanted({.grease = false}));
  }
  EXPECT_EQ(names.size(), 300u);
  EXPECT_EQ(sizes.size(), 17u) << "0 to 16 bytes";
}

}  // namespace
}  // namespace quasio::test
