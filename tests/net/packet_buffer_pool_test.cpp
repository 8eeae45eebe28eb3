#include "quasio/net/packet_buffer_pool.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <vector>

namespace quasio::net {
namespace {

TEST(packet_buffer_pool, gives_buffers_of_the_set_size_on_cache_lines) {
  packet_buffer_pool pool{{.buffer_size = 2'048, .max_buffers = 4}};
  const packet_buffer buffer = pool.acquire();
  ASSERT_TRUE(buffer);
  EXPECT_EQ(buffer.capacity(), 2'048u);
  EXPECT_EQ(buffer.bytes().size(), 2'048u);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(buffer.data()) % 64, 0u);
  std::memset(buffer.data(), 0xff, buffer.capacity());
}

TEST(packet_buffer_pool, hands_out_again_what_was_given_back_last) {
  packet_buffer_pool pool;
  packet_buffer first = pool.acquire();
  packet_buffer second = pool.acquire();
  std::uint8_t* const place = second.data();
  first.reset();
  second.reset();
  EXPECT_EQ(pool.in_use(), 0u);
  EXPECT_EQ(pool.acquire().data(), place);
  EXPECT_EQ(pool.allocated(), 2u);
}

TEST(packet_buffer_pool, does_not_allocate_in_the_steady_state) {
  packet_buffer_pool pool;
  pool.reserve(8);
  EXPECT_EQ(pool.allocated(), 8u);
  for (int round = 0; round < 1'000; ++round) {
    std::vector<packet_buffer> held;
    held.reserve(8);
    for (int i = 0; i < 8; ++i) held.push_back(pool.acquire());
    EXPECT_EQ(pool.in_use(), 8u);
  }
  EXPECT_EQ(pool.allocated(), 8u);
}

TEST(packet_buffer_pool, gives_nothing_beyond_its_bound_until_a_buffer_comes_back) {
  packet_buffer_pool pool{{.buffer_size = 64, .max_buffers = 2}};
  packet_buffer first = pool.acquire();
  const packet_buffer second = pool.acquire();
  EXPECT_FALSE(pool.acquire());
  first.reset();
  EXPECT_TRUE(pool.acquire());
}

TEST(packet_buffer_pool, reserves_no_more_than_its_bound) {
  packet_buffer_pool pool{{.buffer_size = 64, .max_buffers = 3}};
  pool.reserve(100);
  EXPECT_EQ(pool.allocated(), 3u);
}

TEST(packet_buffer_pool, trims_only_what_nobody_uses) {
  packet_buffer_pool pool;
  pool.reserve(4);
  const packet_buffer held = pool.acquire();
  pool.trim();
  EXPECT_EQ(pool.allocated(), 1u);
  EXPECT_EQ(pool.in_use(), 1u);
}

TEST(packet_buffer, returns_with_the_last_of_its_copies) {
  packet_buffer_pool pool;
  packet_buffer buffer = pool.acquire();
  EXPECT_TRUE(buffer.unique());
  packet_buffer copy = buffer;
  EXPECT_FALSE(buffer.unique());
  EXPECT_EQ(copy.data(), buffer.data());
  buffer.reset();
  EXPECT_FALSE(buffer);
  EXPECT_TRUE(copy.unique());
  EXPECT_EQ(pool.in_use(), 1u);
  copy = packet_buffer{};
  EXPECT_EQ(pool.in_use(), 0u);
}

TEST(packet_buffer, survives_assignment_to_itself) {
  packet_buffer_pool pool;
  packet_buffer buffer = pool.acquire();
  packet_buffer& alias = buffer;
  buffer = alias;
  EXPECT_TRUE(buffer.unique());
  EXPECT_EQ(pool.in_use(), 1u);
}

TEST(packet_buffer, moves_without_counting) {
  packet_buffer_pool pool;
  packet_buffer buffer = pool.acquire();
  const packet_buffer moved = std::move(buffer);
  EXPECT_TRUE(moved.unique());
  EXPECT_EQ(pool.in_use(), 1u);
}

TEST(packet_buffer, outlives_its_pool) {
  auto pool = std::make_unique<packet_buffer_pool>();
  packet_buffer first = pool->acquire();
  packet_buffer second = pool->acquire();
  packet_buffer copy = first;
  pool.reset();
  std::memset(first.data(), 0xaa, first.capacity());
  first.reset();
  EXPECT_EQ(copy.data()[copy.capacity() - 1], 0xaa);
  second.reset();
  copy.reset();
}

TEST(packet_buffer, is_empty_by_default) {
  const packet_buffer none;
  EXPECT_FALSE(none);
  EXPECT_FALSE(none.unique());
  EXPECT_EQ(none.capacity(), 0u);
  EXPECT_TRUE(none.bytes().empty());
}

}  // namespace
}  // namespace quasio::net
