// The states of BBR one by one, after "BBR Example Test Cases" of draft-ietf-ccwg-bbr. The path is a dumbbell of one
// flow: 10 Mbit/s, 40 ms, a queue of two bandwidth-delay products, which Startup does not
// overflow.

#include <gtest/gtest.h>

#include <set>

#include "recovery/bbr.hpp"
#include "recovery/dumbbell.hpp"

namespace quasio::recovery {
namespace {

constexpr std::uint64_t datagram = simulated_sender::datagram;
constexpr std::uint64_t bandwidth = 1'250'000;
constexpr bottleneck_settings ordinary{.bytes_per_second = bandwidth, .round_trip = milliseconds(40), .queue = 2};
constexpr std::uint64_t bandwidth_delay_product = 50'000;

class bbr_flow : public testing::Test {
protected:
  explicit bbr_flow(const bottleneck_settings& settings = ordinary)
      : path(settings), flow(path.add({.algorithm = congestion_algorithm::bbr, .seed = 7})) {}

  bbr& control() { return static_cast<bbr&>(*flow.sender.control); }
  bool reach(bbr_state wanted, duration limit = seconds(30)) {
    return path.run_until([&] { return control().current() == wanted; }, limit);
  }
  bool leave(bbr_state current, duration limit = seconds(30)) {
    return path.run_until([&] { return control().current() != current; }, limit);
  }
  void run_rounds(std::uint64_t count) {
    const std::uint64_t until = control().round_count() + count;
    path.run_until([&] { return control().round_count() >= until; }, seconds(30));
  }

  /// From now on the application writes so much every 10 ms, for a while.
  void write_steadily(std::uint64_t bytes, duration time) {
    const time_point end = path.now() + time;
    while (path.now() < end) {
      flow.backlog = bytes;
      flow.wake = path.now();
      path.run(milliseconds(10));
    }
  }

  double utilization_over(duration time) {
    const std::uint64_t before = flow.received;
    path.run(time);
    return static_cast<double>(flow.received - before) / std::chrono::duration<double>(time).count() /
           static_cast<double>(path.settings().bytes_per_second);
  }

  dumbbell path;
  dumbbell_flow& flow;
};

using bbr_startup = bbr_flow;
using bbr_drain = bbr_flow;
using bbr_probe_bw = bbr_flow;
using bbr_probe_rtt = bbr_flow;
using bbr_loss = bbr_flow;
using bbr_model = bbr_flow;

TEST(bbr_state, has_the_gains_of_the_summary_table) {
  struct row {
    bbr_state state;
    double pacing;
    double window;
  };
  constexpr row table[] = {{bbr_state::startup, 2.77, 2},      {bbr_state::drain, 0.5, 2},
                           {bbr_state::probe_bw_down, 0.9, 2}, {bbr_state::probe_bw_cruise, 1, 2},
                           {bbr_state::probe_bw_refill, 1, 2}, {bbr_state::probe_bw_up, 1.25, 2.25},
                           {bbr_state::probe_rtt, 1, 0.5}};
  dumbbell path(ordinary);
  dumbbell_flow& flow = path.add({.algorithm = congestion_algorithm::bbr, .seed = 7});
  const auto& control = static_cast<const bbr&>(*flow.sender.control);
  std::set<bbr_state> seen;
  path.watch = [&] {
    const auto found = std::ranges::find(table, control.current(), &row::state);
    ASSERT_NE(found, std::end(table));
    ASSERT_EQ(control.pacing_gain(), found->pacing);
    ASSERT_EQ(control.window_gain(), found->window);
    seen.insert(control.current());
  };
  path.run(seconds(10));
  EXPECT_EQ(seen.size(), std::size(table));
}

TEST_F(bbr_startup, begins_with_the_initial_window_within_the_first_round_trip) {
  EXPECT_EQ(control().state(), "startup");
  EXPECT_TRUE(control().in_slow_start());
  EXPECT_EQ(control().window(), 12000u);
  path.run_until([&] { return control().round_count() == 1; }, seconds(1));
  ASSERT_TRUE(control().min_rtt());
  const double rtt = std::chrono::duration<double>(*control().min_rtt()).count();
  EXPECT_NEAR(static_cast<double>(*control().pacing_rate()), 2.77 * 12000 / rtt, 2.77 * 12000 / rtt * 0.1);
}

TEST_F(bbr_startup, doubles_each_round_and_ends_three_rounds_after_the_plateau) {
  std::vector<std::uint64_t> by_round;
  path.watch = [&] {
    if (control().round_count() == by_round.size() + 1) by_round.push_back(control().bandwidth_estimate().value_or(0));
  };
  ASSERT_TRUE(leave(bbr_state::startup));
  EXPECT_EQ(control().current(), bbr_state::drain);
  EXPECT_TRUE(control().full_bandwidth_reached());
  EXPECT_NEAR(static_cast<double>(*control().bandwidth_estimate()), bandwidth, bandwidth * 0.02);
  const auto full = std::ranges::find_if(by_round, [](auto rate) { return rate > bandwidth * 9 / 10; });
  const auto rounds_at_full = by_round.end() - full;
  EXPECT_GE(rounds_at_full, 3);
  EXPECT_LE(rounds_at_full, 5);
  EXPECT_LE(by_round.size(), 9u);
  EXPECT_EQ(path.dropped(), 0u);
}

TEST_F(bbr_startup, ends_on_heavy_loss_even_when_the_application_limits) {
  std::uint64_t counted = 0;
  path.meddle = [&](const dumbbell_flow&, std::uint64_t) { return dumbbell::fate{.dropped = ++counted % 4 == 0}; };
  write_steadily(8 * datagram, milliseconds(600));
  EXPECT_TRUE(control().full_bandwidth_reached());
  EXPECT_NE(control().current(), bbr_state::startup);
  EXPECT_NE(control().inflight_longterm(), unbounded);
}

TEST_F(bbr_startup, does_not_end_on_one_burst_of_loss) {
  path.meddle = [](const dumbbell_flow&, std::uint64_t number) {
    return dumbbell::fate{.dropped = number >= 20 && number < 26};
  };
  path.run_until([&] { return control().in_recovery(); }, seconds(5));
  run_rounds(1);
  EXPECT_EQ(control().current(), bbr_state::startup);
}

TEST_F(bbr_startup, never_ends_while_the_application_limits_and_nothing_is_lost) {
  write_steadily(2 * datagram, seconds(4));
  EXPECT_EQ(control().current(), bbr_state::startup);
  EXPECT_FALSE(control().full_bandwidth_reached());
  EXPECT_LE(control().window(), 100 * datagram) << "the window does not grow without need";
}

TEST_F(bbr_drain, ends_when_the_queue_is_empty) {
  ASSERT_TRUE(reach(bbr_state::drain));
  EXPECT_LT(*control().pacing_rate(), bandwidth * 6 / 10);
  EXPECT_GT(flow.sender.flying.bytes(), bandwidth_delay_product);
  const std::uint64_t before = control().round_count();
  ASSERT_TRUE(leave(bbr_state::drain));
  // The acknowledgment that shows it may show that it is time to cruise, too.
  EXPECT_TRUE(control().current() == bbr_state::probe_bw_down || control().current() == bbr_state::probe_bw_cruise);
  EXPECT_LE(control().round_count() - before, 3u);
  EXPECT_LE(flow.sender.flying.bytes(), bandwidth_delay_product * 11 / 10);
}

TEST_F(bbr_drain, ends_after_three_rounds_although_the_queue_stays) {
  ASSERT_TRUE(reach(bbr_state::drain));
  bottleneck_settings slower = ordinary;
  slower.bytes_per_second = bandwidth / 4;
  slower.queue = 20;
  path.change(slower);
  const std::uint64_t before = control().round_count();
  ASSERT_TRUE(leave(bbr_state::drain));
  EXPECT_EQ(control().round_count() - before, 4u);
}

TEST_F(bbr_probe_bw, cycles_through_its_four_states_in_order) {
  ASSERT_TRUE(reach(bbr_state::probe_bw_down));
  for (const bbr_state next : {bbr_state::probe_bw_cruise, bbr_state::probe_bw_refill, bbr_state::probe_bw_up,
                               bbr_state::probe_bw_down, bbr_state::probe_bw_cruise}) {
    ASSERT_TRUE(leave(control().current()));
    EXPECT_EQ(control().current(), next);
  }
}

TEST_F(bbr_probe_bw, refills_for_one_round_trip) {
  ASSERT_TRUE(reach(bbr_state::probe_bw_refill));
  const std::uint64_t before = control().round_count();
  ASSERT_TRUE(reach(bbr_state::probe_bw_up));
  EXPECT_EQ(control().round_count() - before, 1u);
}

TEST_F(bbr_probe_bw, goes_down_three_rounds_after_a_plateau) {
  ASSERT_TRUE(reach(bbr_state::probe_bw_up));
  const std::uint64_t before = control().round_count();
  ASSERT_TRUE(leave(bbr_state::probe_bw_up));
  EXPECT_EQ(control().current(), bbr_state::probe_bw_down);
  EXPECT_GE(control().round_count() - before, 3u);
  EXPECT_LE(control().round_count() - before, 4u);
}

TEST_F(bbr_probe_bw, goes_down_on_too_much_loss_and_bounds_what_is_in_flight) {
  ASSERT_TRUE(reach(bbr_state::probe_bw_up));
  EXPECT_EQ(control().inflight_longterm(), unbounded);
  std::uint64_t counted = 0;
  path.meddle = [&](const dumbbell_flow&, std::uint64_t) { return dumbbell::fate{.dropped = ++counted % 10 == 0}; };
  const std::uint64_t before = control().round_count();
  ASSERT_TRUE(leave(bbr_state::probe_bw_up));
  EXPECT_EQ(control().current(), bbr_state::probe_bw_down);
  EXPECT_LE(control().round_count() - before, 2u);
  ASSERT_NE(control().inflight_longterm(), unbounded);
  EXPECT_GE(control().inflight_longterm(), bandwidth_delay_product * 7 / 10);
  EXPECT_LE(control().inflight_longterm(), bandwidth_delay_product * 2);
}

TEST_F(bbr_probe_bw, stays_up_when_chance_loses_a_packet) {
  ASSERT_TRUE(reach(bbr_state::probe_bw_up));
  // Of some 50 packets in flight, one is 2 %.
  std::uint64_t counted = 0;
  path.meddle = [&](const dumbbell_flow&, std::uint64_t) { return dumbbell::fate{.dropped = ++counted % 50 == 49}; };
  const std::uint64_t before = control().round_count();
  ASSERT_TRUE(leave(bbr_state::probe_bw_up));
  EXPECT_GE(control().round_count() - before, 3u);
  EXPECT_EQ(control().inflight_longterm(), unbounded);
}

TEST_F(bbr_probe_bw, is_brief_after_one_that_went_too_high_and_comes_again_when_it_went_well) {
  ASSERT_TRUE(reach(bbr_state::probe_bw_up));
  std::uint64_t counted = 0;
  path.meddle = [&](const dumbbell_flow&, std::uint64_t) { return dumbbell::fate{.dropped = ++counted % 10 == 0}; };
  ASSERT_TRUE(leave(bbr_state::probe_bw_up));
  path.meddle = nullptr;
  ASSERT_NE(control().inflight_longterm(), unbounded);
  // "Precautionary Bandwidth Probing": it ends as soon as the flight reaches the bound, and does not raise it.
  ASSERT_TRUE(reach(bbr_state::probe_bw_up));
  const std::uint64_t bound = control().inflight_longterm();
  const std::uint64_t before = control().round_count();
  ASSERT_TRUE(leave(bbr_state::probe_bw_up));
  EXPECT_LE(control().round_count() - before, 2u);
  EXPECT_LE(control().inflight_longterm(), bound + datagram);
  ASSERT_EQ(control().current(), bbr_state::probe_bw_down);
  // Nothing was lost: the next follows at once, and is not brief.
  const std::uint64_t down = control().round_count();
  ASSERT_TRUE(reach(bbr_state::probe_bw_refill));
  EXPECT_LE(control().round_count() - down, 2u);
  ASSERT_TRUE(reach(bbr_state::probe_bw_up));
  run_rounds(2);
  EXPECT_EQ(control().current(), bbr_state::probe_bw_up);
  EXPECT_GT(control().inflight_longterm(), bound);
}

TEST_F(bbr_probe_bw, stays_up_while_the_application_limits_and_nothing_is_lost) {
  ASSERT_TRUE(reach(bbr_state::probe_bw_up));
  write_steadily(2 * datagram, seconds(2));
  EXPECT_EQ(control().current(), bbr_state::probe_bw_up);
}

TEST_F(bbr_probe_bw, leaves_headroom_while_cruising_once_a_bound_is_known) {
  bottleneck_settings shallow = ordinary;
  shallow.queue = 0.25;
  path.change(shallow);
  ASSERT_TRUE(path.run_until([&] { return control().inflight_longterm() != unbounded; }, seconds(20)));
  ASSERT_TRUE(reach(bbr_state::probe_bw_cruise));
  run_rounds(1);
  ASSERT_EQ(control().current(), bbr_state::probe_bw_cruise);
  EXPECT_LE(control().window(), control().inflight_longterm() * 86 / 100);
}

TEST_F(bbr_probe_bw, waits_two_to_three_seconds_between_probes_or_as_many_rounds_as_reno_would) {
  std::set<duration> waits;
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(reach(bbr_state::probe_bw_up));
    ASSERT_TRUE(reach(bbr_state::probe_bw_down));
    EXPECT_GE(control().probe_wait(), seconds(2));
    EXPECT_LE(control().probe_wait(), seconds(3));
    waits.insert(control().probe_wait());
    const time_point down = path.now();
    const std::uint64_t round = control().round_count();
    ASSERT_TRUE(path.run_until([&] { return control().current() == bbr_state::probe_bw_refill; }, seconds(9)));
    // Some 42 packets are one bandwidth-delay product.
    const bool by_rounds = control().round_count() - round >= 40 && control().round_count() - round <= 43;
    EXPECT_TRUE(by_rounds || path.now() - down > control().probe_wait());
  }
  EXPECT_GT(waits.size(), 1u) << "flows must not probe in step";
}

TEST(bbr_seed, decides_when_to_probe) {
  const auto waits_of = [](std::uint64_t seed) {
    dumbbell path(ordinary);
    dumbbell_flow& flow = path.add({.algorithm = congestion_algorithm::bbr, .seed = seed});
    path.run(seconds(2));
    return static_cast<const bbr&>(*flow.sender.control).probe_wait();
  };
  EXPECT_EQ(waits_of(1), waits_of(1));
  EXPECT_NE(waits_of(1), waits_of(2));
}

TEST_F(bbr_probe_rtt, comes_every_five_seconds_and_halves_what_is_in_flight_for_200_ms) {
  ASSERT_TRUE(reach(bbr_state::probe_bw_down));
  ASSERT_TRUE(reach(bbr_state::probe_rtt, seconds(12)));
  EXPECT_TRUE(control().holds_back());
  const time_point entered = path.now();
  path.run(milliseconds(150));
  EXPECT_EQ(control().current(), bbr_state::probe_rtt);
  EXPECT_LE(flow.sender.flying.bytes(), bandwidth_delay_product * 6 / 10);
  ASSERT_TRUE(leave(bbr_state::probe_rtt));
  EXPECT_EQ(control().current(), bbr_state::probe_bw_cruise);
  EXPECT_GE(path.now() - entered, milliseconds(200));
  EXPECT_LE(path.now() - entered, milliseconds(400));
  EXPECT_GE(control().window(), bandwidth_delay_product);
  EXPECT_NEAR(static_cast<double>(*control().bandwidth_estimate()), bandwidth, bandwidth * 0.03);
}

TEST_F(bbr_probe_rtt, is_skipped_after_silence) {
  ASSERT_TRUE(reach(bbr_state::probe_bw_cruise));
  flow.backlog = 0;
  path.run(seconds(7));
  ASSERT_EQ(flow.sender.flying.bytes(), 0u);
  flow.backlog = dumbbell_flow::endless;
  flow.wake = path.now();
  const std::uint64_t round = control().round_count();
  while (control().round_count() < round + 3) {
    ASSERT_NE(control().current(), bbr_state::probe_rtt);
    path.run(milliseconds(1));
  }
}

TEST_F(bbr_probe_rtt, returns_to_startup_when_the_pipe_was_never_full) {
  for (int i = 0; i < 600 && control().current() != bbr_state::probe_rtt; ++i)
    write_steadily(datagram, milliseconds(10));
  ASSERT_EQ(control().current(), bbr_state::probe_rtt);
  for (int i = 0; i < 100 && control().current() == bbr_state::probe_rtt; ++i)
    write_steadily(datagram, milliseconds(10));
  EXPECT_EQ(control().current(), bbr_state::startup);
}

TEST_F(bbr_model, paces_at_the_bandwidth_after_silence_and_keeps_its_window) {
  ASSERT_TRUE(reach(bbr_state::probe_bw_cruise));
  flow.backlog = 0;
  path.run(seconds(2));
  const std::uint64_t window = control().window();
  flow.backlog = dumbbell_flow::endless;
  flow.wake = path.now();
  path.run(milliseconds(1));
  EXPECT_EQ(control().window(), window);
  EXPECT_NEAR(static_cast<double>(flow.sender.paced.rate()), bandwidth, bandwidth * 0.03);
  path.take_longest_wait();
  path.run(milliseconds(38));
  EXPECT_LT(path.take_longest_wait(), milliseconds(15)) << "the window did not leave as one burst";
  EXPECT_GT(utilization_over(seconds(1)), 0.9);
}

TEST_F(bbr_model, does_not_forget_the_bandwidth_while_the_application_limits) {
  ASSERT_TRUE(reach(bbr_state::probe_bw_cruise));
  const auto known = *control().bandwidth_estimate();
  write_steadily(2 * datagram, seconds(20));
  EXPECT_GE(*control().bandwidth_estimate(), known * 98 / 100);
  flow.backlog = dumbbell_flow::endless;
  flow.wake = path.now();
  EXPECT_GT(utilization_over(seconds(3)), 0.9);
}

TEST_F(bbr_model, ignores_low_samples_of_an_application_that_pauses_while_refilling) {
  ASSERT_TRUE(reach(bbr_state::probe_bw_refill));
  const auto known = *control().bandwidth_estimate();
  flow.backlog = 0;
  path.run(milliseconds(100));
  write_steadily(datagram, milliseconds(100));
  EXPECT_GE(*control().bandwidth_estimate(), known);
  EXPECT_EQ(control().current(), bbr_state::probe_bw_up);
}

TEST_F(bbr_model, finds_ten_times_the_bandwidth) {
  path.run(seconds(3));
  bottleneck_settings faster = ordinary;
  faster.bytes_per_second = 10 * bandwidth;
  path.change(faster);
  path.run(seconds(12));
  EXPECT_GT(utilization_over(seconds(2)), 0.9);
}

TEST_F(bbr_model, adapts_to_a_tenth_of_the_bandwidth) {
  path.run(seconds(3));
  bottleneck_settings slower = ordinary;
  slower.bytes_per_second = bandwidth / 10;
  path.change(slower);
  std::uint64_t least = unbounded;
  path.watch = [&] { least = std::min(least, control().bandwidth_shortterm()); };
  path.run(milliseconds(1500));
  EXPECT_LT(least, bandwidth * 6 / 10);
  path.run(seconds(20));
  EXPECT_NEAR(static_cast<double>(*control().bandwidth_estimate()), bandwidth / 10.0, bandwidth / 10.0 * 0.1);
  EXPECT_GT(utilization_over(seconds(5)), 0.9);
}

TEST(bbr_small_pipe, keeps_four_packets_in_flight_where_one_would_fill_the_path) {
  dumbbell path({.bytes_per_second = 16'000, .round_trip = milliseconds(20), .queue = 100});
  dumbbell_flow& flow = path.add({.algorithm = congestion_algorithm::bbr, .seed = 1});
  path.run(seconds(60));
  const auto& control = static_cast<const bbr&>(*flow.sender.control);
  EXPECT_GE(control.window(), 4 * datagram);
  const std::uint64_t before = flow.received;
  path.take_longest_wait();
  path.run(seconds(30));
  EXPECT_GT(static_cast<double>(flow.received - before) / 30, 16'000 * 0.9);
  EXPECT_LT(path.take_longest_wait(), milliseconds(1000));
}

TEST(bbr_aggregated_acks, widen_the_window_and_do_not_stall_the_flow) {
  dumbbell path({.bytes_per_second = bandwidth, .round_trip = milliseconds(40), .ack_aggregation = milliseconds(60)});
  dumbbell_flow& flow = path.add({.algorithm = congestion_algorithm::bbr, .seed = 1});
  path.run(seconds(5));
  const auto& control = static_cast<const bbr&>(*flow.sender.control);
  EXPECT_GT(control.extra_acked(), 10 * datagram);
  EXPECT_GT(control.window(), 2 * bandwidth_delay_product);
  const std::uint64_t before = flow.received;
  path.run(seconds(10));
  EXPECT_GT(static_cast<double>(flow.received - before) / 10, bandwidth * 0.9);
}

// [rfc9002 7#1]
TEST_F(bbr_loss, slows_down_while_cruising_and_forgets_it_with_the_next_probe) {
  ASSERT_TRUE(reach(bbr_state::probe_bw_cruise));
  EXPECT_EQ(control().bandwidth_shortterm(), unbounded);
  std::uint64_t counted = 0;
  path.meddle = [&](const dumbbell_flow&, std::uint64_t) { return dumbbell::fate{.dropped = ++counted % 20 == 0}; };
  run_rounds(4);
  ASSERT_EQ(control().current(), bbr_state::probe_bw_cruise);
  EXPECT_LT(control().bandwidth_shortterm(), bandwidth);
  EXPECT_GE(control().bandwidth_shortterm(), bandwidth * 6 / 10);
  EXPECT_LE(control().window(), control().inflight_shortterm());
  EXPECT_EQ(control().bandwidth(), control().bandwidth_shortterm());
  path.meddle = nullptr;
  ASSERT_TRUE(reach(bbr_state::probe_bw_refill));
  EXPECT_EQ(control().bandwidth_shortterm(), unbounded);
  EXPECT_EQ(control().inflight_shortterm(), unbounded);
}

TEST_F(bbr_loss, returns_to_probing_when_what_seemed_lost_arrives) {
  ASSERT_TRUE(reach(bbr_state::probe_bw_up));
  std::uint64_t counted = 0;
  path.meddle = [&](const dumbbell_flow&, std::uint64_t) {
    ++counted;
    const bool late = counted > 5 && counted <= 10;
    return dumbbell::fate{.held_back = late ? milliseconds(20) : milliseconds(0)};
  };
  ASSERT_TRUE(reach(bbr_state::probe_bw_down));
  ASSERT_TRUE(control().in_recovery());
  ASSERT_NE(control().inflight_longterm(), unbounded);
  ASSERT_TRUE(reach(bbr_state::probe_bw_refill, milliseconds(100)));
  EXPECT_EQ(control().undone_reductions(), 1u);
  EXPECT_EQ(control().inflight_longterm(), unbounded);
  EXPECT_EQ(control().bandwidth_shortterm(), unbounded);
}

TEST_F(bbr_loss, takes_an_ecn_mark_for_congestion) {
  ASSERT_TRUE(reach(bbr_state::probe_bw_up));
  control().on_congestion_event(
      {.signal = congestion_signal::ecn_ce, .newest_time_sent = path.now(), .bytes_in_flight = 60'000}, path.now());
  EXPECT_EQ(control().current(), bbr_state::probe_bw_down);
  EXPECT_EQ(control().inflight_longterm(), 60'000u);
  ASSERT_TRUE(reach(bbr_state::probe_bw_cruise));
  control().on_congestion_event(
      {.signal = congestion_signal::ecn_ce, .newest_time_sent = path.now(), .bytes_in_flight = 40'000}, path.now());
  run_rounds(2);
  EXPECT_NE(control().bandwidth_shortterm(), unbounded);
}

TEST_F(bbr_startup, ends_on_an_ecn_mark) {
  run_rounds(2);
  control().on_congestion_event({.signal = congestion_signal::ecn_ce, .newest_time_sent = path.now()}, path.now());
  ASSERT_EQ(control().current(), bbr_state::startup);
  run_rounds(2);
  EXPECT_NE(control().current(), bbr_state::startup);
}

TEST_F(bbr_loss, falls_to_the_minimum_in_persistent_congestion_and_recovers) {
  ASSERT_TRUE(reach(bbr_state::probe_bw_cruise));
  control().on_persistent_congestion(path.now());
  EXPECT_EQ(control().window(), 2 * datagram);
  run_rounds(12);
  EXPECT_GE(control().window(), bandwidth_delay_product);
}

TEST_F(bbr_loss, survives_a_blackout) {
  path.run(seconds(2));
  path.meddle = [](const dumbbell_flow&, std::uint64_t) { return dumbbell::fate{.dropped = true}; };
  path.run(seconds(4));
  path.meddle = nullptr;
  path.run(seconds(10));
  EXPECT_GT(utilization_over(seconds(5)), 0.9);
}

}  // namespace
}  // namespace quasio::recovery
