#include "quasio/base/varint.hpp"

#include <array>
#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

#include "quasio/base/byte_reader.hpp"
#include "quasio/base/byte_writer.hpp"

namespace quasio {
namespace {

struct sample {
  std::vector<std::uint8_t> encoded;
  std::uint64_t value;
};

// RFC 9000, section A.1.
const std::array<sample, 5> rfc_samples{{
    {{0xc2, 0x19, 0x7c, 0x5e, 0xff, 0x14, 0xe8, 0x8c}, 151'288'809'941'952'652},
    {{0x9d, 0x7f, 0x3e, 0x7d}, 494'878'333},
    {{0x7b, 0xbd}, 15'293},
    {{0x25}, 37},
    {{0x40, 0x25}, 37},
}};

std::vector<std::uint8_t> encoded(std::uint64_t value) {
  std::array<std::uint8_t, 8> buffer{};
  byte_writer out(buffer);
  out.write_varint(value);
  return {out.written().begin(), out.written().end()};
}

TEST(varint, reads_the_samples_of_the_rfc) {
  for (const sample& sample : rfc_samples) {
    byte_reader in(sample.encoded);
    EXPECT_EQ(in.read_varint(), sample.value);
    EXPECT_TRUE(in.empty());
  }
}

TEST(varint, writes_the_shortest_samples_of_the_rfc) {
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(encoded(rfc_samples[i].value), rfc_samples[i].encoded);
}

TEST(varint, takes_the_shortest_size_on_both_sides_of_each_limit) {
  EXPECT_EQ(varint_size(0), 1u);
  EXPECT_EQ(varint_size(63), 1u);
  EXPECT_EQ(varint_size(64), 2u);
  EXPECT_EQ(varint_size(16383), 2u);
  EXPECT_EQ(varint_size(16384), 4u);
  EXPECT_EQ(varint_size(1073741823), 4u);
  EXPECT_EQ(varint_size(1073741824), 8u);
  EXPECT_EQ(varint_size(varint_max), 8u);
}

TEST(varint, reads_back_what_it_wrote_around_every_power_of_two) {
  for (unsigned bit = 0; bit < 62; ++bit) {
    const std::uint64_t power = std::uint64_t{1} << bit;
    for (const std::uint64_t value : {power - 1, power, power + 1, varint_max - power}) {
      const auto bytes = encoded(value);
      EXPECT_EQ(bytes.size(), varint_size(value));
      byte_reader in(bytes);
      EXPECT_EQ(in.read_varint(), value);
    }
  }
}

TEST(varint, is_written_in_a_longer_form_when_asked) {
  for (const std::size_t length : {1u, 2u, 4u, 8u}) {
    std::array<std::uint8_t, 8> buffer{};
    byte_writer out(buffer);
    out.write_varint(37, length);
    EXPECT_EQ(out.position(), length);
    byte_reader in(out.written());
    EXPECT_EQ(in.read_varint(), 37u);
    EXPECT_TRUE(in.empty());
  }
}

TEST(varint, is_not_read_when_it_is_cut_short) {
  for (const sample& sample : rfc_samples) {
    for (std::size_t size = 0; size < sample.encoded.size(); ++size) {
      const std::vector<std::uint8_t> cut(sample.encoded.begin(), sample.encoded.begin() + static_cast<long>(size));
      byte_reader in(cut);
      EXPECT_EQ(in.read_varint(), std::nullopt);
      EXPECT_EQ(in.position(), 0u) << "a failed read moves nothing";
    }
  }
}

}  // namespace
}  // namespace quasio
