#include "quic/flow_control.hpp"

#include <algorithm>

#include "quasio/base/varint.hpp"

namespace quasio::quic {

bool send_window::raise(std::uint64_t limit) noexcept {
  if (limit <= limit_) return false;
  limit_ = limit;
  return true;
}

void send_window::on_blocked_lost(std::uint64_t limit) noexcept {
  if (told_blocked_at_ == limit) told_blocked_at_ = nothing_told;
}

receive_window::receive_window(std::uint64_t initial, std::uint64_t maximum) noexcept
    : window_(std::min(initial, varint_max)), maximum_(std::max(maximum, initial)), limit_(window_) {}

void receive_window::on_consumed(std::uint64_t count, time_point now, duration smoothed_rtt) noexcept {
  consumed_ += count;
  if (!last_update_) last_update_ = now;
  if (update_due_ || !is_half_used()) return;
  update_due_ = true;
  if (now - *last_update_ < 2 * smoothed_rtt) grow_to(2 * window_);
  last_update_ = now;
}

void receive_window::on_discarded(std::uint64_t count) noexcept {
  consumed_ += count;
  if (is_half_used()) update_due_ = true;
}

void receive_window::grow_to(std::uint64_t window) noexcept {
  window_ = std::max(window_, std::min(window, maximum_));
  if (is_half_used()) update_due_ = true;
}

std::uint64_t receive_window::announce() noexcept {
  limit_ = std::max(limit_, std::min(consumed_ + window_, varint_max));
  update_due_ = false;
  return limit_;
}

void receive_window::on_announcement_lost(std::uint64_t limit) noexcept {
  if (limit == limit_) update_due_ = true;
}

bool receive_window::is_half_used() const noexcept {
  const std::uint64_t left = limit_ - consumed_;
  return left <= window_ / 2 && std::min(consumed_ + window_, varint_max) > limit_;
}

}  // namespace quasio::quic
