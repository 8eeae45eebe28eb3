#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

#include "quasio/base/time.hpp"

namespace quasio::quic {

/// When silence ends a connection (RFC 9000, section 10.1).
class idle_timer {
public:
  idle_timer(std::chrono::milliseconds own_timeout, time_point now) noexcept : timeout_(own_timeout), since_(now) {}

  /// The smaller of both sides' timeouts counts; zero means that a side has none.
  void set_peer_timeout(std::chrono::milliseconds peer_timeout) noexcept {
    if (peer_timeout == peer_timeout.zero()) return;
    timeout_ = timeout_ == timeout_.zero() ? peer_timeout : std::min(timeout_, peer_timeout);
  }

  void on_packet_received(time_point now) noexcept {
    since_ = now;
    sent_since_received_ = false;
  }

  /// Only the first ack-eliciting packet after one that was received restarts the timer.
  void on_ack_eliciting_sent(time_point now) noexcept {
    if (sent_since_received_) return;
    sent_since_received_ = true;
    since_ = now;
  }

  /// Never before three probe timeouts, so that there is a chance to recover from loss.
  std::optional<time_point> deadline(duration probe_timeout) const noexcept {
    if (timeout_ == timeout_.zero()) return std::nullopt;
    return since_ + std::max<duration>(timeout_, 3 * probe_timeout);
  }

private:
  std::chrono::milliseconds timeout_;
  time_point since_;
  bool sent_since_received_ = false;
};

}  // namespace quasio::quic
