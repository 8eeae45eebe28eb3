#pragma once

#include <cstdint>
#include <optional>

#include "quasio/base/time.hpp"

namespace quasio::recovery {

/// The losses that one reduction of the window answers, counted so that it is seen when all of them were spurious.
/// Nothing is remembered of single packets: a loss belongs to the episode when its packet was sent after the episode
/// before began and not after this one did, for just these losses begin an episode or fall into it.
class loss_episode {
public:
  /// Losses reduce the window. Packets sent until `previous_start` belong to the episode before.
  void begin(std::optional<time_point> previous_start, time_point now, std::uint64_t bytes_lost) noexcept {
    previous_start_ = previous_start;
    start_ = now;
    missing_ = bytes_lost;
    open_ = true;
  }

  /// More packets of the same episode are lost.
  void add(std::uint64_t bytes_lost) noexcept { missing_ += bytes_lost; }

  /// The reduction stands, whatever arrives: it also answers something else than losses.
  void close() noexcept { open_ = false; }

  /// A packet that was declared lost has arrived. True when it was the last one missing: the reduction was a mistake.
  bool on_arrival(std::uint64_t bytes, time_point time_sent) noexcept {
    if (!open_ || time_sent > start_ || (previous_start_ && time_sent <= *previous_start_)) return false;
    missing_ = missing_ > bytes ? missing_ - bytes : 0;
    open_ = missing_ > 0;
    return !open_;
  }

private:
  std::optional<time_point> previous_start_;
  time_point start_{};
  std::uint64_t missing_ = 0;
  bool open_ = false;
};

}  // namespace quasio::recovery
