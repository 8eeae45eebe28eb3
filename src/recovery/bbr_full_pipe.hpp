#pragma once

#include <cstdint>

#include "quasio/recovery/bbr_settings.hpp"
#include "quasio/recovery/rate_sample.hpp"

namespace quasio::recovery {

/// Finds out whether sending faster still makes the path deliver faster (draft-ietf-ccwg-bbr, "Exiting Acceleration
/// Based on Bandwidth Plateau").
class bbr_full_pipe {
public:
  /// Begins to look anew, with `baseline` as what the path delivers at least.
  void reset(std::uint64_t baseline = 0) noexcept {
    baseline_ = baseline;
    rounds_ = 0;
    full_ = false;
  }

  void on_ack(const rate_sample& sample, bool round_started, const bbr_settings& settings) noexcept {
    if (full_ || sample.app_limited || sample.delivery_rate == 0) return;
    // The draft looks only at the acknowledgment that begins a round. Where acknowledgments come in heaps, that one
    // tells of the least: growth that any of them shows is growth.
    if (static_cast<double>(sample.delivery_rate) >= static_cast<double>(baseline_) * settings.full_bw_threshold) {
      reset(sample.delivery_rate);
      return;
    }
    if (round_started) full_ = ++rounds_ >= settings.full_bw_rounds;
  }

  /// Losses say that it is full.
  void declare_full() noexcept { full_ = true; }

  /// BBR.full_bw_now.
  bool full() const noexcept { return full_; }

private:
  std::uint64_t baseline_ = 0;
  std::uint32_t rounds_ = 0;
  bool full_ = false;
};

}  // namespace quasio::recovery
