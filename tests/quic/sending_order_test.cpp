#include "quic/sending_order.hpp"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace quasio::quic {
namespace {

constexpr std::uint8_t at(std::size_t urgency) { return static_cast<std::uint8_t>(1u << urgency); }

TEST(a_sending_order, has_no_turn_when_nothing_waits) {
  sending_order order(0);
  order.begin_packet({});
  EXPECT_FALSE(order.next({}));
}

TEST(a_sending_order, serves_the_most_urgent_be_it_stream_or_datagram) {
  sending_order order(0);
  for (int packet = 0; packet < 100; ++packet) {
    order.begin_packet({at(3), at(2)});
    const auto datagram = order.next({at(3), at(2)});
    EXPECT_TRUE(datagram->is_datagram);
    EXPECT_EQ(datagram->urgency, 2u);
    const auto stream = order.next({static_cast<std::uint8_t>(at(1) | at(5)), at(2)});
    EXPECT_FALSE(stream->is_datagram);
    EXPECT_EQ(stream->urgency, 1u);
  }
}

TEST(a_sending_order, shares_one_urgency_by_bytes) {
  sending_order order(0);
  const sending_order::waiting both{at(3), at(3)};
  std::array<std::size_t, 2> bytes{};
  for (int turns = 0; turns < 10'000; ++turns) {
    const auto turn = order.next(both);
    const std::size_t size = turn->is_datagram ? 100 : 1100;
    bytes[turn->is_datagram] += size;
    order.on_sent(*turn, both, size);
  }
  EXPECT_NEAR(static_cast<double>(bytes[0]), static_cast<double>(bytes[1]), 2000);
}

TEST(a_sending_order, counts_no_lead_while_nobody_competes) {
  sending_order order(0);
  const sending_order::waiting alone{0, at(3)};
  for (int i = 0; i < 1000; ++i) order.on_sent(*order.next(alone), alone, 1000);
  const sending_order::waiting both{at(3), at(3)};
  EXPECT_TRUE(order.next(both)->is_datagram);
}

TEST(a_sending_order, lets_every_urgency_live) {
  sending_order order(10);
  const sending_order::waiting all{0xff, 0};
  std::array<std::size_t, 8> packets{};
  for (int packet = 0; packet < 7000; ++packet) {
    order.begin_packet(all);
    ++packets[order.next(all)->urgency];
  }
  EXPECT_EQ(packets[0], 6300u);
  for (std::size_t urgency = 1; urgency < 8; ++urgency) EXPECT_EQ(packets[urgency], 100u) << urgency;
}

TEST(a_sending_order, favours_a_level_only_as_long_as_it_has_something) {
  sending_order order(1);
  const sending_order::waiting both{static_cast<std::uint8_t>(at(1) | at(6)), 0};
  order.begin_packet(both);
  EXPECT_EQ(order.next(both)->urgency, 6u);
  EXPECT_EQ(order.next({at(1), 0})->urgency, 1u);
}

TEST(a_sending_order, is_strict_without_the_guard) {
  sending_order order(0);
  for (int packet = 0; packet < 1000; ++packet) {
    order.begin_packet({0xfe, 0x80});
    EXPECT_EQ(order.next({0xfe, 0x80})->urgency, 1u);
  }
}

}  // namespace
}  // namespace quasio::quic
