#include "quic/stream_block_sequence.hpp"

#include <algorithm>
#include <cassert>

namespace quasio::quic {
namespace {

std::size_t position_in_block(std::uint64_t offset) noexcept {
  return static_cast<std::size_t>(offset % stream_block_size);
}

}  // namespace

// Copies with copy_n: a memcpy that is known to be short becomes `rep movs` in GCC, which takes twice as long.
void stream_block_sequence::put(std::uint64_t offset, byte_view bytes) {
  assert(offset / stream_block_size >= first_block_);
  while (!bytes.empty()) {
    const std::size_t position = position_in_block(offset);
    const std::size_t count = std::min(bytes.size(), stream_block_size - position);
    std::copy_n(bytes.data(), count, block_for(offset).bytes.data() + position);
    bytes = bytes.subspan(count);
    offset += count;
  }
}

void stream_block_sequence::copy_out(std::uint64_t offset, byte_span out) const {
  while (!out.empty()) {
    const byte_view piece = contiguous(offset, offset + out.size());
    std::copy_n(piece.data(), piece.size(), out.data());
    out = out.subspan(piece.size());
    offset += piece.size();
  }
}

byte_view stream_block_sequence::contiguous(std::uint64_t offset, std::uint64_t end) const {
  if (offset >= end) return {};
  const std::size_t slot = slot_of(offset);
  assert(slot < blocks_.size() && blocks_[slot]);
  const std::size_t position = position_in_block(offset);
  const std::size_t count = std::min<std::uint64_t>(end - offset, stream_block_size - position);
  return byte_view(blocks_[slot]->bytes).subspan(position, count);
}

void stream_block_sequence::raise_floor(std::uint64_t offset) {
  const std::uint64_t first = offset / stream_block_size;
  while (first_block_ < first && head_ < blocks_.size()) {
    release(blocks_[head_]);
    ++head_;
    ++first_block_;
  }
  first_block_ = std::max(first_block_, first);
  drop_empty_head();
}

void stream_block_sequence::release_all() {
  for (std::size_t slot = head_; slot < blocks_.size(); ++slot) release(blocks_[slot]);
  blocks_.clear();
  head_ = 0;
}

void stream_block_sequence::restart() {
  release_all();
  first_block_ = 0;
}

stream_block& stream_block_sequence::block_for(std::uint64_t offset) {
  const std::size_t slot = slot_of(offset);
  if (slot >= blocks_.size()) blocks_.resize(slot + 1);
  if (!blocks_[slot]) {
    blocks_[slot] = pool_->acquire();
    ++held_;
  }
  return *blocks_[slot];
}

void stream_block_sequence::release(std::unique_ptr<stream_block>& block) {
  if (!block) return;
  pool_->release(std::move(block));
  --held_;
}

// The slots before head_ are empty. Moving the others down only when they are the smaller half keeps this constant a
// block.
void stream_block_sequence::drop_empty_head() {
  if (head_ * 2 < blocks_.size()) return;
  blocks_.erase(blocks_.begin(), blocks_.begin() + static_cast<std::ptrdiff_t>(head_));
  head_ = 0;
}

}  // namespace quasio::quic
