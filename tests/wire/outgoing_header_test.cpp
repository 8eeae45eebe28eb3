#include "wire/outgoing_header.hpp"

#include <gtest/gtest.h>

#include "wire/hex.hpp"
#include "wire/packet_header.hpp"
#include "wire/packet_number.hpp"

namespace quasio::wire {
namespace {

connection_id id(std::string_view hex) { return connection_id(from_hex(hex)); }

std::string encoded(const outgoing_long_header& header, std::uint64_t length) {
  byte_vector buffer(100);
  byte_writer out(buffer);
  const std::size_t position = encode_long_header(out, header);
  set_length(out.written(), position, length);
  EXPECT_FALSE(out.overflowed());
  EXPECT_EQ(out.position(), long_header_size(header));
  return to_hex(out.written());
}

// The unprotected headers of RFC 9001 and RFC 9369, sections A.2 and A.3.
// [rfc9000 17.2#6]
TEST(long_header, is_written_as_the_samples_of_the_rfcs) {
  outgoing_long_header client;
  client.destination = id("8394c8f03e515708");
  client.number = 2;
  client.number_length = 4;
  EXPECT_EQ(encoded(client, 1182), "c300000001088394c8f03e5157080000449e00000002");
  client.version = quic_version::v2;
  EXPECT_EQ(encoded(client, 1182), "d36b3343cf088394c8f03e5157080000449e00000002");

  outgoing_long_header server;
  server.source = id("f067a5502a4262b5");
  server.number = 1;
  server.number_length = 2;
  EXPECT_EQ(encoded(server, 117), "c1000000010008f067a5502a4262b50040750001");
  server.version = quic_version::v2;
  EXPECT_EQ(encoded(server, 117), "d16b3343cf0008f067a5502a4262b50040750001");
}

TEST(long_header, is_read_back_with_every_type_version_and_length) {
  const byte_vector token = from_hex("aabbccddee");
  for (const quic_version version : {quic_version::v1, quic_version::v2}) {
    for (const packet_type type : {packet_type::initial, packet_type::zero_rtt, packet_type::handshake}) {
      for (std::size_t number_length = 1; number_length <= 4; ++number_length) {
        const outgoing_long_header header{type,  version,      id("0102030405"), id("a1a2"),
                                          token, 0x1122334455, number_length};
        byte_vector packet(200, 0);
        byte_writer out(packet);
        const std::size_t position = encode_long_header(out, header);
        set_length(packet, position, packet.size() - position - length_field_size);
        const auto read = parse_packet_header(packet, 0);
        ASSERT_TRUE(read);
        EXPECT_EQ(read->type, type);
        EXPECT_EQ(read->version, version);
        EXPECT_EQ(read->destination, header.destination);
        EXPECT_EQ(read->source, header.source);
        EXPECT_EQ(to_hex(read->token), type == packet_type::initial ? "aabbccddee" : "");
        EXPECT_EQ(read->size, packet.size());
        EXPECT_EQ(read->packet_number_offset, position + length_field_size);
        EXPECT_EQ(first_byte::packet_number_length(packet[0]), number_length);
        EXPECT_FALSE(first_byte::has_reserved_bits(packet[0]));
        const byte_view field = byte_view(packet).subspan(read->packet_number_offset, number_length);
        EXPECT_EQ(truncated_packet_number(field), 0x1122334455u & ((std::uint64_t{1} << (8 * number_length)) - 1));
      }
    }
  }
}

TEST(long_header, counts_the_length_position_from_its_own_first_byte) {
  byte_vector datagram(100);
  byte_writer out(datagram);
  outgoing_long_header header;
  header.type = packet_type::handshake;
  const std::size_t alone = encode_long_header(out, header);
  EXPECT_EQ(encode_long_header(out, header), alone) << "behind another packet";
}

TEST(long_header, does_not_write_past_a_buffer_that_is_too_small) {
  const outgoing_long_header header{packet_type::initial, quic_version::v1, id("01020304"), id("a1"), {}, 7, 2};
  for (std::size_t size = 0; size < long_header_size(header); ++size) {
    byte_vector buffer(size);
    byte_writer out(buffer);
    encode_long_header(out, header);
    EXPECT_TRUE(out.overflowed());
  }
}

// [rfc9000 17.3.1#2]
TEST(short_header, is_written_as_the_sample_of_the_rfc) {
  byte_vector buffer(10);
  byte_writer out(buffer);
  encode_short_header(out, connection_id(), false, false, 654360564, 3);
  EXPECT_EQ(to_hex(out.written()), "4200bff4");
  EXPECT_EQ(out.position(), short_header_size(0, 3));
}

TEST(short_header, carries_spin_and_key_phase) {
  for (const bool spin : {false, true}) {
    for (const bool key_phase : {false, true}) {
      byte_vector buffer(40);
      byte_writer out(buffer);
      encode_short_header(out, id("0102030405060708"), spin, key_phase, 0xabcd, 2);
      EXPECT_EQ(out.position(), short_header_size(8, 2));
      EXPECT_EQ(first_byte::spin(buffer[0]), spin);
      EXPECT_EQ(first_byte::key_phase(buffer[0]), key_phase);
      EXPECT_FALSE(first_byte::has_reserved_bits(buffer[0]));
      const auto read = parse_packet_header(buffer, 8);
      ASSERT_TRUE(read);
      EXPECT_EQ(read->type, packet_type::one_rtt);
      EXPECT_EQ(read->destination, id("0102030405060708"));
      EXPECT_EQ(read->packet_number_offset, 9u);
      EXPECT_EQ(read->size, buffer.size());
    }
  }
}

}  // namespace
}  // namespace quasio::wire
