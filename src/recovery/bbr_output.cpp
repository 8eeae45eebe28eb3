#include <algorithm>

#include "recovery/bbr.hpp"
#include "recovery/delivery_rate.hpp"

namespace quasio::recovery {
namespace {

constexpr std::uint64_t maximum_quantum = 65536;
constexpr duration quantum_interval = std::chrono::milliseconds(1);

}  // namespace

// "Summary of Control Behavior in the State Machine".
double bbr::pacing_gain() const noexcept {
  switch (state_) {
    case bbr_state::startup:
      return tuning_.startup_pacing_gain;
    case bbr_state::drain:
      return tuning_.drain_pacing_gain;
    case bbr_state::probe_bw_down:
      return tuning_.probe_bw_down_pacing_gain;
    case bbr_state::probe_bw_up:
      return tuning_.probe_bw_up_pacing_gain;
    case bbr_state::probe_rtt:
      return tuning_.probe_rtt_pacing_gain;
    default:
      return 1;
  }
}

double bbr::window_gain() const noexcept {
  switch (state_) {
    case bbr_state::startup:
      return tuning_.startup_cwnd_gain;
    case bbr_state::drain:
      return tuning_.drain_cwnd_gain;
    case bbr_state::probe_bw_up:
      return tuning_.probe_bw_up_cwnd_gain;
    case bbr_state::probe_rtt:
      return tuning_.probe_rtt_cwnd_gain;
    default:
      return tuning_.probe_bw_cwnd_gain;
  }
}

// InitPacingRate(), and again with the first sample of the round-trip time.
void bbr::set_initial_pacing_rate(duration rtt) noexcept {
  if (tuning_.initial_pacing_rate > 0) {
    pacing_rate_ = std::max(pacing_rate_, std::min(tuning_.initial_pacing_rate, maximum_measured_rate));
    return;
  }
  const std::uint64_t nominal = bytes_per_second(initial_window(settings_, max_datagram_size_), rtt);
  if (nominal > 0) pacing_rate_ = std::min(scaled(nominal, tuning_.startup_pacing_gain), maximum_measured_rate);
}

// SetPacingRateWithGain().
void bbr::set_pacing_rate(double gain) noexcept {
  const std::uint64_t rate = std::min(scaled(bandwidth_, gain * (1 - tuning_.pacing_margin)), maximum_measured_rate);
  if (full_bw_reached_ || rate > pacing_rate_) pacing_rate_ = rate;
}

// SetSendQuantum().
void bbr::set_quantum() noexcept {
  const std::uint64_t worth = std::min(bytes_within(pacing_rate_, quantum_interval), maximum_quantum);
  quantum_ = std::max(worth, 2 * max_datagram_size_);
}

// BDPMultiple().
std::uint64_t bbr::bandwidth_delay_product(std::uint64_t bandwidth, double gain) const noexcept {
  const auto rtt = min_rtt_.get();
  if (!rtt) return initial_window(settings_, max_datagram_size_);
  return scaled(bytes_within(bandwidth, *rtt), gain);
}

// QuantizationBudget().
std::uint64_t bbr::with_quanta(std::uint64_t inflight) const noexcept {
  const std::uint64_t enough = std::max({inflight, quantum_, minimum_pipe()});
  return state_ == bbr_state::probe_bw_up ? enough + 2 * max_datagram_size_ : enough;
}

std::uint64_t bbr::inflight_with_headroom() const noexcept {
  if (inflight_longterm_ == unbounded) return unbounded;
  const std::uint64_t headroom = std::max(max_datagram_size_, scaled(inflight_longterm_, tuning_.headroom));
  return std::max(inflight_longterm_ - std::min(headroom, inflight_longterm_), minimum_pipe());
}

std::uint64_t bbr::probe_rtt_window() const noexcept {
  return std::max(bandwidth_delay_product(bandwidth_, tuning_.probe_rtt_cwnd_gain), minimum_pipe());
}

std::uint64_t bbr::target_inflight() const noexcept {
  return std::min(bandwidth_delay_product(bandwidth_, 1), window_);
}

std::uint64_t bbr::minimum_pipe() const noexcept {
  return std::max(tuning_.minimum_pipe_packets * max_datagram_size_, minimum_window(settings_, max_datagram_size_));
}

// "Bounding cwnd Based on Recent Congestion".
std::uint64_t bbr::window_bound() const noexcept {
  std::uint64_t bound = unbounded;
  if (state_ == bbr_state::probe_rtt || state_ == bbr_state::probe_bw_cruise) {
    bound = inflight_with_headroom();
  } else if (in_probe_bw()) {
    bound = inflight_longterm_;
  }
  bound = std::max(std::min(bound, short_term_.inflight()), minimum_pipe());
  return std::min(bound, settings_.maximum_window);
}

// SetCwnd().
void bbr::set_window(std::uint64_t newly_acked) noexcept {
  const std::uint64_t wanted = with_quanta(bandwidth_delay_product(bandwidth_, window_gain()) + extra_acked());
  if (full_bw_reached_) {
    window_ = std::min(window_ + newly_acked, wanted);
  } else if (window_ < wanted || total_delivered_ < initial_window(settings_, max_datagram_size_)) {
    window_ += newly_acked;
  }
  window_ = std::max(window_, minimum_pipe());
  if (state_ == bbr_state::probe_rtt) window_ = std::min(window_, probe_rtt_window());
  window_ = std::min(window_, window_bound());
}

}  // namespace quasio::recovery
