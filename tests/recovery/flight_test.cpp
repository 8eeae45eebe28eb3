#include "recovery/flight.hpp"

#include <gtest/gtest.h>

#include "recovery/moment.hpp"

namespace quasio::recovery {
namespace {

constexpr std::uint64_t window = 12000;
constexpr std::uint64_t datagram = 1200;

TEST(flight, counts_what_left_and_what_arrived) {
  flight flying;
  EXPECT_EQ(flying.bytes(), 0u);
  EXPECT_EQ(flying.room(window), window);
  flying.on_sent(1200, window, datagram, at(milliseconds(1)));
  flying.on_sent(300, window, datagram, at(milliseconds(1)));
  EXPECT_EQ(flying.bytes(), 1500u);
  EXPECT_EQ(flying.room(window), 10500u);
  flying.remove(1200);
  EXPECT_EQ(flying.bytes(), 300u);
}

// [rfc9002 7#2 7.5#2]
TEST(flight, has_no_room_when_probes_exceed_the_window) {
  flight flying;
  for (int i = 0; i < 11; ++i) flying.on_sent(1200, window, datagram, at(milliseconds(1)));
  EXPECT_EQ(flying.bytes(), 13200u);
  EXPECT_EQ(flying.room(window), 0u);
}

// [rfc9002 7#2]
TEST(flight, lends_one_datagram_on_entering_recovery) {
  flight flying;
  for (int i = 0; i < 10; ++i) flying.on_sent(1200, window, datagram, at(milliseconds(1)));
  flying.remove(1200);
  flying.lend_one_datagram(datagram);
  EXPECT_EQ(flying.room(window / 2), datagram);
  flying.on_sent(1200, window / 2, datagram, at(milliseconds(2)));
  EXPECT_EQ(flying.room(window / 2), 0u);
}

TEST(flight, is_underutilized_until_the_window_is_filled) {
  flight flying;
  EXPECT_TRUE(flying.underutilized_since(at(milliseconds(0))));
  for (int i = 0; i < 9; ++i) flying.on_sent(1200, window, datagram, at(milliseconds(i)));
  EXPECT_TRUE(flying.underutilized_since(at(milliseconds(0)))) << "one more datagram would still fit";
  flying.on_sent(1200, window, datagram, at(milliseconds(9)));
  EXPECT_FALSE(flying.underutilized_since(at(milliseconds(0))));
  EXPECT_FALSE(flying.underutilized_since(at(milliseconds(9))));
  EXPECT_TRUE(flying.underutilized_since(at(milliseconds(10)))) << "sent after the window was last full";
}

TEST(flight, is_not_underutilized_when_the_pacer_held_it_back) {
  flight flying;
  flying.on_sent(1200, window, datagram, at(milliseconds(1)));
  flying.on_blocked(at(milliseconds(2)));
  EXPECT_FALSE(flying.underutilized_since(at(milliseconds(1))));
}

#ifdef NDEBUG
TEST(flight, saturates_rather_than_wrapping_around) {
  flight flying;
  flying.on_sent(100, window, datagram, at(milliseconds(1)));
  flying.remove(200);
  EXPECT_EQ(flying.bytes(), 0u);
}
#else
TEST(flight_death, asserts_that_no_packet_is_removed_twice) {
  flight flying;
  flying.on_sent(100, window, datagram, at(milliseconds(1)));
  EXPECT_DEATH(flying.remove(200), "more bytes left");
}
#endif

}  // namespace
}  // namespace quasio::recovery
