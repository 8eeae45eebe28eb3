#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

#include "quasio/base/byte_writer.hpp"
#include "quasio/base/time.hpp"
#include "quasio/quic/settings.hpp"
#include "quic/sent_frame.hpp"

namespace quasio::quic {

/// What an endpoint with these settings declares.
inline std::chrono::microseconds own_min_ack_delay(const settings& config) noexcept {
  return std::min<std::chrono::microseconds>(config.acknowledgments.min_delay, config.max_ack_delay);
}

/// Asks the peer for as many acknowledgments as are of use to this sender (draft-ietf-quic-ack-frequency). One request
/// is under way at a time.
class ack_frequency_requests {
public:
  explicit ack_frequency_requests(const acknowledgment_settings& settings) noexcept
      : settings_(settings), per_window_(std::max<std::uint64_t>(settings.requested_per_window, 1)) {}

  /// What the peer declared: it takes requests, for delays of `min_ack_delay` or more. Until it was asked for something
  /// it delays acknowledgments up to `max_ack_delay`.
  void allow(duration min_ack_delay, duration max_ack_delay) noexcept;
  bool is_allowed() const noexcept { return min_ack_delay_.has_value(); }

  /// What a request depends on.
  struct conditions {
    std::uint64_t window_packets = 0;  ///< What is sent in a round trip, in full datagrams.
    duration smoothed_rtt{};
    std::uint64_t packet_threshold = 3;  ///< Of loss detection.
  };

  /// Makes a request where the conditions call for another one than the last, once a round trip at most.
  void consider(const conditions& now_are, time_point now) noexcept;

  /// The window was full where the pace would have let a packet go: the sender waits for an acknowledgment.
  void on_window_exhausted() noexcept { exhausted_ = true; }

  bool has_frame_to_send() const noexcept { return due_; }
  void write_frame(byte_writer& packet, sent_frames& record);

  void on_acked(const sent_frame& frame) noexcept;
  void on_lost(const sent_frame& frame) noexcept;

  /// How long the peer may delay acknowledgments, as far as it can have heard of requests (section 7).
  duration max_ack_delay() const noexcept;

  std::uint64_t sent() const noexcept { return next_sequence_; }

private:
  struct request {
    std::uint64_t threshold = 1;  // Packets that may go without an acknowledgment.
    duration max_ack_delay{};
    std::uint64_t reordering_threshold = 1;
  };

  request wish_for(const conditions& now_are) const noexcept;
  bool is_worth_asking(const request& wish) const noexcept;
  void review_share(const conditions& now_are, time_point now) noexcept;

  acknowledgment_settings settings_;
  std::optional<duration> min_ack_delay_;
  duration declared_max_ack_delay_{};
  request wanted_;
  duration confirmed_delay_{};
  duration longest_unconfirmed_{};  // Of requests that may have arrived.
  std::uint64_t next_sequence_ = 0;
  std::uint64_t per_window_;  // Acknowledgments wanted for each window.
  time_point next_review_{};
  std::uint32_t calm_round_trips_ = 0;  // In which the window was large enough.
  bool exhausted_ = false;
  time_point next_change_{};
  bool due_ = false;
  bool under_way_ = false;
};

}  // namespace quasio::quic
