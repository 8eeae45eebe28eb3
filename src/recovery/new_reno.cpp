#include "recovery/new_reno.hpp"

#include <algorithm>

namespace quasio::recovery {

new_reno::new_reno(const congestion_settings& settings, std::size_t max_datagram_size)
    : settings_(settings), max_datagram_size_(max_datagram_size), window_(initial_window(settings, max_datagram_size)) {
  settings_.maximum_window = std::max(settings_.maximum_window, window_);
}

void new_reno::on_packets_acked(const ack_event& acked, time_point) {
  if (sent_before_recovery(acked.newest_time_sent)) return;
  // A batch that straddles the start of recovery counts whole; the window grows by at most one datagram for it.
  recovering_ = false;
  if (acked.window_underutilized) return;
  const std::uint64_t left = grow_in_slow_start(acked.bytes);
  grow_in_congestion_avoidance(left);
}

std::uint64_t new_reno::grow_in_slow_start(std::uint64_t bytes) noexcept {
  if (!in_slow_start()) return bytes;
  const std::uint64_t ceiling = std::min(slow_start_threshold_, settings_.maximum_window);
  const std::uint64_t growth = std::min(bytes, ceiling - std::min(window_, ceiling));
  window_ += growth;
  return bytes - growth;
}

void new_reno::grow_in_congestion_avoidance(std::uint64_t bytes) noexcept {
  // RFC 3465, section 2.1: counting what was acknowledged keeps the fractions that a division would drop.
  acked_since_increase_ += bytes;
  while (acked_since_increase_ >= window_) {
    acked_since_increase_ -= window_;
    window_ = std::min(window_ + max_datagram_size_, settings_.maximum_window);
  }
}

bool new_reno::on_congestion_event(const congestion_event& event, time_point now) {
  if (sent_before_recovery(event.newest_time_sent)) return false;
  recovery_start_ = now;
  recovering_ = true;
  acked_since_increase_ = 0;
  slow_start_threshold_ = static_cast<std::uint64_t>(static_cast<double>(window_) * settings_.loss_reduction_factor);
  window_ = std::max(slow_start_threshold_, minimum());
  return true;
}

void new_reno::on_persistent_congestion(time_point) {
  window_ = minimum();
  acked_since_increase_ = 0;
  recovery_start_.reset();
  recovering_ = false;
}

void new_reno::set_max_datagram_size(std::size_t bytes) {
  const bool untouched = window_ == initial_window(settings_, max_datagram_size_) && slow_start_threshold_ == infinite;
  max_datagram_size_ = bytes;
  // RFC 9002, section 7.2: the initial window follows the datagram size; a window that was learnt stays, in bytes.
  window_ = untouched ? initial_window(settings_, bytes) : std::max(window_, minimum());
  settings_.maximum_window = std::max(settings_.maximum_window, window_);
}

bool new_reno::sent_before_recovery(time_point time_sent) const noexcept {
  return recovery_start_ && time_sent <= *recovery_start_;
}

}  // namespace quasio::recovery
