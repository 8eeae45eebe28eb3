#include "quasio/base/range_set.hpp"

#include <algorithm>

namespace quasio {
namespace {

constexpr auto ends_before = [](const number_range& range, std::uint64_t number) { return range.end < number; };
constexpr auto begins_after = [](std::uint64_t number, const number_range& range) { return number < range.begin; };
constexpr auto ends_after = [](std::uint64_t number, const number_range& range) { return number < range.end; };
constexpr auto begins_before = [](const number_range& range, std::uint64_t number) { return range.begin < number; };

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
  auto first = std::upper_bound(ranges_.begin(), ranges_.end(), begin, ends_after);
  const auto last = std::lower_bound(first, ranges_.end(), end, begins_before);
  if (first == last) return;
  const number_range lowest_hit = *first;
  const number_range highest_hit = *std::prev(last);
  const bool keeps_front = lowest_hit.begin < begin;
  const bool keeps_back = highest_hit.end > end;
  if (keeps_front && keeps_back && std::next(first) == last) {
    first->end = begin;
    ranges_.insert(last, {end, highest_hit.end});
    return;
  }
  if (keeps_front) (first++)->end = begin;
  if (keeps_back) std::prev(last)->begin = end;
  // One move of the tail however many ranges go: a peer chooses how many there are.
  ranges_.erase(first, keeps_back ? std::prev(last) : last);
}

bool range_set::contains(std::uint64_t number) const noexcept { return contains(number, number + 1); }

bool range_set::contains(std::uint64_t begin, std::uint64_t end) const noexcept {
  const auto range = std::upper_bound(ranges_.begin(), ranges_.end(), begin, ends_after);
  return range != ranges_.end() && range->begin <= begin && end <= range->end;
}

}  // namespace quasio
