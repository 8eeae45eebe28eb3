#include <algorithm>

#include "recovery/bbr.hpp"

namespace quasio::recovery {

// "Startup".
void bbr::check_startup_done(const rate_sample& sample) {
  if (state_ == bbr_state::startup && !full_bw_reached_ && startup_lost_too_much(sample)) {
    undo_.state = bbr_state::startup;
    full_pipe_.declare_full();
    full_bw_reached_ = true;
    inflight_longterm_ = std::max(bandwidth_delay_product(bandwidth_, 1), short_term_.inflight_latest());
  }
  if (short_term_.round_over()) startup_losses_ = {};
  if (state_ == bbr_state::startup && full_bw_reached_) enter_drain();
}

// "Exiting Startup Based on Packet Loss". The round of looking for losses begins with the first of them, so that its
// end comes after a full round trip of loss recovery. An ECN-CE mark ends Startup whatever was lost (RFC 3168).
bool bbr::startup_lost_too_much(const rate_sample& sample) const noexcept {
  if (!short_term_.round_over()) return false;
  if (startup_losses_.marked) return true;
  return startup_losses_.ranges >= tuning_.startup_full_loss_count && is_too_much(sample.lost, sample.tx_in_flight);
}

void bbr::enter_drain() noexcept {
  state_ = bbr_state::drain;
  drain_start_round_ = round_.count();
}

// "Drain".
void bbr::check_drain_done(std::uint64_t in_flight, time_point now) {
  if (state_ != bbr_state::drain) return;
  const bool drained = in_flight <= with_quanta(bandwidth_delay_product(bandwidth_, 1));
  if (drained || round_.count() > drain_start_round_ + tuning_.drain_rounds) start_down(now);
}

}  // namespace quasio::recovery
