#include "quic/stream_scheduler.hpp"

#include <bit>
#include <cassert>

namespace quasio::quic {

std::size_t stream_scheduler::top_urgency() const noexcept {
  return static_cast<std::size_t>(std::countr_zero(waiting_levels_));  // 8 for none.
}

schedule_entry* stream_scheduler::pick_at(std::size_t urgency) const noexcept {
  const level& at = levels_[urgency];
  if (at.by_id.empty()) return at.next_in_turn;
  if (at.next_in_turn != nullptr && at.turn_of_incremental) return at.next_in_turn;
  return at.by_id.front();
}

void stream_scheduler::add(schedule_entry& entry) {
  assert(!entry.queued && entry.urgency < urgency_levels);
  level& at = levels_[entry.urgency];
  if (entry.incremental) {
    add_to_ring(at, entry);
  } else {
    add_to_heap(at, entry);
  }
  entry.queued = true;
  waiting_levels_ = static_cast<std::uint8_t>(waiting_levels_ | 1u << entry.urgency);
}

void stream_scheduler::remove(schedule_entry& entry) {
  assert(entry.queued);
  level& at = levels_[entry.urgency];
  if (entry.incremental) {
    remove_from_ring(at, entry);
  } else {
    remove_from_heap(at, entry);
  }
  entry.queued = false;
  if (at.empty()) waiting_levels_ = static_cast<std::uint8_t>(waiting_levels_ & ~(1u << entry.urgency));
}

void stream_scheduler::yield_turn(schedule_entry& entry) noexcept {
  level& at = levels_[entry.urgency];
  if (entry.incremental && at.next_in_turn == &entry) at.next_in_turn = entry.next;
  at.turn_of_incremental = !entry.incremental;
}

void stream_scheduler::add_to_heap(level& at, schedule_entry& entry) {
  at.by_id.push_back(&entry);
  place(at, at.by_id.size() - 1, entry);
  sift_up(at, entry.heap_slot);
}

void stream_scheduler::remove_from_heap(level& at, schedule_entry& entry) {
  const std::size_t slot = entry.heap_slot;
  schedule_entry* const last = at.by_id.back();
  at.by_id.pop_back();
  if (last == &entry) return;
  place(at, slot, *last);
  sift_up(at, slot);
  sift_down(at, last->heap_slot);
}

void stream_scheduler::place(level& at, std::size_t slot, schedule_entry& entry) noexcept {
  at.by_id[slot] = &entry;
  entry.heap_slot = slot;
}

void stream_scheduler::sift_up(level& at, std::size_t slot) noexcept {
  schedule_entry& entry = *at.by_id[slot];
  while (slot > 0) {
    const std::size_t parent = (slot - 1) / 2;
    if (at.by_id[parent]->id < entry.id) break;
    place(at, slot, *at.by_id[parent]);
    slot = parent;
  }
  place(at, slot, entry);
}

void stream_scheduler::sift_down(level& at, std::size_t slot) noexcept {
  schedule_entry& entry = *at.by_id[slot];
  for (;;) {
    std::size_t child = 2 * slot + 1;
    if (child >= at.by_id.size()) break;
    if (child + 1 < at.by_id.size() && at.by_id[child + 1]->id < at.by_id[child]->id) ++child;
    if (entry.id < at.by_id[child]->id) break;
    place(at, slot, *at.by_id[child]);
    slot = child;
  }
  place(at, slot, entry);
}

// A newcomer waits for everybody who is there already.
void stream_scheduler::add_to_ring(level& at, schedule_entry& entry) noexcept {
  schedule_entry* const first = at.next_in_turn;
  if (first == nullptr) {
    entry.previous = entry.next = &entry;
    at.next_in_turn = &entry;
    return;
  }
  entry.next = first;
  entry.previous = first->previous;
  first->previous->next = &entry;
  first->previous = &entry;
}

void stream_scheduler::remove_from_ring(level& at, schedule_entry& entry) noexcept {
  if (entry.next == &entry) {
    at.next_in_turn = nullptr;
  } else {
    entry.previous->next = entry.next;
    entry.next->previous = entry.previous;
    if (at.next_in_turn == &entry) at.next_in_turn = entry.next;
  }
  entry.previous = entry.next = nullptr;
}

}  // namespace quasio::quic
