#include <gtest/gtest.h>

#include "recovery/cubic.hpp"
#include "recovery/moment.hpp"
#include "recovery/new_reno.hpp"

namespace quasio::recovery {
namespace {

constexpr std::uint64_t datagram = 1200;

template <class Controller>
class spurious_loss : public testing::Test {
protected:
  bool lose(duration sent, duration now, std::uint64_t packets = 1) {
    return controller_.on_congestion_event({.newest_time_sent = at(sent), .bytes_lost = packets * datagram}, at(now));
  }

  void arrive(duration sent, duration now) { controller_.on_spurious_loss(datagram, at(sent), at(now)); }

  /// As after the arrival of a packet sent then: ends a recovery period that began before.
  void acknowledge(duration sent, duration now) {
    controller_.on_packets_acked({.bytes = 1, .newest_time_sent = at(sent)}, at(now));
  }

  Controller controller_{congestion_settings{}, datagram};
};

using controllers = testing::Types<new_reno, cubic>;
TYPED_TEST_SUITE(spurious_loss, controllers);

TYPED_TEST(spurious_loss, gives_the_window_back_once_every_packet_has_arrived) {
  this->lose(milliseconds(5), milliseconds(100), 2);
  this->lose(milliseconds(50), milliseconds(110));
  EXPECT_LT(this->controller_.window(), 12000u);
  this->arrive(milliseconds(4), milliseconds(111));
  this->arrive(milliseconds(5), milliseconds(112));
  EXPECT_LT(this->controller_.window(), 12000u);
  EXPECT_TRUE(this->controller_.in_recovery());
  this->arrive(milliseconds(50), milliseconds(113));
  EXPECT_EQ(this->controller_.window(), 12000u);
  EXPECT_EQ(this->controller_.slow_start_threshold(), congestion_controller::infinite);
  EXPECT_FALSE(this->controller_.in_recovery());
  EXPECT_EQ(this->controller_.undone_reductions(), 1u);
}

TYPED_TEST(spurious_loss, lets_a_real_loss_of_the_same_flight_begin_a_new_period_afterwards) {
  this->lose(milliseconds(5), milliseconds(100));
  this->arrive(milliseconds(5), milliseconds(101));
  EXPECT_TRUE(this->lose(milliseconds(99), milliseconds(150)));
}

TYPED_TEST(spurious_loss, stands_when_one_packet_stays_away) {
  this->lose(milliseconds(5), milliseconds(100), 3);
  this->arrive(milliseconds(4), milliseconds(111));
  this->arrive(milliseconds(5), milliseconds(112));
  EXPECT_LT(this->controller_.window(), 12000u);
  EXPECT_EQ(this->controller_.undone_reductions(), 0u);
}

TYPED_TEST(spurious_loss, counts_only_packets_of_the_newest_period) {
  this->lose(milliseconds(5), milliseconds(100), 2);
  this->acknowledge(milliseconds(101), milliseconds(150));
  const std::uint64_t between = this->controller_.window();
  this->lose(milliseconds(120), milliseconds(200));
  this->arrive(milliseconds(5), milliseconds(201));
  EXPECT_LT(this->controller_.window(), between);
  this->arrive(milliseconds(120), milliseconds(202));
  EXPECT_EQ(this->controller_.window(), between) << "the first reduction is too old to be undone";
  EXPECT_EQ(this->controller_.undone_reductions(), 1u);
}

TYPED_TEST(spurious_loss, is_undone_once) {
  this->lose(milliseconds(5), milliseconds(100));
  this->arrive(milliseconds(5), milliseconds(101));
  this->arrive(milliseconds(5), milliseconds(102));
  EXPECT_EQ(this->controller_.undone_reductions(), 1u);
}

TYPED_TEST(spurious_loss, keeps_what_the_window_has_grown_meanwhile) {
  this->lose(milliseconds(5), milliseconds(100));
  for (int i = 0; i < 400; ++i) {
    this->controller_.on_packets_acked({.bytes = datagram,
                                        .newest_time_sent = at(milliseconds(200 + i)),
                                        .rtt = {milliseconds(50), milliseconds(50), {}, milliseconds(50)}},
                                       at(milliseconds(250 + i)));
  }
  const std::uint64_t grown = this->controller_.window();
  ASSERT_GT(grown, 12000u);
  this->arrive(milliseconds(5), milliseconds(700));
  EXPECT_EQ(this->controller_.window(), grown);
}

TYPED_TEST(spurious_loss, does_not_undo_what_ecn_asked_for) {
  this->controller_.on_congestion_event({.signal = congestion_signal::ecn_ce, .newest_time_sent = at(milliseconds(5))},
                                        at(milliseconds(100)));
  const std::uint64_t reduced = this->controller_.window();
  this->lose(milliseconds(6), milliseconds(101));
  this->arrive(milliseconds(6), milliseconds(102));
  EXPECT_EQ(this->controller_.window(), reduced);
}

TYPED_TEST(spurious_loss, does_not_undo_a_period_in_which_ecn_marks_came) {
  this->lose(milliseconds(5), milliseconds(100));
  this->controller_.on_congestion_event({.signal = congestion_signal::ecn_ce, .newest_time_sent = at(milliseconds(50))},
                                        at(milliseconds(110)));
  const std::uint64_t reduced = this->controller_.window();
  this->arrive(milliseconds(5), milliseconds(111));
  EXPECT_EQ(this->controller_.window(), reduced);
}

TYPED_TEST(spurious_loss, does_not_undo_persistent_congestion) {
  this->lose(milliseconds(5), milliseconds(100));
  this->controller_.on_persistent_congestion(at(milliseconds(100)));
  this->arrive(milliseconds(5), milliseconds(111));
  EXPECT_EQ(this->controller_.window(), 2 * datagram);
}

TYPED_TEST(spurious_loss, is_not_undone_when_the_settings_forbid_it) {
  TypeParam controller({.undo_spurious_reductions = false}, datagram);
  controller.on_congestion_event({.newest_time_sent = at(milliseconds(5)), .bytes_lost = datagram},
                                 at(milliseconds(100)));
  controller.on_spurious_loss(datagram, at(milliseconds(5)), at(milliseconds(101)));
  EXPECT_LT(controller.window(), 12000u);
}

template <class Controller>
class idleness : public testing::Test {
protected:
  /// A window of 64 initial ones, and then a packet whose acknowledgment leaves nothing in flight.
  void grow(Controller& controller) {
    for (int i = 0; i < 6; ++i) {
      controller.on_packet_sent({.bytes = datagram, .bytes_in_flight_before = 0}, at(milliseconds(100 * i)));
      controller.on_packets_acked({.bytes = controller.window(),
                                   .newest_time_sent = at(milliseconds(100 * i)),
                                   .rtt = {milliseconds(50), milliseconds(50), milliseconds(5), milliseconds(50)}},
                                  at(milliseconds(100 * i + 50)));
    }
    ASSERT_EQ(controller.window(), 64 * 12000u);
  }
};

TYPED_TEST_SUITE(idleness, controllers);

TYPED_TEST(idleness, keeps_a_paced_window_for_five_minutes) {
  TypeParam controller({}, datagram);
  this->grow(controller);
  controller.on_packet_sent({.bytes = datagram, .bytes_in_flight_before = 0}, at(seconds(300)));
  EXPECT_EQ(controller.window(), 64 * 12000u);
  controller.on_packet_sent({.bytes = datagram, .bytes_in_flight_before = 0}, at(seconds(601)));
  EXPECT_EQ(controller.window(), 12000u);
  EXPECT_TRUE(controller.in_slow_start());
}

TYPED_TEST(idleness, keeps_an_unpaced_window_for_a_probe_timeout) {
  TypeParam controller({.hystart = false, .paced = false}, datagram);
  this->grow(controller);
  controller.on_packet_sent({.bytes = datagram, .bytes_in_flight_before = 0}, at(milliseconds(550 + 69)));
  EXPECT_EQ(controller.window(), 64 * 12000u);
  controller.on_packet_sent({.bytes = datagram, .bytes_in_flight_before = 0}, at(milliseconds(619 + 71)));
  EXPECT_EQ(controller.window(), 12000u);
}

TYPED_TEST(idleness, remembers_where_to_become_careful) {
  TypeParam controller({}, datagram);
  this->grow(controller);
  controller.on_congestion_event({.newest_time_sent = at(milliseconds(600)), .bytes_lost = datagram},
                                 at(milliseconds(700)));
  const std::uint64_t reduced = controller.window();
  controller.on_packet_sent({.bytes = datagram, .bytes_in_flight_before = 0}, at(seconds(1000)));
  EXPECT_EQ(controller.window(), 12000u);
  EXPECT_FALSE(controller.in_recovery());
  EXPECT_EQ(controller.slow_start_threshold(), reduced);
}

TYPED_TEST(idleness, is_none_while_something_is_in_flight) {
  TypeParam controller({}, datagram);
  this->grow(controller);
  controller.on_packet_sent({.bytes = datagram, .bytes_in_flight_before = datagram}, at(seconds(1000)));
  EXPECT_EQ(controller.window(), 64 * 12000u);
}

}  // namespace
}  // namespace quasio::recovery
