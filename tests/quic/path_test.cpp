// One path, what it knows about itself, and the set of them (RFC 9000, sections 8 and 9).

#include <gtest/gtest.h>

#include "quic/address_kind.hpp"
#include "quic/hostile_peer.hpp"
#include "quic/migration_budget.hpp"
#include "quic/path_set.hpp"
#include "quic/preferred_address.hpp"

namespace quasio::quic {
namespace {

using namespace std::chrono_literals;
using test::bytes;

constexpr time_point start{1000s};

network_path from_port(std::uint16_t port, std::uint8_t host = 2) {
  return {ip_endpoint::v4({10, 0, 0, 1}, 443), ip_endpoint::v4({10, 0, 0, host}, port)};
}

/// What the path writes into one packet.
std::vector<wire::frame> frames_of(path& from) {
  static bytes packet;
  packet.assign(1000, 0);
  byte_writer out(packet);
  std::vector<wire::frame> frames;
  if (!from.write_frames(out)) return frames;
  wire::frame_reader reader(out.written());
  while (!reader.done()) frames.push_back(*reader.next());
  return frames;
}

// [rfc9000 8#1 9.3#2 9.6.3#2]
TEST(path, may_send_three_times_what_came_until_it_is_validated) {
  path one(0, from_port(1), settings{}, start);
  EXPECT_EQ(one.amplification_room(), 0u);
  one.on_datagram_received(1200);
  EXPECT_EQ(one.amplification_room(), 3600u);
  one.on_datagram_sent(3600);
  EXPECT_EQ(one.amplification_room(), 0u);
  one.on_datagram_sent(1200);
  EXPECT_EQ(one.amplification_room(), 0u);
  one.on_datagram_received(500);
  EXPECT_EQ(one.amplification_room(), 300u);
  one.validate();
  EXPECT_GT(one.amplification_room(), std::uint64_t{1} << 60);
}

TEST(path, to_an_address_that_is_known_has_no_such_limit) {
  path one(0, from_port(1), settings{}, start);
  one.lift_amplification_limit();
  EXPECT_GT(one.amplification_room(), std::uint64_t{1} << 60);
  EXPECT_FALSE(one.is_validated());
}

// [rfc9000 8.2.2#1 8.2.2#7 19.17#1]
TEST(path, answers_the_newest_challenges) {
  path one(0, from_port(1), settings{}, start);
  for (std::uint8_t i = 0; i < 10; ++i) one.on_challenge({i}, 3);
  const auto frames = frames_of(one);
  ASSERT_EQ(frames.size(), 3u);
  for (std::uint8_t i = 0; i < 3; ++i)
    EXPECT_EQ(std::get<wire::path_response_frame>(frames[i]).data, wire::path_data{static_cast<std::uint8_t>(7 + i)});
  EXPECT_FALSE(one.has_frames_to_send());
  EXPECT_EQ(one.counters.challenges_received, 10u);
  EXPECT_EQ(one.counters.responses_sent, 3u);
}

TEST(path, tells_how_far_its_validation_is) {
  test::counting_random random;
  path one(0, from_port(1), settings{}, start);
  EXPECT_EQ(one.state(), path_state::unvalidated);
  one.validation.begin(random, start, 1s);
  EXPECT_EQ(one.state(), path_state::validating);
  one.validate();
  one.mtu_unproven = true;
  EXPECT_EQ(one.state(), path_state::validating_mtu);
  one.mtu_unproven = false;
  EXPECT_EQ(one.statistics().state, path_state::validated);
  EXPECT_EQ(one.statistics().path, from_port(1));
  EXPECT_EQ(one.statistics().congestion_window, one.congestion->window());
}

TEST(path, hands_over_what_it_knows_about_the_way) {
  path one(7, from_port(1), settings{}, start);
  path other(8, from_port(2), settings{}, start);
  one.rtt.update(50ms, 0ms, true, 25ms, start);
  one.flight.on_sent(1200, 12000, 1200, start);
  const auto* const window = one.congestion.get();
  other.exchange_recovery(one);
  EXPECT_EQ(other.id(), 7u);
  EXPECT_EQ(one.id(), 8u);
  EXPECT_EQ(other.rtt.smoothed(), 50ms);
  EXPECT_EQ(other.flight.bytes(), 1200u);
  EXPECT_EQ(other.congestion.get(), window);
  EXPECT_EQ(one.flight.bytes(), 0u);
  EXPECT_EQ(other.address(), from_port(2));
}

// --- Validation ---

struct validation_test : testing::Test {
  test::counting_random random;
  path_validation one{3};

  /// The data of the challenge that is due.
  wire::path_data send(bool full_size = true) {
    bytes packet(100);
    byte_writer out(packet);
    EXPECT_TRUE(one.wants_to_send());
    EXPECT_TRUE(one.write(out, full_size));
    EXPECT_FALSE(one.wants_to_send());
    wire::frame_reader reader(out.written());
    return std::get<wire::path_challenge_frame>(*reader.next()).data;
  }
};

using path_validation_of = validation_test;

TEST_F(path_validation_of, a_silent_peer_waits_twice_as_long_each_time_and_gives_up) {
  one.begin(random, start, 1s);
  send();
  EXPECT_EQ(one.deadline(), start + 1s);
  EXPECT_TRUE(one.on_timeout(random, start + 1s));
  send();
  EXPECT_EQ(one.deadline(), start + 3s);
  EXPECT_TRUE(one.on_timeout(random, start + 3s));
  send();
  EXPECT_EQ(one.deadline(), start + 7s);
  EXPECT_FALSE(one.on_timeout(random, start + 7s));
  EXPECT_FALSE(one.is_under_way());
  EXPECT_FALSE(one.deadline());
  EXPECT_FALSE(one.wants_to_send());
}

// [rfc9000 8.2.1#1]
TEST_F(path_validation_of, a_peer_asks_with_data_of_its_own_every_time_and_takes_any_answer) {
  for (std::size_t answered = 0; answered < 3; ++answered) {
    one.begin(random, start, 1s);
    std::vector<wire::path_data> asked{send()};
    one.on_timeout(random, start + 1s);
    asked.push_back(send());
    one.on_timeout(random, start + 3s);
    asked.push_back(send());
    EXPECT_NE(asked[0], asked[1]);
    EXPECT_NE(asked[1], asked[2]);
    EXPECT_EQ(one.on_response(asked[answered]), path_validation::answer::path);
    EXPECT_FALSE(one.is_under_way());
    EXPECT_EQ(one.on_response(asked[answered]), path_validation::answer::none) << "once is enough";
  }
}

// [rfc9000 8.2.1#1]
TEST_F(path_validation_of, a_peer_counts_its_own_answers_only) {
  EXPECT_EQ(one.on_response({}), path_validation::answer::none);
  one.begin(random, start, 1s);
  EXPECT_EQ(one.on_response({}), path_validation::answer::none) << "nothing was asked yet";
  wire::path_data data = send();
  data[7] ^= 1;
  EXPECT_EQ(one.on_response(data), path_validation::answer::none);
  EXPECT_TRUE(one.is_under_way());
}

TEST_F(path_validation_of, a_challenge_that_could_not_be_sent_is_not_made_anew) {
  one.begin(random, start, 1s);
  bytes tiny(8);
  byte_writer out(tiny);
  EXPECT_FALSE(one.write(out, true));
  EXPECT_TRUE(one.wants_to_send());
  one.on_timeout(random, start + 1s);
  EXPECT_EQ(one.on_response(send()), path_validation::answer::path);
}

// [rfc9000 8.2.1#3]
TEST_F(path_validation_of, a_small_challenge_proves_the_address_only) {
  one.begin(random, start, 1s);
  const auto small = send(false);
  EXPECT_EQ(one.on_response(small), path_validation::answer::address);
  one.begin(random, start, 1s);
  const auto large = send(true);
  EXPECT_EQ(one.on_response(small), path_validation::answer::none);
  EXPECT_EQ(one.on_response(large), path_validation::answer::path);
}

TEST_F(path_validation_of, a_large_challenge_under_way_still_counts_after_the_answer_to_a_small_one) {
  one.begin(random, start, 1s);
  const auto small = send(false);
  one.on_timeout(random, start + 1s);
  const auto large = send(true);
  EXPECT_EQ(one.on_response(small), path_validation::answer::address);
  one.begin(random, start + 1s, 1s);
  EXPECT_EQ(one.on_response(large), path_validation::answer::path);
}

TEST_F(path_validation_of, a_path_that_is_begun_again_and_again_remembers_no_more_than_a_few) {
  std::vector<wire::path_data> asked;
  for (int i = 0; i < 100; ++i) {
    one.begin(random, start, 1s);
    asked.push_back(send());
  }
  EXPECT_EQ(one.on_response(asked[80]), path_validation::answer::none);
  EXPECT_EQ(one.on_response(asked[95]), path_validation::answer::path);
}

// --- The set ---

struct path_set_test : testing::Test {
  settings config;
  test::counting_random random;
  path_set paths{from_port(1), config, random, start};

  path& add(std::uint16_t port, std::uint8_t host = 2) { return paths.add(from_port(port, host), start); }
};

using paths_of_a_connection = path_set_test;

TEST_F(paths_of_a_connection, are_found_by_both_addresses_and_by_number) {
  path& second = add(2);
  EXPECT_EQ(paths.find(from_port(2)), &second);
  EXPECT_EQ(paths.find(second.id()), &second);
  EXPECT_NE(paths.active().id(), second.id());
  EXPECT_EQ(paths.find(from_port(3)), nullptr);
  network_path elsewhere = from_port(2);
  elsewhere.local = ip_endpoint::v4({10, 0, 0, 7}, 443);
  EXPECT_EQ(paths.find(elsewhere), nullptr) << "the same peer, seen from another address of this host";
  path& third = paths.add(elsewhere, start);
  EXPECT_EQ(paths.find(elsewhere), &third);
  EXPECT_EQ(paths.find(from_port(2)), &second);
}

TEST_F(paths_of_a_connection, of_a_wildcard_socket_are_found_by_its_port) {
  network_path wild = from_port(2);
  wild.local = ip_endpoint::v4({}, 443);
  path& second = paths.add(wild, start);
  EXPECT_EQ(paths.find(wild), &second);
  EXPECT_EQ(paths.find(from_port(2)), &second);
  EXPECT_EQ(paths.find_exactly(from_port(2)), nullptr);
  network_path other_port = from_port(2);
  other_port.local.port = 444;
  EXPECT_EQ(paths.find(other_port), nullptr);
  path& exact = add(2);
  EXPECT_EQ(paths.find(from_port(2)), &exact) << "the very address goes before a similar one";
}

TEST_F(paths_of_a_connection, give_way_when_they_are_oldest_and_prove_nothing) {
  paths.active().validate();
  path& second = add(2);
  path& third = add(3);
  path& fourth = add(4);
  EXPECT_TRUE(paths.is_full());
  EXPECT_EQ(paths.dispensable(), &second);
  second.validate();
  EXPECT_EQ(paths.dispensable(), &third);
  third.validate();
  fourth.validate();
  EXPECT_EQ(paths.fallback(), &fourth);
  EXPECT_EQ(paths.dispensable(), &second);
}

TEST_F(paths_of_a_connection, never_give_way_when_in_use_or_to_return_to) {
  settings few;
  few.max_paths = 1;  // Less than is workable.
  path_set small(from_port(1), few, random, start);
  small.active().validate();
  path& second = small.add(from_port(2), start);
  small.activate(second);
  path& third = small.add(from_port(3), start);
  EXPECT_TRUE(small.is_full());
  EXPECT_EQ(small.fallback()->address(), from_port(1));
  EXPECT_EQ(small.dispensable(), &third);
}

TEST_F(paths_of_a_connection, never_share_a_number) {
  const std::uint16_t first = paths.active().id();
  for (std::uint32_t i = 0; i < 70'000; ++i) {
    path& added = add(static_cast<std::uint16_t>(2 + i % 60'000), static_cast<std::uint8_t>(3 + i / 60'000));
    ASSERT_NE(added.id(), first);
    paths.remove(added);
    paths.forget_removed();
  }
}

TEST_F(paths_of_a_connection, that_are_removed_live_until_the_packet_in_hand_is_done) {
  path& second = add(2);
  paths.remove(second);
  EXPECT_EQ(paths.find(from_port(2)), nullptr);
  EXPECT_EQ(second.address(), from_port(2)) << "still readable";
  paths.forget_removed();
  EXPECT_EQ(paths.all().size(), 1u);
}

// --- Addresses and budgets ---

TEST(preferred_address, is_used_where_it_can_be_a_host_of_the_same_family) {
  const ip_endpoint current = ip_endpoint::v4({192, 0, 2, 1}, 443);
  const auto usable = [&](const ip_endpoint& offered) {
    preferred_address with;
    (offered.is_v4() ? with.v4 : with.v6) = offered;
    return usable_preferred_address(with, current).has_value();
  };
  EXPECT_TRUE(usable(ip_endpoint::v4({192, 0, 2, 2}, 443)));
  EXPECT_TRUE(usable(ip_endpoint::v4({192, 0, 2, 1}, 444)));
  EXPECT_FALSE(usable(current)) << "we are there";
  EXPECT_FALSE(usable(ip_endpoint::v4({192, 0, 2, 2}, 0)));
  EXPECT_FALSE(usable(ip_endpoint::v4({0, 0, 0, 0}, 443)));
  EXPECT_FALSE(usable(ip_endpoint::v4({224, 0, 0, 1}, 443)));
  EXPECT_FALSE(usable(ip_endpoint::v4({255, 255, 255, 255}, 443)));
  EXPECT_FALSE(usable(ip_endpoint::v4({127, 0, 0, 1}, 443))) << "our own host's services are not the server's to name";
  ip_endpoint v6;
  v6.address = {0x20, 0x01, 0x0d, 0xb8};
  v6.port = 443;
  EXPECT_FALSE(usable(v6)) << "our address is of another family";
  preferred_address crossed;
  crossed.v6 = ip_endpoint::v4({192, 0, 2, 2}, 443);
  EXPECT_FALSE(usable_preferred_address(crossed, v6)) << "an IPv4 address in IPv6 clothes";
  crossed.v6 = ip_endpoint{.address = {0xff, 2}, .port = 443};
  EXPECT_FALSE(usable_preferred_address(crossed, v6));
  ip_endpoint other = v6;
  other.address[15] = 9;
  crossed.v6 = other;
  EXPECT_EQ(usable_preferred_address(crossed, v6), other);
}

TEST(preferred_address, on_loopback_is_used_from_loopback_only) {
  preferred_address offered;
  offered.v4 = ip_endpoint::v4({127, 0, 0, 1}, 444);
  EXPECT_TRUE(usable_preferred_address(offered, ip_endpoint::v4({127, 0, 0, 1}, 443)));
  offered.v6 = ip_endpoint{.address = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, .port = 444};
  EXPECT_FALSE(usable_preferred_address(offered, ip_endpoint{.address = {0x20, 1}, .port = 443}));
}

TEST(migration_budget, allows_a_few_at_once_and_then_one_each_interval) {
  migration_budget budget(3, 100ms, start);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(budget.spend(start));
  EXPECT_TRUE(budget.is_spent(start + 99ms));
  EXPECT_FALSE(budget.spend(start + 99ms));
  EXPECT_TRUE(budget.spend(start + 100ms));
  EXPECT_FALSE(budget.spend(start + 199ms));
  EXPECT_TRUE(budget.spend(start + 200ms));
  EXPECT_FALSE(budget.is_spent(start + 100s));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(budget.spend(start + 100s));
  EXPECT_FALSE(budget.spend(start + 100s)) << "what was not used is not hoarded";
}

TEST(migration_budget, of_none_allows_none_and_without_an_interval_any) {
  migration_budget none(0, 100ms, start);
  EXPECT_FALSE(none.spend(start + 1000s));
  migration_budget any(1, 0ms, start);
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(any.spend(start));
}

}  // namespace
}  // namespace quasio::quic
