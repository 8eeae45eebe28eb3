#include "wire/frame_writer.hpp"

#include <gtest/gtest.h>

#include "wire/frame_reader.hpp"
#include "wire/sample_frames.hpp"

namespace quasio::wire {
namespace {

std::string compact(std::string_view hex) { return to_hex(from_hex(hex)); }

std::string encoded(const frame& value) {
  byte_vector buffer(encoded_size(value));
  byte_writer out(buffer);
  write(out, value);
  EXPECT_FALSE(out.overflowed()) << "encoded_size() is too small";
  EXPECT_EQ(out.remaining(), 0u) << "encoded_size() is too large";
  return to_hex(buffer);
}

// [rfc9000 12.4#5]
TEST(frame_writer, writes_every_frame_as_the_rfc_lays_it_out) {
  for (const sample_frame& sample : sample_frames()) EXPECT_EQ(encoded(sample.value), compact(sample.hex));
}

TEST(frame_writer, writes_what_reads_back_as_the_same_frame) {
  for (const sample_frame& sample : sample_frames()) {
    const byte_vector payload = from_hex(sample.hex);
    frame_reader in(payload);
    const auto read = in.next();
    ASSERT_TRUE(read) << sample.hex << ": " << read.error().reason;
    EXPECT_TRUE(in.done());
    EXPECT_EQ(read->index(), sample.value.index()) << sample.hex;
    EXPECT_EQ(encoded(*read), compact(sample.hex));
    EXPECT_EQ(static_cast<std::uint64_t>(type_of(*read)), in.last_type());
  }
}

TEST(frame_writer, never_writes_past_a_buffer_that_is_too_small) {
  for (const sample_frame& sample : sample_frames()) {
    for (std::size_t size = 0; size < encoded_size(sample.value); ++size) {
      byte_vector buffer(size);
      byte_writer out(buffer);
      write(out, sample.value);
      EXPECT_TRUE(out.overflowed()) << sample.hex;
    }
  }
}

TEST(frame_writer, has_the_largest_numbers_take_eight_bytes) {
  EXPECT_EQ(encoded(max_data_frame{varint_max}), "10ffffffffffffffff");
  EXPECT_EQ(encoded(reset_stream_frame{varint_max, varint_max, varint_max}),
            "04ffffffffffffffffffffffffffffffffffffffffffffffff");
}

}  // namespace
}  // namespace quasio::wire
