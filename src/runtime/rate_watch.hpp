#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "quasio/base/time.hpp"
#include "quasio/quic/connection.hpp"
#include "quasio/runtime/counter.hpp"

namespace quasio::runtime {

/// Looks now and then at how fast and how well a connection delivers: for gauges while it lives, and for its audit.
class rate_watch {
public:
  static constexpr std::chrono::milliseconds interval{100};

  /// Fewer packets say nothing about a share.
  static constexpr std::uint64_t fewest_packets = 20;

  explicit rate_watch(counter& utilized) noexcept : utilized_(utilized) {}
  rate_watch(const rate_watch&) = delete;
  rate_watch& operator=(const rate_watch&) = delete;
  ~rate_watch() { tell(0); }

  bool is_due(time_point now) const noexcept { return now >= next_; }

  void look(const quic::statistics& seen, time_point now) noexcept {
    next_ = now + interval;
    max_bandwidth_ = std::max(max_bandwidth_, seen.delivery_rate);
    tell(seen.bytes_in_flight > 0 ? seen.delivery_rate : 0);
    const std::uint64_t sent = seen.packets_sent - sent_before_;
    const std::uint64_t lost = seen.packets_lost - lost_before_;
    if (sent < fewest_packets) return;
    sent_before_ = seen.packets_sent;
    lost_before_ = seen.packets_lost;
    max_loss_percent_ =
        std::max(max_loss_percent_, std::min(100.0, 100.0 * static_cast<double>(lost) / static_cast<double>(sent)));
  }

  /// The connection delivers nothing any more.
  void end() noexcept { tell(0); }

  std::uint64_t max_bandwidth() const noexcept { return max_bandwidth_; }
  double max_loss_percent() const noexcept { return max_loss_percent_; }

private:
  void tell(std::uint64_t rate) noexcept {
    utilized_.add(rate);
    utilized_.subtract(told_);
    told_ = rate;
  }

  counter& utilized_;
  time_point next_{};
  std::uint64_t told_ = 0;
  std::uint64_t max_bandwidth_ = 0;
  double max_loss_percent_ = 0;
  std::uint64_t sent_before_ = 0;
  std::uint64_t lost_before_ = 0;
};

}  // namespace quasio::runtime
