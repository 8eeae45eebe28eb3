#include "quic/ack_policy.hpp"

namespace quasio::quic {
namespace {

// RFC 9000, section 13.2.2.
constexpr std::uint64_t usual_threshold = 2;

// Less is more than most timers can keep.
constexpr duration shortest_wait = std::chrono::milliseconds(1);

}  // namespace

void ack_policy::on_packet(time_point now, duration round_trip) noexcept {
  if (!settings_.adaptive || request_) return;
  if (now - round_begin_ >= round_trip || round_trip != round_trip_) begin_round(now, round_trip);
  ++in_round_;
  if (attentive_left_ > 0) --attentive_left_;
}

void ack_policy::begin_round(time_point now, duration round_trip) noexcept {
  const bool is_comparable = round_trip > duration::zero() && now - round_begin_ < 2 * round_trip;
  // In slow start the next round brings twice as many packets, so that the share of one is even smaller there. After a
  // silence nothing is known.
  adapted_ = is_comparable ? std::clamp(in_round_ / std::max<std::uint64_t>(settings_.per_round_trip, 1),
                                        usual_threshold, std::max(settings_.max_packets, usual_threshold))
                           : usual_threshold;
  round_trip_ = round_trip;
  round_begin_ = now;
  in_round_ = 0;
}

std::uint64_t ack_policy::threshold() const noexcept {
  if (request_) return request_->ack_eliciting_threshold + 1;
  return attentive_left_ > 0 ? usual_threshold : adapted_;
}

duration ack_policy::delay() const noexcept {
  if (request_) return request_->max_ack_delay;
  // The last packets of a burst must not wait for others that will not come.
  if (adapted_ > usual_threshold) return std::min(max_ack_delay_, std::max(round_trip_ / 4, shortest_wait));
  return max_ack_delay_;
}

}  // namespace quasio::quic
