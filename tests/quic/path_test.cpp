// One path and the set of them (RFC 9000, sections 8 and 9).

#include <gtest/gtest.h>

#include "quic/duel.hpp"
#include "quic/path_set.hpp"

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

std::optional<wire::path_data> challenge_of(path& from) {
  for (const auto& frame : frames_of(from)) {
    if (const auto* challenge = std::get_if<wire::path_challenge_frame>(&frame)) return challenge->data;
  }
  return std::nullopt;
}

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

TEST(path, is_challenged_three_times_and_given_up) {
  test::counting_random random;
  path one(0, from_port(1), settings{}, start);
  one.begin_challenge(random, start, 1s);
  EXPECT_TRUE(challenge_of(one));
  EXPECT_FALSE(one.has_frames_to_send());
  EXPECT_EQ(one.challenge_deadline(), start + 1s);
  EXPECT_TRUE(one.on_challenge_timeout(start + 1s, 1s));
  EXPECT_TRUE(challenge_of(one));
  EXPECT_TRUE(one.on_challenge_timeout(start + 2s, 1s));
  EXPECT_TRUE(challenge_of(one));
  EXPECT_FALSE(one.on_challenge_timeout(start + 3s, 1s));
  EXPECT_FALSE(one.is_challenging());
  EXPECT_FALSE(one.challenge_deadline());
  EXPECT_FALSE(one.is_validated());
}

TEST(path, is_validated_by_its_own_challenge_only) {
  test::counting_random random;
  path one(0, from_port(1), settings{}, start);
  EXPECT_FALSE(one.on_response({}));
  one.begin_challenge(random, start, 1s);
  wire::path_data data = *challenge_of(one);
  data[7] ^= 1;
  EXPECT_FALSE(one.on_response(data));
  EXPECT_FALSE(one.is_validated());
  data[7] ^= 1;
  EXPECT_TRUE(one.on_response(data));
  EXPECT_TRUE(one.is_validated());
  EXPECT_FALSE(one.is_challenging());
  EXPECT_FALSE(one.on_response(data)) << "once is enough";
}

TEST(path, answers_the_newest_challenges) {
  path one(0, from_port(1), settings{}, start);
  for (std::uint8_t i = 0; i < 10; ++i) one.on_challenge({i}, 3);
  const auto frames = frames_of(one);
  ASSERT_EQ(frames.size(), 3u);
  for (std::uint8_t i = 0; i < 3; ++i)
    EXPECT_EQ(std::get<wire::path_response_frame>(frames[i]).data, wire::path_data{static_cast<std::uint8_t>(7 + i)});
  EXPECT_FALSE(one.has_frames_to_send());
}

struct path_set_test : testing::Test {
  settings config;
  test::counting_random random;
  path_set paths{from_port(1), config, random, start};

  path& add(std::uint16_t port, std::uint8_t host = 2) {
    path& added = paths.add(from_port(port, host), start);
    added.on_datagram_received(1200);
    return added;
  }
};

using paths_of_a_connection = path_set_test;

TEST_F(paths_of_a_connection, are_found_by_address_and_number) {
  path& second = add(2);
  EXPECT_EQ(paths.find_by_peer(from_port(2).peer), &second);
  EXPECT_EQ(paths.find(second.id()), &second);
  EXPECT_NE(paths.active().id(), second.id());
  EXPECT_EQ(paths.find_by_peer(from_port(3).peer), nullptr);
}

TEST_F(paths_of_a_connection, are_few_and_the_active_one_stays) {
  paths.active().validate();
  for (std::uint16_t port = 2; port < 2000; ++port) add(port);
  int known = 0;
  for (std::uint16_t port = 1; port < 2000; ++port) known += paths.find_by_peer(from_port(port).peer) != nullptr;
  EXPECT_LE(known, 4);
  EXPECT_EQ(paths.active().address(), from_port(1));
  EXPECT_NE(paths.find_by_peer(from_port(1999).peer), nullptr);
}

TEST_F(paths_of_a_connection, never_share_a_number) {
  paths.active().validate();
  const std::uint16_t first = paths.active().id();
  for (std::uint32_t i = 0; i < 70'000; ++i) {
    ASSERT_NE(add(static_cast<std::uint16_t>(2 + i % 60'000), static_cast<std::uint8_t>(3 + i / 60'000)).id(), first);
  }
}

TEST_F(paths_of_a_connection, that_are_moved_to_are_challenged) {
  paths.active().validate();
  path& second = add(2, 9);
  paths.move_to(second, start);
  EXPECT_EQ(&paths.active(), &second);
  EXPECT_TRUE(second.is_challenging());
  const auto data = challenge_of(second);
  ASSERT_TRUE(data);
  EXPECT_TRUE(paths.on_response(*data, start));
  EXPECT_TRUE(second.is_validated());
  EXPECT_FALSE(second.is_challenging());
}

TEST_F(paths_of_a_connection, that_got_a_small_challenge_get_a_large_one_too) {
  paths.active().validate();
  path& second = paths.add(from_port(2, 9), start);
  second.on_datagram_received(40);
  paths.move_to(second, start);
  const auto data = challenge_of(second);
  ASSERT_TRUE(data);
  ASSERT_TRUE(paths.on_response(*data, start));
  EXPECT_TRUE(second.is_validated());
  const auto another = challenge_of(second);
  ASSERT_TRUE(another);
  EXPECT_NE(*another, *data);
  ASSERT_TRUE(paths.on_response(*another, start));
  EXPECT_FALSE(second.is_challenging());
}

TEST_F(paths_of_a_connection, that_do_not_answer_give_way_to_the_last_good_one) {
  paths.active().validate();
  paths.move_to(add(2, 9), start);
  time_point now = start;
  for (int attempt = 0; attempt < 3; ++attempt) {
    const auto deadline = paths.next_deadline();
    ASSERT_TRUE(deadline);
    ASSERT_GT(*deadline, now);
    now = *deadline;
    EXPECT_TRUE(paths.on_timeout(now));
  }
  EXPECT_FALSE(paths.next_deadline());
  EXPECT_EQ(paths.active().address(), from_port(1));
  EXPECT_EQ(paths.find_by_peer(from_port(2, 9).peer), nullptr);
}

TEST_F(paths_of_a_connection, all_gone_are_the_end) {
  paths.move_to(add(2, 9), start);
  time_point now = start;
  bool reachable = true;
  while (const auto deadline = paths.next_deadline()) {
    now = *deadline;
    reachable = paths.on_timeout(now);
  }
  EXPECT_FALSE(reachable);
}

TEST_F(paths_of_a_connection, keep_what_they_know_when_only_the_port_changes) {
  paths.active().validate();
  paths.active().rtt.update(50ms, 0ms, true, 25ms, start);
  path& rebound = add(2);
  paths.move_to(rebound, start);
  EXPECT_EQ(rebound.rtt.smoothed(), 50ms);
  path& elsewhere = add(2, 9);
  paths.move_to(elsewhere, start);
  EXPECT_FALSE(elsewhere.rtt.has_sample());
}

TEST_F(paths_of_a_connection, wait_at_least_as_long_as_the_slowest_of_them_needs) {
  paths.active().validate();
  paths.active().rtt.update(3s, 0ms, true, 25ms, start);
  path& elsewhere = add(2, 9);
  paths.move_to(elsewhere, start);
  EXPECT_GE(*paths.next_deadline(), start + 3s);
}

// --- Seen from the outside ---

using test::duel;

network_path moved(const duel& fight, std::uint16_t port, std::uint8_t host) {
  network_path path = fight.path;
  path.peer = ip_endpoint::v4({10, 0, 0, host}, port);
  return path;
}

TEST(migration, of_a_client_that_says_little_is_followed_with_little) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  const network_path elsewhere = moved(fight, 1234, 2);
  fight.peer.forget_packets();
  const auto sent = fight.sent_bytes;
  const bytes ping = fight.peer.seal(space_id::application_data, test::payload_of(wire::ping_frame{}));
  ASSERT_LT(ping.size(), 60u);
  fight.send(ping, elsewhere);
  fight.collect();
  ASSERT_TRUE(fight.peer.last<wire::path_challenge_frame>());
  EXPECT_EQ(fight.last_path, elsewhere);
  EXPECT_LE(fight.sent_bytes - sent, 3 * ping.size());
  // The answer lifts the limit, and a challenge of full size follows.
  fight.send(
      fight.peer.seal(space_id::application_data, test::payload_of(wire::path_response_frame{
                                                      .data = fight.peer.last<wire::path_challenge_frame>()->data})),
      elsewhere);
  fight.peer.forget_packets();
  fight.collect();
  ASSERT_TRUE(fight.peer.last<wire::path_challenge_frame>());
  EXPECT_GE(fight.peer.packets().back().datagram_size, 1200u);
}

TEST(migration, to_where_nothing_may_be_sent_does_not_spin) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  const network_path elsewhere = moved(fight, 1234, 2);
  fight.deaf = true;
  for (int i = 0; i < 3; ++i)
    fight.send(fight.peer.seal(space_id::application_data, test::payload_of(wire::ping_frame{})), elsewhere);
  fight.collect();
  fight.send(fight.peer.seal(space_id::application_data, test::payload_of(wire::ping_frame{})), elsewhere);
  fight.pass(20s);
  EXPECT_EQ(fight.connection->path(), fight.path) << "back where it was proved";
}

TEST(migration, is_answered_under_another_id_when_the_client_changed_its_own) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  fight.send_frames(space_id::application_data,
                    wire::new_connection_id_frame{.sequence = 1, .id = test::make_id(0x11)});
  fight.settle();
  const auto fresh = fight.peer.last<wire::new_connection_id_frame>();
  ASSERT_TRUE(fresh);
  fight.peer.set_peer_id(fresh->id);
  const network_path elsewhere = moved(fight, 1234, 9);
  fight.peer.forget_packets();
  fight.send(fight.peer.seal(space_id::application_data, test::payload_of(wire::ping_frame{}), {.padded_to = 1200}),
             elsewhere);
  fight.collect();
  ASSERT_FALSE(fight.peer.packets().empty());
  EXPECT_EQ(fight.peer.packets().back().destination, test::make_id(0x11));
  EXPECT_EQ(fight.peer.last<wire::retire_connection_id_frame>()->sequence, 0u);
}

TEST(migration, by_an_old_packet_is_not_followed) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  const bytes old = fight.peer.seal(space_id::application_data, test::payload_of(wire::ping_frame{}));
  fight.send_frames(space_id::application_data, wire::ping_frame{});
  fight.send(old, moved(fight, 1234, 9));
  fight.collect();
  EXPECT_EQ(fight.connection->path(), fight.path);
}

TEST(migration, before_the_handshake_is_confirmed_is_ignored) {
  duel fight(endpoint_role::server);
  for (const bytes& datagram : fight.peer.flush()) fight.send(datagram);
  fight.collect();
  for (const bytes& datagram : fight.peer.flush()) fight.send(datagram, moved(fight, 1234, 9));
  EXPECT_FALSE(fight.connection->is_established());
  EXPECT_EQ(fight.connection->path(), fight.path);
}

}  // namespace
}  // namespace quasio::quic
