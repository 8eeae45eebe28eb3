#include "http3/qpack_dynamic_table.hpp"

#include <algorithm>
#include <cstring>

namespace quasio::http3 {
namespace {

constexpr std::size_t smallest_block = 512;
constexpr std::size_t smallest_ring = 16;

void copy(std::uint8_t* to, std::string_view text) noexcept {
  if (!text.empty()) std::memcpy(to, text.data(), text.size());
}

}  // namespace

qpack_dynamic_table::line qpack_dynamic_table::at(std::uint64_t index) const noexcept {
  const slot& one = slot_of(index);
  const auto* text = reinterpret_cast<const char*>(bytes_.data()) + one.begin;
  return {{text, one.name_size}, {text + one.name_size, one.value_size}};
}

void qpack_dynamic_table::set_capacity(std::size_t capacity) {
  capacity_ = capacity;
  evict_until(capacity);
}

void qpack_dynamic_table::insert(std::string_view name, std::string_view value) {
  make_room_for_bytes(name.size() + value.size());
  copy(bytes_.data() + used_, name);
  copy(bytes_.data() + used_ + name.size(), value);
  add(name.size(), value.size());
}

void qpack_dynamic_table::insert_with_name_of(std::uint64_t index, std::string_view value) {
  make_room_for_bytes(slot_of(index).name_size + value.size());
  const std::string_view name = at(index).name;
  copy(bytes_.data() + used_, name);
  copy(bytes_.data() + used_ + name.size(), value);
  add(name.size(), value.size());
}

void qpack_dynamic_table::duplicate(std::uint64_t index) {
  make_room_for_bytes(slot_of(index).end() - slot_of(index).begin);
  const line old = at(index);
  copy(bytes_.data() + used_, old.name);
  copy(bytes_.data() + used_ + old.name.size(), old.value);
  add(old.name.size(), old.value.size());
}

void qpack_dynamic_table::add(std::size_t name_size, std::size_t value_size) {
  const slot added{static_cast<std::uint32_t>(used_), static_cast<std::uint32_t>(name_size),
                   static_cast<std::uint32_t>(value_size)};
  evict_until(capacity_ - added.size());
  make_slot();
  slot_of(insert_count_) = added;
  ++insert_count_;
  used_ = added.end();
  size_ += added.size();
}

void qpack_dynamic_table::evict_until(std::size_t size) noexcept {
  while (size_ > size) size_ -= slot_of(oldest_++).size();
}

/// The new bytes must not overwrite entries that are about to be evicted: one of them may be what is copied. Before the
/// eviction the entries hold at most `capacity_` bytes, and so does the new one.
void qpack_dynamic_table::make_room_for_bytes(std::size_t count) {
  if (used_ + count <= bytes_.size()) return;
  const std::size_t held = empty() ? 0 : used_ - slot_of(oldest_).begin;
  const std::size_t largest = 2 * capacity_;
  const bool has_grown = bytes_.size() >= largest;
  if (held + count <= bytes_.size() && (has_grown || held <= bytes_.size() / 2)) {
    move_bytes_to(bytes_);
    return;
  }
  const std::size_t doubled = std::max({smallest_block, 2 * bytes_.size(), 2 * (held + count)});
  std::vector<std::uint8_t> larger(std::max(std::min(doubled, largest), held + count));
  move_bytes_to(larger);
  bytes_.swap(larger);
}

void qpack_dynamic_table::move_bytes_to(std::vector<std::uint8_t>& other) noexcept {
  if (empty()) {
    used_ = 0;
    return;
  }
  const std::uint32_t shift = slot_of(oldest_).begin;
  // Entries may all be of empty texts, and then there may be no block either.
  if (used_ > shift) std::memmove(other.data(), bytes_.data() + shift, used_ - shift);
  for (std::uint64_t index = oldest_; index < insert_count_; ++index) slot_of(index).begin -= shift;
  used_ -= shift;
}

void qpack_dynamic_table::make_slot() {
  if (insert_count_ - oldest_ < slots_.size()) return;
  std::vector<slot> larger(std::max(smallest_ring, 2 * slots_.size()));
  for (std::uint64_t index = oldest_; index < insert_count_; ++index) {
    larger[index & (larger.size() - 1)] = slot_of(index);
  }
  slots_.swap(larger);
}

}  // namespace quasio::http3
