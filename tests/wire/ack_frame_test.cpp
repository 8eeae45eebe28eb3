#include "wire/ack_frame.hpp"

#include <random>

#include <gtest/gtest.h>

#include "wire/frame_reader.hpp"
#include "wire/frame_writer.hpp"
#include "wire/hostile_input.hpp"

namespace quasio::wire {
namespace {

static_assert(std::forward_iterator<ack_ranges::iterator>);
static_assert(std::ranges::forward_range<ack_ranges>);

using ranges = std::vector<ack_range>;

constexpr std::size_t no_limit = 1'000'000;

ranges content(const ack_ranges& view) {
  ranges content;
  for (const ack_range& range : view) content.push_back(range);
  return content;
}

std::optional<ack_frame> read(const byte_vector& payload) {
  frame_reader in(payload);
  const auto next = in.next();
  if (!next || !in.done()) return std::nullopt;
  return std::get<ack_frame>(*next);
}

range_set make(const std::vector<number_range>& content) {
  range_set set;
  for (const number_range& range : content) set.insert(range.begin, range.end);
  return set;
}

byte_vector written(const range_set& received, std::uint64_t delay, const std::optional<ecn_counts>& ecn,
                    std::size_t max_ranges, std::size_t space = 10000) {
  byte_vector buffer(space);
  byte_writer out(buffer);
  if (!write_ack(out, received, delay, ecn, max_ranges)) {
    EXPECT_EQ(out.position(), 0u);
    return {};
  }
  EXPECT_FALSE(out.overflowed());
  return to_vector(out.written());
}

// [rfc9000 19.3#1]
TEST(ack_frame, is_read_with_its_ranges_newest_first) {
  // Largest 1000, delay 50; 991 to 1000, then a gap of 5, 3 packets, a gap of 1, 1 packet.
  const byte_vector payload = from_hex("02 43e8 32 02 09 04 02 00 00");
  const auto ack = read(payload);
  ASSERT_TRUE(ack);
  EXPECT_EQ(ack->largest, 1000u);
  EXPECT_EQ(ack->delay, 50u);
  EXPECT_FALSE(ack->ecn);
  EXPECT_EQ(content(ack->ranges), (ranges{{991, 1000}, {983, 985}, {981, 981}}));
}

// [rfc9000 19.3#1]
TEST(ack_frame, is_read_with_ecn_counts) {
  const byte_vector payload = from_hex("03 05 00 00 05 01 4400 80010000");
  const auto ack = read(payload);
  ASSERT_TRUE(ack);
  EXPECT_EQ(content(ack->ranges), (ranges{{0, 5}}));
  EXPECT_EQ(ack->ecn, (ecn_counts{1, 0x400, 0x10000}));
}

TEST(ack_ranges, can_be_walked_over_more_than_once) {
  const byte_vector payload = from_hex("02 43e8 32 02 09 04 02 00 00");
  const auto ack = read(payload);
  ASSERT_TRUE(ack);
  auto first = ack->ranges.begin();
  const auto before = first++;
  EXPECT_EQ(before->largest, 1000u);
  EXPECT_EQ(first->largest, 985u);
  EXPECT_EQ(before, ack->ranges.begin());
  EXPECT_NE(first, ack->ranges.begin());
  EXPECT_EQ(content(ack->ranges), content(ack->ranges));
  EXPECT_TRUE(content(ack_ranges()).empty());
}

TEST(ack_frame, may_reach_down_to_packet_0_but_not_below) {
  EXPECT_TRUE(read(from_hex("02 05 00 00 05")));
  EXPECT_FALSE(read(from_hex("02 05 00 00 06"))) << "the first range is longer than there are numbers";
  EXPECT_TRUE(read(from_hex("02 05 00 01 00 03 00"))) << "5 and 0";
  EXPECT_FALSE(read(from_hex("02 05 00 01 00 04 00"))) << "the gap ends below 0";
  EXPECT_TRUE(read(from_hex("02 05 00 01 00 02 01"))) << "5, and 0 to 1";
  EXPECT_FALSE(read(from_hex("02 05 00 01 00 02 02"))) << "the second range ends below 0";
  EXPECT_FALSE(read(from_hex("02 05 00 01 00 ffffffffffffffff 00")));
  EXPECT_FALSE(read(from_hex("02 05 00 01 00 00 ffffffffffffffff")));
}

TEST(ack_frame, holds_the_largest_numbers) {
  const byte_vector payload = from_hex("02 ffffffffffffffff 00 00 ffffffffffffffff");
  const auto ack = read(payload);
  ASSERT_TRUE(ack);
  EXPECT_EQ(content(ack->ranges), (ranges{{0, varint_max}}));
}

TEST(ack_frame, is_refused_when_it_claims_more_ranges_than_it_has) {
  EXPECT_FALSE(read(from_hex("02 43e8 32 03 09 04 02 00 00")));
  EXPECT_FALSE(read(from_hex("02 43e8 32 ffffffffffffffff 09 04 02 00 00")));
}

TEST(ack_frame, is_refused_when_it_is_cut_short) {
  for (const char* valid : {"02 43e8 32 02 09 04 02 00 00", "03 43e8 32 02 09 04 02 00 00 01 4400 80010000"}) {
    ASSERT_TRUE(read(from_hex(valid)));
    for_each_truncation(from_hex(valid), [](const byte_vector& cut) { EXPECT_FALSE(read(cut)); });
  }
}

TEST(write_ack, writes_a_set_as_the_rfc_lays_it_out) {
  const range_set received = make({{981, 982}, {983, 986}, {991, 1001}});
  EXPECT_EQ(to_hex(written(received, 50, std::nullopt, no_limit)),
            "0243e8320209"
            "0402"
            "0000");
  EXPECT_EQ(to_hex(written(make({{0, 6}}), 0, ecn_counts{1, 0x400, 0x10000}, no_limit)),
            "0305000005"
            "01"
            "4400"
            "80010000");
}

TEST(write_ack, writes_nothing_when_nothing_was_received_or_fits) {
  EXPECT_TRUE(written(range_set(), 0, std::nullopt, no_limit).empty());
  EXPECT_TRUE(written(make({{0, 6}}), 0, std::nullopt, 0).empty());
  for (std::size_t space = 0; space < 5; ++space) {
    EXPECT_TRUE(written(make({{0, 6}}), 0, std::nullopt, no_limit, space).empty());
  }
  EXPECT_EQ(written(make({{0, 6}}), 0, std::nullopt, no_limit, 5).size(), 5u);
  EXPECT_EQ(ack_size(range_set(), 0, std::nullopt, no_limit), 0u);
}

TEST(write_ack, keeps_the_newest_ranges_when_there_are_too_many) {
  const byte_vector payload = written(make({{1, 2}, {3, 4}, {5, 6}, {7, 8}}), 0, std::nullopt, 2);
  EXPECT_EQ(content(read(payload)->ranges), (ranges{{7, 7}, {5, 5}}));
}

TEST(write_ack, sends_the_largest_delay_instead_of_one_that_is_too_large) {
  const byte_vector payload = written(make({{0, 1}}), varint_max + 5, std::nullopt, 1);
  EXPECT_EQ(read(payload)->delay, varint_max);
}

range_set random_set(std::mt19937_64& random) {
  range_set set;
  std::uint64_t next = random() % 3;
  for (std::uint64_t count = 1 + random() % 150; count > 0; --count) {
    const std::uint64_t end = next + 1 + (random() % 4 == 0 ? random() % 100000 : random() % 3);
    set.insert(next, end);
    next = end + 1 + (random() % 8 == 0 ? random() % 20000 : random() % 3);
  }
  return set;
}

ranges newest(const range_set& set, std::size_t count) {
  ranges expected;
  for (auto range = set.rbegin(); range != set.rend() && expected.size() < count; ++range) {
    expected.push_back({range->begin, range->end - 1});
  }
  return expected;
}

TEST(write_ack, reads_back_as_the_set_it_was_written_from) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    std::mt19937_64 random(seed);
    const range_set set = random_set(random);
    const std::uint64_t delay = random() % 100000;
    std::optional<ecn_counts> ecn;
    if (random() % 2 == 0) ecn = ecn_counts{random() % 100, random() % 100000, random() % 1000};
    const byte_vector payload = written(set, delay, ecn, no_limit);
    EXPECT_EQ(payload.size(), ack_size(set, delay, ecn, no_limit));
    const auto ack = read(payload);
    ASSERT_TRUE(ack) << "seed " << seed;
    EXPECT_EQ(ack->delay, delay);
    EXPECT_EQ(ack->ecn, ecn);
    EXPECT_EQ(ack->largest, set.highest().end - 1);
    ASSERT_EQ(content(ack->ranges), newest(set, no_limit)) << "seed " << seed;
    byte_vector again(encoded_size(*ack));
    byte_writer out(again);
    write(out, *ack);
    EXPECT_EQ(again, payload) << "seed " << seed;
  }
}

TEST(write_ack, fills_any_space_with_as_many_ranges_as_fit_and_never_overflows) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 20; ++round) {
    const range_set set = random_set(random);
    const std::size_t whole = ack_size(set, 25, std::nullopt, no_limit);
    std::size_t before = 0;
    for (std::size_t space = 0; space <= whole; ++space) {
      const byte_vector payload = written(set, 25, std::nullopt, no_limit, space);
      if (payload.empty()) continue;
      const auto ack = read(payload);
      ASSERT_TRUE(ack);
      const ranges got = content(ack->ranges);
      ASSERT_EQ(got, newest(set, got.size()));
      ASSERT_GE(got.size(), before) << "more space never holds less";
      before = got.size();
      // One range more would not have fit.
      if (got.size() == set.size()) continue;
      ASSERT_GT(ack_size(set, 25, std::nullopt, got.size() + 1), space);
    }
    EXPECT_EQ(before, set.size());
  }
}

}  // namespace
}  // namespace quasio::wire
