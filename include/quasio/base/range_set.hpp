#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace quasio {

/// A half-open range of numbers: [begin, end).
struct number_range {
  std::uint64_t begin = 0;  ///< The first number that is in it.
  std::uint64_t end = 0;    ///< The first that is no longer.

  std::uint64_t size() const noexcept { return end - begin; }
  /// Whether it holds the number.
  bool contains(std::uint64_t number) const noexcept { return begin <= number && number < end; }
  friend bool operator==(const number_range&, const number_range&) = default;
};

/// Disjoint, non-adjacent ranges in ascending order: packet numbers received, bytes of a stream at hand or
/// acknowledged. Adding at the top, which is what happens on a healthy path, costs no search. The caller bounds size().
class range_set {
public:
  /// Adds [begin, end) and merges what it touches. Returns how many numbers were new.
  std::uint64_t insert(std::uint64_t begin, std::uint64_t end);

  /// Takes out [begin, end), splitting a range where needed.
  void erase(std::uint64_t begin, std::uint64_t end);

  /// Forgets every number below `bound`.
  void erase_below(std::uint64_t bound) { erase(0, bound); }

  void pop_lowest() { ranges_.erase(ranges_.begin()); }

  /// Whether it holds the number, or all of [begin, end).
  bool contains(std::uint64_t number) const noexcept;
  bool contains(std::uint64_t begin, std::uint64_t end) const noexcept;

  bool empty() const noexcept { return ranges_.empty(); }
  std::size_t size() const noexcept { return ranges_.size(); }
  /// The first and the last range. Precondition: not empty().
  const number_range& lowest() const noexcept { return ranges_.front(); }
  const number_range& highest() const noexcept { return ranges_.back(); }

  auto begin() const noexcept { return ranges_.begin(); }
  auto end() const noexcept { return ranges_.end(); }
  auto rbegin() const noexcept { return ranges_.rbegin(); }
  auto rend() const noexcept { return ranges_.rend(); }

  void clear() noexcept { ranges_.clear(); }

private:
  std::vector<number_range> ranges_;
};

}  // namespace quasio
