#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "quasio/recovery/loss_detection_settings.hpp"
#include "recovery/persistent_congestion.hpp"
#include "recovery/rtt_estimator.hpp"
#include "recovery/sent_packets.hpp"

namespace quasio::recovery {

/// What the ranges of one ACK frame newly acknowledged; make one for each frame.
struct ack_summary {
  std::uint64_t packets = 0;
  bool ack_eliciting = false;  ///< One of them was.

  std::uint64_t largest_named = 0;  ///< The Largest Acknowledged field, newly acknowledged or not.
  sent_packet_info newest{};        ///< The newly acknowledged packet with the largest number.
  std::uint64_t late = 0;           ///< Packets declared lost before that arrived after all.
  time_point late_sent{};           ///< When the oldest of these was sent.

  bool empty() const noexcept { return packets == 0; }

  /// The RTT sample that the frame gives to the path newest.path, if any (RFC 9002, section 5.1).
  std::optional<duration> rtt_sample(time_point now) const noexcept {
    if (packets == 0 || !ack_eliciting || newest.packet_number != largest_named) return std::nullopt;
    return now - newest.time_sent;
  }
};

/// Finds out which packets of one packet number space were lost (RFC 9002, section 6.1 and appendix A.10).
class loss_detection {
public:
  explicit loss_detection(const loss_detection_settings& settings = {}) noexcept
      : settings_(within_bounds(settings)),
        packet_threshold_(settings_.packet_threshold),
        time_threshold_(settings_.time_threshold) {}

  /// Takes one range of an ACK frame that packets.check_ack() accepted; call it for all ranges of the frame with the
  /// same summary. Visitors as for sent_packets::acknowledge(). Afterwards update the RTT, then detect_lost().
  template <class Content, class OnAcked, class OnLate>
  void acknowledge(sent_packets<Content>& packets, std::uint64_t first, std::uint64_t last, ack_summary& summary,
                   OnAcked&& on_acked, OnLate&& on_late) {
    summary.largest_named = std::max(summary.largest_named, last);
    packets.acknowledge(
        first, last,
        [&](sent_packet<Content>& acked) {
          note_acked(acked, summary);
          on_acked(acked);
        },
        [&](sent_packet<Content>& late) {
          note_late(late, summary);
          on_late(late);
        });
    if (!largest_acked_ || *largest_acked_ < last) largest_acked_ = last;
  }

  /// Call it when summary.late is not zero: a path that reorders by more than the time threshold gets a larger one.
  void adapt_time_threshold(const ack_summary& summary, const rtt_estimator& rtt, time_point now) noexcept;

  /// Declares packets lost: after an ACK frame that acknowledged something new, and when loss_time() has come. Calls
  /// `on_lost(packet&)` for each, oldest first, and sets loss_time() anew. Packets outside the flight are reported
  /// too; they do not count for congestion.
  template <class Content, class OnLost>
  void detect_lost(sent_packets<Content>& packets, const rtt_estimator& rtt, time_point now, OnLost&& on_lost) {
    using verdict = typename sent_packets<Content>::verdict;
    loss_time_.reset();
    if (!largest_acked_) return;
    const std::uint64_t first_tolerated = first_within_threshold(packets.skipped());
    const duration delay = rtt.loss_delay(time_threshold_);
    std::optional<time_point> newest_lost;
    packets.declare_lost(
        [&](const sent_packet<Content>& sent) {
          if (sent.packet_number > *largest_acked_) return verdict::stop;
          if (sent.packet_number < first_tolerated || sent.time_sent + delay <= now) return verdict::lost;
          // Outside the flight nothing waits for the verdict, so no timer is set for it (section 6.1).
          if (!sent.in_flight) return verdict::keep;
          loss_time_ = sent.time_sent + delay;
          return verdict::stop;  // Later packets were sent later, so none of them is lost, nor sooner due.
        },
        [&](sent_packet<Content>& lost) {
          history_.lost.extend(lost, packets.skipped(), rtt.first_sample_at());
          newest_lost = lost.time_sent;
          on_lost(lost);
        });
    if (newest_lost) note_round_of_losses(*newest_lost, now);
    packets.forget_losses_sent_before(now - remembered_ptos * rtt.pto_base());
  }

  /// When detect_lost() must run again; empty when no packet is waiting for its time threshold.
  std::optional<time_point> loss_time() const noexcept { return loss_time_; }

  std::optional<std::uint64_t> largest_acked() const noexcept { return largest_acked_; }

  std::uint32_t packet_threshold() const noexcept { return packet_threshold_; }

  /// In round trips.
  double time_threshold() const noexcept { return time_threshold_; }

  /// For establish_persistent_congestion().
  delivery_history& history() noexcept { return history_; }

  /// The packets of the space were discarded (section 6.4).
  void on_discarded() noexcept {
    loss_time_.reset();
    history_.reset();
  }

  /// How long lost packets are remembered after they were sent, in probe timeouts.
  static constexpr int remembered_ptos = 3;

  /// After so many rounds of losses without a late packet the path is held to reorder no more.
  static constexpr unsigned rounds_to_forget_reordering = 16;

private:
  static loss_detection_settings within_bounds(loss_detection_settings settings) noexcept;
  void note_round_of_losses(time_point newest_sent, time_point now) noexcept;

  void note_acked(const sent_packet_info& acked, ack_summary& summary) noexcept {
    if (summary.packets == 0 || summary.newest.packet_number < acked.packet_number) summary.newest = acked;
    ++summary.packets;
    summary.ack_eliciting |= acked.ack_eliciting;
    history_.acked.add(acked.time_sent);
  }

  void note_late(const sent_packet_info& late, ack_summary& summary) noexcept;
  std::uint64_t first_within_threshold(const skipped_numbers& skipped) const noexcept;

  loss_detection_settings settings_;
  std::uint32_t packet_threshold_;
  double time_threshold_;
  unsigned rounds_without_late_ = 0;
  time_point round_of_losses_{};
  std::optional<std::uint64_t> largest_acked_;
  std::optional<time_point> loss_time_;
  delivery_history history_;
};

}  // namespace quasio::recovery
