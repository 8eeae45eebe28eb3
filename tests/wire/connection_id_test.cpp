#include "quasio/wire/connection_id.hpp"

#include <gtest/gtest.h>

#include "quasio/wire/stream_id.hpp"
#include "quasio/wire/version.hpp"
#include "wire/hex.hpp"

namespace quasio {
namespace {

// [rfc9000 17.2#2 17.2#4]
TEST(connection_id, holds_up_to_20_bytes) {
  EXPECT_TRUE(connection_id().empty());
  const auto bytes = wire::from_hex("000102030405060708090a0b0c0d0e0f10111213");
  const connection_id id(bytes);
  EXPECT_EQ(id.size(), max_connection_id_size);
  EXPECT_EQ(wire::to_vector(id.bytes()), bytes);
  EXPECT_EQ(id.to_string(), "000102030405060708090a0b0c0d0e0f10111213");
}

TEST(connection_id, differs_by_length_as_well_as_by_bytes) {
  EXPECT_EQ(connection_id(wire::from_hex("aabb")), connection_id(wire::from_hex("aabb")));
  EXPECT_NE(connection_id(wire::from_hex("aabb")), connection_id(wire::from_hex("aabc")));
  EXPECT_NE(connection_id(wire::from_hex("aa")), connection_id(wire::from_hex("aa00")));
}

// RFC 9000, table 1.
TEST(stream_id, says_initiator_and_direction_in_its_lowest_bits) {
  EXPECT_EQ(make_stream_id(0, endpoint_role::client, stream_direction::bidirectional), 0u);
  EXPECT_EQ(make_stream_id(0, endpoint_role::server, stream_direction::bidirectional), 1u);
  EXPECT_EQ(make_stream_id(0, endpoint_role::client, stream_direction::unidirectional), 2u);
  EXPECT_EQ(make_stream_id(0, endpoint_role::server, stream_direction::unidirectional), 3u);
  for (stream_id id = 40; id < 44; ++id) {
    EXPECT_EQ(make_stream_id(stream_index(id), stream_initiator(id), direction_of(id)), id);
  }
}

TEST(quic_version, knows_reserved_and_supported_ones) {
  EXPECT_TRUE(is_reserved_version(static_cast<quic_version>(0x1a2a3a4a)));
  EXPECT_FALSE(is_reserved_version(quic_version::v1));
  EXPECT_TRUE(is_supported_version(quic_version::v1));
  EXPECT_TRUE(is_supported_version(quic_version::v2));
  EXPECT_FALSE(is_supported_version(quic_version::negotiation));
}

}  // namespace
}  // namespace quasio
