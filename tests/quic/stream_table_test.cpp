#include "quic/stream_table.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace quasio::quic {
namespace {

TEST(stream_table, finds_what_is_in_it_and_nothing_else) {
  stream_block_pool pool;
  stream_table table;
  EXPECT_EQ(table.find(0), nullptr);
  std::set<stream_id> model;
  std::mt19937 random(1);
  for (int step = 0; step < 50'000; ++step) {
    const stream_id id = random() % 300 * (random() % 2 == 0 ? 1 : 4096);
    if (model.contains(id)) {
      ASSERT_EQ(table.find(id)->id, id);
      ASSERT_EQ(table.remove(id)->id, id);
      model.erase(id);
    } else {
      auto added = std::make_unique<stream>(pool);
      added->restart(id, true, true);
      table.insert(std::move(added));
      model.insert(id);
    }
    ASSERT_EQ(table.size(), model.size());
    const stream_id other = random() % 300;
    ASSERT_EQ(table.find(other) != nullptr, model.contains(other));
  }
  std::size_t visited = 0;
  table.for_each([&](const stream& each) {
    EXPECT_TRUE(model.contains(each.id));
    ++visited;
  });
  EXPECT_EQ(visited, model.size());
}

}  // namespace
}  // namespace quasio::quic
