#include <algorithm>
#include <cmath>

#include "recovery/bbr.hpp"

namespace quasio::recovery {

// HandleLostPacket().
void bbr::on_packet_lost(const lost_packet& lost, time_point now) {
  ensure_started(now);
  total_delivered_ = lost.total_delivered;
  note_congestion();
  undo_.bytes_lost += lost.bytes;
  undo_.oldest_sent = std::min(undo_.oldest_sent, lost.time_sent);
  if (startup_losses_.last_number.value_or(lost.packet_number) + 1 != lost.packet_number) ++startup_losses_.ranges;
  startup_losses_.last_number = lost.packet_number;
  if (!probe_.is_sample || !is_inflight_too_high(lost.lost, lost.tx_in_flight)) return;
  handle_inflight_too_high(inflight_at_loss(lost), lost.app_limited, now);
}

// NoteLoss(). The state is saved once an episode: the draft saves it with the first loss after each answer to one, and
// so forgets what to undo when one ACK shows several losses.
void bbr::note_congestion() {
  short_term_.on_congestion(total_delivered_);
  if (!in_episode_) save_state();
}

// SaveStateUponLoss().
void bbr::save_state() noexcept {
  in_episode_ = true;
  save_window();
  undo_ = {.state = std::nullopt,
           .bandwidth_shortterm = short_term_.bandwidth(),
           .inflight_shortterm = short_term_.inflight(),
           .inflight_longterm = inflight_longterm_,
           .oldest_sent = time_point::max()};
}

bool bbr::on_congestion_event(const congestion_event& event, time_point now) {
  ensure_started(now);
  if (event.signal == congestion_signal::ecn_ce) {
    // Section "ECN": each mark is congestion. How many there were is not known; what is in flight now was too much.
    note_congestion();
    startup_losses_.marked = true;
    if (probe_.is_sample) handle_inflight_too_high(event.bytes_in_flight, false, now);
  }
  if (recovery_start_ && event.newest_time_sent <= *recovery_start_) return false;
  recovery_start_ = now;
  recovering_ = true;
  return true;
}

// OnEnterRTO(), and the window that RFC 9002, section 7.6.2 demands. It grows again with what arrives: what was known
// of a path that was dead so long is not restored.
void bbr::on_persistent_congestion(time_point now) {
  ensure_started(now);
  if (!in_episode_) save_state();
  window_ = minimum_window(settings_, max_datagram_size_);
  recovery_start_.reset();
  recovering_ = false;
}

// How much of the bandwidth the sender let itself use, at least, when it sent what is being acknowledged.
double bbr::paced_share() const noexcept {
  return std::min({1.0, lowest_gain_this_round_, lowest_gain_last_round_}) * (1 - tuning_.pacing_margin);
}

// What a round trip lost, as the draft's threshold has it.
bool bbr::is_too_much(std::uint64_t lost, std::uint64_t tx_in_flight) const noexcept {
  return static_cast<double>(lost) > static_cast<double>(tx_in_flight) * tuning_.loss_threshold;
}

// IsInflightTooHigh(). The threshold is twice the loss that BBR is to tolerate ("Design Considerations for Choosing
// Constant Parameters"), which leaves room for chance where a round trip carries a thousand packets. Where it carries
// fifty, the threshold is one packet, and at the tolerated rate every third round trip loses one: each probe would end
// in an alarm, and what is in flight never grow to what the path holds. So what was lost must also be more than chance
// makes of the tolerated rate, by two standard deviations and a packet. From some 700 packets on the threshold is more.
bool bbr::is_inflight_too_high(std::uint64_t lost, std::uint64_t tx_in_flight) const noexcept {
  if (!is_too_much(lost, tx_in_flight)) return false;
  const auto packet = static_cast<double>(max_datagram_size_);
  const double tolerated = static_cast<double>(tx_in_flight) / packet * tuning_.loss_threshold / 2;
  return static_cast<double>(lost) > (tolerated + 2 * std::sqrt(tolerated) + 1) * packet;
}

// HandleInflightTooHigh().
void bbr::handle_inflight_too_high(std::uint64_t inflight, bool app_limited, time_point now) {
  probe_.went_too_high = true;
  probe_.is_sample = false;
  if (!app_limited) inflight_longterm_ = std::max(inflight, scaled(target_inflight(), tuning_.beta));
  if (state_ != bbr_state::probe_bw_up) return;
  undo_.state = bbr_state::probe_bw_up;
  start_down(now);
}

// InflightAtLoss(): losses may have crossed the threshold midway through the packet. What was lost before it may exceed
// the threshold already; then the packet has no part of which it could be said.
std::uint64_t bbr::inflight_at_loss(const lost_packet& lost) const noexcept {
  const std::uint64_t inflight_before = lost.tx_in_flight - std::min(lost.bytes, lost.tx_in_flight);
  const std::uint64_t lost_before = lost.lost - std::min(lost.bytes, lost.lost);
  const double allowed = static_cast<double>(inflight_before) * tuning_.loss_threshold;
  const double prefix = (allowed - static_cast<double>(lost_before)) / (1 - tuning_.loss_threshold);
  return inflight_before + std::min(whole(prefix), lost.bytes);
}

void bbr::on_spurious_loss(std::uint64_t bytes, time_point time_sent, time_point) {
  if (undo_.bytes_lost == 0 || time_sent < undo_.oldest_sent) return;
  undo_.bytes_late += bytes;
  if (undo_.bytes_late >= undo_.bytes_lost) undo();
}

// HandleSpuriousLossDetection(): nothing was lost of all that was declared lost.
void bbr::undo() {
  ++undone_;
  restore_window();
  short_term_.forget_congestion();
  full_pipe_.reset();
  short_term_.raise(undo_.bandwidth_shortterm, undo_.inflight_shortterm);
  inflight_longterm_ = std::max(inflight_longterm_, undo_.inflight_longterm);
  if (undo_.state == bbr_state::startup && state_ != bbr_state::startup) {
    full_bw_reached_ = false;
    if (state_ != bbr_state::probe_rtt) enter_startup();
  } else if (undo_.state == bbr_state::probe_bw_up && state_ != bbr_state::probe_bw_up) {
    if (state_ != bbr_state::probe_rtt) start_refill();
  }
  undo_ = {};
}

// SaveCwnd().
void bbr::save_window() noexcept {
  const bool undisturbed = !recovering_ && state_ != bbr_state::probe_rtt;
  prior_window_ = undisturbed ? window_ : std::max(prior_window_, window_);
}

// RestoreCwnd().
void bbr::restore_window() noexcept { window_ = std::max(window_, prior_window_); }

}  // namespace quasio::recovery
