#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "sim/link.hpp"

namespace quasio::sim {

/// A bottleneck: one direction of a path that several connections share, first in, first out.
struct shared_link_settings {
  duration delay = std::chrono::milliseconds(10);
  std::uint64_t bits_per_second = 0;  ///< 0: without limit, and then without queue.
  std::uint64_t queue_bytes = 256 * 1024;
  duration jitter{};  ///< Up to so much is added at random; what was sent later still arrives later.
  double loss = 0;    ///< At random, besides what the queue has no room for: 0 to 1.
};

/// How long datagrams waited in a queue, with a resolution of a 4096th of the longest wait there can be.
class waiting_times {
public:
  explicit waiting_times(duration longest) : longest_(longest), counts_(resolution + 1) {}

  void add(duration waited) noexcept;
  duration mean() const noexcept;

  /// So much of the traffic (0 to 1) waited no longer than this.
  duration quantile(double share) const noexcept;

private:
  static constexpr std::size_t resolution = 4096;

  duration longest_;
  std::vector<std::uint64_t> counts_;
  std::uint64_t total_ = 0;
  double sum_ = 0;  // Of nanoseconds.
};

/// Takes datagrams of many connections and gives them back in order. Unlike `link` it neither reorders nor spoils, and
/// it costs no more than a copy a datagram, so that whole gigabits can pass.
class shared_link {
public:
  shared_link(const shared_link_settings& settings, seeded_random& random);

  void send(byte_view bytes, const network_path& seen_by_receiver, ecn_codepoint ecn, time_point now);

  std::optional<time_point> next_arrival() const {
    return under_way_.empty() ? std::nullopt : std::optional(under_way_.front().arrives);
  }

  /// The next to arrive; pop() when done with it.
  datagram& front() noexcept { return under_way_.front(); }
  void pop();

  /// Forgets what was counted: the measurement begins now.
  void begin_measurement();

  const waiting_times& waits() const noexcept { return waits_; }
  std::uint64_t dropped_by_queue() const noexcept { return dropped_by_queue_; }
  std::uint64_t sent() const noexcept { return sent_; }

private:
  duration longest_wait() const noexcept;

  shared_link_settings settings_;
  seeded_random& random_;
  std::deque<datagram> under_way_;
  std::vector<std::vector<std::uint8_t>> spare_;
  waiting_times waits_;
  time_point free_at_{};
  time_point newest_arrival_{};
  double free_at_fraction_ = 0;  // Of a nanosecond, so that the rate is exact.
  std::uint64_t dropped_by_queue_ = 0;
  std::uint64_t sent_ = 0;
};

}  // namespace quasio::sim
