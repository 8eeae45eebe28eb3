#include "quic/crypto_stream.hpp"

#include <gtest/gtest.h>

#include <string>

#include "quasio/quic/settings.hpp"
#include "wire/frame_reader.hpp"

namespace quasio::quic {
namespace {

std::string readable(const crypto_stream& stream) { return std::string(as_text(stream.readable())); }

/// What a packet of this size carries: the frames' data by offset.
std::vector<std::pair<std::uint64_t, std::string>> send(crypto_stream& stream, std::size_t size, sent_frames& record) {
  std::vector<std::uint8_t> packet(size);
  byte_writer out(packet);
  stream.write_frames(out, record);
  std::vector<std::pair<std::uint64_t, std::string>> sent;
  if (out.position() == 0) return sent;
  wire::frame_reader reader(out.written());
  while (!reader.done()) {
    const auto frame = reader.next();
    const auto& crypto = std::get<wire::crypto_frame>(*frame);
    sent.emplace_back(crypto.offset, as_text(crypto.data));
  }
  return sent;
}

sent_frame frame_of(std::uint64_t offset, std::uint32_t length) {
  return {.kind = sent_frame_kind::crypto, .length = length, .offset = offset};
}

TEST(crypto_stream, puts_what_comes_out_of_order_in_order) {
  crypto_stream stream(4096);
  ASSERT_TRUE(stream.receive(3, as_bytes("def")));
  EXPECT_EQ(readable(stream), "");
  ASSERT_TRUE(stream.receive(0, as_bytes("abc")));
  EXPECT_EQ(readable(stream), "abcdef");
  stream.consume(2);
  EXPECT_EQ(readable(stream), "cdef");
  stream.consume(4);
  EXPECT_EQ(readable(stream), "");
}

// [rfc9000 7.5#1]
TEST(crypto_stream, holds_4096_bytes_out_of_order_by_default) {
  crypto_stream stream(settings().crypto_buffer_size);
  const std::string text(4096, 'x');
  ASSERT_TRUE(stream.receive(1, as_bytes(text)));
  EXPECT_EQ(readable(stream), "");
  ASSERT_TRUE(stream.receive(0, as_bytes("y")));
  EXPECT_EQ(readable(stream), 'y' + text);
}

TEST(crypto_stream, takes_overlaps_and_repetitions) {
  crypto_stream stream(4096);
  ASSERT_TRUE(stream.receive(0, as_bytes("abcd")));
  ASSERT_TRUE(stream.receive(2, as_bytes("cdef")));
  ASSERT_TRUE(stream.receive(0, as_bytes("ab")));
  EXPECT_EQ(readable(stream), "abcdef");
  stream.consume(5);
  ASSERT_TRUE(stream.receive(0, as_bytes("abcdefgh")));
  EXPECT_EQ(readable(stream), "fgh");
  ASSERT_TRUE(stream.receive(0, as_bytes("abc")));
  EXPECT_EQ(readable(stream), "fgh");
}

TEST(crypto_stream, takes_no_bytes_at_all) {
  crypto_stream stream(16);
  ASSERT_TRUE(stream.receive(0, {}));
  ASSERT_TRUE(stream.receive(16, {}));
  EXPECT_EQ(readable(stream), "");
}

TEST(crypto_stream, refuses_what_is_beyond_its_buffer) {
  crypto_stream stream(16);
  ASSERT_TRUE(stream.receive(8, as_bytes("12345678")));
  const auto refused = stream.receive(9, as_bytes("12345678"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, transport_error_code::crypto_buffer_exceeded);
  EXPECT_FALSE(stream.receive((std::uint64_t{1} << 62) - 9, as_bytes("12345678")));
}

TEST(crypto_stream, counts_its_buffer_from_what_was_read) {
  crypto_stream stream(16);
  for (std::uint64_t offset = 0; offset < 1600; offset += 16) {
    ASSERT_TRUE(stream.receive(offset, as_bytes("0123456789abcdef")));
    ASSERT_EQ(stream.readable().size(), 16u);
    stream.consume(16);
  }
}

TEST(crypto_stream, refuses_what_is_scattered) {
  crypto_stream stream(64 * 1024);
  std::uint64_t pieces = 0;
  while (pieces < 10'000 && stream.receive(2 * pieces + 1, as_bytes("x"))) ++pieces;
  EXPECT_GE(pieces, 32u);
  EXPECT_LE(pieces, 128u);
}

TEST(crypto_stream, cuts_what_it_sends_to_the_packets) {
  crypto_stream stream(4096);
  stream.write(as_bytes(std::string(100, 'a')));
  stream.write(as_bytes(std::string(100, 'b')));
  sent_frames record;
  std::string all;
  while (stream.has_data_to_send()) {
    for (const auto& [offset, data] : send(stream, 40, record)) {
      EXPECT_EQ(offset, all.size());
      all += data;
    }
  }
  EXPECT_EQ(all, std::string(100, 'a') + std::string(100, 'b'));
}

// [rfc9001 4#1]
TEST(crypto_stream, sends_again_what_was_lost_and_not_what_arrived) {
  crypto_stream stream(4096);
  stream.write(as_bytes("0123456789"));
  sent_frames record;
  send(stream, 100, record);
  stream.on_acked(frame_of(2, 3));
  stream.on_lost(frame_of(0, 10));
  const auto again = send(stream, 100, record);
  const std::vector<std::pair<std::uint64_t, std::string>> expected{{0, "01"}, {5, "56789"}};
  EXPECT_EQ(again, expected);
}

TEST(crypto_stream, survives_acknowledgments_of_two_cuts_of_the_same_data) {
  crypto_stream stream(4096);
  stream.write(as_bytes(std::string(300, 'x')));
  sent_frames record;
  send(stream, 400, record);
  stream.on_lost(frame_of(0, 300));
  send(stream, 210, record);  // Sent again, in two portions.
  send(stream, 210, record);
  stream.on_acked(frame_of(0, 300));
  stream.on_acked(frame_of(0, 200));
  stream.on_acked(frame_of(200, 100));
  stream.write(as_bytes("more"));
  const auto sent = send(stream, 100, record);
  const std::vector<std::pair<std::uint64_t, std::string>> expected{{300, "more"}};
  EXPECT_EQ(sent, expected);
}

TEST(crypto_stream, sends_everything_again_after_a_retry) {
  crypto_stream stream(4096);
  stream.write(as_bytes("hello"));
  sent_frames record;
  send(stream, 100, record);
  EXPECT_FALSE(stream.has_data_to_send());
  stream.resend_unacknowledged();
  const auto sent = send(stream, 100, record);
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].second, "hello");
}

}  // namespace
}  // namespace quasio::quic
