#pragma once

#include <optional>

#include "quasio/recovery/bbr_settings.hpp"

namespace quasio::recovery {

/// The round-trip time of the path without queues, and when it is time to measure it again (draft-ietf-ccwg-bbr,
/// "ProbeRTT Logic").
class bbr_min_rtt {
public:
  explicit bbr_min_rtt(time_point now) noexcept : stamp_(now), probe_stamp_(now) {}

  void on_sample(std::optional<duration> rtt, const bbr_settings& settings, time_point now) noexcept {
    probe_expired_ = now > probe_stamp_ + settings.probe_rtt_interval;
    if (rtt && (!probe_delay_ || *rtt < *probe_delay_ || probe_expired_)) {
      probe_delay_ = rtt;
      probe_stamp_ = now;
    }
    const bool expired = now > stamp_ + settings.min_rtt_window;
    if (!probe_delay_ || (value_ && *probe_delay_ >= *value_ && !expired)) return;
    value_ = probe_delay_;
    stamp_ = probe_stamp_;
  }

  /// It was measured just now, by a ProbeRTT.
  void on_probed(time_point now) noexcept { probe_stamp_ = now; }

  std::optional<duration> get() const noexcept { return value_; }

  /// No sample came near the least one for settings.probe_rtt_interval.
  bool probe_expired() const noexcept { return probe_expired_; }

private:
  std::optional<duration> value_;
  time_point stamp_;
  std::optional<duration> probe_delay_;  ///< BBR.probe_rtt_min_delay.
  time_point probe_stamp_;
  bool probe_expired_ = false;
};

}  // namespace quasio::recovery
