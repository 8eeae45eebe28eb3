// What a server's front door makes of first datagrams (RFC 9000, sections 5.2.2, 6, 8.1 and 14.1).

#include <gtest/gtest.h>

#include "quic/duel.hpp"
#include "wire/retry_packet.hpp"
#include "wire/version_negotiation_packet.hpp"

namespace quasio::test {
namespace {

using quic::ignored;
using decision = quic::acceptor::decision;

struct front_door {
  counting_random random;
  time_point now{std::chrono::seconds(1000)};
  network_path path{ip_endpoint::v4({10, 0, 0, 1}, 443), ip_endpoint::v4({10, 0, 0, 2}, 50000)};
  bytes reply = bytes(1500);
  quic::acceptor door;

  explicit front_door(quic::retry_policy policy = quic::retry_policy::never) : door(options(policy), random) {}

  static quic::acceptor_options options(quic::retry_policy policy) {
    quic::acceptor_options made{.tls = duel_server_tls(), .alpn = {"test"}, .retry = policy};
    made.retry_threshold = 10;
    made.max_handshakes = 20;
    return made;
  }

  decision consider(const bytes& datagram, std::size_t handshaking = 0) {
    return door.consider(datagram, path, handshaking, reply, now);
  }

  bytes answer_to(const bytes& datagram, std::size_t handshaking = 0) {
    const decision made = consider(datagram, handshaking);
    const auto* answer = std::get_if<quic::stateless_reply>(&made);
    if (!answer) return {};
    return {reply.begin(), reply.begin() + static_cast<std::ptrdiff_t>(answer->size)};
  }

  std::optional<ignored::cause> why_ignored(const bytes& datagram, std::size_t handshaking = 0) {
    const decision made = consider(datagram, handshaking);
    const auto* nothing = std::get_if<ignored>(&made);
    return nothing ? std::optional(nothing->why) : std::nullopt;
  }

  bool accepts(const bytes& datagram, std::size_t handshaking = 0) {
    return std::holds_alternative<std::unique_ptr<quic::connection>>(consider(datagram, handshaking));
  }
};

hostile_peer a_client(std::size_t id_size = 8) {
  return hostile_peer({.tls = duel_client_tls(),
                       .parameters = generous_parameters(),
                       .own_id = make_id(0xaa),
                       .peer_id = make_id(0xbb, id_size)});
}

bytes first_of(hostile_peer& client) { return client.flush().front(); }

/// The long header that all versions share, with IDs of any size, in a datagram of full size.
bytes of_version(std::uint32_t version, std::size_t destination_size, std::size_t source_size,
                 std::size_t datagram_size = 1200) {
  bytes datagram(datagram_size);
  byte_writer out(datagram);
  out.write_u8(0xc3);
  out.write_u32(version);
  out.write_u8(static_cast<std::uint8_t>(destination_size));
  for (std::size_t i = 0; i < destination_size; ++i) out.write_u8(0xd0);
  out.write_u8(static_cast<std::uint8_t>(source_size));
  for (std::size_t i = 0; i < source_size; ++i) out.write_u8(0x50);
  return datagram;
}

TEST(acceptor, accepts_a_first_packet) {
  hostile_peer client = a_client();
  EXPECT_TRUE(front_door().accepts(first_of(client)));
}

// [rfc9000 17.2.1#3 17.2.1#4 17.2.1#6]
TEST(acceptor, negotiates_every_version_it_does_not_speak) {
  for (const std::uint32_t version : {0x0a0a0a0au, 0x1a2a3a4au, 0xff00001du, 0x00000002u, 0xfaceb002u}) {
    front_door door;
    const bytes answer = door.answer_to(of_version(version, 8, 5));
    const auto negotiation = wire::parse_version_negotiation(answer);
    ASSERT_TRUE(negotiation) << version;
    EXPECT_TRUE(std::ranges::equal(negotiation->destination, bytes(5, 0x50)));
    EXPECT_TRUE(std::ranges::equal(negotiation->source, bytes(8, 0xd0)));
    EXPECT_TRUE(negotiation->versions.contains(quic_version::v1));
    EXPECT_TRUE(negotiation->versions.contains(quic_version::v2));
    EXPECT_FALSE(negotiation->versions.contains(static_cast<quic_version>(version)));
    std::size_t reserved = 0;
    for (const quic_version offered : negotiation->versions) reserved += is_reserved_version(offered);
    EXPECT_EQ(reserved, 1u);
  }
}

// [rfc9000 17.2.1#5]
TEST(acceptor, negotiates_with_ids_as_long_as_another_version_may_have) {
  front_door door;
  const bytes answer = door.answer_to(of_version(0x12345678, 255, 255));
  const auto negotiation = wire::parse_version_negotiation(answer);
  ASSERT_TRUE(negotiation);
  EXPECT_EQ(negotiation->destination.size(), 255u);
  EXPECT_EQ(negotiation->source.size(), 255u);
}

// [rfc9000 5.2.2#1]
TEST(acceptor, says_nothing_to_small_datagrams) {
  front_door door;
  EXPECT_EQ(door.why_ignored(of_version(0x0a0a0a0a, 8, 8, 1199)), ignored::cause::too_small);
  hostile_peer client = a_client();
  bytes first = first_of(client);
  first.pop_back();
  EXPECT_EQ(door.why_ignored(first), ignored::cause::too_small);
}

// [rfc9000 5.2.2#2 6.1#1]
TEST(acceptor, says_nothing_to_what_is_not_a_first_packet) {
  front_door door;
  EXPECT_TRUE(door.why_ignored({}));
  EXPECT_TRUE(door.why_ignored({0xc0}));
  EXPECT_TRUE(door.why_ignored(bytes(1200, 0x00)));
  EXPECT_EQ(door.why_ignored(bytes(21, 0x40)), ignored::cause::not_initial);
  EXPECT_EQ(door.why_ignored(of_version(0, 8, 8)), ignored::cause::not_quic);
  EXPECT_TRUE(door.why_ignored(of_version(1, 21, 8)));
  for (const std::uint8_t type : {0x10, 0x20, 0x30}) {  // 0-RTT, Handshake, Retry.
    hostile_peer client = a_client();
    bytes first = first_of(client);
    first[0] = static_cast<std::uint8_t>((first[0] & ~0x30) | type);
    EXPECT_EQ(door.why_ignored(first), ignored::cause::not_initial) << int{type};
  }
}

// [rfc9000 7.2#1]
TEST(acceptor, demands_an_id_that_cannot_be_guessed) {
  front_door door;
  hostile_peer client = a_client(7);
  EXPECT_EQ(door.why_ignored(first_of(client)), ignored::cause::not_initial);
}

TEST(acceptor, takes_nothing_that_is_forged_or_spoilt) {
  front_door door;
  hostile_peer client = a_client();
  const bytes first = first_of(client);
  for (std::size_t at = 0; at < first.size(); at += 7) {
    bytes spoilt = first;
    spoilt[at] ^= 0x10;
    EXPECT_FALSE(door.accepts(spoilt)) << at;
  }
}

TEST(acceptor, refuses_silently_when_too_many_shake_hands) {
  front_door door;
  hostile_peer client = a_client();
  const bytes first = first_of(client);
  EXPECT_TRUE(door.accepts(first, 19));
  EXPECT_EQ(door.why_ignored(first, 20), ignored::cause::refused);
}

// [rfc9000 17.2.5.1#4]
TEST(acceptor, asks_for_proof_by_its_policy) {
  hostile_peer client = a_client();
  const bytes first = first_of(client);
  EXPECT_TRUE(wire::parse_retry_packet(front_door(quic::retry_policy::always).answer_to(first)));
  EXPECT_TRUE(front_door(quic::retry_policy::automatic).accepts(first, 9));
  EXPECT_TRUE(wire::parse_retry_packet(front_door(quic::retry_policy::automatic).answer_to(first, 10)));
  EXPECT_TRUE(front_door(quic::retry_policy::never).accepts(first, 19));
}

/// Gives the client's own guess so many times before it gives others.
class echoing_ids final : public quic::connection_id_generator {
public:
  explicit echoing_ids(unsigned times) : times_(times) {}
  std::size_t size() const noexcept override { return 8; }
  connection_id generate(random_source&) override { return times_-- > 0 ? make_id(0xbb, 8) : make_id(0xcc, 8); }

private:
  unsigned times_;
};

// [rfc9000 17.2.5.1#1]
TEST(acceptor, never_names_the_clients_own_guess_in_a_retry) {
  for (const unsigned times : {1u, 100u}) {
    counting_random random;
    auto options = front_door::options(quic::retry_policy::always);
    options.connection_ids = std::make_shared<echoing_ids>(times);
    quic::acceptor door(options, random);
    hostile_peer client = a_client();
    bytes reply(1500);
    const decision made = door.consider(first_of(client), front_door().path, 0, reply, front_door().now);
    const auto* answer = std::get_if<quic::stateless_reply>(&made);
    ASSERT_EQ(answer != nullptr, times == 1);
    if (!answer) continue;
    const auto retry = wire::parse_retry_packet(byte_view(reply).first(answer->size));
    ASSERT_TRUE(retry);
    EXPECT_EQ(retry->source, make_id(0xcc, 8));
  }
}

/// A client that has been sent a Retry, and its next packet.
struct retried {
  front_door door{quic::retry_policy::always};
  hostile_peer client = a_client();
  bytes second;

  retried() {
    const bytes first = first_of(client);
    const bytes answer = door.answer_to(first);
    const auto retry = wire::parse_retry_packet(answer);
    EXPECT_TRUE(retry);
    EXPECT_EQ(retry->destination, make_id(0xaa));
    client.set_peer_id(retry->source);
    client.derive_initial_keys(retry->source);
    client.token.assign(retry->token.begin(), retry->token.end());
    second = client.seal(space_id::initial, payload_of(wire::ping_frame{}), {.padded_to = 1200});
  }
};

// [rfc9000 8.1.3#7]
TEST(acceptor, accepts_a_client_that_brings_the_token_back) {
  retried one;
  EXPECT_TRUE(one.door.accepts(one.second));
}

TEST(acceptor, accepts_no_token_from_another_address_or_too_late) {
  retried one;
  const network_path home = one.door.path;
  one.door.path.peer.port += 1;
  EXPECT_FALSE(one.door.accepts(one.second));
  one.door.path = home;
  one.door.now += 11s;
  EXPECT_FALSE(one.door.accepts(one.second));
}

TEST(acceptor, refuses_a_token_that_was_given_for_another_attempt) {
  retried one;
  hostile_peer other = a_client();
  other.set_peer_id(make_id(0xcc));
  other.derive_initial_keys(make_id(0xcc));
  other.token = one.client.token;
  const bytes answer =
      one.door.answer_to(other.seal(space_id::initial, payload_of(wire::ping_frame{}), {.padded_to = 1200}));
  ASSERT_FALSE(answer.empty());
  EXPECT_LT(answer.size(), 1200u);
  other.receive(answer);
  const auto told = other.last<wire::connection_close_frame>();
  ASSERT_TRUE(told);
  EXPECT_EQ(told->error_code, static_cast<std::uint64_t>(transport_error_code::invalid_token));
}

TEST(acceptor, treats_a_foreign_token_as_none) {
  hostile_peer client = a_client();
  client.token = bytes(40, 0x77);
  const bytes first = client.seal(space_id::initial, payload_of(wire::ping_frame{}), {.padded_to = 1200});
  EXPECT_TRUE(front_door().accepts(first));
  EXPECT_TRUE(wire::parse_retry_packet(front_door(quic::retry_policy::always).answer_to(first)));
}

TEST(acceptor, never_answers_with_more_than_it_got) {
  for (const auto policy : {quic::retry_policy::always, quic::retry_policy::never}) {
    front_door door(policy);
    hostile_peer client = a_client();
    EXPECT_LE(door.answer_to(first_of(client)).size(), 1200u);
    EXPECT_LE(door.answer_to(of_version(0x0a0a0a0a, 255, 255)).size(), 1200u);
  }
}

TEST(acceptor, with_a_small_reply_buffer_says_nothing) {
  front_door door(quic::retry_policy::always);
  door.reply.resize(30);
  hostile_peer client = a_client();
  EXPECT_TRUE(door.why_ignored(first_of(client)));
  EXPECT_TRUE(door.why_ignored(of_version(0x0a0a0a0a, 100, 100)));
}

TEST(acceptor, makes_servers_that_shake_hands_after_a_retry) {
  for (const quic_version version : {quic_version::v1, quic_version::v2}) {
    counting_random random(7);
    quic::acceptor door({.tls = duel_server_tls(), .alpn = {"test"}, .retry = quic::retry_policy::always}, random);
    const network_path at_client{ip_endpoint::v4({10, 0, 0, 2}, 50000), ip_endpoint::v4({10, 0, 0, 1}, 443)};
    const network_path at_server{at_client.peer, at_client.local};
    const time_point now{std::chrono::seconds(1000)};
    auto client = quic::connection::connect({.tls = duel_client_tls(),
                                             .server_name = "localhost",
                                             .alpn = {"test"},
                                             .path = at_client,
                                             .version = version},
                                            random, now)
                      .value();
    std::unique_ptr<quic::connection> server;
    bytes buffer(1200);
    bytes reply(1500);
    for (int round = 0; round < 20; ++round) {
      while (const auto sent = client->transmit(buffer, 1, now)) {
        const byte_span datagram = byte_span(buffer).first(sent->size);
        if (!server) {
          auto made = door.consider(datagram, at_server, 0, reply, now);
          if (const auto* answer = std::get_if<quic::stateless_reply>(&made))
            client->receive(byte_span(reply).first(answer->size), at_client, ecn_codepoint::not_ect, now);
          if (auto* accepted = std::get_if<std::unique_ptr<quic::connection>>(&made)) server = std::move(*accepted);
        }
        if (server) server->receive(datagram, at_server, ecn_codepoint::not_ect, now);
      }
      while (server) {
        const auto sent = server->transmit(buffer, 1, now);
        if (!sent) break;
        client->receive(byte_span(buffer).first(sent->size), at_client, ecn_codepoint::not_ect, now);
      }
    }
    EXPECT_TRUE(client->is_established());
    ASSERT_TRUE(server);
    EXPECT_TRUE(server->is_established());
  }
}

TEST(routing_id, is_that_of_the_first_packet) {
  hostile_peer client = a_client();
  EXPECT_EQ(quic::routing_id(first_of(client), 8), make_id(0xbb));
  bytes short_header{0x40, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  EXPECT_EQ(quic::routing_id(short_header, 8), connection_id(byte_view(short_header).subspan(1, 8)));
  EXPECT_FALSE(quic::routing_id(of_version(0x12345678, 21, 8), 8));
  EXPECT_FALSE(quic::routing_id({}, 8));
}

}  // namespace
}  // namespace quasio::test
