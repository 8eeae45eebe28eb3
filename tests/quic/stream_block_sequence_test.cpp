#include "quic/stream_block_sequence.hpp"

#include <gtest/gtest.h>

#include <numeric>

namespace quasio::quic {
namespace {

std::vector<std::uint8_t> numbered(std::size_t count) {
  std::vector<std::uint8_t> bytes(count);
  std::iota(bytes.begin(), bytes.end(), std::uint8_t{1});
  return bytes;
}

TEST(stream_block_sequence, gives_back_what_was_put_across_blocks) {
  stream_block_pool pool;
  stream_block_sequence blocks(pool);
  const auto bytes = numbered(3 * stream_block_size);
  blocks.put(100, bytes);
  EXPECT_EQ(blocks.blocks_held(), 4u);
  std::vector<std::uint8_t> out(bytes.size());
  blocks.copy_out(100, out);
  EXPECT_EQ(out, bytes);
  EXPECT_EQ(blocks.contiguous(100, 200).size(), 100u);
  EXPECT_EQ(blocks.contiguous(stream_block_size - 5, 2 * stream_block_size).size(), 5u);
}

TEST(stream_block_sequence, holds_only_the_blocks_that_something_was_put_into) {
  stream_block_pool pool;
  stream_block_sequence blocks(pool);
  const auto byte = numbered(1);
  blocks.put(1000 * stream_block_size, byte);
  blocks.put(5, byte);
  EXPECT_EQ(blocks.blocks_held(), 2u);
  blocks.raise_floor(stream_block_size);
  EXPECT_EQ(blocks.blocks_held(), 1u);
  blocks.raise_floor(1001 * stream_block_size);
  EXPECT_EQ(blocks.blocks_held(), 0u);
  EXPECT_EQ(pool.in_use(), 0u);
}

TEST(stream_block_sequence, keeps_its_place_while_the_floor_rises) {
  stream_block_pool pool;
  stream_block_sequence blocks(pool);
  const auto bytes = numbered(1000);
  std::vector<std::uint8_t> out(bytes.size());
  for (std::uint64_t offset = 0; offset < 200 * stream_block_size; offset += bytes.size()) {
    blocks.put(offset, bytes);
    blocks.copy_out(offset, out);
    ASSERT_EQ(out, bytes);
    if (offset >= 30'000) blocks.raise_floor(offset - 30'000);
    ASSERT_LE(blocks.blocks_held(), 30'000 / stream_block_size + 3);
  }
}

TEST(stream_block_pool, lends_the_same_block_again) {
  stream_block_pool pool;
  auto first = pool.acquire();
  const auto* address = first.get();
  pool.release(std::move(first));
  auto second = pool.acquire();
  EXPECT_EQ(second.get(), address);
  pool.release(std::move(second));
}

TEST(stream_block_pool, keeps_a_bounded_number_of_blocks_until_it_is_told_to_give_them_up) {
  stream_block_pool pool;
  std::vector<std::unique_ptr<stream_block>> lent;
  for (std::size_t i = 0; i < 4 * stream_block_pool::max_spare; ++i) lent.push_back(pool.acquire());
  for (auto& block : lent) pool.release(std::move(block));
  EXPECT_EQ(pool.in_use(), 0u);
  EXPECT_EQ(pool.spare(), stream_block_pool::max_spare);
  pool.keep_spare(0);
  EXPECT_EQ(pool.spare(), 0u);
}

}  // namespace
}  // namespace quasio::quic
