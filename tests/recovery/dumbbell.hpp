#pragma once

#include <functional>
#include <limits>
#include <queue>
#include <random>

#include "recovery/simulated_sender.hpp"

namespace quasio::recovery {

/// The bottleneck that the flows of a dumbbell share.
struct bottleneck_settings {
  std::uint64_t bytes_per_second = 12'500'000;
  duration round_trip = milliseconds(40);  ///< Without queue; half of it each way.
  double queue = 1;                        ///< In bandwidth-delay products.
  double loss = 0;
  duration ack_aggregation{};  ///< Acknowledgments arrive only at multiples of this.
};

/// One sender, and what became of what it sent.
struct dumbbell_flow {
  explicit dumbbell_flow(std::unique_ptr<congestion_controller> controller) : sender(std::move(controller)) {}

  static constexpr std::uint64_t endless = std::numeric_limits<std::uint64_t>::max();

  simulated_sender sender;
  std::uint64_t backlog = endless;  ///< Bytes that the application has to send.
  std::uint64_t received = 0;
  std::uint64_t sent = 0;
  std::optional<time_point> wake;

  // The receiver.
  std::vector<number_range> unacknowledged;  ///< Ascending.
  std::uint64_t unacknowledged_packets = 0;
  std::uint64_t next_expected = 0;
  std::optional<time_point> ack_due;
};

/// Senders put together from the parts of the room, receivers that acknowledge every other packet within 25 ms, and one
/// bottleneck between them. No bytes are moved: minutes pass in milliseconds.
class dumbbell {
public:
  explicit dumbbell(const bottleneck_settings& settings, std::uint64_t seed = 1) : settings_(settings), random_(seed) {}

  dumbbell_flow& add(const congestion_settings& settings) {
    return add(make_congestion_controller(settings, simulated_sender::datagram));
  }
  dumbbell_flow& add(std::unique_ptr<congestion_controller> controller) {
    flows_.push_back(std::make_unique<dumbbell_flow>(std::move(controller)));
    flows_.back()->wake = now_;
    return *flows_.back();
  }

  void change(const bottleneck_settings& settings) { settings_ = settings; }
  const bottleneck_settings& settings() const { return settings_; }

  time_point now() const { return now_; }
  std::uint64_t dropped() const { return dropped_; }

  double bandwidth_delay_product() const {
    return static_cast<double>(settings_.bytes_per_second) *
           std::chrono::duration<double>(settings_.round_trip).count();
  }

  /// The longest time that a packet waited in the queue since the last call.
  duration take_longest_wait() { return std::exchange(longest_wait_, duration::zero()); }

  /// Called for every packet that is sent; may drop it, or hold it back.
  struct fate {
    bool dropped = false;
    duration held_back{};
  };
  std::function<fate(const dumbbell_flow&, std::uint64_t number)> meddle;

  /// Called after every event.
  std::function<void()> watch;

  void run(duration time) {
    run_until([] { return false; }, time);
  }

  /// Says whether `done` came to hold.
  bool run_until(const std::function<bool()>& done, duration limit) {
    const time_point end = now_ + limit;
    while (!done()) {
      const time_point next = next_event();
      if (next > end) {
        now_ = end;
        return done();
      }
      now_ = next;
      step();
      if (watch) watch();
    }
    return true;
  }

private:
  struct arrival {
    time_point when;
    std::uint64_t order;
    dumbbell_flow* flow;
    std::uint64_t number;
    std::vector<number_range> ranges;  ///< Not empty: an acknowledgment on its way back.

    bool operator<(const arrival& other) const { return when != other.when ? when > other.when : order > other.order; }
  };

  time_point next_event() const {
    time_point next = arrivals_.empty() ? time_point::max() : arrivals_.top().when;
    for (const auto& flow : flows_) {
      if (flow->wake) next = std::min(next, *flow->wake);
      if (flow->ack_due) next = std::min(next, *flow->ack_due);
      if (const auto timer = flow->sender.timer()) next = std::min(next, timer->deadline);
    }
    return std::max(next, now_);
  }

  void step() {
    while (!arrivals_.empty() && arrivals_.top().when <= now_) {
      const arrival arrived = arrivals_.top();
      arrivals_.pop();
      if (arrived.ranges.empty()) {
        receive(*arrived.flow, arrived.number);
      } else {
        arrived.flow->sender.acknowledge(arrived.ranges, now_);
        arrived.flow->wake = now_;
      }
    }
    for (const auto& flow : flows_) {
      if (flow->ack_due && *flow->ack_due <= now_) acknowledge(*flow);
      if (const auto timer = flow->sender.timer(); timer && timer->deadline <= now_) {
        if (const auto probe = flow->sender.on_timer(now_)) transmit(*flow, *probe);
        flow->wake = now_;
      }
      if (flow->wake && *flow->wake <= now_) pump(*flow);
    }
  }

  void pump(dumbbell_flow& flow) {
    flow.wake.reset();
    while (flow.backlog > 0) {
      if (!flow.sender.may_send(now_)) {
        flow.wake = flow.sender.release_time(now_);
        return;
      }
      if (flow.backlog != dumbbell_flow::endless) flow.backlog -= std::min<std::uint64_t>(flow.backlog, datagram);
      transmit(flow, flow.sender.send(now_));
    }
    flow.sender.run_dry(now_);
  }

  void transmit(dumbbell_flow& flow, std::uint64_t number) {
    flow.sent += datagram;
    const fate decided = meddle ? meddle(flow, number) : fate{};
    const double byte_time = 1e9 / static_cast<double>(settings_.bytes_per_second);
    const duration wait = std::max(free_at_ - now_, duration::zero());
    const double queued = static_cast<double>(wait.count()) / byte_time;
    if (queued + datagram > std::max(settings_.queue * bandwidth_delay_product(), 2.0 * datagram)) {
      ++dropped_;
      return;
    }
    longest_wait_ = std::max(longest_wait_, wait);
    free_at_ = std::max(free_at_, now_) + duration(static_cast<duration::rep>(byte_time * datagram));
    if (decided.dropped || std::bernoulli_distribution(settings_.loss)(random_)) {
      ++dropped_;
      return;
    }
    arrivals_.push({free_at_ + settings_.round_trip / 2 + decided.held_back, order_++, &flow, number, {}});
  }

  void receive(dumbbell_flow& flow, std::uint64_t number) {
    flow.received += datagram;
    auto& pending = flow.unacknowledged;
    if (!pending.empty() && pending.back().end == number) {
      ++pending.back().end;
    } else {
      pending.push_back({number, number + 1});
    }
    ++flow.unacknowledged_packets;
    const bool in_order = number == flow.next_expected;
    flow.next_expected = std::max(flow.next_expected, number + 1);
    if (!flow.ack_due) flow.ack_due = now_ + simulated_sender::peer_max_ack_delay;
    if (!in_order || flow.unacknowledged_packets >= 2) acknowledge(flow);
  }

  void acknowledge(dumbbell_flow& flow) {
    flow.ack_due.reset();
    flow.unacknowledged_packets = 0;
    std::vector<number_range> ranges = std::exchange(flow.unacknowledged, {});
    std::ranges::sort(ranges, std::greater{}, &number_range::begin);
    time_point when = now_ + settings_.round_trip / 2;
    if (settings_.ack_aggregation > duration::zero()) {
      const duration beyond = when.time_since_epoch() % settings_.ack_aggregation;
      when += settings_.ack_aggregation - beyond;
    }
    arrivals_.push({when, order_++, &flow, 0, std::move(ranges)});
  }

  static constexpr std::uint32_t datagram = simulated_sender::datagram;

  bottleneck_settings settings_;
  std::mt19937_64 random_;
  time_point now_ = at({});
  time_point free_at_ = at({});
  std::vector<std::unique_ptr<dumbbell_flow>> flows_;
  std::priority_queue<arrival> arrivals_;
  std::uint64_t order_ = 0;
  std::uint64_t dropped_ = 0;
  duration longest_wait_{};
};

}  // namespace quasio::recovery
