#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "quasio/base/time.hpp"
#include "quasio/quic/acknowledgment_settings.hpp"

namespace quasio::quic {

/// How many packets one acknowledgment may stand for, and how long it may wait (RFC 9000, section 13.2.2). Left alone
/// it follows the rate at which packets come; where the peer has asked for something (draft-ietf-quic-ack-frequency),
/// it obeys.
class ack_policy {
public:
  ack_policy(duration max_ack_delay, const acknowledgment_settings& settings) noexcept
      : max_ack_delay_(max_ack_delay), settings_(settings) {}

  /// What an ACK_FREQUENCY frame asks for.
  struct request {
    std::uint64_t ack_eliciting_threshold = 1;
    duration max_ack_delay{};
    std::uint64_t reordering_threshold = 1;
  };

  void obey(const request& asked) noexcept { request_ = asked; }

  /// An ack-eliciting packet came. `round_trip` is the best guess at the path's; zero where there is none.
  void on_packet(time_point now, duration round_trip) noexcept;

  /// What came was out of order or marked: the sender needs to know soon what comes next.
  void on_disorder() noexcept { attentive_left_ = attentive_packets; }

  /// So many ack-eliciting packets call for an acknowledgment.
  std::uint64_t threshold() const noexcept;

  /// How long an acknowledgment may wait for more of them.
  duration delay() const noexcept;

  /// How far packets may be out of order before that calls for an acknowledgment; 1: at once, 0: however far.
  std::uint64_t reordering_threshold() const noexcept { return request_ ? request_->reordering_threshold : 1; }

  /// Whether a mark of congestion calls for an acknowledgment, after a packet with or without one.
  bool hastens_for_mark(bool marked_before) const noexcept {
    // Draft-ietf-quic-ack-frequency, section 6.4: with larger thresholds only the change is news.
    return !request_ || request_->ack_eliciting_threshold <= 1 || !marked_before;
  }

private:
  // After a gap the sender needs three later packets to call one lost (RFC 9002, section 6.1.1).
  static constexpr unsigned attentive_packets = 8;

  void begin_round(time_point now, duration round_trip) noexcept;

  duration max_ack_delay_;
  acknowledgment_settings settings_;
  std::optional<request> request_;
  duration round_trip_{};
  time_point round_begin_{};
  std::uint64_t in_round_ = 0;
  std::uint64_t adapted_ = 2;
  unsigned attentive_left_ = 0;
};

}  // namespace quasio::quic
