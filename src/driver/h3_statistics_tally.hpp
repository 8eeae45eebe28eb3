#pragma once

#include <memory>

#include "quasio/base/time.hpp"
#include "quasio/driver/h3_counters.hpp"
#include "quasio/http3/statistics.hpp"

namespace quasio::driver {

/// Brings what one connection's HTTP/3 counts by itself into the counters of its shard: a few times a second while it
/// is at work, whenever its last exchange has ended, and at its own end.
class h3_statistics_tally {
public:
  explicit h3_statistics_tally(std::shared_ptr<h3_counters> counters) noexcept : counters_(std::move(counters)) {}
  ~h3_statistics_tally() { withdraw_gauges(); }
  h3_statistics_tally(const h3_statistics_tally&) = delete;
  h3_statistics_tally& operator=(const h3_statistics_tally&) = delete;

  bool is_wanted() const noexcept { return counters_ != nullptr; }

  /// Whether to take the numbers now, where `is_idle` says that no exchange is open.
  bool is_due(time_point now, bool is_idle) noexcept;

  void take(const http3::statistics& latest, time_point now);

  /// The connection has ended.
  void take_last(const http3::statistics& latest);

private:
  void add(const http3::statistics& latest);
  void withdraw_gauges() noexcept;

  std::shared_ptr<h3_counters> counters_;
  std::unique_ptr<http3::statistics> taken_;
  time_point taken_at_;
  bool was_idle_ = false;
};

}  // namespace quasio::driver
