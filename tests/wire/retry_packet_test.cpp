#include "wire/retry_packet.hpp"

#include <gtest/gtest.h>

#include "wire/hostile_input.hpp"
#include "wire/samples.hpp"

namespace quasio::wire {
namespace {

struct retry_sample {
  std::string_view packet;
  quic_version version;
  std::string_view tag;
};

const retry_sample retry_samples[] = {
    {samples::retry, quic_version::v1, "04a265ba2eff4d829058fb3f0f2496ba"},
    {samples::retry_v2, quic_version::v2, "c8646ce8bfe33952d955543665dcc7b6"},
};

TEST(retry_packet, is_read_from_the_samples_of_the_rfcs) {
  for (const auto& [packet, version, tag] : retry_samples) {
    const byte_vector datagram = from_hex(packet);
    const auto retry = parse_retry_packet(datagram);
    ASSERT_TRUE(retry);
    EXPECT_EQ(retry->version, version);
    EXPECT_TRUE(retry->destination.empty());
    EXPECT_EQ(retry->source.to_string(), "f067a5502a4262b5");
    EXPECT_EQ(as_text(retry->token), "token");
    EXPECT_EQ(to_hex(retry->integrity_tag), tag);
    EXPECT_EQ(to_hex(retry->body_without_tag) + std::string(tag), packet);
  }
}

TEST(retry_packet, is_written_as_the_samples_of_the_rfcs) {
  for (const auto& [packet, version, tag] : retry_samples) {
    const outgoing_retry retry{version, {}, connection_id(from_hex("f067a5502a4262b5")), as_bytes("token"), 0x0f};
    byte_vector buffer(retry_packet_size(retry));
    byte_writer out(buffer);
    encode_retry_body(out, retry);
    out.write_bytes(from_hex(tag));
    EXPECT_EQ(out.remaining(), 0u);
    EXPECT_FALSE(out.overflowed());
    EXPECT_EQ(to_hex(buffer), packet);
  }
}

TEST(retry_packet, sends_only_four_unused_bits) {
  outgoing_retry retry;
  retry.unused_bits = 0xf0;
  byte_vector buffer(100);
  byte_writer out(buffer);
  encode_retry_body(out, retry);
  EXPECT_EQ(buffer[0], 0xf0) << "long form, fixed bit and type of version 1";
}

// [rfc9000 17.2.5#1]
TEST(retry_packet, is_read_whatever_its_unused_bits_are) {
  for (const auto& sample : retry_samples) {
    byte_vector datagram = from_hex(sample.packet);
    for (unsigned bits = 0; bits < 0x10; ++bits) {
      datagram[0] = static_cast<std::uint8_t>((datagram[0] & 0xf0) | bits);
      EXPECT_TRUE(parse_retry_packet(datagram)) << bits;
    }
  }
}

// [rfc9000 17.2.5.2#4]
TEST(retry_packet, is_discarded_without_a_token) {
  const byte_vector datagram = from_hex("f0000000010008f067a5502a4262b504a265ba2eff4d829058fb3f0f2496ba");
  EXPECT_FALSE(parse_retry_packet(datagram));
}

TEST(retry_packet, is_not_read_from_another_type) {
  EXPECT_FALSE(parse_retry_packet(from_hex(samples::client_initial)));
  EXPECT_FALSE(parse_retry_packet(from_hex(samples::short_header_packet)));
}

TEST(retry_packet, stays_inside_any_datagram) {
  for_each_hostile_input(from_hex(samples::retry), [](const byte_vector& datagram) {
    const auto retry = parse_retry_packet(datagram, fixed_bit_rule::may_be_greased);
    if (!retry) return;
    EXPECT_FALSE(retry->token.empty());
    EXPECT_EQ(retry->integrity_tag.size(), retry_integrity_tag_size);
    EXPECT_EQ(retry->body_without_tag.size() + retry_integrity_tag_size, datagram.size());
    EXPECT_EQ(retry->token.data() + retry->token.size(), retry->integrity_tag.data());
  });
}

}  // namespace
}  // namespace quasio::wire
