#include "wire/data_frame_header.hpp"

#include <gtest/gtest.h>

#include "wire/frame_reader.hpp"
#include "wire/hex.hpp"

namespace quasio::wire {
namespace {

TEST(stream_frame_header, is_read_back_in_every_form) {
  const byte_vector data = from_hex("a1b2c3");
  for (const std::uint64_t offset : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{70000}, varint_max - 3}) {
    for (const stream_id id : {stream_id{0}, stream_id{400}, varint_max}) {
      for (const bool fin : {false, true}) {
        for (const bool has_length : {false, true}) {
          byte_vector buffer(40);
          byte_writer out(buffer);
          write_stream_frame_header(out, id, offset, data.size(), fin, has_length);
          EXPECT_EQ(out.position(), stream_frame_header_size(id, offset, data.size(), has_length));
          out.write_bytes(data);
          frame_reader in(out.written());
          const auto read = in.next();
          ASSERT_TRUE(read);
          const auto& stream = std::get<stream_frame>(*read);
          EXPECT_EQ(stream.id, id);
          EXPECT_EQ(stream.offset, offset);
          EXPECT_EQ(stream.fin, fin);
          EXPECT_EQ(to_vector(stream.data), data);
          EXPECT_TRUE(in.done());
        }
      }
    }
  }
}

TEST(crypto_frame_header, is_read_back) {
  const byte_vector data = from_hex("a1b2c3");
  byte_vector buffer(40);
  byte_writer out(buffer);
  write_crypto_frame_header(out, 5000, data.size());
  EXPECT_EQ(out.position(), crypto_frame_header_size(5000, data.size()));
  out.write_bytes(data);
  const auto read = frame_reader(out.written()).next();
  ASSERT_TRUE(read);
  EXPECT_EQ(std::get<crypto_frame>(*read).offset, 5000u);
  EXPECT_EQ(to_vector(std::get<crypto_frame>(*read).data), data);
}

TEST(datagram_frame_header, is_read_back_in_both_forms) {
  const byte_vector data = from_hex("a1b2c3");
  for (const bool has_length : {false, true}) {
    byte_vector buffer(40);
    byte_writer out(buffer);
    write_datagram_frame_header(out, data.size(), has_length);
    EXPECT_EQ(out.position(), datagram_frame_header_size(data.size(), has_length));
    out.write_bytes(data);
    const auto read = frame_reader(out.written()).next();
    ASSERT_TRUE(read);
    EXPECT_EQ(to_vector(std::get<datagram_frame>(*read).data), data);
  }
}

// What fits is the largest length whose frame is no larger than the space.
TEST(data_frame_capacity, is_exact_for_every_space) {
  for (std::size_t space = 0; space < 17000; space += space < 200 ? 1 : 61) {
    const auto stream = stream_frame_capacity(space, 400, 70000, true);
    const std::size_t least_stream = stream_frame_header_size(400, 70000, 0, true);
    ASSERT_EQ(stream.has_value(), space >= least_stream) << space;
    if (stream) {
      EXPECT_LE(stream_frame_header_size(400, 70000, *stream, true) + *stream, space);
      EXPECT_GT(stream_frame_header_size(400, 70000, *stream + 1, true) + *stream + 1, space);
    }
    const auto crypto = crypto_frame_capacity(space, 300);
    ASSERT_EQ(crypto.has_value(), space >= crypto_frame_header_size(300, 0)) << space;
    if (crypto) {
      EXPECT_LE(crypto_frame_header_size(300, *crypto) + *crypto, space);
      EXPECT_GT(crypto_frame_header_size(300, *crypto + 1) + *crypto + 1, space);
    }
    const auto datagram = datagram_frame_capacity(space, true);
    ASSERT_EQ(datagram.has_value(), space >= 2) << space;
    if (datagram) {
      EXPECT_LE(datagram_frame_header_size(*datagram, true) + *datagram, space);
      EXPECT_GT(datagram_frame_header_size(*datagram + 1, true) + *datagram + 1, space);
    }
  }
}

TEST(data_frame_capacity, is_all_that_is_left_when_no_length_is_written) {
  EXPECT_EQ(stream_frame_capacity(1000, 4, 0, false), 998u);
  EXPECT_EQ(stream_frame_capacity(2, 4, 0, false), 0u);
  EXPECT_EQ(stream_frame_capacity(1, 4, 0, false), std::nullopt);
  EXPECT_EQ(datagram_frame_capacity(1000, false), 999u);
  EXPECT_EQ(datagram_frame_capacity(0, false), std::nullopt);
}

}  // namespace
}  // namespace quasio::wire
