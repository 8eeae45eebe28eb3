#include "wire/ack_frame.hpp"

#include <algorithm>
#include <limits>

#include "wire/frame_type.hpp"

namespace quasio::wire {
namespace {

// Only for bytes that read_ack has checked.
std::uint64_t take_varint(const std::uint8_t*& position) noexcept {
  const std::uint8_t first = *position++;
  std::uint64_t value = first & 0x3f;
  for (std::size_t more = (std::size_t{1} << (first >> 6)) - 1; more > 0; --more) value = value << 8 | *position++;
  return value;
}

// Moves `range` to the next lower one (section 19.3.1); false when that would be below packet 0.
bool descend(ack_range& range, std::uint64_t gap, std::uint64_t length) noexcept {
  if (range.smallest < gap + 2) return false;
  range.largest = range.smallest - gap - 2;
  if (range.largest < length) return false;
  range.smallest = range.largest - length;
  return true;
}

bool read_lower_ranges(byte_reader& in, ack_range range, std::uint64_t count) noexcept {
  // A range takes two bytes or more: no need to walk a frame that claims more than it holds.
  if (count > in.remaining() / 2) return false;
  for (; count > 0; --count) {
    const auto gap = in.read_varint();
    const auto length = in.read_varint();
    if (!gap || !length || !descend(range, *gap, *length)) return false;
  }
  return true;
}

struct ack_extent {
  std::size_t ranges = 0;  // 0: nothing fits.
  std::size_t size = 0;
};

std::size_t ecn_size(const std::optional<ecn_counts>& ecn) noexcept {
  return ecn ? varint_size(ecn->ect0) + varint_size(ecn->ect1) + varint_size(ecn->ce) : 0;
}

// The Gap between a range and the next lower one, which is never adjacent to it in a range_set.
std::uint64_t gap_between(const number_range& upper, const number_range& lower) noexcept {
  return upper.begin - lower.end - 1;
}

ack_extent extent_of(const range_set& received, std::uint64_t delay, const std::optional<ecn_counts>& ecn,
                     std::size_t max_ranges, std::size_t space) noexcept {
  if (received.empty() || max_ranges == 0) return {};
  auto range = received.rbegin();
  std::size_t size_without_count =
      1 + varint_size(range->end - 1) + varint_size(delay) + varint_size(range->size() - 1) + ecn_size(ecn);
  if (size_without_count + varint_size(0) > space) return {};
  std::size_t ranges = 1;
  for (auto lower = std::next(range); lower != received.rend() && ranges < max_ranges; range = lower++, ++ranges) {
    const std::size_t more = varint_size(gap_between(*range, *lower)) + varint_size(lower->size() - 1);
    if (size_without_count + more + varint_size(ranges) > space) break;
    size_without_count += more;
  }
  return {ranges, size_without_count + varint_size(ranges - 1)};
}

}  // namespace

ack_ranges::iterator ack_ranges::begin() const noexcept {
  iterator first;
  if (largest_field_ == nullptr) return first;
  first.next_ = largest_field_;
  first.current_.largest = take_varint(first.next_);
  take_varint(first.next_);  // ACK Delay.
  first.left_ = take_varint(first.next_) + 1;
  first.current_.smallest = first.current_.largest - take_varint(first.next_);
  return first;
}

ack_ranges::iterator& ack_ranges::iterator::operator++() noexcept {
  if (--left_ == 0) return *this;
  const std::uint64_t gap = take_varint(next_);
  descend(current_, gap, take_varint(next_));
  return *this;
}

std::optional<ack_frame> read_ack(byte_reader& in, bool with_ecn) noexcept {
  ack_frame ack;
  ack.ranges = ack_ranges(in.rest().data());
  const auto largest = in.read_varint();
  const auto delay = in.read_varint();
  const auto count = in.read_varint();
  const auto first_length = in.read_varint();
  if (!largest || !delay || !count || !first_length || *first_length > *largest) return std::nullopt;
  ack.largest = *largest;
  ack.delay = *delay;
  if (!read_lower_ranges(in, {*largest - *first_length, *largest}, *count)) return std::nullopt;
  if (!with_ecn) return ack;
  const auto ect0 = in.read_varint();
  const auto ect1 = in.read_varint();
  const auto ce = in.read_varint();
  if (!ect0 || !ect1 || !ce) return std::nullopt;
  ack.ecn = ecn_counts{*ect0, *ect1, *ce};
  return ack;
}

bool write_ack(byte_writer& out, const range_set& received, std::uint64_t raw_delay,
               const std::optional<ecn_counts>& ecn, std::size_t max_ranges) noexcept {
  const std::uint64_t delay = std::min(raw_delay, varint_max);
  const ack_extent extent = extent_of(received, delay, ecn, max_ranges, out.remaining());
  if (extent.ranges == 0) return false;
  auto range = received.rbegin();
  out.write_u8(static_cast<std::uint8_t>(ecn ? frame_type::ack_ecn : frame_type::ack));
  out.write_varint(range->end - 1);
  out.write_varint(delay);
  out.write_varint(extent.ranges - 1);
  out.write_varint(range->size() - 1);
  for (std::size_t written = 1; written < extent.ranges; ++written) {
    const auto lower = std::next(range);
    out.write_varint(gap_between(*range, *lower));
    out.write_varint(lower->size() - 1);
    range = lower;
  }
  if (ecn) {
    out.write_varint(ecn->ect0);
    out.write_varint(ecn->ect1);
    out.write_varint(ecn->ce);
  }
  return true;
}

std::size_t ack_size(const range_set& received, std::uint64_t raw_delay, const std::optional<ecn_counts>& ecn,
                     std::size_t max_ranges) noexcept {
  return extent_of(received, std::min(raw_delay, varint_max), ecn, max_ranges, std::numeric_limits<std::size_t>::max())
      .size;
}

}  // namespace quasio::wire
