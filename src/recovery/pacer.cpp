#include "recovery/pacer.hpp"

#include <algorithm>

namespace quasio::recovery {
namespace {

constexpr std::int64_t credit_per_byte = 1'000'000'000;

// The bounds between which no product below overflows 64 bits.
constexpr std::uint64_t minimum_rate = 1'000;
constexpr std::uint64_t maximum_rate = std::uint64_t{1} << 40;
constexpr std::uint64_t maximum_burst = std::uint64_t{1} << 32;
constexpr std::uint64_t maximum_paced_window = std::uint64_t{1} << 31;
constexpr duration maximum_interval = std::chrono::milliseconds(100);

std::uint64_t share_of(std::uint64_t rate, duration interval) noexcept {
  const auto microseconds = std::chrono::floor<std::chrono::microseconds>(std::min(interval, maximum_interval));
  return rate * static_cast<std::uint64_t>(microseconds.count()) / 1'000'000;
}

std::int64_t rounded_up(std::int64_t dividend, std::uint64_t divisor) noexcept {
  const auto by = static_cast<std::int64_t>(divisor);
  return dividend / by + (dividend % by != 0 ? 1 : 0);
}

}  // namespace

std::uint64_t pacing_rate(const congestion_controller& controller, duration smoothed_rtt) noexcept {
  if (const auto rate = controller.pacing_rate()) return *rate;
  if (smoothed_rtt <= duration::zero()) return maximum_rate;
  const std::uint64_t quarters = controller.in_slow_start() ? 8 : 5;
  const std::uint64_t window = std::min(controller.window(), maximum_paced_window);
  constexpr std::uint64_t quarter_seconds = 250'000'000;
  return window * quarters * quarter_seconds / static_cast<std::uint64_t>(smoothed_rtt.count());
}

pacer::pacer(const pacer_settings& settings, std::size_t max_datagram_size, time_point now) noexcept
    : settings_(settings), max_datagram_size_(max_datagram_size), rate_(minimum_rate), refilled_at_(now) {
  resize();
  credit_ = capacity_;
}

void pacer::set_rate(std::uint64_t bytes_per_second, time_point now) noexcept {
  refill(now);
  rate_ = std::clamp(std::min(bytes_per_second, settings_.maximum_rate), minimum_rate, maximum_rate);
  resize();
}

void pacer::set_max_datagram_size(std::size_t bytes, time_point now) noexcept {
  refill(now);
  max_datagram_size_ = bytes;
  resize();
}

void pacer::resize() noexcept {
  const std::uint64_t packets = std::max<std::uint64_t>(settings_.burst_packets, 1) * max_datagram_size_;
  const std::uint64_t bytes = std::max(packets, share_of(rate_, settings_.burst_duration));
  capacity_ = static_cast<std::int64_t>(std::min(bytes, maximum_burst)) * credit_per_byte;
  credit_ = std::min(credit_, capacity_);
}

std::int64_t pacer::credit_at(time_point now) const noexcept {
  const std::int64_t elapsed = std::max(now - refilled_at_, duration::zero()).count();
  if (elapsed == 0) return credit_;  // All but the first packet of a batch: spares them the division.
  const std::int64_t missing = capacity_ - credit_;
  if (elapsed >= rounded_up(missing, rate_)) return capacity_;
  return credit_ + elapsed * static_cast<std::int64_t>(rate_);
}

void pacer::refill(time_point now) noexcept {
  credit_ = credit_at(now);
  refilled_at_ = std::max(refilled_at_, now);
}

std::uint64_t pacer::budget(time_point now) const noexcept {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(credit_at(now), 0) / credit_per_byte);
}

std::optional<time_point> pacer::release_time(time_point now, std::uint64_t bytes) const noexcept {
  const std::int64_t wanted = static_cast<std::int64_t>(std::min(bytes, maximum_burst)) * credit_per_byte;
  const std::int64_t needed = std::min(wanted, capacity_);
  const std::int64_t credit = credit_at(now);
  if (credit >= needed) return std::nullopt;
  return now + duration(rounded_up(needed - credit, rate_));
}

std::uint64_t pacer::quantum() const noexcept {
  const std::uint64_t wanted = chosen_quantum_ ? *chosen_quantum_ : share_of(rate_, settings_.wake_interval);
  const std::uint64_t worth = std::min(wanted, settings_.maximum_quantum);
  return std::max(worth - worth % max_datagram_size_, max_datagram_size_);
}

void pacer::on_sent(time_point now, std::uint64_t bytes) noexcept {
  refill(now);
  // Probes are sent without asking: what they overdraw is paid back, but never more than one burst.
  const std::int64_t cost = static_cast<std::int64_t>(std::min(bytes, maximum_burst / 2)) * credit_per_byte;
  credit_ = std::max(credit_ - cost, -capacity_);
}

}  // namespace quasio::recovery
