#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "quasio/wire/stream_id.hpp"

namespace quasio::quic {

struct stream;

/// How many urgencies there are: 0 is served first (RFC 9218, section 4.1).
inline constexpr std::size_t urgency_levels = 8;

/// A stream's place in a scheduler. The stream owns it and keeps it where it is while it is queued.
struct schedule_entry {
  stream* owner = nullptr;
  stream_id id = 0;
  std::uint8_t urgency = 3;  ///< 0 to 7. Changed only while not queued, as the next one.
  bool incremental = false;

  bool queued = false;
  std::size_t heap_slot = 0;
  schedule_entry* previous = nullptr;
  schedule_entry* next = nullptr;
};

/// Which stream sends next: the most urgent ones; among equals those that are not incremental in the order of their
/// IDs, the incremental ones by turns (RFC 9218, section 10). Where both kinds wait at one urgency they alternate, so
/// that neither starves. Picking takes constant time.
class stream_scheduler {
public:
  /// What top_urgency() says when nobody waits: after all urgencies.
  static constexpr std::size_t nobody = urgency_levels;

  bool empty() const noexcept { return waiting_levels_ == 0; }
  std::size_t top_urgency() const noexcept;

  /// A bit for each urgency at which somebody waits.
  std::uint8_t urgencies() const noexcept { return waiting_levels_; }

  /// Whose turn it is; null when nobody waits.
  schedule_entry* pick() const noexcept { return empty() ? nullptr : pick_at(top_urgency()); }

  /// Whose turn it is at this urgency; null when nobody waits there.
  schedule_entry* pick_at(std::size_t urgency) const noexcept;

  void add(schedule_entry& entry);
  void remove(schedule_entry& entry);

  /// The entry has filled a packet and stays: the next one of its urgency gets its turn.
  void yield_turn(schedule_entry& entry) noexcept;

private:
  struct level {
    std::vector<schedule_entry*> by_id;      // A heap, the lowest ID on top.
    schedule_entry* next_in_turn = nullptr;  // A ring.
    bool turn_of_incremental = false;

    bool empty() const noexcept { return by_id.empty() && next_in_turn == nullptr; }
  };

  static void add_to_heap(level& at, schedule_entry& entry);
  static void remove_from_heap(level& at, schedule_entry& entry);
  static void place(level& at, std::size_t slot, schedule_entry& entry) noexcept;
  static void sift_up(level& at, std::size_t slot) noexcept;
  static void sift_down(level& at, std::size_t slot) noexcept;
  static void add_to_ring(level& at, schedule_entry& entry) noexcept;
  static void remove_from_ring(level& at, schedule_entry& entry) noexcept;

  std::array<level, urgency_levels> levels_;
  std::uint8_t waiting_levels_ = 0;  // A bit for each level that is not empty.
};

}  // namespace quasio::quic
