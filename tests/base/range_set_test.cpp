#include "quasio/base/range_set.hpp"

#include <random>
#include <set>

#include <gtest/gtest.h>

namespace quasio {
namespace {

using ranges = std::vector<number_range>;

ranges content(const range_set& set) { return {set.begin(), set.end()}; }

range_set make(const ranges& content) {
  range_set set;
  for (const number_range& range : content) set.insert(range.begin, range.end);
  return set;
}

TEST(range_set, grows_at_the_top_without_a_new_range) {
  range_set set;
  for (std::uint64_t number = 0; number < 100; ++number) EXPECT_EQ(set.insert(number, number + 1), 1u);
  EXPECT_EQ(content(set), (ranges{{0, 100}}));
}

TEST(range_set, keeps_ranges_apart_that_do_not_touch) {
  const range_set set = make({{10, 20}, {30, 40}, {0, 5}});
  EXPECT_EQ(content(set), (ranges{{0, 5}, {10, 20}, {30, 40}}));
  EXPECT_EQ(set.lowest(), (number_range{0, 5}));
  EXPECT_EQ(set.highest(), (number_range{30, 40}));
}

TEST(range_set, merges_what_an_insertion_touches) {
  range_set set = make({{0, 5}, {10, 20}, {30, 40}, {50, 60}});
  EXPECT_EQ(set.insert(5, 30), 15u) << "5 to 9 and 20 to 29 are new";
  EXPECT_EQ(content(set), (ranges{{0, 40}, {50, 60}}));
  EXPECT_EQ(set.insert(39, 51), 10u);
  EXPECT_EQ(content(set), (ranges{{0, 60}}));
}

TEST(range_set, says_that_nothing_is_new_when_all_is_known) {
  range_set set = make({{10, 20}});
  EXPECT_EQ(set.insert(12, 18), 0u);
  EXPECT_EQ(set.insert(10, 20), 0u);
  EXPECT_EQ(set.insert(15, 15), 0u);
  EXPECT_EQ(content(set), (ranges{{10, 20}}));
}

TEST(range_set, splits_a_range_when_its_middle_goes) {
  range_set set = make({{0, 10}});
  set.erase(4, 6);
  EXPECT_EQ(content(set), (ranges{{0, 4}, {6, 10}}));
}

TEST(range_set, erases_across_ranges_and_trims_the_outer_ones) {
  range_set set = make({{0, 10}, {20, 30}, {40, 50}, {60, 70}});
  set.erase(5, 45);
  EXPECT_EQ(content(set), (ranges{{0, 5}, {45, 50}, {60, 70}}));
  set.erase_below(65);
  EXPECT_EQ(content(set), (ranges{{65, 70}}));
  set.erase(70, 100);
  set.erase(0, 65);
  EXPECT_EQ(content(set), (ranges{{65, 70}}));
}

TEST(range_set, contains_numbers_and_whole_ranges) {
  const range_set set = make({{10, 20}, {30, 40}});
  EXPECT_FALSE(set.contains(9));
  EXPECT_TRUE(set.contains(10));
  EXPECT_TRUE(set.contains(19));
  EXPECT_FALSE(set.contains(20));
  EXPECT_TRUE(set.contains(10, 20));
  EXPECT_FALSE(set.contains(10, 21));
  EXPECT_FALSE(set.contains(15, 35)) << "there is a hole in it";
  EXPECT_FALSE(set.contains(~std::uint64_t{0}));
}

TEST(range_set, forgets_its_lowest_range_and_all) {
  range_set set = make({{0, 5}, {10, 20}});
  set.pop_lowest();
  EXPECT_EQ(content(set), (ranges{{10, 20}}));
  set.clear();
  EXPECT_TRUE(set.empty());
}

// The same operations on the plainest set there is.
class reference_set {
public:
  std::uint64_t insert(std::uint64_t begin, std::uint64_t end) {
    std::uint64_t added = 0;
    for (; begin < end; ++begin) added += numbers_.insert(begin).second ? 1 : 0;
    return added;
  }
  void erase(std::uint64_t begin, std::uint64_t end) {
    if (begin < end) numbers_.erase(numbers_.lower_bound(begin), numbers_.lower_bound(end));
  }
  bool contains(std::uint64_t begin, std::uint64_t end) const {
    for (; begin < end; ++begin) {
      if (!numbers_.contains(begin)) return false;
    }
    return true;
  }
  ranges content() const {
    ranges content;
    for (const std::uint64_t number : numbers_) {
      if (content.empty() || content.back().end != number) content.push_back({number, number});
      ++content.back().end;
    }
    return content;
  }

private:
  std::set<std::uint64_t> numbers_;
};

TEST(range_set, agrees_with_a_plain_set_under_random_operations) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    std::mt19937 random(seed);
    range_set set;
    reference_set reference;
    for (int step = 0; step < 200; ++step) {
      const std::uint64_t begin = random() % 100;
      const std::uint64_t end = begin + random() % (step % 2 == 0 ? 4 : 30);
      if (random() % 3 == 0) {
        set.erase(begin, end);
        reference.erase(begin, end);
      } else {
        ASSERT_EQ(set.insert(begin, end), reference.insert(begin, end)) << "seed " << seed << ", step " << step;
      }
      ASSERT_EQ(content(set), reference.content()) << "seed " << seed << ", step " << step;
      const std::uint64_t from = random() % 100;
      const std::uint64_t to = from + 1 + random() % 10;
      ASSERT_EQ(set.contains(from, to), reference.contains(from, to)) << "seed " << seed << ", step " << step;
    }
  }
}

}  // namespace
}  // namespace quasio
