#include "quic/ack_frequency.hpp"

#include <algorithm>

#include "wire/frame_writer.hpp"

namespace quasio::quic {
namespace {

// Smaller changes are not worth a frame (draft-ietf-quic-ack-frequency, section 8.1).
template <class Amount>
bool differs_much(Amount before, Amount now) noexcept {
  return 2 * std::max(before, now) > 3 * std::min(before, now);
}

std::uint64_t in_microseconds(duration delay) noexcept {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(delay).count());
}

}  // namespace

void ack_frequency_requests::allow(duration min_ack_delay, duration max_ack_delay) noexcept {
  if (settings_.request) min_ack_delay_ = min_ack_delay;
  declared_max_ack_delay_ = max_ack_delay;
  confirmed_delay_ = max_ack_delay;
  wanted_ = {.max_ack_delay = max_ack_delay};
}

ack_frequency_requests::request ack_frequency_requests::wish_for(const conditions& now_are) const noexcept {
  const std::uint64_t share = now_are.window_packets / std::max<std::uint64_t>(settings_.requested_per_window, 1);
  const std::uint64_t packets =
      std::clamp<std::uint64_t>(share, 2, std::max<std::uint64_t>(settings_.max_requested_packets, 2));
  return {.threshold = packets - 1,
          .max_ack_delay = std::clamp(now_are.smoothed_rtt / 4, *min_ack_delay_, declared_max_ack_delay_),
          // Section 9: earlier than this sender can call a packet lost, an acknowledgment of disorder is of no use.
          .reordering_threshold = now_are.packet_threshold};
}

bool ack_frequency_requests::is_worth_asking(const request& wish) const noexcept {
  return differs_much(wanted_.threshold + 1, wish.threshold + 1) ||
         differs_much(wanted_.max_ack_delay, wish.max_ack_delay) ||
         (next_sequence_ > 0 && wanted_.reordering_threshold != wish.reordering_threshold);
}

void ack_frequency_requests::consider(const conditions& now_are, time_point now) noexcept {
  if (!is_allowed() || under_way_ || due_ || now < next_change_) return;
  const request wish = wish_for(now_are);
  if (!is_worth_asking(wish)) return;
  wanted_ = wish;
  due_ = true;
  next_change_ = now + now_are.smoothed_rtt;
}

void ack_frequency_requests::write_frame(byte_writer& packet, sent_frames& record) {
  const wire::ack_frequency_frame frame{.sequence = next_sequence_,
                                        .ack_eliciting_threshold = wanted_.threshold,
                                        .max_ack_delay = in_microseconds(wanted_.max_ack_delay),
                                        .reordering_threshold = wanted_.reordering_threshold};
  if (!due_ || packet.remaining() < wire::encoded_size(frame)) return;
  wire::write(packet, frame);
  record.push_back({.kind = sent_frame_kind::ack_frequency, .id = next_sequence_});
  longest_unconfirmed_ = std::max(longest_unconfirmed_, wanted_.max_ack_delay);
  ++next_sequence_;
  due_ = false;
  under_way_ = true;
}

void ack_frequency_requests::on_acked(const sent_frame& frame) noexcept {
  // Of an older one, that was taken for lost, nothing remains: the peer ignores it for the newer one.
  if (frame.id + 1 != next_sequence_) return;
  under_way_ = false;
  confirmed_delay_ = wanted_.max_ack_delay;
  longest_unconfirmed_ = {};
}

void ack_frequency_requests::on_lost(const sent_frame& frame) noexcept {
  if (frame.id + 1 != next_sequence_ || !under_way_) return;
  under_way_ = false;
  due_ = true;
}

duration ack_frequency_requests::max_ack_delay() const noexcept {
  return std::max(confirmed_delay_, longest_unconfirmed_);
}

}  // namespace quasio::quic
