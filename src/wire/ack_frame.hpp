#pragma once

#include <cstddef>
#include <iterator>
#include <optional>

#include "quasio/base/byte_reader.hpp"
#include "quasio/base/byte_writer.hpp"
#include "quasio/base/range_set.hpp"
#include "quasio/wire/packet_number.hpp"

namespace quasio::wire {

/// Packets that an ACK frame acknowledges, both ends included (RFC 9000, section 19.3.1).
struct ack_range {
  packet_number smallest = 0;
  packet_number largest = 0;

  friend bool operator==(const ack_range&, const ack_range&) = default;
};

/// How many packets of the space arrived with each ECN codepoint (RFC 9000, section 19.3.2).
struct ecn_counts {
  std::uint64_t ect0 = 0;
  std::uint64_t ect1 = 0;
  std::uint64_t ce = 0;

  friend bool operator==(const ecn_counts&, const ecn_counts&) = default;
};

/// The ranges of an ACK frame, newest first, decoded from the packet as they are walked over. A frame is checked as a
/// whole when it is read, so that walking cannot fail; the packet's bytes must outlive the view.
class ack_ranges {
public:
  class iterator;

  ack_ranges() = default;

  iterator begin() const noexcept;
  std::default_sentinel_t end() const noexcept { return {}; }

private:
  friend std::optional<struct ack_frame> read_ack(byte_reader& in, bool with_ecn) noexcept;

  explicit ack_ranges(const std::uint8_t* largest_field) noexcept : largest_field_(largest_field) {}

  // One pointer, to the Largest Acknowledged field, keeps every frame within a cache line.
  const std::uint8_t* largest_field_ = nullptr;
};

class ack_ranges::iterator {
public:
  using iterator_concept = std::forward_iterator_tag;
  using iterator_category = std::input_iterator_tag;
  using value_type = ack_range;
  using difference_type = std::ptrdiff_t;
  using reference = const ack_range&;
  using pointer = const ack_range*;

  iterator() = default;

  const ack_range& operator*() const noexcept { return current_; }
  const ack_range* operator->() const noexcept { return &current_; }

  iterator& operator++() noexcept;
  iterator operator++(int) noexcept {
    const iterator before = *this;
    ++*this;
    return before;
  }

  friend bool operator==(const iterator& a, const iterator& b) noexcept {
    return a.next_ == b.next_ && a.left_ == b.left_;
  }
  friend bool operator==(const iterator& a, std::default_sentinel_t) noexcept { return a.left_ == 0; }

private:
  friend class ack_ranges;

  const std::uint8_t* next_ = nullptr;
  std::uint64_t left_ = 0;  // Ranges not yet walked over, with the current one.
  ack_range current_;
};

/// RFC 9000, section 19.3.
struct ack_frame {
  packet_number largest = 0;
  std::uint64_t delay = 0;  ///< As encoded: to be multiplied by 2^ack_delay_exponent to give microseconds.
  ack_ranges ranges;        ///< Never empty in a frame that was read.
  std::optional<ecn_counts> ecn;
};

/// Reads what follows the type of an ACK frame; empty when it is cut short or names a negative packet number.
std::optional<ack_frame> read_ack(byte_reader& in, bool with_ecn) noexcept;

/// Writes an ACK frame with the newest of `received` that fit both what is left of `out` and `max_ranges`. Returns
/// false, and writes nothing, when not even one fits or there is none. `raw_delay` is already divided by
/// 2^ack_delay_exponent; what is beyond varint_max is sent as varint_max.
bool write_ack(byte_writer& out, const range_set& received, std::uint64_t raw_delay,
               const std::optional<ecn_counts>& ecn, std::size_t max_ranges) noexcept;

/// What write_ack writes where there is room enough; 0 where it writes nothing.
std::size_t ack_size(const range_set& received, std::uint64_t raw_delay, const std::optional<ecn_counts>& ecn,
                     std::size_t max_ranges) noexcept;

}  // namespace quasio::wire
