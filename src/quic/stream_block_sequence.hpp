#pragma once

#include "quasio/base/bytes.hpp"
#include "quic/stream_block_pool.hpp"

namespace quasio::quic {

/// Bytes of a stream by their offset, in blocks that exist only where something was put. What lies below the floor is
/// gone.
class stream_block_sequence {
public:
  explicit stream_block_sequence(stream_block_pool& pool) noexcept : pool_(&pool) {}
  ~stream_block_sequence() { release_all(); }
  stream_block_sequence(const stream_block_sequence&) = delete;
  stream_block_sequence& operator=(const stream_block_sequence&) = delete;

  /// Copies `bytes` to where they belong. `offset` must not be below the floor.
  void put(std::uint64_t offset, byte_view bytes);

  /// Copies out what was put before.
  void copy_out(std::uint64_t offset, byte_span out) const;

  /// The bytes from `offset` up to `end` or the end of the block, in place. All must have been put before.
  byte_view contiguous(std::uint64_t offset, std::uint64_t end) const;

  /// Gives back the blocks that lie wholly below `offset`; nothing may be put there any more.
  void raise_floor(std::uint64_t offset);

  /// Gives back every block. The floor stays.
  void release_all();

  /// Forgets everything and begins at offset 0.
  void restart();

  std::size_t blocks_held() const noexcept { return held_; }

private:
  std::size_t slot_of(std::uint64_t offset) const noexcept {
    return head_ + static_cast<std::size_t>(offset / stream_block_size - first_block_);
  }
  stream_block& block_for(std::uint64_t offset);
  void release(std::unique_ptr<stream_block>& block);
  void drop_empty_head();

  stream_block_pool* pool_;
  std::vector<std::unique_ptr<stream_block>>
      blocks_;  // From head_ on: the blocks from first_block_ on, null where none.
  std::size_t head_ = 0;
  std::size_t held_ = 0;
  std::uint64_t first_block_ = 0;
};

}  // namespace quasio::quic
