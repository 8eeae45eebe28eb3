#pragma once

#include <optional>

#include "quasio/recovery/congestion_settings.hpp"
#include "recovery/bbr_aggregation.hpp"
#include "recovery/bbr_bandwidth.hpp"
#include "recovery/bbr_full_pipe.hpp"
#include "recovery/bbr_min_rtt.hpp"
#include "recovery/bbr_round.hpp"
#include "recovery/bbr_short_term.hpp"

namespace quasio::recovery {

/// The states of BBR ("State Transition Diagram").
enum class bbr_state : std::uint8_t {
  startup,
  drain,
  probe_bw_down,
  probe_bw_cruise,
  probe_bw_refill,
  probe_bw_up,
  probe_rtt,
};

/// BBRv3 as draft-ietf-ccwg-bbr describes it: a model of the path (bandwidth, round-trip time, what may be in flight),
/// a state machine that probes for more or drains what is too much, and rate, quantum and window that follow from both.
/// The sections of the draft are named where its pseudocode is carried out.
///
/// The sources: bbr.cpp what happens with each event, bbr_startup.cpp Startup and Drain, bbr_probe_bw.cpp and
/// bbr_probe_rtt.cpp the states of these names, bbr_loss.cpp the answer to losses, bbr_output.cpp rate and window.
class bbr final : public congestion_controller {
public:
  bbr(const congestion_settings& settings, std::size_t max_datagram_size);

  void on_packet_sent(const sent_event& sent, time_point now) override;
  void on_packets_acked(const ack_event& acked, time_point now) override;
  void on_packet_lost(const lost_packet& lost, time_point now) override;
  bool on_congestion_event(const congestion_event& event, time_point now) override;
  void on_persistent_congestion(time_point now) override;
  void on_spurious_loss(std::uint64_t bytes, time_point time_sent, time_point now) override;
  void set_max_datagram_size(std::size_t bytes) override;

  std::uint64_t window() const noexcept override { return window_; }
  std::uint64_t slow_start_threshold() const noexcept override { return full_bw_reached_ ? window_ : infinite; }
  bool in_slow_start() const noexcept override { return state_ == bbr_state::startup; }
  bool in_recovery() const noexcept override { return recovering_; }
  std::optional<std::uint64_t> pacing_rate() const noexcept override { return pacing_rate_; }
  std::optional<std::uint64_t> send_quantum() const noexcept override { return quantum_; }
  std::optional<std::uint64_t> bandwidth_estimate() const noexcept override { return max_bandwidth_.get(); }
  std::uint64_t undone_reductions() const noexcept override { return undone_; }
  bool holds_back() const noexcept override { return state_ == bbr_state::probe_rtt; }
  std::string_view name() const noexcept override { return "bbr"; }
  std::string_view state() const noexcept override;

  // --- The model, for tests and logs ---

  bbr_state current() const noexcept { return state_; }
  std::uint64_t bandwidth() const noexcept { return bandwidth_; }                  ///< BBR.bw.
  std::uint64_t inflight_longterm() const noexcept { return inflight_longterm_; }  ///< May be `unbounded`.
  std::uint64_t inflight_shortterm() const noexcept { return short_term_.inflight(); }
  std::uint64_t bandwidth_shortterm() const noexcept { return short_term_.bandwidth(); }
  std::uint64_t extra_acked() const noexcept { return aggregation_.get(); }
  std::uint64_t round_count() const noexcept { return round_.count(); }
  std::optional<duration> min_rtt() const noexcept { return min_rtt_.get(); }
  bool full_bandwidth_reached() const noexcept { return full_bw_reached_; }
  duration probe_wait() const noexcept { return probe_.wait; }
  double pacing_gain() const noexcept;
  double window_gain() const noexcept;

private:
  /// What the acknowledgments that come in tell of ("ProbeBW State").
  enum class ack_phase : std::uint8_t { init, refilling, probe_starting, probe_feedback, probe_stopping };

  struct bandwidth_probe {
    ack_phase phase = ack_phase::init;
    bool is_sample = false;          ///< BBR.is_bw_probe_sample.
    bool went_too_high = false;      ///< BBR.prev_probe_too_high.
    bool was_precautionary = false;  ///< BBR.prev_probe_precautionary.
    std::uint32_t up_rounds = 0;
    std::uint64_t up_acked = 0;
    std::uint64_t acked_per_increase = unbounded;
    std::uint64_t rounds_since_up = 0;
    duration wait{};
    time_point cycle_start{};
  };

  struct rtt_probe {
    std::optional<time_point> done_at;
    bool round_done = false;
  };

  /// What a round with losses found, in case they were none ("Saving State Upon Loss Recovery").
  struct undo_state {
    std::optional<bbr_state> state;
    std::uint64_t bandwidth_shortterm = 0;
    std::uint64_t inflight_shortterm = 0;
    std::uint64_t inflight_longterm = 0;
    std::uint64_t bytes_lost = 0;
    std::uint64_t bytes_late = 0;
    time_point oldest_sent{};
  };

  /// Signs that Startup fills the path, within a round of looking for losses.
  struct startup_losses {
    std::uint32_t ranges = 0;
    std::optional<std::uint64_t> last_number;
    bool marked = false;  ///< ECN-CE.
  };

  // Events (bbr.cpp).
  void ensure_started(time_point now) noexcept;
  void restart_from_idle(time_point now);
  void update_model(const ack_event& acked, time_point now);
  void begin_round() noexcept { round_.begin(total_delivered_); }
  bool in_probe_bw() const noexcept { return state_ >= bbr_state::probe_bw_down && state_ <= bbr_state::probe_bw_up; }
  bool is_probing_bandwidth() const noexcept {
    return state_ == bbr_state::startup || state_ == bbr_state::probe_bw_refill || state_ == bbr_state::probe_bw_up;
  }
  bool is_window_limited() const noexcept { return limited_this_round_ || limited_last_round_; }

  // Startup and Drain (bbr_startup.cpp).
  void check_startup_done(const rate_sample& sample);
  bool startup_lost_too_much(const rate_sample& sample) const noexcept;
  void enter_startup() noexcept { state_ = bbr_state::startup; }
  void enter_drain() noexcept;
  void check_drain_done(std::uint64_t in_flight, time_point now);

  // ProbeBW (bbr_probe_bw.cpp).
  void start_down(time_point now);
  void start_refill() noexcept;
  void start_up(const rate_sample& sample) noexcept;
  void update_probe_bw(const ack_event& acked, time_point now);
  bool adapt_long_term_model(const ack_event& acked) noexcept;
  bool is_time_to_probe(time_point now) const noexcept;
  bool is_time_to_cruise(std::uint64_t in_flight) const noexcept;
  bool reached_long_term_bound() const noexcept;
  bool is_time_to_go_down(const ack_event& acked) noexcept;
  void pick_probe_wait() noexcept;
  void probe_upward(std::uint64_t newly_acked) noexcept;
  void raise_slope() noexcept;
  std::uint64_t next_random() noexcept;

  // ProbeRTT (bbr_probe_rtt.cpp).
  void check_probe_rtt(const ack_event& acked, time_point now);
  void handle_probe_rtt(std::uint64_t in_flight, time_point now);
  void leave_probe_rtt_if_done(time_point now);

  // Losses (bbr_loss.cpp).
  void note_congestion();
  double paced_share() const noexcept;
  void save_state() noexcept;
  void handle_inflight_too_high(std::uint64_t inflight, bool app_limited, time_point now);
  bool is_too_much(std::uint64_t lost, std::uint64_t tx_in_flight) const noexcept;
  bool is_inflight_too_high(std::uint64_t lost, std::uint64_t tx_in_flight) const noexcept;
  std::uint64_t inflight_at_loss(const lost_packet& lost) const noexcept;
  void undo();
  void save_window() noexcept;
  void restore_window() noexcept;

  // Rate, quantum and window (bbr_output.cpp).
  void set_pacing_rate(double gain) noexcept;
  void set_initial_pacing_rate(duration rtt) noexcept;
  void set_quantum() noexcept;
  void set_window(std::uint64_t newly_acked) noexcept;
  std::uint64_t bandwidth_delay_product(std::uint64_t bandwidth, double gain) const noexcept;
  std::uint64_t with_quanta(std::uint64_t inflight) const noexcept;
  std::uint64_t inflight_with_headroom() const noexcept;
  std::uint64_t probe_rtt_window() const noexcept;
  std::uint64_t target_inflight() const noexcept;
  std::uint64_t window_bound() const noexcept;
  std::uint64_t minimum_pipe() const noexcept;

  congestion_settings settings_;
  bbr_settings tuning_;
  std::uint64_t max_datagram_size_;
  std::uint64_t random_state_;

  bbr_state state_ = bbr_state::startup;
  std::uint64_t window_;
  std::uint64_t prior_window_ = 0;  ///< BBR.prior_cwnd.
  std::uint64_t pacing_rate_ = 0;
  std::uint64_t quantum_ = 0;

  bool started_ = false;
  bool has_rtt_ = false;
  bool idle_restart_ = false;
  std::uint64_t total_delivered_ = 0;
  std::uint64_t bandwidth_ = 0;
  std::uint64_t inflight_longterm_ = unbounded;
  bool full_bw_reached_ = false;
  std::uint64_t drain_start_round_ = 0;

  bbr_round round_;
  bbr_max_bandwidth max_bandwidth_;
  bbr_short_term short_term_;
  bbr_full_pipe full_pipe_;
  bbr_min_rtt min_rtt_{time_point{}};
  bbr_aggregation aggregation_{time_point{}};
  bandwidth_probe probe_;
  rtt_probe rtt_probe_;
  undo_state undo_;
  startup_losses startup_losses_;

  double lowest_gain_this_round_ = 1;  ///< Of pacing.
  double lowest_gain_last_round_ = 1;
  std::uint64_t highest_flight_ = 0;  ///< Since the last acknowledgment.
  bool limited_this_round_ = false;
  bool limited_last_round_ = false;
  std::uint64_t undone_ = 0;
  bool in_episode_ = false;  ///< Of losses; undo_ holds what was before it.
  bool recovering_ = false;
  std::optional<time_point> recovery_start_;
};

}  // namespace quasio::recovery
