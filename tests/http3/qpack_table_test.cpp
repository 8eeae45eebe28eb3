#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <string>

#include "http3/qpack_dynamic_table.hpp"
#include "http3/qpack_encoder_table.hpp"

namespace quasio::http3 {
namespace {

constexpr std::size_t overhead = qpack_dynamic_table::entry_overhead;

TEST(qpack_dynamic_table, counts_a_line_as_the_rfc_does) {
  qpack_dynamic_table table;
  table.set_capacity(220);
  table.insert(":authority", "www.example.com");
  table.insert(":path", "/sample/path");
  EXPECT_EQ(table.size(), 106u);
  table.insert("custom-key", "custom-value");
  EXPECT_EQ(table.size(), 160u);
  table.duplicate(0);
  EXPECT_EQ(table.size(), 217u);
  EXPECT_TRUE(table.holds(0));
  table.insert_with_name_of(2, "custom-value2");
  EXPECT_EQ(table.size(), 215u);
  EXPECT_FALSE(table.holds(0));
  EXPECT_EQ(table.at(4).name, "custom-key");
  EXPECT_EQ(table.insert_count(), 5u);
}

TEST(qpack_dynamic_table, holds_an_entry_of_its_whole_capacity_and_none_larger) {
  qpack_dynamic_table table;
  table.set_capacity(100);
  EXPECT_TRUE(table.can_hold(100));
  EXPECT_FALSE(table.can_hold(101));
  table.insert("a", std::string(100 - overhead - 1, 'x'));
  EXPECT_EQ(table.unused(), 0u);
  table.insert("b", std::string(100 - overhead - 1, 'y'));
  EXPECT_EQ(table.oldest(), 1u);
  EXPECT_EQ(table.at(1).name, "b");
}

/// RFC 9204, section 3.2.2: an entry may take its text from one that it evicts.
TEST(qpack_dynamic_table, copies_from_an_entry_that_it_evicts) {
  qpack_dynamic_table table;
  table.set_capacity(1000);
  const std::string name(400, 'n');
  const std::string value(500, 'v');
  table.insert(name, value);
  for (int i = 0; i < 20; ++i) {
    table.duplicate(table.oldest());
    ASSERT_EQ(table.insert_count() - table.oldest(), 1u);
    ASSERT_EQ(table.at(table.oldest()).name, name);
    ASSERT_EQ(table.at(table.oldest()).value, value);
  }
  table.insert_with_name_of(table.oldest(), "w");
  EXPECT_EQ(table.at(table.oldest()).name, name);
  EXPECT_EQ(table.at(table.oldest()).value, "w");
}

TEST(qpack_dynamic_table, a_smaller_capacity_evicts_and_zero_empties_it) {
  qpack_dynamic_table table;
  table.set_capacity(200);
  for (int i = 0; i < 5; ++i) table.insert("name", "val");
  EXPECT_EQ(table.oldest(), 0u);
  table.set_capacity(100);
  EXPECT_EQ(table.oldest(), 3u);
  table.set_capacity(0);
  EXPECT_TRUE(table.empty());
  table.set_capacity(200);
  table.insert("again", "");
  EXPECT_EQ(table.at(5).name, "again");
}

/// Against a plain queue.
TEST(qpack_dynamic_table, does_what_a_queue_does_and_keeps_within_its_memory) {
  std::mt19937 random(3);
  for (const std::size_t capacity : {64u, 300u, 4096u}) {
    qpack_dynamic_table table;
    table.set_capacity(capacity);
    std::deque<std::pair<std::string, std::string>> queue;
    std::size_t size = 0;
    for (int step = 0; step < 20'000; ++step) {
      std::pair<std::string, std::string> line{std::string(random() % 40, static_cast<char>('a' + step % 26)),
                                               std::string(random() % (step % 50 == 0 ? capacity : 60), 'v')};
      const std::uint64_t from = queue.empty() ? 0 : table.oldest() + random() % queue.size();
      const int kind = queue.empty() ? 0 : static_cast<int>(random() % 3);
      if (kind == 1) line.first = queue[from - table.oldest()].first;
      if (kind == 2) line = queue[from - table.oldest()];
      const std::size_t entry = line.first.size() + line.second.size() + overhead;
      if (!table.can_hold(entry)) continue;
      if (kind == 0) table.insert(line.first, line.second);
      if (kind == 1) table.insert_with_name_of(from, line.second);
      if (kind == 2) table.duplicate(from);
      while (size + entry > capacity) {
        size -= queue.front().first.size() + queue.front().second.size() + overhead;
        queue.pop_front();
      }
      queue.push_back(line);
      size += entry;
      ASSERT_EQ(table.size(), size);
      ASSERT_EQ(table.insert_count() - table.oldest(), queue.size());
      for (std::size_t i = 0; i < queue.size(); i += 1 + queue.size() / 8) {
        ASSERT_EQ(table.at(table.oldest() + i).name, queue[i].first);
        ASSERT_EQ(table.at(table.oldest() + i).value, queue[i].second);
      }
    }
    EXPECT_LE(table.memory(), std::max<std::size_t>(3 * capacity, 1024)) << capacity;
  }
}

// --- The encoder's -------------------------------------------------------------------------------------------------

std::uint64_t insert(qpack_encoder_table& table, const std::string& name, const std::string& value) {
  return table.insert(hash_line(name, value), name, value);
}

TEST(qpack_encoder_table, finds_the_newest_line_and_name_below_a_limit) {
  qpack_encoder_table table;
  table.set_capacity(4096);
  insert(table, "a", "1");
  insert(table, "a", "2");
  insert(table, "b", "1");
  const std::uint64_t again = table.duplicate(0);
  const auto a1 = hash_line("a", "1");
  EXPECT_EQ(table.find(a1, "a", "1", 100), again);
  EXPECT_EQ(table.find(a1, "a", "1", again), 0u);
  EXPECT_EQ(table.find(a1, "a", "1", 0), std::nullopt);
  EXPECT_EQ(table.find(hash_line("a", "3"), "a", "3", 100), std::nullopt);
  EXPECT_EQ(table.find_name(hash_line("a", "3"), "a", 100), again);
  EXPECT_EQ(table.find_name(hash_line("a", "3"), "a", again), 1u);
  EXPECT_EQ(table.find_name(hash_line("c", ""), "c", 100), std::nullopt);
  EXPECT_TRUE(table.at(0).superseded);
  EXPECT_FALSE(table.at(again).superseded);
}

TEST(qpack_encoder_table, finds_all_that_it_holds_and_nothing_that_is_gone) {
  qpack_encoder_table table;
  table.set_capacity(2000);
  for (int i = 0; i < 5000; ++i) {
    insert(table, "name" + std::to_string(i % 7), std::to_string(i));
    if (i % 97 != 0) continue;
    for (int j = std::max(0, i - 100); j <= i; ++j) {
      const std::string name = "name" + std::to_string(j % 7);
      const auto found = table.find(hash_line(name, std::to_string(j)), name, std::to_string(j), UINT64_MAX);
      ASSERT_EQ(found.has_value(), table.lines().holds(static_cast<std::uint64_t>(j))) << j;
    }
  }
  EXPECT_LE(table.memory(), 12'000u);
}

// [rfc9204 2.1.1#1 3.2.2#1]
TEST(qpack_encoder_table, lets_go_only_what_is_known_and_not_referred_to) {
  qpack_encoder_table table;
  table.set_capacity(1000);
  insert(table, "a", "1");
  EXPECT_FALSE(table.is_evictable(0));
  table.set_known_received_count(1);
  EXPECT_TRUE(table.is_evictable(0));
  table.pin(0);
  table.pin(0);
  table.unpin(0);
  EXPECT_FALSE(table.is_evictable(0));
  table.unpin(0);
  EXPECT_TRUE(table.is_evictable(0));
}

}  // namespace
}  // namespace quasio::http3
