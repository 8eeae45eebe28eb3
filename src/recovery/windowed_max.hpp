#pragma once

#include <array>
#include <cstdint>

namespace quasio::recovery {

/// The largest of the samples of the last `length` units of some clock that counts up, within a factor that the draft
/// allows: the best three are kept, each from a later part of the window, as in Kathleen Nichols' filter.
class windowed_max {
public:
  std::uint64_t update(std::uint64_t value, std::uint64_t now, std::uint64_t length) noexcept {
    const sample fresh{value, now};
    if (value >= best_[0].value || now - best_[2].time >= length) {
      best_.fill(fresh);
      return value;
    }
    if (value >= best_[1].value) {
      best_[1] = best_[2] = fresh;
    } else if (value >= best_[2].value) {
      best_[2] = fresh;
    }
    expire(fresh, length);
    return best_[0].value;
  }

  std::uint64_t get() const noexcept { return best_[0].value; }

private:
  struct sample {
    std::uint64_t value = 0;
    std::uint64_t time = 0;
  };

  void expire(const sample& fresh, std::uint64_t length) noexcept {
    const std::uint64_t age = fresh.time - best_[0].time;
    if (age >= length) {
      best_ = {best_[1], best_[2], fresh};
      if (fresh.time - best_[0].time >= length) best_ = {best_[1], best_[2], fresh};
    } else if (best_[1].time == best_[0].time && age > length / 4) {
      // The second best should not be as old as the best, or both would expire at once.
      best_[1] = best_[2] = fresh;
    } else if (best_[2].time == best_[1].time && age > length / 2) {
      best_[2] = fresh;
    }
  }

  std::array<sample, 3> best_{};
};

}  // namespace quasio::recovery
