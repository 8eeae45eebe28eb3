// Stateless Resets, sent and recognised (RFC 9000, sections 10.3 and 21.11).

#include <gtest/gtest.h>

#include <set>

#include "crypto/stateless_reset.hpp"
#include "quic/duel.hpp"
#include "quic/stateless_reset_sender.hpp"
#include "quic/token_bucket.hpp"

namespace quasio::test {
namespace {

using quic::stateless_reset_sender;
using outcome = stateless_reset_sender::outcome;
using key = std::array<std::uint8_t, 32>;

constexpr time_point start{1000s};

key key_of(std::uint8_t fill) {
  key made;
  made.fill(fill);
  return made;
}

/// A packet with a short header that belongs to nothing.
bytes orphan(std::size_t size, std::uint8_t first = 0x41) {
  bytes packet(size, 0x77);
  if (size > 0) packet[0] = first;
  return packet;
}

struct sender {
  explicit sender(const quic::stateless_reset_settings& settings = {}) : resets(key_of(7), settings) {}

  counting_random random;
  time_point now = start;
  bytes reply = bytes(1500);
  stateless_reset_sender resets;

  stateless_reset_sender::answer write(const bytes& cause, std::size_t id_size = 8) {
    return resets.write(cause, id_size, reply, random, now);
  }
};

// [rfc9000 10.3#4]
TEST(stateless_reset_sender, answers_with_the_token_of_the_id_at_the_end) {
  sender out;
  const bytes cause = orphan(1200);
  const auto answer = out.write(cause);
  ASSERT_EQ(answer.what, outcome::written);
  const auto token = crypto::derive_stateless_reset_token(key_of(7), byte_view(cause).subspan(1, 8));
  EXPECT_TRUE(std::ranges::equal(byte_view(out.reply).subspan(answer.size - 16, 16), token));
  EXPECT_EQ(out.reply[0] & 0xc0, 0x40) << "it looks like a short header";
}

// [rfc9000 10.3#2 10.3.3#1]
TEST(stateless_reset_sender, is_always_shorter_than_what_it_answers) {
  for (std::size_t size = 0; size < 200; ++size) {
    sender out;
    const auto answer = out.write(orphan(size));
    if (size < 22) {
      EXPECT_EQ(answer.what, outcome::not_called_for) << size;
      continue;
    }
    ASSERT_EQ(answer.what, outcome::written) << size;
    EXPECT_GE(answer.size, 21u);
    EXPECT_LT(answer.size, size);
    if (size <= 43) {
      EXPECT_EQ(answer.size, size - 1) << "RFC 9000, section 10.3";
    } else {
      EXPECT_GE(answer.size, 42u);
    }
  }
}

TEST(stateless_reset_sender, is_unpredictable_but_for_the_token) {
  sender out;
  std::set<std::size_t> sizes;
  std::set<bytes> beginnings;
  for (int i = 0; i < 100; ++i) {
    const auto answer = out.write(orphan(1200));
    ASSERT_EQ(answer.what, outcome::written);
    sizes.insert(answer.size);
    beginnings.insert({out.reply.begin(), out.reply.begin() + 26});
  }
  EXPECT_GT(sizes.size(), 20u);
  EXPECT_EQ(beginnings.size(), 100u);
}

// [rfc9000 21.11#2]
TEST(stateless_reset_sender, answers_only_what_may_be_a_packet_to_an_id_of_ours) {
  sender out;
  EXPECT_EQ(out.write(orphan(100, 0x00)).what, outcome::not_called_for) << "not QUIC";
  EXPECT_EQ(out.write(orphan(22), 22).what, outcome::not_called_for) << "too short for the ID";
  for (std::size_t id_size = 0; id_size < 8; ++id_size) {
    EXPECT_EQ(out.write(orphan(100), id_size).what, outcome::not_called_for)
        << "IDs of " << id_size << " bytes can all be tried before they are in use";
  }
  for (std::size_t id_size = 8; id_size <= 20; ++id_size)
    EXPECT_EQ(out.write(orphan(100), id_size).what, outcome::written);
}

TEST(stateless_reset_sender, is_limited_in_its_rate) {
  sender out({.per_second = 10, .burst = 3});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(out.write(orphan(100)).what, outcome::written);
  EXPECT_EQ(out.write(orphan(100)).what, outcome::limited);
  out.now += 99ms;
  EXPECT_EQ(out.write(orphan(100)).what, outcome::limited);
  out.now += 1ms;
  EXPECT_EQ(out.write(orphan(100)).what, outcome::written);
  EXPECT_EQ(out.write(orphan(100)).what, outcome::limited);
  out.now += 1h;
  int written = 0;
  while (out.write(orphan(100)).what == outcome::written) ++written;
  EXPECT_EQ(written, 3);
}

TEST(stateless_reset_sender, can_be_switched_off) {
  sender out({.enabled = false});
  EXPECT_EQ(out.write(orphan(100)).what, outcome::not_called_for);
}

TEST(stateless_reset_sender, needs_room) {
  sender out;
  out.reply.resize(105);
  EXPECT_EQ(out.write(orphan(1200)).what, outcome::not_called_for);
}

TEST(token_bucket, without_a_rate_gives_its_burst_once) {
  quic::token_bucket bucket(0, 2);
  EXPECT_TRUE(bucket.take(start));
  EXPECT_TRUE(bucket.take(start));
  EXPECT_FALSE(bucket.take(start + 24h));
}

TEST(token_bucket, gives_its_rate_whatever_the_steps_of_time) {
  quic::token_bucket bucket(1000, 5);
  int given = 0;
  for (int i = 0; i <= 1'000'000; i += 333) given += bucket.take(start + std::chrono::microseconds(i));
  EXPECT_GE(given, 1000);
  EXPECT_LE(given, 1006);
  EXPECT_FALSE(bucket.take(start)) << "time does not go back";
}

// --- The acceptor's answer ---

// [rfc9000 21.11#2]
TEST(acceptor, answers_packets_of_unknown_connections_with_a_reset) {
  counting_random random;
  bytes reply(1500);
  const network_path path{ip_endpoint::v4({10, 0, 0, 1}, 443), ip_endpoint::v4({10, 0, 0, 2}, 50000)};
  quic::acceptor door({.tls = duel_server_tls(),
                       .alpn = {"test"},
                       .reset_token_key = key_of(7),
                       .stateless_reset = {.per_second = 1, .burst = 2}},
                      random);
  const bytes cause = orphan(100);
  for (int i = 0; i < 2; ++i) {
    const auto decision = door.consider(cause, path, 0, reply, start);
    const auto* answer = std::get_if<quic::stateless_reply>(&decision);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->what, quic::stateless_reply::kind::stateless_reset);
    const auto token = crypto::derive_stateless_reset_token(key_of(7), byte_view(cause).subspan(1, 8));
    EXPECT_TRUE(std::ranges::equal(byte_view(reply).subspan(answer->size - 16, 16), token));
  }
  const auto decision = door.consider(cause, path, 0, reply, start);
  ASSERT_TRUE(std::holds_alternative<quic::ignored>(decision));
  EXPECT_EQ(std::get<quic::ignored>(decision).why, quic::ignored::cause::reset_limited);
}

// [rfc9000 10.3.3#1]
TEST(acceptor, that_answers_another_without_state_soon_falls_silent) {
  // Section 10.3.3: each reset is the cause of the next, and shorter.
  counting_random random;
  bytes reply(1500);
  const network_path path{ip_endpoint::v4({10, 0, 0, 1}, 443), ip_endpoint::v4({10, 0, 0, 2}, 50000)};
  quic::acceptor door({.tls = duel_server_tls(), .alpn = {"test"}}, random);
  bytes datagram = orphan(1500);
  int answers = 0;
  while (true) {
    const auto decision = door.consider(datagram, path, 0, reply, start);
    const auto* answer = std::get_if<quic::stateless_reply>(&decision);
    if (!answer) break;
    ASSERT_LT(answer->size, datagram.size());
    datagram.assign(reply.begin(), reply.begin() + static_cast<std::ptrdiff_t>(answer->size));
    ++answers;
  }
  EXPECT_LE(answers, 85);
}

// --- Recognition ---

stateless_reset_token token_of(std::uint8_t fill) {
  stateless_reset_token token;
  token.fill(fill);
  return token;
}

/// A client under test whose server has given it the token 0x42 in the handshake.
duel client_with_token() {
  duel_options options;
  options.peer_parameters.stateless_reset_token = token_of(0x42);
  return duel(endpoint_role::client, std::move(options));
}

bytes ending_in(bytes datagram, const stateless_reset_token& token) {
  std::copy(token.begin(), token.end(), datagram.end() - 16);
  return datagram;
}

// [rfc9000 10.3#5 10.3.1#1]
TEST(stateless_reset, is_recognised_whatever_stands_before_the_token) {
  const std::vector<bytes> datagrams = {
      orphan(100, 0x41),  // A short header.
      orphan(100, 0x01),  // Without the fixed bit.
      orphan(100, 0xc3),  // A long header of a version that nobody knows.
      {bytes{0xff, 0, 0, 0, 1, 99, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18}},
      {bytes{0xc3, 0, 0, 0, 1, 0, 0, 0, 4, 1, 2, 3, 4, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9}},
  };
  for (std::size_t i = 0; i < datagrams.size(); ++i) {
    SCOPED_TRACE(i);
    duel fight = client_with_token();
    fight.shake_hands();
    fight.send(datagrams[i]);
    ASSERT_FALSE(fight.connection->is_closed());
    fight.send(ending_in(datagrams[i], token_of(0x42)));
    ASSERT_TRUE(fight.connection->is_closed());
    EXPECT_EQ(fight.connection->reason().cause, quic::close_cause::stateless_reset);
  }
}

// [rfc9000 10.3.1#1]
TEST(stateless_reset, is_recognised_from_an_address_that_is_not_the_servers) {
  duel fight = client_with_token();
  fight.shake_hands();
  network_path elsewhere = fight.path;
  elsewhere.peer.port += 1;
  fight.send(ending_in(orphan(60), token_of(0x43)), elsewhere);
  EXPECT_FALSE(fight.connection->is_closed());
  fight.send(ending_in(orphan(60), token_of(0x42)), elsewhere);
  EXPECT_TRUE(fight.connection->is_closed());
}

// [rfc9000 10.3.1#2]
TEST(stateless_reset, of_an_id_that_was_never_used_is_dropped) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  fight.send_frames(space_id::application_data,
                    wire::new_connection_id_frame{
                        .sequence = 1, .retire_prior_to = 0, .id = make_id(0x11), .reset_token = token_of(0x42)});
  fight.send(ending_in(orphan(60), token_of(0x42)));
  EXPECT_FALSE(fight.connection->is_closed());
}

TEST(stateless_reset, does_not_spoil_a_datagram_that_can_be_read) {
  // A genuine packet whose end happens to be a token is still a packet.
  duel fight = client_with_token();
  fight.shake_hands();
  const auto before = fight.connection->statistics().packets_received;
  fight.send_frames(space_id::application_data, wire::ping_frame{});
  EXPECT_EQ(fight.connection->statistics().packets_received, before + 1);
  EXPECT_FALSE(fight.connection->is_closed());
}

TEST(stateless_reset, silences_a_connection_that_is_closing) {
  duel fight = client_with_token();
  fight.shake_hands();
  fight.connection->close(1, "enough", fight.now);
  EXPECT_EQ(fight.collect(), 1u);
  fight.send(orphan(60));
  EXPECT_EQ(fight.collect(), 1u) << "the farewell is repeated to who has not heard it";
  fight.send(ending_in(orphan(60), token_of(0x42)));
  for (int i = 0; i < 20; ++i) fight.send(orphan(60));
  EXPECT_EQ(fight.collect(), 0u);
  EXPECT_EQ(fight.connection->reason().cause, quic::close_cause::local_application);
  EXPECT_EQ(fight.count_events<quic::connection_closed>(), 1u);
  fight.pass(10s);
  EXPECT_TRUE(fight.connection->is_drained());
}

TEST(stateless_reset, before_the_handshake_means_nothing) {
  duel fight = client_with_token();
  fight.collect();
  fight.send(ending_in(orphan(60), token_of(0x42)));
  EXPECT_FALSE(fight.connection->is_closed());
  // It was kept until there were keys for it; now its token is known.
  fight.settle();
  EXPECT_TRUE(fight.connection->is_closed());
}

}  // namespace
}  // namespace quasio::test
