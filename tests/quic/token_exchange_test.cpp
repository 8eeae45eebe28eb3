// Tokens on their way: given by servers, kept by clients, and what the front door makes of each kind (RFC 9000,
// sections 8.1.2 to 8.1.4, 13.3 and 19.7).

#include <gtest/gtest.h>

#include "crypto/retry_integrity.hpp"
#include "quic/duel.hpp"
#include "quic/token_exchange.hpp"
#include "wire/retry_packet.hpp"

namespace quasio::test {
namespace {

using code = transport_error_code;

// --- A server gives ---

std::vector<bytes> tokens_in(const hostile_peer& peer) {
  std::vector<bytes> tokens;
  peer.visit([&](const peer_packet& packet, const wire::frame& frame) {
    if (const auto* given = std::get_if<wire::new_token_frame>(&frame)) {
      EXPECT_EQ(packet.type, wire::packet_type::one_rtt);
      tokens.emplace_back(given->token.begin(), given->token.end());
    }
  });
  return tokens;
}

// [rfc9000 8.1.3#4 19.7#1]
TEST(new_token, is_given_with_the_end_of_the_handshake) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  const auto tokens = tokens_in(fight.peer);
  ASSERT_EQ(tokens.size(), 2u);
  EXPECT_NE(tokens[0], tokens[1]);
  EXPECT_FALSE(tokens[0].empty() || tokens[1].empty());
  EXPECT_EQ(fight.connection->statistics().tokens_given, 2u);
  EXPECT_LT(tokens[0].size(), 128u);
}

TEST(new_token, is_sent_again_until_it_is_acknowledged) {
  duel fight(endpoint_role::server);
  fight.peer.acknowledges = true;
  fight.shake_hands();
  const auto before = tokens_in(fight.peer);
  // From now on nothing gets through; what is in flight was acknowledged.
  fight.pass(5s);
  EXPECT_EQ(tokens_in(fight.peer).size(), before.size());

  duel lossy(endpoint_role::server);
  lossy.collect();
  for (const bytes& datagram : lossy.peer.flush()) lossy.send(datagram);
  lossy.collect();
  lossy.deaf = true;
  for (const bytes& datagram : lossy.peer.flush()) lossy.send(datagram);
  lossy.collect();
  ASSERT_TRUE(lossy.connection->is_established());
  EXPECT_TRUE(tokens_in(lossy.peer).empty());
  lossy.deaf = false;
  lossy.pass(1s);
  lossy.settle();
  const auto tokens = tokens_in(lossy.peer);
  EXPECT_GE(tokens.size(), 2u);
  std::set<std::string> distinct;
  for (const bytes& token : tokens) distinct.insert(connection_id(byte_view(token).last(16)).to_string());
  EXPECT_EQ(distinct.size(), 2u) << "a repetition is the same token";
}

TEST(new_token, goes_also_to_an_address_that_the_client_moved_to) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  const network_path elsewhere{fight.path.local, ip_endpoint::v4({10, 9, 9, 9}, 1)};
  const auto move_to = [&](const network_path& path) {
    fight.send(fight.peer.seal(space_id::application_data, payload_of(wire::ping_frame{}), {.padded_to = 1200}), path);
    for (int i = 0; i < 6; ++i) {
      fight.collect();
      const auto challenge = fight.peer.last<wire::path_challenge_frame>();
      if (challenge)
        fight.send(fight.peer.seal(space_id::application_data, payload_of(wire::path_response_frame{challenge->data}),
                                   {.padded_to = 1200}),
                   path);
      for (const bytes& datagram : fight.peer.flush()) fight.send(datagram, path);
    }
  };
  const network_path rebound{fight.path.local, {fight.path.peer.address, 0, 50001}};
  move_to(rebound);
  EXPECT_EQ(tokens_in(fight.peer).size(), 2u) << "a token does not depend on the port";
  move_to(elsewhere);
  EXPECT_EQ(tokens_in(fight.peer).size(), 4u);
}

struct giving {
  counting_random random;
  quic::settings config;
  quic::event_queue events;
  std::shared_ptr<quic::address_tokens> tokens = std::make_shared<quic::address_tokens>(
      quic::token_keys::generate(random), std::make_shared<quic::spent_tokens>(), quic::address_token_lifetimes{});
  quic::sent_frames record;

  quic::token_exchange exchange{{tokens, 2}, config, random, events};

  std::size_t write(std::size_t room = 1200) {
    bytes packet(room);
    byte_writer out(packet);
    const std::size_t before = record.size();
    exchange.write_frames(out, record);
    return record.size() - before;
  }
};

TEST(token_exchange, bounds_what_a_client_that_hops_is_owed) {
  giving server;
  for (std::uint8_t host = 0; host < 100; ++host)
    server.exchange.on_address_validated(ip_endpoint::v4({10, 0, 0, host}, 1), quic_version::v1, time_point(1s));
  EXPECT_EQ(server.exchange.given(), 8u);
  EXPECT_EQ(server.write(), 8u);
  EXPECT_FALSE(server.exchange.has_frames_to_send());
}

TEST(token_exchange, waits_for_room_and_forgets_what_arrived) {
  giving server;
  server.exchange.on_address_validated(ip_endpoint::v4({10, 0, 0, 1}, 1), quic_version::v1, time_point(1s));
  EXPECT_EQ(server.write(50), 0u);
  EXPECT_EQ(server.write(120), 1u);
  EXPECT_EQ(server.write(), 1u);
  server.exchange.on_lost(server.record[0]);
  server.exchange.on_lost(server.record[0]);
  EXPECT_EQ(server.write(), 1u);
  server.exchange.on_acked(server.record[0]);
  server.exchange.on_lost(server.record[0]);
  EXPECT_FALSE(server.exchange.has_frames_to_send());
}

// --- A client keeps ---

std::vector<quic::new_token_received> tokens_of(duel& fight) {
  fight.drain_events();
  std::vector<quic::new_token_received> tokens;
  for (const auto& event : fight.events) {
    if (const auto* token = std::get_if<quic::new_token_received>(&event)) tokens.push_back(*token);
  }
  return tokens;
}

TEST(new_token, reaches_the_application) {
  duel fight(endpoint_role::client);
  fight.shake_hands();
  const bytes token{1, 2, 3};
  fight.send_frames(space_id::application_data, wire::new_token_frame{token});
  fight.send_frames(space_id::application_data, wire::new_token_frame{token});
  const auto got = tokens_of(fight);
  ASSERT_EQ(got.size(), 1u) << "a repetition is discarded (section 19.7)";
  EXPECT_EQ(got[0].token, token);
  EXPECT_EQ(got[0].version, quic_version::v1);
  EXPECT_EQ(fight.connection->statistics().tokens_ignored, 1u);
}

TEST(new_token, in_a_flood_is_ignored) {
  duel fight(endpoint_role::client);
  fight.shake_hands();
  for (int i = 0; i < 2000; ++i) {
    const bytes token{static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(i >> 8), 1};
    fight.send_frames(space_id::application_data, wire::new_token_frame{token});
  }
  EXPECT_EQ(tokens_of(fight).size(), 8u);
  EXPECT_EQ(fight.connection->statistics().tokens_received, 8u);
  EXPECT_EQ(fight.connection->statistics().tokens_ignored, 1992u);
  EXPECT_FALSE(fight.connection->is_closed());
}

TEST(new_token, that_is_too_large_is_ignored) {
  duel fight(endpoint_role::client);
  fight.shake_hands();
  fight.send_frames(space_id::application_data, wire::new_token_frame{bytes(1025, 7)});
  fight.send_frames(space_id::application_data, wire::new_token_frame{bytes(1024, 7)});
  const auto got = tokens_of(fight);
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].token.size(), 1024u);
}

// [rfc9000 19.7#2]
TEST(new_token, without_a_token_is_an_encoding_error) {
  duel fight(endpoint_role::client);
  fight.shake_hands();
  fight.send_payload(space_id::application_data, {0x07, 0x00});
  EXPECT_EQ(fight.verdict(), code::frame_encoding_error);
}

// [rfc9000 19.7#4]
TEST(new_token, to_a_server_is_a_violation) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  fight.send_frames(space_id::application_data, wire::new_token_frame{bytes{1}});
  EXPECT_EQ(fight.verdict(), code::protocol_violation);
}

// --- A client presents; the front door judges ---

constexpr time_point start{1000s};

/// A server and the clients that come to it, each a connection of ours.
struct house {
  explicit house(quic::retry_policy policy = quic::retry_policy::never, quic::acceptor_options with = {}) {
    with.tls = duel_server_tls();
    with.alpn = {"test"};
    with.retry = policy;
    door = std::make_unique<quic::acceptor>(std::move(with), random);
  }

  struct visit {
    bool accepted = false;
    bool established = false;
    int retries = 0;
    int refusals = 0;
    std::size_t sent_before_answer = 0;  ///< By the server, before the client's second flight.
    std::vector<bytes> tokens;
    quic::close_reason reason;
  };

  visit come(bytes token = {}, quic_version version = quic_version::v1, bool silent_after_first = false) {
    visit how;
    const network_path at_client{from, ip_endpoint::v4({10, 0, 0, 1}, 443)};
    const network_path at_server{at_client.peer, at_client.local};
    auto client = quic::connection::connect({.tls = duel_client_tls(),
                                             .server_name = "localhost",
                                             .alpn = {"test"},
                                             .path = at_client,
                                             .version = version,
                                             .token = std::move(token)},
                                            random, now)
                      .value();
    std::unique_ptr<quic::connection> server;
    bytes buffer(1200);
    bytes reply(1500);
    for (int round = 0; round < 20; ++round) {
      while (const auto sent = client->transmit(buffer, 1, now)) {
        const byte_span datagram = byte_span(buffer).first(sent->size);
        if (server) {
          if (!(silent_after_first && round > 0)) server->receive(datagram, at_server, ecn_codepoint::not_ect, now);
          continue;
        }
        auto made = door->consider(datagram, at_server, 0, reply, now);
        if (const auto* answer = std::get_if<quic::stateless_reply>(&made)) {
          how.retries += answer->what == quic::stateless_reply::kind::retry;
          how.refusals += answer->what == quic::stateless_reply::kind::refusal;
          client->receive(byte_span(reply).first(answer->size), at_client, ecn_codepoint::not_ect, now);
        }
        if (auto* accepted = std::get_if<std::unique_ptr<quic::connection>>(&made)) {
          server = std::move(*accepted);
          server->receive(datagram, at_server, ecn_codepoint::not_ect, now);
        }
      }
      while (server) {
        const auto sent = server->transmit(buffer, 1, now);
        if (!sent) break;
        if (round == 0 || silent_after_first) how.sent_before_answer += sent->size;
        if (!silent_after_first)
          client->receive(byte_span(buffer).first(sent->size), at_client, ecn_codepoint::not_ect, now);
      }
      while (const auto event = client->poll_event()) {
        if (const auto* given = std::get_if<quic::new_token_received>(&*event)) how.tokens.push_back(given->token);
      }
    }
    how.accepted = server != nullptr;
    how.established = client->is_established() && server && server->is_established();
    if (client->is_closed()) how.reason = client->reason();
    return how;
  }

  counting_random random;
  time_point now = start;
  ip_endpoint from = ip_endpoint::v4({10, 0, 0, 2}, 50000);
  std::unique_ptr<quic::acceptor> door;
};

// [rfc9000 8.1.3#7]
TEST(known_client, is_spared_the_retry) {
  house server(quic::retry_policy::always);
  const auto first = server.come();
  EXPECT_EQ(first.retries, 1);
  ASSERT_TRUE(first.established);
  ASSERT_EQ(first.tokens.size(), 2u);
  server.now += 1h;
  server.from.port = 7;
  const auto second = server.come(first.tokens[0]);
  EXPECT_EQ(second.retries, 0);
  EXPECT_TRUE(second.established);
  EXPECT_EQ(second.tokens.size(), 2u);
}

// [rfc9000 8.1.4#5]
TEST(known_client, is_not_known_twice_by_one_token) {
  house server(quic::retry_policy::always);
  const auto token = server.come().tokens.at(0);
  EXPECT_EQ(server.come(token).retries, 0);
  const auto replayed = server.come(token);
  EXPECT_EQ(replayed.retries, 1);
  EXPECT_TRUE(replayed.established);
}

// [rfc9000 8.1.4#3]
TEST(known_client, is_no_better_than_others_elsewhere_too_late_or_with_another_version) {
  house server(quic::retry_policy::always);
  auto tokens = server.come().tokens;
  const auto home = server.from;
  server.from = ip_endpoint::v4({10, 0, 0, 3}, 50000);
  EXPECT_EQ(server.come(tokens.at(0)).retries, 1);
  server.from = home;
  EXPECT_EQ(server.come(tokens.at(0), quic_version::v2).retries, 1);
  server.now += 24h + 1s;
  const auto late = server.come(tokens.at(0));
  EXPECT_EQ(late.retries, 1);
  EXPECT_TRUE(late.established);
}

TEST(known_client, is_known_to_every_acceptor_that_shares_the_keys) {
  counting_random random;
  quic::acceptor_options shared;
  shared.token_keys = quic::token_keys::generate(random);
  shared.spent_tokens = std::make_shared<quic::spent_tokens>();
  house one(quic::retry_policy::always, shared);
  house other(quic::retry_policy::always, shared);
  house stranger(quic::retry_policy::always);
  const auto tokens = one.come().tokens;
  EXPECT_EQ(stranger.come(tokens.at(0)).retries, 1);
  EXPECT_EQ(other.come(tokens.at(0)).retries, 0);
  EXPECT_EQ(one.come(tokens.at(0)).retries, 1) << "used there already";
  shared.token_keys->rotate(crypto::token_key::generate(random));
  EXPECT_EQ(other.come(tokens.at(1)).retries, 0) << "the last keys still count";
}

// [rfc9000 8.1.4#4]
TEST(token, of_a_bad_kind_leaves_the_amplification_limit_in_place) {
  house server;
  bytes good = server.come().tokens.at(0);
  bytes spoilt = good;
  spoilt.back() ^= 1;
  const std::vector<bytes> bad{{}, {0}, bytes(15, 1), bytes(16, 1), bytes(60, 0xff), bytes(1000, 0), spoilt};
  for (const bytes& token : bad) {
    SCOPED_TRACE(token.size());
    const auto how = server.come(token, quic_version::v1, true);
    EXPECT_TRUE(how.accepted) << "it is treated as none";
    EXPECT_LE(how.sent_before_answer, 3u * 2u * 1200u) << "three times the client's two datagrams";
  }
}

TEST(token, that_is_too_large_for_an_initial_packet_is_not_presented) {
  house server;
  const auto how = server.come(bytes(1025, 1));
  EXPECT_TRUE(how.established);
  EXPECT_TRUE(server.come(bytes(512, 1)).established);
}

TEST(token, can_be_withheld) {
  house server(quic::retry_policy::never, {.new_tokens = 0});
  const auto how = server.come();
  EXPECT_TRUE(how.established);
  EXPECT_TRUE(how.tokens.empty());
}

/// A client that has been sent a Retry by a door, and what it says next.
struct retried {
  counting_random random;
  network_path path{ip_endpoint::v4({10, 0, 0, 1}, 443), ip_endpoint::v4({10, 0, 0, 2}, 50000)};
  time_point now = start;
  bytes reply = bytes(1500);
  quic::acceptor door;
  hostile_peer client{{.tls = duel_client_tls(),
                       .parameters = generous_parameters(),
                       .own_id = make_id(0xaa),
                       .peer_id = make_id(0xbb)}};
  bytes second;

  explicit retried(std::shared_ptr<quic::token_keys> keys = nullptr)
      : door({.tls = duel_server_tls(),
              .alpn = {"test"},
              .retry = quic::retry_policy::always,
              .token_keys = std::move(keys)},
             random) {
    const bytes first = client.flush().front();
    const auto made = door.consider(first, path, 0, reply, now);
    const auto retry = wire::parse_retry_packet(byte_view(reply).first(std::get<quic::stateless_reply>(made).size));
    client.set_peer_id(retry->source);
    client.derive_initial_keys(retry->source);
    client.token.assign(retry->token.begin(), retry->token.end());
    second = client.seal(space_id::initial, payload_of(wire::ping_frame{}), {.padded_to = 1200});
  }

  /// What the client is told by an answer to its second packet.
  std::optional<code> told() {
    const auto made = door.consider(second, path, 0, reply, now);
    const auto* answer = std::get_if<quic::stateless_reply>(&made);
    if (!answer || answer->what != quic::stateless_reply::kind::refusal) return std::nullopt;
    EXPECT_LT(answer->size, 100u);
    client.receive(byte_view(reply).first(answer->size));
    const auto close = client.last<wire::connection_close_frame>();
    return close ? std::optional(static_cast<code>(close->error_code)) : std::nullopt;
  }
};

TEST(retry_token, that_came_too_late_is_refused_at_once) {
  retried one;
  one.now += 11s;
  EXPECT_EQ(one.told(), code::invalid_token);
}

TEST(retry_token, from_another_address_or_port_is_refused_at_once) {
  retried one;
  const auto home = one.path;
  one.path.peer.port += 1;
  EXPECT_EQ(one.told(), code::invalid_token);
  one.path = home;
  one.path.peer.address[15] ^= 1;
  EXPECT_EQ(one.told(), code::invalid_token);
}

TEST(retry_token, of_a_lost_key_is_treated_as_none) {
  // Section 8.1.3: it might as well be a token of an earlier connection.
  retried one(std::make_shared<quic::token_keys>(crypto::token_key({})));
  quic::acceptor other({.tls = duel_server_tls(), .alpn = {"test"}}, one.random);
  const auto made = other.consider(one.second, one.path, 0, one.reply, one.now);
  EXPECT_TRUE(std::holds_alternative<std::unique_ptr<quic::connection>>(made));
}

// --- A client and the Retry ---

TEST(retry, with_a_token_that_leaves_no_room_is_dropped) {
  for (const std::size_t size : {1024u, 1025u, 1180u}) {
    counting_random random;
    const network_path path{ip_endpoint::v4({10, 0, 0, 2}, 50000), ip_endpoint::v4({10, 0, 0, 1}, 443)};
    const bool fits = size <= 1024;
    quic::settings config;
    auto client =
        quic::connection::connect(
            {.tls = duel_client_tls(), .server_name = "localhost", .alpn = {"test"}, .path = path, .transport = config},
            random, start)
            .value();
    bytes first(1200);
    const auto sent = client->transmit(first, 1, start);
    ASSERT_TRUE(sent);
    const auto header = wire::parse_packet_header(first, 0);
    ASSERT_TRUE(header);
    bytes packet(1500);
    byte_writer out(packet);
    wire::encode_retry_body(out, {.version = quic_version::v1,
                                  .destination = header->source,
                                  .source = make_id(0x33),
                                  .token = bytes(size, 0x44)});
    const auto tag = crypto::make_retry_tag(crypto::key_labels::v1, header->destination.bytes(), out.written());
    out.write_bytes(tag);
    client->receive(out.written(), path, ecn_codepoint::not_ect, start);
    EXPECT_EQ(client->statistics().packets_dropped, fits ? 0u : 1u) << size;
    bytes next(1200);
    bool with_token = false;
    while (const auto again = client->transmit(next, 1, start)) {
      const auto second = wire::parse_packet_header(next, 0);
      ASSERT_TRUE(second);
      with_token |= !second->token.empty();
    }
    EXPECT_EQ(with_token, fits) << size;
  }
}

}  // namespace
}  // namespace quasio::test
