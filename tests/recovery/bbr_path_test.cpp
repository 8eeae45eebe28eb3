// BBR on whole paths: what it makes of them, how long the queue gets, how it shares, and what a hostile peer can do to
// it.

#include <gtest/gtest.h>

#include <cmath>

#include "recovery/bbr.hpp"
#include "recovery/delivery_rate.hpp"
#include "recovery/dumbbell.hpp"

namespace quasio::recovery {
namespace {

constexpr std::uint64_t datagram = simulated_sender::datagram;
constexpr congestion_settings bbr_with(std::uint64_t seed) {
  return {.algorithm = congestion_algorithm::bbr, .seed = seed};
}

struct path_row {
  std::uint64_t megabits;
  int round_trip;  // Milliseconds.
  double loss;
  double queue;
  double least_utilization;
};

void PrintTo(const path_row& row, std::ostream* out) {
  *out << row.megabits << " Mbit/s, " << row.round_trip << " ms, loss " << row.loss << ", queue " << row.queue;
}

class bbr_path : public testing::TestWithParam<path_row> {};

TEST_P(bbr_path, is_used_well_and_its_queue_stays_short) {
  const path_row& row = GetParam();
  double utilization = 0;
  constexpr int seeds = 3;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    dumbbell path({.bytes_per_second = row.megabits * 125'000,
                   .round_trip = milliseconds(row.round_trip),
                   .queue = row.queue,
                   .loss = row.loss},
                  seed);
    dumbbell_flow& flow = path.add(bbr_with(seed));
    path.run(seconds(4));
    const std::uint64_t before = flow.received;
    path.take_longest_wait();
    path.run(seconds(24));
    utilization += static_cast<double>(flow.received - before) / 24 / static_cast<double>(row.megabits * 125'000);
    // What is in flight is at most 2.25 times the bandwidth-delay product, and what aggregates; a short path is a few
    // packets, which the receiver aggregates by two.
    const double round_trips = row.round_trip < 40 ? 2.8 : 1.5;
    EXPECT_LE(path.take_longest_wait(), milliseconds(row.round_trip) * round_trips);
  }
  EXPECT_GE(utilization / seeds, row.least_utilization);
}

INSTANTIATE_TEST_SUITE_P(
    table, bbr_path,
    testing::Values(path_row{10, 10, 0, 0.5, 0.9}, path_row{10, 10, 0, 4, 0.9}, path_row{10, 50, 0, 0.5, 0.9},
                    path_row{10, 50, 0, 1, 0.9}, path_row{10, 50, 0, 4, 0.9}, path_row{10, 300, 0, 0.5, 0.9},
                    path_row{10, 300, 0, 4, 0.9}, path_row{100, 10, 0, 0.5, 0.9}, path_row{100, 10, 0, 4, 0.9},
                    path_row{100, 50, 0, 1, 0.9}, path_row{100, 300, 0, 0.5, 0.9}, path_row{100, 300, 0, 1, 0.9},
                    path_row{10, 10, 0.001, 1, 0.9}, path_row{10, 50, 0.001, 1, 0.9}, path_row{100, 50, 0.001, 1, 0.85},
                    path_row{100, 300, 0.001, 1, 0.85}, path_row{10, 10, 0.01, 1, 0.8}, path_row{10, 100, 0.01, 1, 0.8},
                    path_row{100, 10, 0.01, 1, 0.8}, path_row{100, 50, 0.01, 1, 0.8}, path_row{100, 100, 0.01, 4, 0.8},
                    path_row{100, 300, 0.01, 1, 0.8}));

TEST(bbr_fairness, two_flows_share_one_after_the_other_has_begun) {
  for (const double queue : {0.5, 1.0, 4.0}) {
    SCOPED_TRACE(queue);
    dumbbell path({.bytes_per_second = 3'125'000, .round_trip = milliseconds(40), .queue = queue});
    const dumbbell_flow& first = path.add(bbr_with(1));
    path.run(seconds(3));
    const dumbbell_flow& second = path.add(bbr_with(2));
    path.run(seconds(10));
    const double first_before = static_cast<double>(first.received);
    const double second_before = static_cast<double>(second.received);
    path.run(seconds(60));
    const double one = static_cast<double>(first.received) - first_before;
    const double two = static_cast<double>(second.received) - second_before;
    EXPECT_GE((one + two) * (one + two) / (2 * (one * one + two * two)), 0.9) << one / (one + two);
    EXPECT_GE((one + two) / 60, 3'125'000 * 0.9);
  }
}

// "Handling Token Bucket Policers": no queue at all, what exceeds the rate is dropped.
TEST(bbr_policer, is_met_without_lasting_loss) {
  dumbbell path({.bytes_per_second = 12'500'000, .round_trip = milliseconds(40), .queue = 4});
  dumbbell_flow& flow = path.add(bbr_with(1));
  constexpr double rate = 1'250'000;
  double tokens = 60'000;
  time_point filled = path.now();
  std::uint64_t dropped = 0;
  path.meddle = [&](const dumbbell_flow&, std::uint64_t) -> dumbbell::fate {
    tokens = std::min(60'000.0, tokens + rate * std::chrono::duration<double>(path.now() - filled).count());
    filled = path.now();
    if (tokens >= datagram) return tokens -= datagram, dumbbell::fate{};
    ++dropped;
    return {.dropped = true};
  };
  path.run(seconds(20));
  const std::uint64_t received = flow.received;
  const std::uint64_t sent = flow.sent;
  dropped = 0;
  path.run(seconds(20));
  EXPECT_GT(static_cast<double>(flow.received - received) / 20, rate * 0.8);
  EXPECT_LT(static_cast<double>(dropped * datagram), static_cast<double>(flow.sent - sent) * 0.05);
}

TEST(bbr_hostile_peer, that_delays_its_acks_gets_a_bounded_window) {
  dumbbell path({.bytes_per_second = 125'000'000,
                 .round_trip = milliseconds(20),
                 .queue = 50,
                 .ack_aggregation = std::chrono::milliseconds(700)});
  congestion_settings settings = bbr_with(1);
  settings.maximum_window = 3'000'000;
  dumbbell_flow& flow = path.add(settings);
  path.watch = [&] { ASSERT_LE(flow.sender.control->window(), settings.maximum_window); };
  path.run(seconds(20));
  EXPECT_GT(flow.received, 1'000'000u) << "it harms itself, and is served nevertheless";
}

/// A stream of events such as no path gives: every count at its limits.
void torment(bbr& control, std::uint64_t seed, std::uint64_t maximum_window) {
  std::mt19937_64 random(seed);
  const auto any = [&] { return random() >> (1 + random() % 63); };
  time_point now = at({});
  for (int i = 0; i < 20'000; ++i) {
    now += nanoseconds(static_cast<std::int64_t>(random() % 100'000'000));
    const std::uint64_t bytes = any() % (std::uint64_t{1} << 40);
    switch (random() % 8) {
      case 0:
        control.on_packet_sent({bytes, any() % (std::uint64_t{1} << 40), random() % 2 == 0}, now);
        break;
      case 1:
        control.on_packet_lost({.packet_number = any(),
                                .bytes = bytes,
                                .time_sent = now - milliseconds(random() % 1000),
                                .tx_in_flight = any(),
                                .lost = any(),
                                .total_delivered = any(),
                                .app_limited = random() % 2 == 0},
                               now);
        break;
      case 2:
        control.on_congestion_event({.signal = random() % 2 == 0 ? congestion_signal::loss : congestion_signal::ecn_ce,
                                     .newest_time_sent = now - milliseconds(random() % 100),
                                     .bytes_lost = bytes,
                                     .bytes_in_flight = any()},
                                    now);
        break;
      case 3:
        if (random() % 16 == 0) control.on_persistent_congestion(now);
        control.on_spurious_loss(bytes, now - milliseconds(random() % 1000), now);
        break;
      default: {
        const auto rtt = nanoseconds(static_cast<std::int64_t>(any() % 1'000'000'000'000));
        control.on_packets_acked({.bytes = bytes,
                                  .bytes_in_flight_before = any(),
                                  .bytes_in_flight = any() % (std::uint64_t{1} << 40),
                                  .newest_time_sent = now - rtt,
                                  .rate = {.delivery_rate = any() % maximum_measured_rate,
                                           .interval = rtt,
                                           .delivered = any(),
                                           .prior_delivered = any(),
                                           .total_delivered = any(),
                                           .lost = any(),
                                           .tx_in_flight = any(),
                                           .app_limited = random() % 2 == 0,
                                           .rtt = rtt}},
                                 now);
        ASSERT_LE(control.window(), maximum_window);
      }
    }
    ASSERT_GE(control.window(), 2 * datagram);
    ASSERT_LE(*control.pacing_rate(), maximum_measured_rate);
    ASSERT_LE(*control.send_quantum(), 65536u);
    ASSERT_FALSE(control.state().empty());
  }
}

TEST(bbr_hostile_peer, cannot_break_the_arithmetic) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    congestion_settings settings = bbr_with(seed);
    settings.maximum_window = std::uint64_t{1} << 24;
    bbr control(settings, datagram);
    torment(control, seed, settings.maximum_window);
  }
}

TEST(bbr_settings, do_no_harm_when_they_are_nonsense) {
  for (const double gain : {-1.0, 0.0, 1e300, std::nan("")}) {
    congestion_settings settings = bbr_with(1);
    settings.bbr = {.startup_pacing_gain = 2,
                    .drain_pacing_gain = gain,
                    .probe_bw_up_cwnd_gain = gain,
                    .probe_rtt_cwnd_gain = gain,
                    .loss_threshold = gain,
                    .beta = gain,
                    .headroom = gain};
    settings.maximum_window = std::uint64_t{1} << 24;
    bbr control(settings, datagram);
    torment(control, 5, settings.maximum_window);
  }
}

TEST(bbr_settings, begin_with_the_rate_that_is_asked_for) {
  congestion_settings settings = bbr_with(1);
  settings.bbr.initial_pacing_rate = 5'000'000;
  EXPECT_EQ(bbr(settings, datagram).pacing_rate(), 5'000'000u);
}

TEST(bbr_settings, make_probes_as_rare_as_they_say_without_reno) {
  congestion_settings settings = bbr_with(1);
  settings.bbr.reno_coexistence = false;
  settings.bbr.probe_wait = seconds(4);
  dumbbell path({.bytes_per_second = 1'250'000, .round_trip = milliseconds(20), .queue = 2});
  auto& control = static_cast<bbr&>(*path.add(settings).sender.control);
  ASSERT_TRUE(
      path.run_until([&] { return control.full_bandwidth_reached() && control.pacing_gain() >= 0.9; }, seconds(5)));
  const time_point down = path.now();
  path.run_until([&] { return control.current() == bbr_state::probe_bw_refill; }, seconds(20));
  EXPECT_GE(path.now() - down, seconds(4));
}

TEST(bbr_window, follows_the_datagram_size_while_it_is_untouched) {
  bbr control(bbr_with(1), 1200);
  control.set_max_datagram_size(1400);
  EXPECT_EQ(control.window(), 14000u);
  control.set_max_datagram_size(9000);
  EXPECT_EQ(control.window(), 18000u);
  EXPECT_EQ(control.send_quantum(), 33240u);
}

}  // namespace
}  // namespace quasio::recovery
