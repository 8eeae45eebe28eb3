#pragma once

#include <memory>
#include <vector>

#include "quic/stream.hpp"

namespace quasio::quic {

/// The streams of a connection that are open, by ID: a flat hash table, since every STREAM frame asks it, with the
/// stream that was asked for last at hand. Its size is bounded by the limits on open streams.
class stream_table {
public:
  stream* find(stream_id id) const noexcept;

  /// Adds a stream whose ID is not in the table.
  stream& insert(std::unique_ptr<stream> added);
  /// Takes out a stream that is in the table.
  std::unique_ptr<stream> remove(stream_id id);

  std::size_t size() const noexcept { return size_; }

  /// The most streams that were in the table at once.
  std::size_t peak() const noexcept { return peak_; }

  template <class Function>
  void for_each(Function&& function) const {
    for (const auto& used : slots_) {
      if (used.held) function(*used.held);
    }
  }

  /// Calls `predicate` for streams until it returns true for one: returns that one, or null.
  template <class Predicate>
  stream* find_if(Predicate&& predicate) const {
    for (const auto& used : slots_) {
      if (used.held && predicate(*used.held)) return used.held.get();
    }
    return nullptr;
  }

private:
  struct slot {
    stream_id id = 0;  // Beside the pointer, so that a search need not follow it.
    std::unique_ptr<stream> held;
  };

  static constexpr std::size_t initial_slots = 16;

  std::size_t home_of(stream_id id) const noexcept;
  std::size_t next(std::size_t index) const noexcept { return (index + 1) & (slots_.size() - 1); }
  std::size_t index_of(stream_id id) const noexcept;
  void place(std::unique_ptr<stream> added);
  void grow();

  std::vector<slot> slots_;  // A power of two; at most half of them are used.
  std::size_t size_ = 0;
  std::size_t peak_ = 0;
  mutable stream* last_ = nullptr;
};

}  // namespace quasio::quic
