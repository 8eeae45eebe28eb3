#pragma once

#include <algorithm>
#include <concepts>

#include "quasio/recovery/congestion_settings.hpp"
#include "recovery/hystart.hpp"
#include "recovery/loss_episode.hpp"

namespace quasio::recovery {

/// What congestion avoidance has to go by when an ACK frame comes.
struct avoidance_step {
  std::uint64_t window = 0;
  std::uint64_t bytes_acked = 0;
  std::uint64_t max_datagram_size = 0;
  std::uint64_t maximum_window = 0;
  duration smoothed_rtt{};
  time_point now{};
};

/// A way to grow the window in congestion avoidance. A value: copying it is how a reduction is taken back.
template <class Avoidance>
concept congestion_avoidance =
    std::copyable<Avoidance> && std::constructible_from<Avoidance, const congestion_settings&> &&
    requires(Avoidance avoidance, const avoidance_step& step, std::uint64_t window, time_point now) {
      { Avoidance::name } -> std::convertible_to<std::string_view>;
      { Avoidance::reduction_factor } -> std::convertible_to<double>;
      { avoidance.grow(step) } noexcept -> std::same_as<std::uint64_t>;  // The new window.
      avoidance.on_reduction(window);                                    // The window was that large before.
      avoidance.on_slow_start();                                         // What was learnt no longer holds.
      avoidance.on_pause(now);                                           // Until now the window was not in use.
      avoidance.on_datagram_size_change();
    };

/// Slow start, recovery periods and what else is common to the controllers that take loss as the sign of congestion
/// (RFC 9002, section 7 and appendix B), around one way of congestion avoidance.
template <congestion_avoidance Avoidance>
class loss_based_controller final : public congestion_controller {
public:
  loss_based_controller(const congestion_settings& settings, std::size_t max_datagram_size)
      : settings_(settings),
        max_datagram_size_(max_datagram_size),
        state_{.window = initial_window(settings, max_datagram_size), .avoidance = Avoidance(settings)} {
    settings_.maximum_window = std::max(settings_.maximum_window, state_.window);
  }

  void on_packet_sent(const sent_event& sent, time_point now) override {
    if (sent.bytes_in_flight_before == 0) end_idleness(now);
    last_active_ = now;
  }

  void on_packets_acked(const ack_event& acked, time_point now) override {
    rtt_ = acked.rtt;
    last_active_ = now;
    if (sent_before_recovery(acked.newest_time_sent)) return;
    // A batch that straddles the start of recovery counts whole; the window grows by at most one datagram for it.
    state_.recovering = false;
    if (acked.window_underutilized) return state_.avoidance.on_pause(now);
    const std::uint64_t left = grow_in_slow_start(acked, now);
    if (left > 0) grow_in_congestion_avoidance(left, now);
  }

  bool on_congestion_event(const congestion_event& event, time_point now) override {
    const bool is_loss = event.signal == congestion_signal::loss;
    if (sent_before_recovery(event.newest_time_sent)) {
      if (is_loss)
        episode_.add(event.bytes_lost);
      else
        episode_.close();  // What the path marked it has seen: such a reduction is no mistake.
      return false;
    }
    if (is_loss && settings_.undo_spurious_reductions) {
      before_ = state_;
      episode_.begin(state_.recovery_start, now, event.bytes_lost);
    } else {
      episode_.close();
    }
    reduce(now);
    return true;
  }

  void on_persistent_congestion(time_point) override {
    episode_.close();
    state_.window = minimum();
    state_.avoidance.on_slow_start();
    state_.recovery_start.reset();
    state_.recovering = false;
  }

  void on_spurious_loss(std::uint64_t bytes, time_point time_sent, time_point) override {
    if (!episode_.on_arrival(bytes, time_sent)) return;
    const std::uint64_t grown = state_.window;
    state_ = before_;
    state_.window = std::max(state_.window, grown);
    ++undone_reductions_;
  }

  void set_max_datagram_size(std::size_t bytes) override {
    const bool untouched =
        state_.window == initial_window(settings_, max_datagram_size_) && state_.slow_start_threshold == infinite;
    max_datagram_size_ = bytes;
    // RFC 9002, section 7.2: the initial window follows the datagram size; a window that was learnt stays, in bytes.
    state_.window = untouched ? initial_window(settings_, bytes) : std::max(state_.window, minimum());
    settings_.maximum_window = std::max(settings_.maximum_window, state_.window);
    state_.avoidance.on_datagram_size_change();
  }

  std::uint64_t window() const noexcept override { return state_.window; }
  std::uint64_t slow_start_threshold() const noexcept override { return state_.slow_start_threshold; }
  bool in_recovery() const noexcept override { return state_.recovering; }
  bool wants_rate_reduction() const noexcept override { return settings_.rate_reduction; }
  std::uint64_t undone_reductions() const noexcept override { return undone_reductions_; }
  std::string_view name() const noexcept override { return Avoidance::name; }

private:
  /// What a reduction changes, and what comes back when it is undone.
  struct condition {
    std::uint64_t window = 0;
    std::uint64_t slow_start_threshold = infinite;
    std::optional<time_point> recovery_start{};
    bool recovering = false;
    Avoidance avoidance;
  };

  std::uint64_t minimum() const noexcept { return minimum_window(settings_, max_datagram_size_); }

  bool sent_before_recovery(time_point time_sent) const noexcept {
    return state_.recovery_start && time_sent <= *state_.recovery_start;
  }

  void reduce(time_point now) noexcept {
    const double factor = settings_.loss_reduction_factor.value_or(Avoidance::reduction_factor);
    state_.avoidance.on_reduction(state_.window);
    state_.slow_start_threshold = static_cast<std::uint64_t>(static_cast<double>(state_.window) * factor);
    state_.window = std::max(state_.slow_start_threshold, minimum());
    state_.recovery_start = now;
    state_.recovering = true;
  }

  /// Gives back the bytes that are left for congestion avoidance.
  std::uint64_t grow_in_slow_start(const ack_event& acked, time_point now) noexcept {
    if (!in_slow_start()) return acked.bytes;
    const std::uint64_t ceiling = std::min(state_.slow_start_threshold, settings_.maximum_window);
    std::uint64_t wanted = acked.bytes;
    if (watches_delay()) {
      hystart_.on_ack(acked.newest_time_sent, now);
      if (!settings_.paced) wanted = std::min(wanted, hystart::unpaced_growth_limit * max_datagram_size_);
      wanted = hystart_.growth(wanted);
    }
    const std::uint64_t growth = std::min(wanted, ceiling - std::min(state_.window, ceiling));
    state_.window += growth;
    if (watches_delay() && hystart_.is_over()) state_.slow_start_threshold = state_.window;
    return wanted - growth;
  }

  /// RFC 9406, section 4.3: only in the first slow start, whose end nobody knows.
  bool watches_delay() const noexcept { return settings_.hystart && state_.slow_start_threshold == infinite; }

  void grow_in_congestion_avoidance(std::uint64_t bytes, time_point now) noexcept {
    state_.window = state_.avoidance.grow({.window = state_.window,
                                           .bytes_acked = bytes,
                                           .max_datagram_size = max_datagram_size_,
                                           .maximum_window = settings_.maximum_window,
                                           .smoothed_rtt = rtt_.smoothed,
                                           .now = now});
  }

  void end_idleness(time_point now) noexcept {
    state_.avoidance.on_pause(now);
    if (!last_active_ || now - *last_active_ <= idle_window_validity()) return;
    // RFC 5681, section 4.1 and RFC 7661, section 4.4.3: the path may have become another one. What was reached before
    // remains a hint where to become careful.
    episode_.close();
    if (state_.slow_start_threshold != infinite)
      state_.slow_start_threshold = std::max(state_.slow_start_threshold, state_.window / 4 * 3);
    state_.window = std::min(state_.window, initial_window(settings_, max_datagram_size_));
    state_.avoidance.on_slow_start();
    state_.recovering = false;
    hystart_ = hystart();
  }

  duration idle_window_validity() const noexcept {
    const duration probe_timeout = rtt_.smoothed + 4 * rtt_.variation;
    return settings_.paced ? std::max<duration>(settings_.idle_window_validity, probe_timeout) : probe_timeout;
  }

  congestion_settings settings_;
  std::size_t max_datagram_size_;
  condition state_;
  hystart hystart_;
  loss_episode episode_;
  condition before_ = state_;  ///< The newest loss; meaningful while the episode is open.
  rtt_statistics rtt_{};
  std::optional<time_point> last_active_;
  std::uint64_t undone_reductions_ = 0;
};

}  // namespace quasio::recovery
