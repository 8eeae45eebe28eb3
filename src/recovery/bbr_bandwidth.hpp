#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

namespace quasio::recovery {

/// The largest delivery rate of this and the last cycle of bandwidth probing: BBR.max_bw_filter of draft-ietf-ccwg-bbr,
/// whose window is two cycles long.
class bbr_max_bandwidth {
public:
  /// What the application limited counts only when it is more than was thought possible.
  void on_sample(std::uint64_t rate, bool app_limited) noexcept {
    if (rate == 0 || (app_limited && rate < get())) return;
    cycles_[0] = std::max(cycles_[0], rate);
  }

  /// A cycle is over.
  void advance() noexcept {
    // A cycle without samples says nothing: what was known stays.
    if (cycles_[0] == 0) return;
    cycles_ = {0, cycles_[0]};
  }

  std::uint64_t get() const noexcept { return std::max(cycles_[0], cycles_[1]); }

private:
  std::array<std::uint64_t, 2> cycles_{};
};

}  // namespace quasio::recovery
