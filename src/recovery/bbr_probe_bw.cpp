#include <algorithm>

#include "recovery/bbr.hpp"

namespace quasio::recovery {
namespace {

constexpr std::uint32_t maximum_up_rounds = 30;

}  // namespace

// "ProbeBW Algorithm Details".
void bbr::start_down(time_point now) {
  short_term_.forget_signals();
  probe_.acked_per_increase = unbounded;
  pick_probe_wait();
  probe_.cycle_start = now;
  probe_.phase = ack_phase::probe_stopping;
  begin_round();
  state_ = bbr_state::probe_bw_down;
}

void bbr::start_refill() noexcept {
  short_term_.release();
  probe_.up_rounds = 0;
  probe_.up_acked = 0;
  probe_.was_precautionary = false;
  probe_.phase = ack_phase::refilling;
  begin_round();
  state_ = bbr_state::probe_bw_refill;
}

void bbr::start_up(const rate_sample& sample) noexcept {
  probe_.is_sample = true;
  probe_.phase = ack_phase::probe_starting;
  begin_round();
  full_pipe_.reset(sample.delivery_rate);
  state_ = bbr_state::probe_bw_up;
  raise_slope();
}

void bbr::update_probe_bw(const ack_event& acked, time_point now) {
  if (!full_bw_reached_) return;
  if (adapt_long_term_model(acked)) return;
  switch (state_) {
    case bbr_state::probe_bw_down:
      if (is_time_to_probe(now)) {
        start_refill();
      } else if (is_time_to_cruise(acked.bytes_in_flight)) {
        state_ = bbr_state::probe_bw_cruise;
      }
      break;
    case bbr_state::probe_bw_cruise:
      if (is_time_to_probe(now)) start_refill();
      break;
    case bbr_state::probe_bw_refill:
      if (round_.started()) start_up(acked.rate);
      break;
    case bbr_state::probe_bw_up:
      if (is_time_to_go_down(acked)) {
        probe_.went_too_high = false;
        start_down(now);
      }
      break;
    default:
      break;
  }
}

bool bbr::adapt_long_term_model(const ack_event& acked) noexcept {
  const rate_sample& sample = acked.rate;
  if (probe_.phase == ack_phase::probe_starting && round_.started()) probe_.phase = ack_phase::probe_feedback;
  if (probe_.phase == ack_phase::probe_stopping && round_.started()) {
    probe_.is_sample = false;
    probe_.phase = ack_phase::init;
    if (in_probe_bw() && !sample.app_limited) max_bandwidth_.advance();
    // "Precautionary Bandwidth Probing: Acceleration".
    if (in_probe_bw() && probe_.was_precautionary && !probe_.went_too_high) {
      start_refill();
      return true;
    }
  }
  if (is_inflight_too_high(sample.lost, sample.tx_in_flight) || inflight_longterm_ == unbounded) return false;
  inflight_longterm_ = std::max(inflight_longterm_, sample.tx_in_flight);
  if (state_ == bbr_state::probe_bw_up) probe_upward(acked.bytes);
  return false;
}

bool bbr::is_time_to_probe(time_point now) const noexcept {
  if (now > probe_.cycle_start + probe_.wait) return true;
  if (!tuning_.reno_coexistence) return false;
  const std::uint64_t packets = std::max<std::uint64_t>(target_inflight() / max_datagram_size_, 1);
  return probe_.rounds_since_up >= std::min<std::uint64_t>(packets, tuning_.reno_rounds);
}

bool bbr::is_time_to_cruise(std::uint64_t in_flight) const noexcept {
  if (in_flight > inflight_with_headroom()) return false;
  return in_flight <= with_quanta(bandwidth_delay_product(max_bandwidth_.get(), 1));
}

// What is in flight now, after an acknowledgment, is less than it was before it: by all that one acknowledgment stands
// for. And as the bound keeps the window, it is reached as soon as no whole datagram fits below it.
bool bbr::reached_long_term_bound() const noexcept {
  return inflight_longterm_ != unbounded && highest_flight_ + max_datagram_size_ > inflight_longterm_;
}

bool bbr::is_time_to_go_down(const ack_event& acked) noexcept {
  // "Precautionary Bandwidth Probing: Deceleration".
  if (probe_.went_too_high && reached_long_term_bound()) {
    probe_.was_precautionary = true;
    return true;
  }
  if (is_window_limited() && window_ >= inflight_longterm_) {
    // The bound, not the path, limits the bandwidth.
    full_pipe_.reset(acked.rate.delivery_rate);
    return false;
  }
  return full_pipe_.full();
}

// PickProbeWait().
void bbr::pick_probe_wait() noexcept {
  probe_.rounds_since_up = next_random() & 1;
  const double share = static_cast<double>(next_random() >> 11) / static_cast<double>(std::uint64_t{1} << 53);
  const double spread = static_cast<double>(tuning_.probe_wait_spread.count()) * share;
  probe_.wait = tuning_.probe_wait + duration(static_cast<duration::rep>(spread));
}

// Nobody gains by foreseeing a probe: any well-mixed sequence will do. This is SplitMix64 (Steele, Lea, Flood 2014).
std::uint64_t bbr::next_random() noexcept {
  std::uint64_t mixed = random_state_ += 0x9e3779b97f4a7c15u;
  mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9u;
  mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebu;
  return mixed ^ mixed >> 31;
}

// RaiseInflightLongtermSlope().
void bbr::raise_slope() noexcept {
  const std::uint64_t growth = std::uint64_t{1} << probe_.up_rounds;
  probe_.up_rounds = std::min(probe_.up_rounds + 1, maximum_up_rounds);
  probe_.acked_per_increase = std::max(window_ / growth, max_datagram_size_);
}

// ProbeInflightLongtermUpward().
void bbr::probe_upward(std::uint64_t newly_acked) noexcept {
  if (!is_window_limited() || window_ < inflight_longterm_) return;
  probe_.up_acked += newly_acked;
  const std::uint64_t steps = probe_.up_acked / probe_.acked_per_increase;
  probe_.up_acked -= steps * probe_.acked_per_increase;
  inflight_longterm_ = std::min(inflight_longterm_ + steps * max_datagram_size_, practically_infinite);
  if (round_.started()) raise_slope();
}

}  // namespace quasio::recovery
