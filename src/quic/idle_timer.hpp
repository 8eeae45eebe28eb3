#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

#include "quasio/base/time.hpp"

namespace quasio::quic {

/// When silence ends a connection (RFC 9000, section 10.1).
class idle_timer {
public:
  /// `announced` is what our transport parameters say; zero means none, here as everywhere.
  idle_timer(std::chrono::milliseconds announced, time_point now) noexcept : agreed_(announced), since_(now) {}

  /// The smaller of both sides' timeouts counts.
  void set_peer_timeout(std::chrono::milliseconds peer_timeout) noexcept { agreed_ = smaller(agreed_, peer_timeout); }

  /// From now on this side waits only so long. What was agreed on stays the limit.
  void set_own_timeout(std::chrono::milliseconds own) noexcept { own_ = own; }

  /// The timeout in force.
  std::chrono::milliseconds timeout() const noexcept { return smaller(agreed_, own_); }

  /// Whether this side gives up earlier than was agreed on: then it owes the peer a word.
  bool is_shortened() const noexcept { return timeout() != agreed_; }

  /// Since when nothing has been heard, and nothing said that would be answered.
  time_point since() const noexcept { return since_; }

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
    if (timeout() == timeout().zero()) return std::nullopt;
    return since_ + std::max<duration>(timeout(), 3 * probe_timeout);
  }

private:
  static std::chrono::milliseconds smaller(std::chrono::milliseconds a, std::chrono::milliseconds b) noexcept {
    if (a == a.zero() || b == b.zero()) return std::max(a, b);
    return std::min(a, b);
  }

  std::chrono::milliseconds agreed_;
  std::chrono::milliseconds own_{0};
  time_point since_;
  bool sent_since_received_ = false;
};

}  // namespace quasio::quic
