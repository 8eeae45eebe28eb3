#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "quasio/base/range_set.hpp"

namespace quasio::recovery {

/// The packet numbers that a sender left out on purpose, newest gaps only. An ACK that names one betrays a peer that
/// acknowledges what it never received (RFC 9000, section 21.4).
class skipped_numbers {
public:
  /// How many gaps are remembered. An attacker cannot know when to stop guessing, so the newest suffice.
  static constexpr std::size_t limit = 16;

  /// Numbers [begin, end) are left out. Gaps come in ascending order.
  void add(std::uint64_t begin, std::uint64_t end) noexcept {
    gaps_[newest_next_] = {begin, end};
    newest_next_ = (newest_next_ + 1) % limit;
    if (count_ < limit) ++count_;
  }

  /// Whether any of [first, last] was left out.
  bool touches(std::uint64_t first, std::uint64_t last) const noexcept {
    for (std::size_t i = 0; i < count_; ++i)
      if (gaps_[i].begin <= last && first < gaps_[i].end) return true;
    return false;
  }

  /// Whether nothing but left-out numbers lies in [begin, end).
  bool covers(std::uint64_t begin, std::uint64_t end) const noexcept {
    while (begin < end) {
      const number_range* gap = gap_around(begin);
      if (gap == nullptr) return false;
      begin = gap->end;
    }
    return true;
  }

  /// The gap that `number` lies in; null when it was not left out.
  const number_range* gap_around(std::uint64_t number) const noexcept {
    for (std::size_t i = 0; i < count_; ++i)
      if (gaps_[i].contains(number)) return &gaps_[i];
    return nullptr;
  }

private:
  std::array<number_range, limit> gaps_{};
  std::size_t newest_next_ = 0;
  std::size_t count_ = 0;
};

}  // namespace quasio::recovery
