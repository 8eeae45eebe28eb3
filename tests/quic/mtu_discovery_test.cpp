#include "quic/mtu_discovery.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace quasio::quic {
namespace {

using namespace std::chrono_literals;

constexpr time_point start{std::chrono::seconds(1000)};

/// A discovery on a path that passes datagrams up to `passes`.
struct trial {
  mtu_discovery mtu;
  std::size_t passes;
  time_point now = start;
  std::vector<std::size_t> sent = {};

  /// Sends and answers probes until none is due.
  std::size_t search() {
    while (const auto size = mtu.next_probe(now)) {
      sent.push_back(*size);
      if (sent.size() > 200) return 0;
      mtu.on_probe_sent();
      EXPECT_FALSE(mtu.next_probe(now)) << "one at a time";
      now += 10ms;
      if (*size <= passes) {
        mtu.on_probe_acked(*size, now);
      } else {
        mtu.on_probe_lost(*size, now);
      }
    }
    return mtu.current();
  }
};

trial over_v4(std::size_t ceiling, std::size_t passes, const mtu_settings& settings = {}) {
  return {mtu_discovery(settings, ceiling, false), passes};
}

TEST(mtu_discovery, begins_with_what_every_path_carries) {
  const mtu_discovery mtu({}, 1472, false);
  EXPECT_EQ(mtu.current(), 1200u);
  EXPECT_EQ(mtu.state(), mtu_state::base);
}

TEST(mtu_discovery, finds_ethernet_with_one_probe) {
  trial path = over_v4(1472, 1472);
  EXPECT_EQ(path.search(), 1472u);
  EXPECT_EQ(path.sent, std::vector<std::size_t>{1472});
  EXPECT_EQ(path.mtu.state(), mtu_state::search_complete);
}

TEST(mtu_discovery, tries_the_smaller_size_of_ethernet_first_over_ipv6) {
  trial path{mtu_discovery({}, 1472, true), 1452};
  EXPECT_EQ(path.search(), 1452u);
  EXPECT_EQ(path.sent.front(), 1452u);
}

TEST(mtu_discovery, finds_every_size_to_one_part_in_128) {
  for (const std::size_t ceiling : {1472u, 9000u, 65'507u}) {
    for (std::size_t passes = 1200; passes <= ceiling; passes += 1 + passes / 50) {
      trial path = over_v4(ceiling, passes);
      const std::size_t found = path.search();
      EXPECT_LE(found, passes);
      EXPECT_GE(found + found / 128 + 1, passes) << "of " << passes << " below " << ceiling;
      EXPECT_EQ(path.mtu.state(), mtu_state::search_complete);
      EXPECT_LE(path.sent.size(), 60u);
      if (HasFailure()) return;
    }
  }
}

TEST(mtu_discovery, finds_common_sizes_exactly) {
  for (const std::size_t size : {1252u, 1372u, 1392u, 1432u, 1464u, 1472u, 4422u, 8972u}) {
    trial path = over_v4(9000, size);
    EXPECT_EQ(path.search(), size);
  }
}

TEST(mtu_discovery, gives_a_size_up_after_three_losses) {
  trial path = over_v4(1472, 1464);
  EXPECT_EQ(path.search(), 1464u);
  EXPECT_EQ(std::count(path.sent.begin(), path.sent.end(), 1472u), 3);
  trial hasty = over_v4(1472, 1464, {.max_probes = 1});
  EXPECT_EQ(hasty.search(), 1464u);
  EXPECT_EQ(std::count(hasty.sent.begin(), hasty.sent.end(), 1472u), 1);
}

TEST(mtu_discovery, forgives_two_losses) {
  mtu_discovery mtu({}, 1472, false);
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(mtu.next_probe(start), 1472u);
    mtu.on_probe_sent();
    mtu.on_probe_lost(1472, start);
  }
  ASSERT_EQ(mtu.next_probe(start), 1472u);
  mtu.on_probe_sent();
  mtu.on_probe_acked(1472, start);
  EXPECT_EQ(mtu.current(), 1472u);
}

TEST(mtu_discovery, takes_a_late_acknowledgment_of_the_size_it_tries) {
  mtu_discovery mtu({}, 1472, false);
  mtu.next_probe(start);
  mtu.on_probe_sent();
  mtu.on_probe_lost(1472, start);
  mtu.on_probe_acked(1472, start);
  EXPECT_EQ(mtu.current(), 1472u);
}

TEST(mtu_discovery, ignores_news_of_other_sizes) {
  mtu_discovery mtu({}, 1472, false);
  mtu.next_probe(start);
  mtu.on_probe_sent();
  for (int i = 0; i < 5; ++i) mtu.on_probe_lost(1300, start);
  mtu.on_probe_acked(9000, start);
  mtu.on_probe_acked(1300, start);
  EXPECT_EQ(mtu.current(), 1200u);
  EXPECT_FALSE(mtu.next_probe(start)) << "the probe is still under way";
}

TEST(mtu_discovery, stays_at_its_base_when_it_is_off) {
  trial path = over_v4(9000, 9000, {.discovery = false, .base = 1350});
  EXPECT_EQ(path.search(), 1350u);
  EXPECT_TRUE(path.sent.empty());
  EXPECT_EQ(path.mtu.state(), mtu_state::disabled);
}

TEST(mtu_discovery, has_nothing_to_search_when_the_ceiling_is_the_base) {
  trial path = over_v4(1200, 9000);
  EXPECT_EQ(path.search(), 1200u);
  EXPECT_TRUE(path.sent.empty());
  EXPECT_EQ(path.mtu.state(), mtu_state::search_complete);
}

TEST(mtu_discovery, keeps_settings_within_what_udp_can_carry) {
  EXPECT_EQ(mtu_discovery({.base = 0}, 0, false).current(), 1200u);
  EXPECT_EQ(mtu_discovery({.discovery = false, .base = 1'000'000}, 1'000'000, false).current(), 65'527u);
  EXPECT_EQ(mtu_discovery({.discovery = false, .base = 1400}, 1300, false).current(), 1300u);
  trial path = over_v4(1472, 1464, {.max_probes = 0, .black_hole_rounds = 0});
  EXPECT_EQ(path.search(), 1464u);
}

TEST(mtu_discovery, heeds_the_limit_of_the_peer) {
  trial path = over_v4(9000, 9000);
  path.mtu.limit_to(1300);
  EXPECT_EQ(path.search(), 1300u);
  path.mtu.limit_to(1250);
  EXPECT_EQ(path.mtu.current(), 1250u);
  path.mtu.limit_to(100);
  EXPECT_EQ(path.mtu.current(), 1200u);
  path.mtu.limit_to(9000);
  EXPECT_EQ(path.mtu.current(), 1200u) << "a limit is never lifted";
}

TEST(mtu_discovery, drops_a_probe_that_a_limit_forbids) {
  mtu_discovery mtu({}, 1472, false);
  mtu.next_probe(start);
  mtu.on_probe_sent();
  mtu.limit_to(1400);
  EXPECT_EQ(mtu.next_probe(start), 1400u);
}

TEST(mtu_discovery, searches_again_after_the_raise_interval) {
  trial path = over_v4(1472, 1392);
  EXPECT_EQ(path.search(), 1392u);
  path.passes = 1472;
  path.now += 590s;
  EXPECT_EQ(path.search(), 1392u);
  path.now += 11s;
  EXPECT_EQ(path.search(), 1472u);
}

TEST(mtu_discovery, confirms_a_base_that_the_handshake_did_not_prove) {
  trial good = over_v4(1472, 1472, {.base = 1400});
  EXPECT_EQ(good.search(), 1472u);
  EXPECT_EQ(good.sent.front(), 1400u);
  trial bad = over_v4(1472, 1300, {.base = 1400});
  const std::size_t found = bad.search();
  EXPECT_GE(found, 1287u);
  EXPECT_LE(found, 1300u);
}

// --- Refusals by the host ---

TEST(mtu_discovery, believes_its_own_host_at_once) {
  mtu_discovery mtu({}, 65'507, false);
  std::size_t probes = 0;
  time_point now = start;
  while (const auto size = mtu.next_probe(now)) {
    ASSERT_LT(++probes, 60u);
    mtu.on_probe_sent();
    if (*size > 1472) {
      mtu.on_refused_by_host(*size, now);
    } else {
      mtu.on_probe_acked(*size, now);
    }
  }
  EXPECT_EQ(mtu.current(), 1472u);
}

TEST(mtu_discovery, begins_below_when_the_host_refuses_what_it_sent_before) {
  trial path = over_v4(1472, 1472);
  ASSERT_EQ(path.search(), 1472u);
  path.mtu.on_refused_by_host(1472, path.now);
  EXPECT_EQ(path.mtu.current(), 1200u);
  path.passes = 1392;
  EXPECT_EQ(path.search(), 1392u);
}

TEST(mtu_discovery, cannot_help_a_host_that_refuses_the_smallest_size) {
  trial path = over_v4(1472, 1472);
  path.mtu.on_refused_by_host(1200, start);
  EXPECT_EQ(path.mtu.state(), mtu_state::base);
  EXPECT_EQ(path.mtu.current(), 1200u);
}

// --- Black holes ---

/// Loses full packets for so many rounds in a row, while small ones arrive.
bool lose_rounds(trial& path, int rounds, int packets_a_round = 5) {
  bool found = false;
  for (int round = 0; round < rounds; ++round) {
    const time_point sent = path.now;
    path.now += 100ms;
    path.mtu.on_packet_acked(900, sent);
    for (int i = 0; i < packets_a_round; ++i) found |= path.mtu.on_packet_lost(path.mtu.current(), sent, path.now);
  }
  return found;
}

TEST(mtu_discovery, falls_back_to_the_base_where_large_packets_vanish) {
  trial path = over_v4(1472, 1472);
  path.search();
  EXPECT_FALSE(lose_rounds(path, 2));
  EXPECT_EQ(path.mtu.current(), 1472u);
  EXPECT_TRUE(lose_rounds(path, 1));
  EXPECT_EQ(path.mtu.current(), 1200u);
  EXPECT_EQ(path.mtu.state(), mtu_state::base);
  path.passes = 1372;
  path.sent.clear();
  EXPECT_EQ(path.search(), 1372u);
  EXPECT_EQ(path.sent.front(), 1200u) << "the base is confirmed first";
}

TEST(mtu_discovery, counts_a_burst_of_losses_once) {
  trial path = over_v4(1472, 1472);
  path.search();
  EXPECT_FALSE(lose_rounds(path, 1, 100));
}

TEST(mtu_discovery, is_reassured_by_a_large_packet_that_arrives) {
  trial path = over_v4(1472, 1472);
  path.search();
  for (int i = 0; i < 20; ++i) {
    EXPECT_FALSE(lose_rounds(path, 2));
    path.mtu.on_packet_acked(1472, path.now);
  }
}

TEST(mtu_discovery, is_not_reassured_by_one_smaller_than_those_lost) {
  trial path = over_v4(1472, 1472);
  path.search();
  EXPECT_FALSE(lose_rounds(path, 2));
  path.mtu.on_packet_acked(1300, path.now);
  EXPECT_TRUE(lose_rounds(path, 1));
}

TEST(mtu_discovery, does_not_suspect_losses_before_a_large_packet_that_arrived) {
  trial path = over_v4(1472, 1472);
  path.search();
  for (int round = 0; round < 10; ++round) {
    const time_point sent = path.now;
    path.now += 100ms;
    path.mtu.on_packet_acked(1472, sent + 1ms);
    EXPECT_FALSE(path.mtu.on_packet_lost(1472, sent, path.now));
  }
}

TEST(mtu_discovery, does_not_suspect_losses_of_small_packets) {
  trial path = over_v4(1472, 1472);
  path.search();
  for (int round = 0; round < 10; ++round) {
    path.now += 100ms;
    EXPECT_FALSE(path.mtu.on_packet_lost(1200, path.now - 50ms, path.now));
  }
}

TEST(mtu_discovery, tries_what_failed_again_after_the_raise_interval) {
  trial path = over_v4(1472, 1472);
  path.search();
  ASSERT_TRUE(lose_rounds(path, 3));
  path.passes = 1392;
  EXPECT_EQ(path.search(), 1392u);
  path.passes = 1472;
  EXPECT_EQ(path.search(), 1392u);
  path.now += 601s;
  EXPECT_EQ(path.search(), 1472u);
}

TEST(mtu_discovery, begins_anew_after_persistent_congestion) {
  trial path = over_v4(1472, 1472);
  path.search();
  path.mtu.on_persistent_congestion();
  EXPECT_EQ(path.mtu.current(), 1200u);
  EXPECT_EQ(path.search(), 1472u);
}

// [rfc9000 14.2#1]
TEST(mtu_discovery, stops_where_not_even_the_base_passes_and_goes_on_when_it_does) {
  trial path = over_v4(1472, 1472);
  path.search();
  ASSERT_TRUE(lose_rounds(path, 3));
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(path.mtu.next_probe(path.now), 1200u);
    path.mtu.on_probe_sent();
    path.mtu.on_probe_lost(1200, path.now);
    EXPECT_EQ(path.mtu.state(), i < 2 ? mtu_state::base : mtu_state::error);
  }
  EXPECT_GT(path.search(), 1450u);
  EXPECT_EQ(path.mtu.state(), mtu_state::search_complete);
}

TEST(mtu_discovery, leaves_a_base_that_was_set_too_large_even_when_it_is_off) {
  trial path = over_v4(1472, 1472, {.discovery = false, .base = 1472});
  EXPECT_EQ(path.mtu.current(), 1472u);
  EXPECT_TRUE(lose_rounds(path, 3));
  EXPECT_EQ(path.mtu.current(), 1200u);
  EXPECT_EQ(path.search(), 1200u);
}

}  // namespace
}  // namespace quasio::quic
