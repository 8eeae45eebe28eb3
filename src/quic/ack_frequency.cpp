#include "quic/ack_frequency.hpp"

#include <algorithm>
#include <utility>

#include "wire/frame_writer.hpp"

namespace quasio::quic {
namespace {

// The share of acknowledgments shrinks slowly: a sender that probes for bandwidth exhausts its window now and then
// only.
constexpr std::uint32_t calm_round_trips_per_step = 64;

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
  const std::uint64_t share = now_are.window_packets / per_window_;
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

// "Impact of changing ACK frequency" of draft-ietf-ccwg-bbr: a sender that asked for few acknowledgments and exhausts
// its window before the next one comes should ask for more. Else the wait for them costs throughput, and what a window
// delivers is measured as less than the path would.
void ack_frequency_requests::review_share(const conditions& now_are, time_point now) noexcept {
  if (now < next_review_) return;
  next_review_ = now + now_are.smoothed_rtt;
  const std::uint64_t least = std::max<std::uint64_t>(settings_.requested_per_window, 1);
  if (std::exchange(exhausted_, false)) {
    per_window_ = std::clamp(2 * per_window_, least, std::max(settings_.most_requested_per_window, least));
    calm_round_trips_ = 0;
  } else if (per_window_ > least && ++calm_round_trips_ >= calm_round_trips_per_step) {
    per_window_ = std::max(per_window_ / 2, least);
    calm_round_trips_ = 0;
  }
}

void ack_frequency_requests::consider(const conditions& now_are, time_point now) noexcept {
  review_share(now_are, now);
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
