#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace quasio::http3 {

/// Positions within a table are kept in 32 bits.
inline constexpr std::size_t max_qpack_table_capacity = std::size_t{1} << 30;

/// The dynamic table of QPACK (RFC 9204, section 3.2), as both sides keep it: a queue of field lines under absolute
/// indices that count up from 0. The lines lie one after the other in one block of bytes, so that inserting allocates
/// nothing once the block has grown to what the capacity asks for; it never exceeds twice the capacity.
class qpack_dynamic_table {
public:
  /// What an entry weighs beyond its bytes (section 3.2.1).
  static constexpr std::size_t entry_overhead = 32;

  struct line {
    std::string_view name;
    std::string_view value;

    std::size_t size() const noexcept { return name.size() + value.size() + entry_overhead; }
  };

  std::size_t capacity() const noexcept { return capacity_; }
  std::size_t size() const noexcept { return size_; }
  std::size_t unused() const noexcept { return capacity_ - size_; }

  /// How many entries there have ever been: the absolute index of the next one.
  std::uint64_t insert_count() const noexcept { return insert_count_; }

  /// The absolute index of the oldest entry, or of the next one when there is none.
  std::uint64_t oldest() const noexcept { return oldest_; }

  bool empty() const noexcept { return oldest_ == insert_count_; }
  bool holds(std::uint64_t index) const noexcept { return index >= oldest_ && index < insert_count_; }

  /// The entry at an index that the table holds; the texts are valid until the table is changed.
  line at(std::uint64_t index) const noexcept;

  /// Evicts what does not fit any more.
  void set_capacity(std::size_t capacity);

  /// Whether an entry of this size can ever be held (section 3.2.2).
  bool can_hold(std::size_t entry_size) const noexcept { return entry_size <= capacity_; }

  /// Each of these adds an entry that the table can hold, and first evicts as many of the oldest as it takes. The texts
  /// must lie outside of the table; `index` must be held, and may be among what is evicted.
  void insert(std::string_view name, std::string_view value);
  void insert_with_name_of(std::uint64_t index, std::string_view value);
  void duplicate(std::uint64_t index);

  /// What the table takes in memory beyond itself.
  std::size_t memory() const noexcept { return bytes_.capacity() + slots_.capacity() * sizeof(slot); }

private:
  struct slot {
    std::uint32_t begin = 0;  ///< Where in `bytes_` the name begins; the value follows it.
    std::uint32_t name_size = 0;
    std::uint32_t value_size = 0;

    std::size_t end() const noexcept { return std::size_t{begin} + name_size + value_size; }
    std::size_t size() const noexcept { return std::size_t{name_size} + value_size + entry_overhead; }
  };

  slot& slot_of(std::uint64_t index) noexcept { return slots_[index & (slots_.size() - 1)]; }
  const slot& slot_of(std::uint64_t index) const noexcept { return slots_[index & (slots_.size() - 1)]; }
  void evict_until(std::size_t size) noexcept;
  void make_room_for_bytes(std::size_t count);
  void move_bytes_to(std::vector<std::uint8_t>& other) noexcept;
  void make_slot();
  void add(std::size_t name_size, std::size_t value_size);

  std::vector<std::uint8_t> bytes_;
  std::size_t used_ = 0;     ///< Bytes before this one belong to entries, old or present.
  std::vector<slot> slots_;  ///< A ring; its size is a power of two.
  std::size_t capacity_ = 0;
  std::size_t size_ = 0;
  std::uint64_t oldest_ = 0;
  std::uint64_t insert_count_ = 0;
};

}  // namespace quasio::http3
