// Capsules (RFC 9297, section 3) out of bytes that come as they like.

#include "quasio/driver/capsules.hpp"

#include <cstring>
#include <string>

#include <gtest/gtest.h>

namespace quasio::test {
namespace {

using driver::capsule_assembler;
using driver::capsule_error;
using driver::large_capsule;

struct seen_capsule {
  std::uint64_t type;
  std::string value;
  bool is_first = true;
  bool is_last = true;

  friend bool operator==(const seen_capsule&, const seen_capsule&) = default;
};

std::vector<std::uint8_t> bytes_of(const std::vector<seen_capsule>& capsules) {
  std::vector<std::uint8_t> bytes;
  for (const auto& each : capsules) {
    const auto* const value = reinterpret_cast<const std::uint8_t*>(each.value.data());
    http3::append_capsule(bytes, each.type, {value, each.value.size()});
  }
  return bytes;
}

/// Puts bytes in, at most `step` of them at once.
std::vector<seen_capsule> read(capsule_assembler& by, byte_view bytes, std::size_t step) {
  std::vector<seen_capsule> seen;
  for (;;) {
    while (const auto piece = by.next()) {
      seen.push_back(
          {piece->type, std::string(piece->value.begin(), piece->value.end()), piece->is_first, piece->is_last});
    }
    const asio::mutable_buffer room = by.room();
    const std::size_t size = std::min({step, bytes.size(), room.size()});
    if (size == 0 || by.failure()) return seen;
    std::memcpy(room.data(), bytes.data(), size);
    by.put(size);
    bytes = bytes.subspan(size);
  }
}

TEST(capsules, come_out_as_they_went_in_however_they_are_cut) {
  const std::vector<seen_capsule> sent = {{0, "datagram"}, {0x2843, ""}, {70000, std::string(3000, 'x')}, {1, "end"}};
  for (const std::size_t step : {1u, 2u, 7u, 100u, 100'000u}) {
    capsule_assembler by({.read_size = 512});
    EXPECT_EQ(read(by, bytes_of(sent), step), sent) << step;
    EXPECT_EQ(by.end(), asio::error::eof);
    EXPECT_FALSE(by.failure());
  }
}

TEST(capsules, those_of_other_types_are_skipped_whatever_their_length) {
  capsule_assembler by({.max_value = 10, .wanted_types = {1}});
  const auto bytes = bytes_of({{5, std::string(100'000, 'x')}, {1, "one"}, {6, ""}, {1, "two"}});
  EXPECT_EQ(read(by, bytes, 1000), (std::vector<seen_capsule>{{1, "one"}, {1, "two"}}));
  EXPECT_EQ(by.skipped(), 2u);
  EXPECT_EQ(by.too_large(), 0u);
}

TEST(capsules, a_large_one_is_refused_by_its_length_alone) {
  capsule_assembler by({.max_value = 1000});
  std::vector<std::uint8_t> bytes;
  http3::append_capsule_header(bytes, 0, varint_max);
  EXPECT_TRUE(read(by, bytes, 100).empty());
  EXPECT_EQ(by.failure(), capsule_error::too_large);
  EXPECT_FALSE(by.next());
}

TEST(capsules, a_large_one_is_skipped_where_that_is_wanted) {
  capsule_assembler by({.max_value = 1000, .large = large_capsule::skip});
  EXPECT_EQ(read(by, bytes_of({{0, std::string(1001, 'x')}, {0, "y"}}), 77), (std::vector<seen_capsule>{{0, "y"}}));
  EXPECT_EQ(by.too_large(), 1u);
}

TEST(capsules, a_large_one_comes_in_pieces_where_that_is_wanted) {
  capsule_assembler by({.max_value = 10, .large = large_capsule::stream, .read_size = 100});
  const auto seen = read(by, bytes_of({{3, std::string(250, 'x')}, {4, "small"}}), 100);
  ASSERT_GE(seen.size(), 4u);
  std::string value;
  for (std::size_t i = 0; i + 1 < seen.size(); ++i) {
    EXPECT_EQ(seen[i].type, 3u);
    EXPECT_EQ(seen[i].is_first, i == 0);
    EXPECT_EQ(seen[i].is_last, i + 2 == seen.size());
    value += seen[i].value;
  }
  EXPECT_EQ(value, std::string(250, 'x'));
  EXPECT_EQ(seen.back(), (seen_capsule{4, "small"}));
}

TEST(capsules, an_end_amid_one_is_no_end) {
  for (const std::size_t cut : {1u, 2u, 4u}) {
    capsule_assembler by({});
    auto bytes = bytes_of({{0, "abc"}});
    bytes.resize(cut);
    read(by, bytes, 100);
    EXPECT_EQ(by.end(), capsule_error::truncated) << cut;
  }
}

}  // namespace
}  // namespace quasio::test
