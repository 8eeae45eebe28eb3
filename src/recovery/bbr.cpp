#include "recovery/bbr.hpp"

#include <algorithm>
#include <utility>

namespace quasio::recovery {

bbr::bbr(const congestion_settings& settings, std::size_t max_datagram_size)
    : settings_(settings),
      tuning_(settings.bbr),
      max_datagram_size_(max_datagram_size),
      random_state_(settings.seed),
      window_(initial_window(settings, max_datagram_size)) {
  settings_.maximum_window = std::max(settings_.maximum_window, window_);
  set_initial_pacing_rate(std::chrono::milliseconds(1));
  set_quantum();
}

// "Initialization": what it needs the time for waits until there is one.
void bbr::ensure_started(time_point now) noexcept {
  if (started_) return;
  started_ = true;
  min_rtt_ = bbr_min_rtt(now);
  aggregation_ = bbr_aggregation(now);
}

void bbr::on_packet_sent(const sent_event& sent, time_point now) {
  ensure_started(now);
  if (sent.bytes_in_flight_before == 0 && sent.app_limited) restart_from_idle(now);
  if (sent.bytes_in_flight_before + sent.bytes + max_datagram_size_ > window_) limited_this_round_ = true;
  highest_flight_ = std::max(highest_flight_, sent.bytes_in_flight_before + sent.bytes);
}

// "Actions when Restarting from Idle".
void bbr::restart_from_idle(time_point now) {
  idle_restart_ = true;
  aggregation_.on_restart_from_idle(now);
  if (in_probe_bw()) {
    set_pacing_rate(1);
  } else if (state_ == bbr_state::probe_rtt) {
    leave_probe_rtt_if_done(now);
  }
}

// "Per-ACK Steps".
void bbr::on_packets_acked(const ack_event& acked, time_point now) {
  ensure_started(now);
  total_delivered_ = acked.rate.total_delivered;
  if (acked.rate.rtt && !has_rtt_) {
    has_rtt_ = true;
    set_initial_pacing_rate(*acked.rate.rtt);
  }
  if (!recovery_start_ || acked.newest_time_sent > *recovery_start_) in_episode_ = false;
  if (recovering_ && acked.newest_time_sent > *recovery_start_) {
    recovering_ = false;
    restore_window();
  }
  update_model(acked, now);
  lowest_gain_this_round_ = std::min(lowest_gain_this_round_, pacing_gain());
  set_pacing_rate(pacing_gain());
  set_quantum();
  set_window(acked.bytes);
  highest_flight_ = acked.bytes_in_flight;
}

// UpdateModelAndState().
void bbr::update_model(const ack_event& acked, time_point now) {
  const rate_sample& sample = acked.rate;
  short_term_.on_ack(sample);
  if (round_.on_ack(sample.prior_delivered, sample.total_delivered)) {
    ++probe_.rounds_since_up;
    limited_last_round_ = std::exchange(limited_this_round_, false);
    lowest_gain_last_round_ = std::exchange(lowest_gain_this_round_, pacing_gain());
  }
  max_bandwidth_.on_sample(sample.delivery_rate, sample.app_limited);
  // AdaptLowerBoundsFromCongestion(): a sender that probes is expected to cause losses.
  if (short_term_.round_over() && short_term_.congested()) {
    if (!is_probing_bandwidth()) short_term_.tighten(max_bandwidth_.get(), window_, tuning_.beta, paced_share());
    short_term_.forget_congestion();
  }
  aggregation_.on_ack(acked.bytes, bandwidth_, window_, round_.count(),
                      full_bw_reached_ ? tuning_.extra_acked_rounds : 1, now);
  full_pipe_.on_ack(sample, round_.started(), tuning_);
  full_bw_reached_ |= full_pipe_.full();
  check_startup_done(sample);
  check_drain_done(acked.bytes_in_flight, now);
  update_probe_bw(acked, now);
  min_rtt_.on_sample(sample.rtt, tuning_, now);
  check_probe_rtt(acked, now);
  short_term_.advance(sample);
  bandwidth_ = std::min(max_bandwidth_.get(), short_term_.bandwidth());
}

void bbr::set_max_datagram_size(std::size_t bytes) {
  const bool untouched = total_delivered_ == 0 && window_ == initial_window(settings_, max_datagram_size_);
  max_datagram_size_ = bytes;
  // RFC 9002, section 7.2.
  if (untouched) window_ = initial_window(settings_, bytes);
  window_ = std::max(window_, minimum_window(settings_, bytes));
  settings_.maximum_window = std::max(settings_.maximum_window, window_);
  set_quantum();
}

std::string_view bbr::state() const noexcept {
  switch (state_) {
    case bbr_state::startup:
      return "startup";
    case bbr_state::drain:
      return "drain";
    case bbr_state::probe_bw_down:
      return "probe_bw_down";
    case bbr_state::probe_bw_cruise:
      return "probe_bw_cruise";
    case bbr_state::probe_bw_refill:
      return "probe_bw_refill";
    case bbr_state::probe_bw_up:
      return "probe_bw_up";
    case bbr_state::probe_rtt:
      break;
  }
  return "probe_rtt";
}

}  // namespace quasio::recovery
