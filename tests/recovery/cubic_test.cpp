#include "recovery/cubic.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "recovery/moment.hpp"

namespace quasio::recovery {
namespace {

constexpr std::uint64_t datagram = 1200;

TEST(cubic_curve, returns_to_its_plateau_after_k_seconds) {
  // 1000 datagrams reduced to 700: K = cbrt(300 / 0.4) seconds (RFC 9438, section 4.2).
  const cubic_curve curve(700.0 * datagram, 1000.0 * datagram, datagram);
  EXPECT_NEAR(curve.time_to_plateau(), 9.0856, 0.0001);
  EXPECT_NEAR(curve.window_at({}), 700.0 * datagram, 0.001);
  EXPECT_NEAR(curve.window_at(duration(9'085'602'964)), 1000.0 * datagram, 0.001);
  // 10 s past the plateau: 0.4 * 10^3 datagrams more.
  EXPECT_NEAR(curve.window_at(duration(19'085'602'964)), 1400.0 * datagram, 0.01);
}

TEST(cubic_curve, begins_on_the_plateau_when_there_is_nothing_to_return_to) {
  const cubic_curve curve(700.0 * datagram, 0, datagram);
  EXPECT_EQ(curve.time_to_plateau(), 0);
  EXPECT_EQ(curve.window_at({}), 700.0 * datagram);
}

TEST(cubic_curve, stays_finite_after_a_century) {
  const cubic_curve curve(65527.0 * 2, 1 << 30, 65527);
  EXPECT_TRUE(std::isfinite(curve.window_at(std::chrono::hours(24 * 36525))));
}

/// A flow over a path of a fixed round-trip time that always fills its window.
class flow {
public:
  explicit flow(const congestion_settings& settings = {}, std::uint64_t datagram_size = datagram,
                duration rtt = milliseconds(100))
      : controller(settings, datagram_size), datagram_size_(datagram_size), rtt_(rtt) {}

  /// Every packet of one window is acknowledged alone, spread over a round trip.
  void pass_round() {
    const std::uint64_t packets = std::max<std::uint64_t>(controller.window() / datagram_size_, 1);
    const time_point begin = now_;
    for (std::uint64_t i = 1; i <= packets; ++i) {
      now_ = begin + rtt_ * i / packets;
      acknowledge(datagram_size_);
    }
  }

  void pass(duration time) {
    for (const time_point end = now_ + time; now_ < end;) pass_round();
  }

  void acknowledge(std::uint64_t bytes, bool underutilized = false) {
    controller.on_packets_acked({.bytes = bytes,
                                 .bytes_in_flight_before = controller.window(),
                                 .newest_time_sent = now_ - rtt_,
                                 .window_underutilized = underutilized,
                                 .rtt = {rtt_, rtt_, {}, rtt_}},
                                now_);
  }

  /// A packet sent just now is lost; what follows is sent after the recovery began.
  void lose() {
    now_ += rtt_;
    controller.on_congestion_event({.newest_time_sent = now_ - nanoseconds(1), .bytes_lost = datagram_size_}, now_);
    now_ += rtt_ + nanoseconds(1);
  }

  void send(std::uint64_t in_flight_before) {
    controller.on_packet_sent({.bytes = datagram_size_, .bytes_in_flight_before = in_flight_before}, now_);
  }
  void wait(duration time) { now_ += time; }
  time_point now() const { return now_; }

  std::uint64_t window() const { return controller.window(); }
  std::uint64_t datagrams() const { return controller.window() / datagram_size_; }

  cubic controller;

private:
  std::uint64_t datagram_size_;
  duration rtt_;
  time_point now_ = at({});
};

congestion_settings starting_with(std::uint32_t datagrams, std::uint64_t datagram_size = datagram) {
  return {.initial_window_packets = datagrams, .initial_window_limit = datagrams * datagram_size};
}

TEST(cubic, is_the_default) {
  const auto made = make_congestion_controller({}, datagram);
  EXPECT_EQ(made->name(), "cubic");
  EXPECT_EQ(made->window(), 12000u);
  EXPECT_TRUE(made->in_slow_start());
  EXPECT_TRUE(made->wants_rate_reduction());
}

// [rfc9002 7#1]
TEST(cubic, keeps_seven_tenths_after_a_loss) {
  flow transfer(starting_with(1000));
  transfer.lose();
  EXPECT_EQ(transfer.datagrams(), 700u);
  EXPECT_EQ(transfer.controller.slow_start_threshold(), transfer.window());
}

TEST(cubic, is_back_where_it_was_after_k_seconds_and_stays_there_for_a_while) {
  flow transfer(starting_with(1000));
  transfer.lose();
  transfer.pass(milliseconds(4500));  // Half of K: seven eighths of the way.
  EXPECT_NEAR(static_cast<double>(transfer.datagrams()), 700 + 300 * 7 / 8.0, 6);
  transfer.pass(milliseconds(4600));
  EXPECT_NEAR(static_cast<double>(transfer.datagrams()), 1000, 3);
  transfer.pass(seconds(2));
  EXPECT_NEAR(static_cast<double>(transfer.datagrams()), 1000, 8);
  transfer.pass(seconds(4));
  EXPECT_NEAR(static_cast<double>(transfer.datagrams()), 1000 + 0.4 * 6 * 6 * 6, 12) << "and then probes further";
}

TEST(cubic, gives_way_when_it_did_not_get_back_to_where_it_was) {
  flow transfer(starting_with(1000));
  transfer.lose();
  transfer.lose();
  ASSERT_EQ(transfer.datagrams(), 490u);
  // W_max = 700 * 1.7 / 2 = 595, so K = cbrt(105 / 0.4) = 6.4 s.
  transfer.pass(milliseconds(6400));
  EXPECT_NEAR(static_cast<double>(transfer.datagrams()), 595, 4);

  congestion_settings without = starting_with(1000);
  without.cubic_fast_convergence = false;
  flow other(without);
  other.lose();
  other.lose();
  other.pass(milliseconds(8070));  // W_max = 700, K = cbrt(210 / 0.4).
  EXPECT_NEAR(static_cast<double>(other.datagrams()), 700, 4);
}

TEST(cubic, is_no_slower_than_reno_where_windows_are_small) {
  // Over 10 ms the cubic function hardly moves: W_est grows by 0.53 datagrams a round, by 1 once past the old window.
  flow transfer(starting_with(20), datagram, milliseconds(10));
  transfer.lose();
  ASSERT_EQ(transfer.datagrams(), 14u);
  for (int i = 0; i < 10; ++i) transfer.pass_round();
  EXPECT_NEAR(static_cast<double>(transfer.window()), (14 + 10 * 0.53) * datagram, 1.2 * datagram);
  for (int i = 0; i < 20; ++i) transfer.pass_round();
  const std::uint64_t past = transfer.window();
  for (int i = 0; i < 10; ++i) transfer.pass_round();
  EXPECT_NEAR(static_cast<double>(transfer.window() - past), 10.0 * datagram, datagram);
}

TEST(cubic, grows_by_half_a_window_a_round_at_most) {
  flow transfer(starting_with(10), datagram, seconds(20));
  transfer.lose();
  for (int i = 0; i < 8; ++i) {
    const std::uint64_t before = transfer.window();
    transfer.pass_round();
    EXPECT_LE(transfer.window(), before * 17 / 10);
  }
}

TEST(cubic, does_not_move_along_its_curve_while_the_application_sends_little) {
  flow transfer(starting_with(1000));
  transfer.lose();
  transfer.pass(seconds(1));
  const std::uint64_t before = transfer.window();
  for (int i = 0; i < 600; ++i) {
    transfer.wait(milliseconds(100));
    transfer.acknowledge(datagram, true);
  }
  EXPECT_EQ(transfer.window(), before);
  transfer.pass_round();
  EXPECT_LT(transfer.window(), before + 30 * datagram) << "not a minute's worth of growth at once";
  EXPECT_GT(transfer.window(), before);
}

TEST(cubic, does_not_move_along_its_curve_while_nothing_is_in_flight) {
  congestion_settings settings = starting_with(1000);
  settings.idle_window_validity = std::chrono::hours(24 * 365);
  flow transfer(settings);
  transfer.lose();
  transfer.pass(seconds(1));
  transfer.send(transfer.window());
  const std::uint64_t before = transfer.window();
  transfer.wait(std::chrono::hours(24 * 100));
  transfer.send(0);
  transfer.wait(milliseconds(100));
  transfer.acknowledge(datagram);
  EXPECT_LT(transfer.window(), before + 2 * datagram);
}

TEST(cubic, keeps_the_window_within_its_bounds_for_every_datagram_size) {
  for (const std::uint64_t size : {1200u, 1452u, 9000u, 65527u}) {
    SCOPED_TRACE(size);
    congestion_settings settings = starting_with(10, size);
    settings.maximum_window = 1 << 24;
    flow transfer(settings, size, milliseconds(300));
    transfer.lose();
    for (int i = 0; i < 20; ++i) {
      transfer.pass(seconds(30));
      ASSERT_LE(transfer.window(), settings.maximum_window);
      transfer.lose();
      ASSERT_GE(transfer.window(), 2 * size);
    }
    for (int i = 0; i < 60; ++i) transfer.lose();
    EXPECT_EQ(transfer.window(), 2 * size);
    transfer.pass(seconds(600));
    EXPECT_GT(transfer.window(), 100 * size);
  }
}

TEST(cubic, begins_on_a_plateau_after_persistent_congestion) {
  flow transfer(starting_with(1000));
  transfer.lose();
  transfer.controller.on_persistent_congestion(transfer.now());
  EXPECT_EQ(transfer.datagrams(), 2u);
  EXPECT_TRUE(transfer.controller.in_slow_start());
  while (transfer.controller.in_slow_start()) transfer.pass_round();
  EXPECT_EQ(transfer.datagrams(), 700u);
  transfer.pass(seconds(5));  // K = 0: 0.4 * 5^3 datagrams, and not the way back to 1000.
  EXPECT_NEAR(static_cast<double>(transfer.datagrams()), 750, 8);
}

TEST(cubic, continues_its_curve_with_larger_datagrams) {
  flow transfer(starting_with(1000));
  transfer.lose();
  transfer.pass(seconds(2));
  const std::uint64_t before = transfer.window();
  transfer.controller.set_max_datagram_size(1400);
  transfer.pass_round();
  EXPECT_GE(transfer.window(), before);
  EXPECT_LT(transfer.window(), before + 40 * datagram);
}

TEST(cubic, returns_to_its_curve_when_all_losses_were_spurious) {
  flow transfer(starting_with(1000));
  flow undisturbed(starting_with(1000));
  for (flow* each : {&transfer, &undisturbed}) {
    each->lose();
    each->pass(seconds(3));
  }
  const time_point sent = transfer.now();
  transfer.wait(milliseconds(100));
  transfer.controller.on_congestion_event({.newest_time_sent = sent, .bytes_lost = datagram}, transfer.now());
  EXPECT_LT(transfer.window(), undisturbed.window());
  transfer.controller.on_spurious_loss(datagram, sent, transfer.now());
  EXPECT_EQ(transfer.window(), undisturbed.window());
  EXPECT_EQ(transfer.controller.undone_reductions(), 1u);
  undisturbed.wait(milliseconds(100));
  transfer.pass(seconds(8));
  undisturbed.pass(seconds(8));
  EXPECT_EQ(transfer.window(), undisturbed.window());
}

}  // namespace
}  // namespace quasio::recovery
