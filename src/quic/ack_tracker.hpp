#pragma once

#include <cstdint>
#include <optional>

#include "quasio/base/endpoint.hpp"
#include "quasio/base/range_set.hpp"
#include "quasio/base/time.hpp"
#include "quic/ack_policy.hpp"

namespace quasio::quic {

/// Remembers what was received in one packet number space and decides when to say so (RFC 9000, section 13.2).
class ack_tracker {
public:
  /// Handshake spaces pass a `max_ack_delay` of zero: they acknowledge at once (section 13.2.1).
  ack_tracker(std::size_t max_ranges, duration max_ack_delay,
              const acknowledgment_settings& settings = {.adaptive = false}) noexcept
      : max_ranges_(max_ranges), at_once_(max_ack_delay == duration::zero()), policy_(max_ack_delay, settings) {}

  /// Whether this packet was processed before, or is so old that nobody knows (section 12.3).
  bool is_duplicate(std::uint64_t packet_number) const noexcept {
    return packet_number < forgotten_below_ || received_.contains(packet_number);
  }

  /// `round_trip` is the best guess at the path's; zero where there is none.
  void on_received(std::uint64_t packet_number, bool ack_eliciting, ecn_codepoint ecn, time_point now,
                   duration round_trip = {});

  /// ACK_FREQUENCY: the peer's wishes from now on.
  void obey(const ack_policy::request& asked) noexcept { policy_.obey(asked); }

  /// How many ack-eliciting packets call for an acknowledgment now.
  std::uint64_t threshold() const noexcept { return policy_.threshold(); }

  /// An acknowledgment must go out now.
  bool is_due(time_point now) const noexcept { return due_now_ || (deadline_ && *deadline_ <= now); }

  /// Something ack-eliciting has not been acknowledged yet: worth a ride on a packet that goes out anyway.
  bool has_unacknowledged() const noexcept { return ack_eliciting_since_ack_ > 0; }

  std::optional<time_point> deadline() const noexcept { return due_now_ ? std::nullopt : deadline_; }

  /// An acknowledgment that is overdue has no deadline any more: it goes as soon as anything may be sent.
  void on_timeout(time_point now) noexcept { due_now_ |= is_due(now); }

  /// What has come is to be acknowledged without delay.
  void hasten() noexcept { due_now_ |= has_unacknowledged(); }

  bool empty() const noexcept { return received_.empty(); }
  const range_set& received() const noexcept { return received_; }
  std::uint64_t largest() const noexcept { return received_.highest().end - 1; }

  /// How long the largest packet has waited for its acknowledgment.
  duration delay(time_point now) const noexcept { return now - largest_received_at_; }

  /// Counts by codepoint, kept from the first marked packet on (section 13.4.1); indexed by ecn_codepoint.
  bool has_ecn() const noexcept { return ect0_ + ect1_ + ce_ > 0; }
  std::uint64_t ect0() const noexcept { return ect0_; }
  std::uint64_t ect1() const noexcept { return ect1_; }
  std::uint64_t ce() const noexcept { return ce_; }

  void on_ack_sent() noexcept;

  /// Our acknowledgment up to `largest` has arrived: the peer knows, so these need no further mention (section 13.2.4).
  void on_ack_delivered(std::uint64_t largest);

private:
  void forget_below(std::uint64_t bound);
  bool is_out_of_order(std::uint64_t packet_number, bool follows_the_largest) const;
  std::optional<std::uint64_t> smallest_unreported_gap(std::uint64_t reordering_threshold) const;

  std::size_t max_ranges_;
  bool at_once_;
  ack_policy policy_;
  range_set received_;
  std::uint64_t forgotten_below_ = 0;
  time_point largest_received_at_{};
  std::uint64_t ect0_ = 0;
  std::uint64_t ect1_ = 0;
  std::uint64_t ce_ = 0;
  std::uint64_t ack_eliciting_since_ack_ = 0;
  std::optional<std::uint64_t> largest_sent_;  // The Largest Acknowledged of our newest ACK frame.
  bool marked_before_ = false;
  bool due_now_ = false;
  std::optional<time_point> deadline_;
};

}  // namespace quasio::quic
