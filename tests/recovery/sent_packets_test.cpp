#include "recovery/sent_packets.hpp"

#include <gtest/gtest.h>

#include "recovery/numbered_packets.hpp"

namespace quasio::recovery {
namespace {

struct acknowledged {
  numbers acked;
  numbers late;
};

acknowledged acknowledge(cargo_packets& packets, std::uint64_t first, std::uint64_t last) {
  acknowledged seen;
  EXPECT_EQ(packets.check_ack(first, last), std::nullopt);
  packets.acknowledge(first, last, note_in(seen.acked), note_in(seen.late));
  return seen;
}

numbers lose_below(cargo_packets& packets, std::uint64_t bound) {
  using verdict = cargo_packets::verdict;
  numbers lost;
  packets.declare_lost([&](const auto& packet) { return packet.packet_number < bound ? verdict::lost : verdict::stop; },
                       note_in(lost));
  return lost;
}

TEST(ring, wraps_around_and_grows_in_order) {
  ring<std::uint64_t> queue;
  std::uint64_t pushed = 0;
  std::uint64_t popped = 0;
  for (int round = 0; round < 200; ++round) {
    for (int i = 0; i < 7; ++i) queue.push() = pushed++;
    for (int i = 0; i < 5; ++i) {
      EXPECT_EQ(queue.front(), popped++);
      queue.pop();
    }
  }
  ASSERT_EQ(queue.size(), 400u);
  for (std::size_t i = 0; i < queue.size(); ++i) EXPECT_EQ(queue[i], popped + i);
  EXPECT_EQ(queue.back(), pushed - 1);
}

TEST(sent_packets, keeps_what_was_sent) {
  cargo_packets packets;
  EXPECT_EQ(packets.next_number(), 0u);
  packets.draft().items.push_back(std::make_unique<int>(7));
  const auto& sent = packets.append(eliciting(0, milliseconds(3), 1350));
  EXPECT_EQ(sent.packet_number, 0u);
  EXPECT_EQ(sent.time_sent, at(milliseconds(3)));
  EXPECT_EQ(sent.bytes, 1350u);
  EXPECT_EQ(sent.state, packet_state::outstanding);
  ASSERT_EQ(sent.content.items.size(), 1u);
  EXPECT_EQ(*sent.content.items[0], 7);
  EXPECT_TRUE(packets.draft().items.empty());
  EXPECT_EQ(packets.next_number(), 1u);
  EXPECT_EQ(packets.ack_eliciting_outstanding(), 1u);
  EXPECT_EQ(packets.last_ack_eliciting_sent(), at(milliseconds(3)));
}

TEST(sent_packets, shows_each_packet_of_a_range_once) {
  cargo_packets packets;
  send_each_millisecond(packets, 0, 9);
  EXPECT_EQ(acknowledge(packets, 3, 5).acked, (numbers{3, 4, 5}));
  EXPECT_EQ(acknowledge(packets, 2, 6).acked, (numbers{2, 6}));
  EXPECT_EQ(acknowledge(packets, 2, 6).acked, numbers{});
  EXPECT_EQ(packets.ack_eliciting_outstanding(), 5u);
  EXPECT_EQ(acknowledge(packets, 0, 9).acked, (numbers{0, 1, 7, 8, 9}));
  EXPECT_EQ(packets.ack_eliciting_outstanding(), 0u);
  EXPECT_EQ(packets.tracked(), 0u);
}

TEST(sent_packets, shrinks_from_the_front) {
  cargo_packets packets;
  send_each_millisecond(packets, 0, 9);
  acknowledge(packets, 1, 4);
  EXPECT_EQ(packets.tracked(), 10u) << "packet 0 is still outstanding";
  acknowledge(packets, 0, 0);
  EXPECT_EQ(packets.tracked(), 5u);
  EXPECT_EQ(acknowledge(packets, 0, 4).acked, numbers{}) << "long forgotten";
}

TEST(sent_packets, hands_the_content_to_the_visitor_and_clears_it) {
  cargo_packets packets;
  packets.draft().items.push_back(std::make_unique<int>(42));
  packets.append(eliciting(0, milliseconds(0)));
  std::unique_ptr<int> taken;
  packets.acknowledge(
      0, 0, [&](auto& packet) { taken = std::move(packet.content.items[0]); }, [](auto&) {});
  ASSERT_TRUE(taken);
  EXPECT_EQ(*taken, 42);
}

TEST(sent_packets, detects_an_ack_of_a_packet_never_sent) {
  cargo_packets packets;
  EXPECT_EQ(packets.check_ack(0, 0), ack_violation::never_sent);
  send_each_millisecond(packets, 0, 4);
  EXPECT_EQ(packets.check_ack(0, 4), std::nullopt);
  EXPECT_EQ(packets.check_ack(5, 5), ack_violation::never_sent);
  EXPECT_EQ(packets.check_ack(0, 5), ack_violation::never_sent);
  EXPECT_EQ(packets.check_ack(0, ~std::uint64_t{0}), ack_violation::never_sent);
}

TEST(sent_packets, detects_an_optimistic_ack) {
  cargo_packets packets;
  send_each_millisecond(packets, 0, 4);
  packets.append(eliciting(6, milliseconds(6)));
  EXPECT_EQ(packets.check_ack(5, 5), ack_violation::skipped);
  EXPECT_EQ(packets.check_ack(0, 6), ack_violation::skipped);
  EXPECT_EQ(packets.check_ack(0, 4), std::nullopt);
  EXPECT_EQ(packets.check_ack(6, 6), std::nullopt);
  acknowledge(packets, 0, 4);
  acknowledge(packets, 6, 6);
  EXPECT_EQ(packets.tracked(), 0u);
  EXPECT_EQ(packets.check_ack(0, 6), ack_violation::skipped) << "remembered after its neighbours are gone";
}

TEST(sent_packets, treats_numbers_before_the_first_packet_as_skipped) {
  cargo_packets packets;
  packets.append(eliciting(1'000'000'000'000, milliseconds(0)));
  EXPECT_EQ(packets.tracked(), 1u) << "a gap with nothing before it takes no slots";
  EXPECT_EQ(packets.check_ack(5, 5), ack_violation::skipped);
  EXPECT_EQ(acknowledge(packets, 1'000'000'000'000, 1'000'000'000'000).acked, (numbers{1'000'000'000'000}));
}

TEST(sent_packets, gives_skipped_slots_back) {
  cargo_packets packets;
  send_each_millisecond(packets, 0, 1);
  packets.append(eliciting(5, milliseconds(5)));
  EXPECT_EQ(packets.tracked(), 6u);
  acknowledge(packets, 0, 1);
  EXPECT_EQ(packets.tracked(), 1u);
}

TEST(skipped_numbers, remembers_the_newest_gaps) {
  skipped_numbers gaps;
  for (std::uint64_t i = 0; i <= skipped_numbers::limit; ++i) gaps.add(10 * i, 10 * i + 1);
  EXPECT_FALSE(gaps.touches(0, 9));
  EXPECT_TRUE(gaps.touches(0, 10));
  EXPECT_TRUE(gaps.touches(10 * skipped_numbers::limit, 10 * skipped_numbers::limit));
}

TEST(skipped_numbers, covers_adjacent_gaps) {
  skipped_numbers gaps;
  gaps.add(3, 5);
  gaps.add(5, 6);
  EXPECT_TRUE(gaps.covers(3, 6));
  EXPECT_TRUE(gaps.covers(4, 4)) << "nothing at all";
  EXPECT_TRUE(gaps.covers(9, 9));
  EXPECT_FALSE(gaps.covers(3, 7));
  EXPECT_FALSE(gaps.covers(2, 5));
}

TEST(sent_packets, declares_losses_from_the_oldest_on) {
  cargo_packets packets;
  send_each_millisecond(packets, 0, 5);
  acknowledge(packets, 1, 1);
  EXPECT_EQ(lose_below(packets, 3), (numbers{0, 2}));
  EXPECT_EQ(packets.ack_eliciting_outstanding(), 3u);
  EXPECT_EQ(packets.tracked(), 3u);
  EXPECT_EQ(lose_below(packets, 3), numbers{});
}

TEST(sent_packets, recognises_a_late_acknowledgment_once) {
  cargo_packets packets;
  for (std::uint64_t number = 0; number < 4; ++number) {
    packets.draft().items.push_back(std::make_unique<int>(static_cast<int>(number)));
    packets.append(eliciting(number, milliseconds(1)));
  }
  lose_below(packets, 3);
  std::vector<int> carried;
  packets.acknowledge(
      1, 3, [&](auto& packet) { EXPECT_EQ(packet.packet_number, 3u); },
      [&](auto& packet) { carried.push_back(*packet.content.items.at(0)); });
  EXPECT_EQ(carried, (std::vector<int>{1, 2}));
  const acknowledged again = acknowledge(packets, 0, 3);
  EXPECT_EQ(again.acked, numbers{});
  EXPECT_EQ(again.late, (numbers{0}));
  EXPECT_EQ(acknowledge(packets, 0, 3).late, numbers{});
}

TEST(sent_packets, forgets_losses_after_a_while) {
  cargo_packets packets;
  send_each_millisecond(packets, 0, 5);
  lose_below(packets, 4);
  packets.forget_losses_sent_before(at(milliseconds(2)));
  EXPECT_EQ(acknowledge(packets, 0, 3).late, (numbers{2, 3}));
}

TEST(sent_packets, remembers_a_bounded_number_of_losses) {
  cargo_packets packets({.maximum_remembered_losses = 3});
  send_each_millisecond(packets, 0, 99);
  lose_below(packets, 90);
  EXPECT_EQ(acknowledge(packets, 0, 99).late, (numbers{87, 88, 89}));

  cargo_packets forgetful({.maximum_remembered_losses = 0});
  send_each_millisecond(forgetful, 0, 9);
  lose_below(forgetful, 5);
  EXPECT_EQ(acknowledge(forgetful, 0, 4).late, numbers{});
}

TEST(sent_packets, finds_the_oldest_packet_to_probe_with) {
  cargo_packets packets;
  EXPECT_EQ(packets.oldest_ack_eliciting(), nullptr);
  packets.append(ack_only(0, milliseconds(0)));
  EXPECT_EQ(packets.oldest_ack_eliciting(), nullptr);
  packets.append(eliciting(1, milliseconds(1)));
  packets.append(eliciting(2, milliseconds(2)));
  ASSERT_NE(packets.oldest_ack_eliciting(), nullptr);
  EXPECT_EQ(packets.oldest_ack_eliciting()->packet_number, 1u);
  acknowledge(packets, 1, 1);
  EXPECT_EQ(packets.oldest_ack_eliciting()->packet_number, 2u);
}

TEST(sent_packets, visits_outstanding_packets_until_told_to_stop) {
  cargo_packets packets;
  send_each_millisecond(packets, 0, 5);
  acknowledge(packets, 1, 2);
  numbers seen;
  packets.visit_outstanding([&](const auto& packet) {
    seen.push_back(packet.packet_number);
    return seen.size() < 3;
  });
  EXPECT_EQ(seen, (numbers{0, 3, 4}));
}

// [rfc9002 6.4#1]
TEST(sent_packets, discards_everything_and_goes_on_numbering) {
  cargo_packets packets;
  send_each_millisecond(packets, 0, 5);
  lose_below(packets, 2);
  acknowledge(packets, 3, 3);
  numbers discarded;
  packets.discard(note_in(discarded));
  EXPECT_EQ(discarded, (numbers{2, 4, 5}));
  EXPECT_EQ(packets.tracked(), 0u);
  EXPECT_EQ(packets.ack_eliciting_outstanding(), 0u);
  EXPECT_EQ(acknowledge(packets, 0, 5).late, numbers{});
  EXPECT_EQ(packets.next_number(), 6u);
  packets.append(eliciting(6, milliseconds(6)));
  EXPECT_EQ(acknowledge(packets, 0, 6).acked, (numbers{6}));
}

TEST(sent_packets, does_not_gather_the_acks_of_a_pure_receiver) {
  cargo_packets packets({.maximum_leading_ack_only = 8});
  for (std::uint64_t number = 0; number < 1000; ++number)
    packets.append(ack_only(number, milliseconds(static_cast<std::int64_t>(number))));
  EXPECT_EQ(packets.tracked(), 8u);
  EXPECT_EQ(acknowledge(packets, 0, 999).acked.size(), 8u);
}

TEST(sent_packets, keeps_acks_sent_after_a_packet_in_flight) {
  cargo_packets packets({.maximum_leading_ack_only = 8});
  packets.append(eliciting(0, milliseconds(0)));
  for (std::uint64_t number = 1; number < 100; ++number) packets.append(ack_only(number, milliseconds(1)));
  EXPECT_EQ(packets.tracked(), 100u);
  acknowledge(packets, 0, 0);
  packets.append(ack_only(100, milliseconds(2)));
  EXPECT_EQ(packets.tracked(), 8u);
}

TEST(sent_packets, says_when_a_peer_withholds_its_acks) {
  cargo_packets packets({.maximum_tracked = 50});
  send_each_millisecond(packets, 0, 48);
  EXPECT_FALSE(packets.full());
  packets.append(eliciting(49, milliseconds(49)));
  EXPECT_TRUE(packets.full());
  packets.append(eliciting(50, milliseconds(50)));
  EXPECT_TRUE(packets.full()) << "probes still find a place";
  acknowledge(packets, 0, 1);
  EXPECT_FALSE(packets.full());
}

/// Counts how often its buffer had to grow.
struct counted_content {
  static inline int growths = 0;
  std::vector<int> items;
  void clear() noexcept { items.clear(); }
  void add(int item) {
    if (items.size() == items.capacity()) ++growths;
    items.push_back(item);
  }
};

TEST(sent_packets, reuses_the_capacity_of_contents_in_the_steady_state) {
  sent_packets<counted_content> packets;
  std::uint64_t number = 0;
  const auto send_and_resolve_a_window = [&] {
    const std::uint64_t first = number;
    for (int i = 0; i < 40; ++i) {
      for (int item = 0; item < 5; ++item) packets.draft().add(item);
      packets.append(eliciting(number, milliseconds(static_cast<std::int64_t>(number))));
      ++number;
    }
    using verdict = sent_packets<counted_content>::verdict;
    packets.acknowledge(
        first + 10, number - 1, [](auto&) {}, [](auto&) {});
    packets.declare_lost([](const auto&) { return verdict::lost; }, [](auto&) {});
    packets.forget_losses_sent_before(at(milliseconds(static_cast<std::int64_t>(number) - 60)));
  };
  for (int round = 0; round < 50; ++round) send_and_resolve_a_window();
  counted_content::growths = 0;
  for (int round = 0; round < 100; ++round) send_and_resolve_a_window();
  EXPECT_EQ(counted_content::growths, 0);
}

}  // namespace
}  // namespace quasio::recovery
