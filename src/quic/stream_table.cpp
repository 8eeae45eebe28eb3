#include "quic/stream_table.hpp"

#include <algorithm>
#include <bit>
#include <cassert>

namespace quasio::quic {

stream* stream_table::find(stream_id id) const noexcept {
  if (last_ != nullptr && last_->id == id) return last_;
  if (slots_.empty()) return nullptr;
  stream* const found = slots_[index_of(id)].held.get();
  if (found != nullptr) last_ = found;
  return found;
}

stream& stream_table::insert(std::unique_ptr<stream> added) {
  if (2 * (size_ + 1) > slots_.size()) grow();
  stream& inserted = *added;
  place(std::move(added));
  ++size_;
  peak_ = std::max(peak_, size_);
  last_ = &inserted;
  return inserted;
}

std::unique_ptr<stream> stream_table::remove(stream_id id) {
  const std::size_t mask = slots_.size() - 1;
  std::size_t gap = index_of(id);
  std::unique_ptr<stream> removed = std::move(slots_[gap].held);
  assert(removed);
  --size_;
  if (last_ == removed.get()) last_ = nullptr;
  // Those that the removed one had pushed on move back, so that no search stops at the gap too early.
  for (std::size_t index = next(gap); slots_[index].held; index = next(index)) {
    if (((index - home_of(slots_[index].id)) & mask) < ((index - gap) & mask)) continue;
    slots_[gap] = std::move(slots_[index]);
    gap = index;
  }
  return removed;
}

// Multiplying by 2^64 / phi spreads the IDs, which come in steps of four, over the upper bits.
std::size_t stream_table::home_of(stream_id id) const noexcept {
  return static_cast<std::size_t>(id * 0x9e3779b97f4a7c15u >> (64 - std::countr_zero(slots_.size())));
}

// Where the stream is, or the free slot where it would be.
std::size_t stream_table::index_of(stream_id id) const noexcept {
  std::size_t index = home_of(id);
  while (slots_[index].held && slots_[index].id != id) index = next(index);
  return index;
}

void stream_table::place(std::unique_ptr<stream> added) {
  const stream_id id = added->id;
  slots_[index_of(id)] = {id, std::move(added)};
}

void stream_table::grow() {
  std::vector<slot> old(std::max(initial_slots, 2 * slots_.size()));
  old.swap(slots_);
  for (slot& moved : old) {
    if (moved.held) place(std::move(moved.held));
  }
}

}  // namespace quasio::quic
