#include "recovery/rate_reduction.hpp"

#include <gtest/gtest.h>

#include "recovery/moment.hpp"
#include "recovery/simulated_sender.hpp"

namespace quasio::recovery {
namespace {

constexpr std::uint64_t datagram = 1000;

/// A recovery period of a sender that always has data: 100 datagrams in flight, to come down to `target`.
class period {
public:
  period(std::uint64_t in_flight, std::uint64_t lost, std::uint64_t target)
      : in_flight_((in_flight - lost) * datagram), target_(target * datagram) {
    meter.begin(in_flight * datagram, datagram, at({}));
    send();
  }

  /// One datagram arrives, and what may be sent is sent.
  void deliver() {
    now_ += milliseconds(1);
    in_flight_ -= datagram;
    meter.on_delivered(datagram, in_flight_, target_, now_);
    send();
  }

  void lose(std::uint64_t datagrams) {
    in_flight_ -= datagrams * datagram;
    meter.on_lost();
  }

  std::uint64_t in_flight() const { return in_flight_ / datagram; }
  std::uint64_t sent() const { return sent_; }
  std::uint64_t largest_burst() const { return largest_burst_; }

  rate_reduction meter;

private:
  void send() {
    std::uint64_t burst = 0;
    for (; meter.room(in_flight_) >= datagram; ++burst) {
      meter.on_sent(datagram);
      in_flight_ += datagram;
    }
    sent_ += burst;
    largest_burst_ = std::max(largest_burst_, burst);
  }

  std::uint64_t in_flight_;
  std::uint64_t target_;
  std::uint64_t sent_ = 0;
  std::uint64_t largest_burst_ = 0;
  time_point now_ = at({});
};

TEST(rate_reduction, sends_one_datagram_at_the_start) {
  const period recovery(100, 1, 70);
  EXPECT_EQ(recovery.sent(), 1u);
}

TEST(rate_reduction, sends_in_proportion_to_what_arrives) {
  period recovery(100, 1, 70);
  for (int i = 0; i < 50; ++i) recovery.deliver();
  EXPECT_EQ(recovery.sent(), 35u);
  for (int i = 0; i < 49; ++i) recovery.deliver();
  EXPECT_NEAR(static_cast<double>(recovery.in_flight()), 70, 1) << "where the window is, after one round trip";
  EXPECT_LE(recovery.largest_burst(), 2u);
}

TEST(rate_reduction, halves_the_flight_for_reno_by_every_second_ack) {
  period recovery(20, 1, 10);
  for (int i = 0; i < 19; ++i) recovery.deliver();
  EXPECT_NEAR(static_cast<double>(recovery.in_flight()), 10, 1);
  EXPECT_LE(recovery.largest_burst(), 1u);
}

TEST(rate_reduction, catches_up_in_slow_start_after_heavy_losses) {
  period recovery(100, 90, 70);
  EXPECT_EQ(recovery.in_flight(), 11u);
  for (int i = 0; i < 70; ++i) recovery.deliver();
  EXPECT_EQ(recovery.in_flight(), 70u);
  EXPECT_LE(recovery.largest_burst(), 2u) << "one for what arrived and one more";
}

TEST(rate_reduction, conserves_packets_while_losses_go_on) {
  period recovery(100, 60, 70);
  for (int i = 0; i < 20; ++i) {
    recovery.lose(1);
    const std::uint64_t before = recovery.in_flight();
    recovery.deliver();
    EXPECT_LE(recovery.in_flight(), before);
  }
}

TEST(rate_reduction, never_sends_beyond_the_window_once_it_is_reached) {
  period recovery(100, 40, 70);
  for (int i = 0; i < 300; ++i) {
    recovery.deliver();
    EXPECT_LE(recovery.in_flight(), 70u);
  }
}

TEST(rate_reduction, leaves_room_for_two_datagrams_when_all_is_lost) {
  rate_reduction meter;
  meter.begin(10 * datagram, datagram, at({}));
  meter.on_sent(datagram);
  EXPECT_EQ(meter.room(5 * datagram), 0u);
  EXPECT_EQ(meter.room(0), 2 * datagram);
  EXPECT_EQ(meter.room(datagram), datagram);
}

TEST(rate_reduction, counts_what_the_first_ack_brought_as_having_been_in_flight) {
  rate_reduction meter;
  meter.begin(50 * datagram, datagram, at({}));
  meter.on_delivered(50 * datagram, 60 * datagram, 50 * datagram, at({}));
  EXPECT_EQ(meter.room(60 * datagram), 25 * datagram) << "50 of 100 arrived, the target is 50";
}

TEST(rate_reduction, goes_on_sending_through_the_recovery_of_a_connection) {
  // Without it nothing leaves until nearly half of the flight has been acknowledged.
  for (const bool metered : {true, false}) {
    simulated_sender sender({.algorithm = congestion_algorithm::new_reno,
                             .initial_window_packets = 100,
                             .initial_window_limit = 120'000,
                             .rate_reduction = metered});
    sender.send(at({}));
    sender.acknowledge({{0, 1}}, at(milliseconds(100)));
    while (sender.flying.room(sender.control->window()) >= simulated_sender::datagram)
      sender.send(at(milliseconds(200)));
    const std::uint64_t newest = sender.packets.next_number();
    std::uint64_t sent_in_first_third = 0;
    for (std::uint64_t number = 2; number < newest; ++number) {
      const time_point now = at(milliseconds(300) + microseconds(number));
      sender.acknowledge({{number, number + 1}}, now);
      while (sender.flying.room(sender.control->window()) >= simulated_sender::datagram) {
        if (number < newest / 3) ++sent_in_first_third;
        sender.send(now);
      }
    }
    EXPECT_EQ(sender.recoveries, 1u);
    EXPECT_NEAR(static_cast<double>(sender.flying.bytes()), static_cast<double>(sender.control->window()), 2400);
    if (metered)
      EXPECT_GT(sent_in_first_third, 12u);
    else
      EXPECT_LE(sent_in_first_third, 5u) << "before the loss was seen, and the one that is lent";
  }
}

TEST(rate_reduction, lets_datagrams_leave_that_have_become_larger) {
  rate_reduction meter;
  meter.begin(10 * datagram, datagram, at({}));
  meter.set_max_datagram_size(9 * datagram);
  EXPECT_GE(meter.room(0), 9 * datagram) << "or the period would never end";
}

}  // namespace
}  // namespace quasio::recovery
