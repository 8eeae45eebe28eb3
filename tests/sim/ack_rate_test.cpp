// Fewer acknowledgments must not make a transfer slower (RFC 9000, section 13.2.2; draft-ietf-quic-ack-frequency).

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "sim/download.hpp"

namespace quasio::sim {
namespace {

using namespace std::chrono_literals;

/// Who decides how often is acknowledged.
enum class decider { nobody, receiver, sender };

struct outcome {
  double seconds = 0;
  std::uint64_t packets = 0;
  std::uint64_t acknowledgments = 0;
};

outcome fetch(world_settings settings, decider who, std::uint64_t size) {
  for (quic::settings* each : {&settings.client, &settings.server}) {
    each->acknowledgments.adaptive = who == decider::receiver;
    each->acknowledgments.request = who == decider::sender;
  }
  download run(settings, size);
  const time_point begin = run.network.now();
  EXPECT_TRUE(run.run(600s));
  EXPECT_EQ(run.report->failure, "");
  const quic::statistics client = run.network.client().connection().statistics();
  return {std::chrono::duration<double>(run.network.now() - begin).count(), client.packets_received,
          client.acknowledgments_sent};
}

link_settings path_of(std::uint64_t megabits, duration round_trip) {
  const std::uint64_t rate = megabits * 1'000'000;
  const auto product =
      static_cast<std::size_t>(static_cast<double>(rate) / 8 * std::chrono::duration<double>(round_trip).count());
  return {.delay = round_trip / 2, .bits_per_second = rate, .queue_bytes = std::max<std::size_t>(product, 50'000)};
}

// When slow start ends is a matter of chance: round trips of nearly the same length differ by one more or less.
outcome fetch_over_several(std::uint64_t megabits, duration round_trip, decider who, std::uint64_t size) {
  const int several = megabits == 10 ? 25 : 5;
  outcome sum;
  for (int i = 0; i < several; ++i) {
    const link_settings link = path_of(megabits, round_trip * (100 + i - several / 2) / 100);
    const outcome one = fetch({.to_server = link, .to_client = link}, who, size);
    sum.seconds += one.seconds;
    sum.packets += one.packets;
    sum.acknowledgments += one.acknowledgments;
  }
  return sum;
}

void expect_no_harm(std::uint64_t megabits, duration round_trip, std::uint64_t size, double tolerance) {
  const outcome usual = fetch_over_several(megabits, round_trip, decider::nobody, size);
  for (const decider who : {decider::receiver, decider::sender}) {
    const outcome fewer = fetch_over_several(megabits, round_trip, who, size);
    if (std::getenv("QUASIO_SIM_TABLE") != nullptr) {
      std::printf("%4llu Mbit/s %4.0f ms %s: %.3f s, %llu acknowledgments for %llu packets; else %.3f s, %llu\n",
                  static_cast<unsigned long long>(megabits), std::chrono::duration<double>(round_trip).count() * 1000,
                  who == decider::receiver ? "receiver" : "sender", fewer.seconds,
                  static_cast<unsigned long long>(fewer.acknowledgments),
                  static_cast<unsigned long long>(fewer.packets), usual.seconds,
                  static_cast<unsigned long long>(usual.acknowledgments));
    }
    EXPECT_LT(fewer.seconds, usual.seconds * tolerance);
    EXPECT_LE(fewer.acknowledgments, usual.acknowledgments);
  }
}

struct link_case {
  std::uint64_t megabits;
  duration round_trip;
  std::uint64_t size;
};

class ack_rate_on_a_link : public testing::TestWithParam<link_case> {};

TEST_P(ack_rate_on_a_link, does_not_slow_transfers_down) {
  expect_no_harm(GetParam().megabits, GetParam().round_trip, GetParam().size, 1.03);
}

INSTANTIATE_TEST_SUITE_P(links, ack_rate_on_a_link,
                         testing::Values(link_case{10, 10ms, 5'000'000}, link_case{10, 50ms, 5'000'000},
                                         link_case{10, 300ms, 5'000'000}, link_case{100, 10ms, 15'000'000},
                                         link_case{100, 50ms, 15'000'000}, link_case{100, 300ms, 15'000'000}),
                         [](const auto& made) {
                           return std::to_string(made.param.megabits) + "_mbit_" +
                                  std::to_string(made.param.round_trip / 1ms) + "_ms";
                         });

TEST(ack_rate, does_not_slow_the_start_down) {
  for (const duration round_trip : {duration(10ms), duration(50ms), duration(300ms)}) {
    SCOPED_TRACE(std::chrono::duration_cast<std::chrono::milliseconds>(round_trip).count());
    // All of it fits into the first doublings of the window.
    expect_no_harm(100, round_trip, 400'000, 1.03);
  }
}

TEST(ack_rate, does_not_slow_transfers_down_where_packets_are_lost) {
  for (const decider who : {decider::receiver, decider::sender}) {
    double usual = 0;
    double fewer = 0;
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
      link_settings link = path_of(20, 40ms);
      link.loss = 0.005;
      const world_settings settings{.seed = seed, .to_server = link, .to_client = link};
      usual += fetch(settings, decider::nobody, 3'000'000).seconds;
      fewer += fetch(settings, who, 3'000'000).seconds;
    }
    EXPECT_LT(fewer, usual * 1.05);
  }
}

TEST(ack_rate, falls_where_packets_are_many) {
  const world_settings settings{.to_server = path_of(100, 20ms), .to_client = path_of(100, 20ms)};
  const outcome usual = fetch(settings, decider::nobody, 20'000'000);
  const outcome adapted = fetch(settings, decider::receiver, 20'000'000);
  const outcome asked = fetch(settings, decider::sender, 20'000'000);
  EXPECT_LT(3 * adapted.acknowledgments, usual.acknowledgments);
  EXPECT_LT(3 * asked.acknowledgments, usual.acknowledgments);
}

}  // namespace
}  // namespace quasio::sim
