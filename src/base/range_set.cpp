#include "quasio/base/range_set.hpp"

#include <algorithm>

namespace quasio {
namespace {

constexpr auto ends_before = [](const number_range& range, std::uint64_t number) { return range.end < number; };
constexpr auto begins_after = [](std::uint64_t number, const number_range& range) { return number < range.begin; };

}  // namespace

std::uint64_t range_set::insert(std::uint64_t begin, std::uint64_t end) {
  if (begin >= end) return 0;
  if (ranges_.empty() || ranges_.back().end < begin) {
    ranges_.push_back({begin, end});
    return end - begin;
  }
  if (ranges_.back().end == begin) {
    ranges_.back().end = end;
    return end - begin;
  }
  // Every range that overlaps or touches [begin, end) is merged into one.
  const auto first = std::lower_bound(ranges_.begin(), ranges_.end(), begin, ends_before);
  const auto last = std::upper_bound(first, ranges_.end(), end, begins_after);
  if (first == last) {
    ranges_.insert(first, {begin, end});
    return end - begin;
  }
  std::uint64_t known = 0;
  for (auto range = first; range != last; ++range) {
    const std::uint64_t overlap_begin = std::max(range->begin, begin);
    const std::uint64_t overlap_end = std::min(range->end, end);
    if (overlap_begin < overlap_end) known += overlap_end - overlap_begin;
  }
  first->begin = std::min(first->begin, begin);
  first->end = std::max(std::prev(last)->end, end);
  ranges_.erase(std::next(first), last);
  return end - begin - known;
}

void range_set::erase(std::uint64_t begin, std::uint64_t end) {
  if (begin >= end) return;
  auto range = std::upper_bound(ranges_.begin(), ranges_.end(), begin,
                                [](std::uint64_t number, const number_range& r) { return number < r.end; });
  while (range != ranges_.end() && range->begin < end) {
    const number_range old = *range;
    if (old.begin < begin && old.end > end) {
      range->end = begin;
      ranges_.insert(std::next(range), {end, old.end});
      return;
    }
    if (old.begin < begin) {
      range->end = begin;
      ++range;
    } else if (old.end > end) {
      range->begin = end;
      return;
    } else {
      range = ranges_.erase(range);
    }
  }
}

bool range_set::contains(std::uint64_t number) const noexcept { return contains(number, number + 1); }

bool range_set::contains(std::uint64_t begin, std::uint64_t end) const noexcept {
  const auto range = std::upper_bound(ranges_.begin(), ranges_.end(), begin,
                                      [](std::uint64_t number, const number_range& r) { return number < r.end; });
  return range != ranges_.end() && range->begin <= begin && end <= range->end;
}

}  // namespace quasio
