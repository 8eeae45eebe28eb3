#include <algorithm>

#include "recovery/bbr.hpp"

namespace quasio::recovery {

// "ProbeRTT Logic".
void bbr::check_probe_rtt(const ack_event& acked, time_point now) {
  if (state_ != bbr_state::probe_rtt && min_rtt_.probe_expired() && !idle_restart_) {
    save_window();
    state_ = bbr_state::probe_rtt;
    rtt_probe_ = {};
    probe_.phase = ack_phase::probe_stopping;
    begin_round();
  }
  if (state_ == bbr_state::probe_rtt) handle_probe_rtt(acked.bytes_in_flight, now);
  if (acked.rate.delivered > 0) idle_restart_ = false;
}

void bbr::handle_probe_rtt(std::uint64_t in_flight, time_point now) {
  if (!rtt_probe_.done_at) {
    if (in_flight > probe_rtt_window()) return;
    rtt_probe_ = {.done_at = now + tuning_.probe_rtt_duration};
    begin_round();
    return;
  }
  rtt_probe_.round_done |= round_.started();
  if (rtt_probe_.round_done) leave_probe_rtt_if_done(now);
}

// "Exiting ProbeRTT": the queue is empty already, so that cruising may begin at once.
void bbr::leave_probe_rtt_if_done(time_point now) {
  if (!rtt_probe_.done_at || now <= *rtt_probe_.done_at) return;
  min_rtt_.on_probed(now);
  restore_window();
  short_term_.release();
  if (!full_bw_reached_) return enter_startup();
  start_down(now);
  state_ = bbr_state::probe_bw_cruise;
}

}  // namespace quasio::recovery
