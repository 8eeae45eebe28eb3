#include "quic/stream_scheduler.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <random>

namespace quasio::quic {
namespace {

struct a_stream_scheduler : testing::Test {
  schedule_entry& add(stream_id id, std::uint8_t urgency = 3, bool incremental = false) {
    schedule_entry& entry =
        entries.emplace_back(schedule_entry{.id = id, .urgency = urgency, .incremental = incremental});
    scheduler.add(entry);
    return entry;
  }

  /// Who sends the next `count` packets if nobody ever runs out of data.
  std::vector<stream_id> turns(std::size_t count) {
    std::vector<stream_id> ids;
    for (std::size_t i = 0; i < count; ++i) {
      schedule_entry* entry = scheduler.pick();
      ids.push_back(entry->id);
      scheduler.yield_turn(*entry);
    }
    return ids;
  }

  /// Who sends if everybody has one packet.
  std::vector<stream_id> drain() {
    std::vector<stream_id> ids;
    while (schedule_entry* entry = scheduler.pick()) {
      ids.push_back(entry->id);
      scheduler.yield_turn(*entry);
      scheduler.remove(*entry);
    }
    return ids;
  }

  stream_scheduler scheduler;
  std::deque<schedule_entry> entries;
};

using ids = std::vector<stream_id>;

TEST_F(a_stream_scheduler, has_nobody_to_pick_at_first) {
  EXPECT_TRUE(scheduler.empty());
  EXPECT_EQ(scheduler.pick(), nullptr);
  EXPECT_EQ(scheduler.top_urgency(), stream_scheduler::nobody);
}

TEST_F(a_stream_scheduler, serves_the_urgent_first) {
  add(0, 7);
  add(4, 0);
  add(8, 3);
  EXPECT_EQ(scheduler.top_urgency(), 0u);
  EXPECT_EQ(drain(), (ids{4, 8, 0}));
}

TEST_F(a_stream_scheduler, serves_streams_that_are_not_incremental_one_after_the_other_by_id) {
  add(8);
  add(0);
  add(4);
  EXPECT_EQ(turns(3), (ids{0, 0, 0}));
  EXPECT_EQ(drain(), (ids{0, 4, 8}));
}

TEST_F(a_stream_scheduler, gives_incremental_streams_their_turns) {
  add(0, 3, true);
  add(4, 3, true);
  add(8, 3, true);
  EXPECT_EQ(turns(7), (ids{0, 4, 8, 0, 4, 8, 0}));
  EXPECT_EQ(drain(), (ids{4, 8, 0}));
}

TEST_F(a_stream_scheduler, starves_neither_kind_at_one_urgency) {
  add(0);
  add(4);
  add(8, 3, true);
  add(12, 3, true);
  EXPECT_EQ(turns(6), (ids{0, 8, 0, 12, 0, 8}));
}

TEST_F(a_stream_scheduler, lets_an_urgent_newcomer_pass) {
  add(0);
  EXPECT_EQ(turns(2), (ids{0, 0}));
  schedule_entry& urgent = add(4, 1);
  EXPECT_EQ(turns(2), (ids{4, 4}));
  scheduler.remove(urgent);
  EXPECT_EQ(turns(1), (ids{0}));
}

TEST_F(a_stream_scheduler, keeps_its_order_through_random_changes) {
  std::mt19937 random(1);
  for (stream_id id = 0; id < 400; id += 4) {
    add(id, static_cast<std::uint8_t>(random() % 8), random() % 2 == 0);
  }
  for (int step = 0; step < 20'000; ++step) {
    schedule_entry& entry = entries[random() % entries.size()];
    if (entry.queued) {
      scheduler.remove(entry);
    } else {
      scheduler.add(entry);
    }
    std::size_t urgency = stream_scheduler::nobody;
    for (const schedule_entry& each : entries) {
      if (each.queued) urgency = std::min<std::size_t>(urgency, each.urgency);
    }
    ASSERT_EQ(scheduler.top_urgency(), urgency);
    schedule_entry* next = scheduler.pick();
    ASSERT_EQ(next == nullptr, urgency == stream_scheduler::nobody);
    if (next == nullptr) continue;
    ASSERT_TRUE(next->queued);
    ASSERT_EQ(next->urgency, urgency);
    if (!next->incremental) {
      for (const schedule_entry& each : entries) {
        if (!each.queued || each.urgency != urgency || each.incremental) continue;
        ASSERT_LE(next->id, each.id);
      }
    }
    scheduler.yield_turn(*next);
  }
}

}  // namespace
}  // namespace quasio::quic
