#pragma once

#include <cstdint>

namespace quasio::recovery {

/// Counts round trips by packets: one is over when a packet is acknowledged that was sent after it began
/// (draft-ietf-ccwg-bbr, "BBR.round_count").
class bbr_round {
public:
  /// Says whether this acknowledgment begins a round.
  bool on_ack(std::uint64_t prior_delivered, std::uint64_t total_delivered) noexcept {
    started_ = prior_delivered >= next_delivered_;
    if (!started_) return false;
    begin(total_delivered);
    ++count_;
    return true;
  }

  /// A round begins now, by decision.
  void begin(std::uint64_t total_delivered) noexcept { next_delivered_ = total_delivered; }

  bool started() const noexcept { return started_; }
  std::uint64_t count() const noexcept { return count_; }

private:
  std::uint64_t next_delivered_ = 0;
  std::uint64_t count_ = 0;
  bool started_ = false;
};

}  // namespace quasio::recovery
