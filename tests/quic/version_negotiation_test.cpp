// The version of a connection: what is offered, chosen, taken and refused (RFC 9368, RFC 9369 section 4).

#include "quic/version_negotiation.hpp"

#include <gtest/gtest.h>

#include "quic/connection_pair.hpp"
#include "wire/version_negotiation_packet.hpp"

namespace quasio::test {
namespace {

using code = transport_error_code;
using quic::version_negotiation;
using quic::version_preference;
using quic::version_settings;
using wire::packet_type;

constexpr quic_version v1 = quic_version::v1;
constexpr quic_version v2 = quic_version::v2;
constexpr auto unknown = static_cast<quic_version>(0x12345678);
constexpr auto client = endpoint_role::client;
constexpr auto server = endpoint_role::server;

version_settings speaking(std::vector<quic_version> versions) { return {.supported = std::move(versions)}; }

std::vector<std::uint8_t> encoded(std::vector<quic_version> versions) {
  std::vector<std::uint8_t> list(4 * versions.size());
  byte_writer out(list);
  for (const quic_version version : versions) out.write_u32(static_cast<std::uint32_t>(version));
  return list;
}

std::optional<code> error_of(const transport_result<void>& outcome) {
  return outcome ? std::nullopt : std::optional(outcome.error().code);
}

// --- What is offered ---

TEST(versions, a_client_prefers_what_it_begins_with_unless_told_otherwise) {
  counting_random random;
  EXPECT_EQ(version_negotiation(client, v1, {}).own_information(random, false), (version_information{v1, {v1, v2}}));
  EXPECT_EQ(version_negotiation(client, v2, {}).own_information(random, false), (version_information{v2, {v2, v1}}));
  EXPECT_EQ(version_negotiation(client, v1, speaking({v2, v1})).own_information(random, false),
            (version_information{v1, {v2, v1}}));
}

TEST(versions, a_client_that_wants_no_change_offers_its_choice_alone) {
  counting_random random;
  const version_settings settings{.compatible_negotiation = false};
  EXPECT_EQ(version_negotiation(client, v2, settings).own_information(random, false), (version_information{v2, {v2}}));
}

TEST(versions, that_nobody_speaks_are_left_out) {
  EXPECT_EQ(quic::supported_versions(speaking({unknown, v2, quic_version::negotiation, v2})),
            std::vector<quic_version>{v2});
  EXPECT_TRUE(quic::supported_versions(speaking({unknown})).empty());
}

TEST(versions, a_reserved_one_is_mixed_in_anywhere) {
  counting_random random;
  std::set<std::size_t> places;
  for (int i = 0; i < 100; ++i) {
    const auto own = version_negotiation(client, v1, {}).own_information(random, true);
    ASSERT_EQ(own.available.size(), 3u);
    EXPECT_EQ(own.chosen, v1);
    const auto reserved = std::ranges::find_if(own.available, is_reserved_version);
    ASSERT_NE(reserved, own.available.end());
    places.insert(static_cast<std::size_t>(reserved - own.available.begin()));
  }
  EXPECT_EQ(places.size(), 3u);
}

TEST(versions, a_server_declares_what_is_fully_deployed) {
  counting_random random;
  EXPECT_EQ(version_negotiation(server, v1, {}).own_information(random, false), (version_information{v1, {v1, v2}}));
  EXPECT_EQ(version_negotiation(server, v1, {.deployed = {v1}}).own_information(random, false),
            (version_information{v1, {v1}}));
}

// --- What a server chooses ---

quic_version choice(version_settings settings, quic_version chosen, std::vector<quic_version> available) {
  version_negotiation versions(server, chosen, settings);
  EXPECT_TRUE(versions.negotiate(version_information{chosen, std::move(available)}));
  EXPECT_TRUE(versions.is_settled());
  EXPECT_EQ(versions.chosen(), chosen);
  return versions.current();
}

TEST(version_choice, follows_the_client_by_default) {
  EXPECT_EQ(choice({}, v1, {v1, v2}), v1);
  EXPECT_EQ(choice({}, v1, {v2, v1}), v2);
  EXPECT_EQ(choice({}, v2, {v1, v2}), v1);
  EXPECT_EQ(choice({}, v1, {unknown, v2, v1}), v2);
  EXPECT_EQ(choice(speaking({v1}), v1, {v2, v1}), v1);
}

TEST(version_choice, can_be_the_servers_own) {
  const version_settings settings{.supported = {v2, v1}, .preference = version_preference::of_server};
  EXPECT_EQ(choice(settings, v1, {v1, v2}), v2);
  EXPECT_EQ(choice(settings, v1, {v1}), v1) << "what the client does not offer cannot be chosen";
}

TEST(version_choice, stays_where_compatible_negotiation_is_off) {
  EXPECT_EQ(choice({.compatible_negotiation = false}, v1, {v2, v1}), v1);
}

TEST(version_choice, stays_where_the_client_says_nothing) {
  version_negotiation versions(server, v1, {.preference = version_preference::of_server});
  EXPECT_TRUE(versions.negotiate(std::nullopt));
  EXPECT_EQ(versions.current(), v1);
}

TEST(version_choice, fails_where_the_client_contradicts_its_packets) {
  version_negotiation versions(server, v1, {});
  EXPECT_EQ(error_of(versions.negotiate(version_information{v2, {v2, v1}})), code::version_negotiation_error);
}

// --- Which packets are taken ---

TEST(version_admission, of_a_server_widens_with_its_choice) {
  version_negotiation versions(server, v1, {});
  EXPECT_TRUE(versions.admits(packet_type::initial, v1));
  EXPECT_FALSE(versions.admits(packet_type::initial, v2));
  ASSERT_TRUE(versions.negotiate(version_information{v1, {v2, v1}}));
  EXPECT_TRUE(versions.admits(packet_type::initial, v1)) << "the client may not know yet";
  EXPECT_TRUE(versions.admits(packet_type::initial, v2));
  EXPECT_TRUE(versions.admits(packet_type::zero_rtt, v1));
  EXPECT_FALSE(versions.admits(packet_type::zero_rtt, v2)) << "RFC 9369, section 4.1";
  EXPECT_FALSE(versions.admits(packet_type::handshake, v1));
  EXPECT_TRUE(versions.admits(packet_type::handshake, v2));
  EXPECT_TRUE(versions.admits(packet_type::one_rtt, quic_version::negotiation));
}

// [rfc9000 5.2.1#1]
TEST(version_admission, of_a_client_narrows_when_it_has_learnt) {
  version_negotiation versions(client, v1, {});
  EXPECT_TRUE(versions.admits(packet_type::initial, v1));
  EXPECT_TRUE(versions.admits(packet_type::initial, v2));
  EXPECT_FALSE(versions.admits(packet_type::initial, unknown));
  versions.settle(v2);
  EXPECT_FALSE(versions.admits(packet_type::initial, v1));
  EXPECT_FALSE(versions.admits(packet_type::handshake, v1));
  EXPECT_TRUE(versions.admits(packet_type::handshake, v2));
  EXPECT_FALSE(version_negotiation(client, v1, {.compatible_negotiation = false}).admits(packet_type::initial, v2));
}

// --- What a client makes of Version Negotiation packets ---

TEST(version_offer, that_names_the_clients_own_or_comes_twice_is_ignored) {
  version_negotiation versions(client, v1, {});
  const auto with_own = encoded({v2, v1});
  const auto without = encoded({unknown, v2});
  EXPECT_TRUE(versions.ignores_offer(wire::version_list(with_own)));
  EXPECT_FALSE(versions.ignores_offer(wire::version_list(without)));
  EXPECT_EQ(versions.choose_from(wire::version_list(without)), v2);
  versions.begin_again(v2);
  EXPECT_EQ(versions.original(), v1);
  EXPECT_EQ(versions.chosen(), v2);
  const auto third = encoded({v1});
  EXPECT_TRUE(versions.ignores_offer(wire::version_list(third)));
}

TEST(version_offer, without_a_common_version_gives_none) {
  const auto offer = encoded({unknown, static_cast<quic_version>(0x0a0a0a0a)});
  EXPECT_FALSE(version_negotiation(client, v1, {}).choose_from(wire::version_list(offer)));
  const auto other = encoded({v2});
  EXPECT_FALSE(version_negotiation(client, v1, speaking({v1})).choose_from(wire::version_list(other)));
}

// --- What a client believes (RFC 9368, section 4) ---

TEST(version_proof, of_a_plain_handshake) {
  version_negotiation versions(client, v1, {});
  versions.settle(v1);
  EXPECT_TRUE(versions.check(std::nullopt)) << "a server that knows only version 1";
  EXPECT_TRUE(versions.check(version_information{v1, {v1}}));
  EXPECT_TRUE(versions.check(version_information{v1, {}})) << "RFC 9368, section 3: it may be empty";
  EXPECT_EQ(error_of(versions.check(version_information{v2, {v1, v2}})), code::version_negotiation_error)
      << "its packets are of version 1";
  EXPECT_EQ(error_of(versions.check(version_information{unknown, {v1}})), code::version_negotiation_error);
}

TEST(version_proof, of_an_upgrade) {
  version_negotiation versions(client, v1, {});
  versions.settle(v2);
  EXPECT_TRUE(versions.check(version_information{v2, {v1}}));
  EXPECT_EQ(error_of(versions.check(std::nullopt)), code::version_negotiation_error);
  EXPECT_EQ(error_of(versions.check(version_information{v1, {v1, v2}})), code::version_negotiation_error)
      << "somebody forged the version of the packets";
}

TEST(version_proof, after_a_version_negotiation_packet) {
  version_negotiation versions(client, v1, {});
  versions.begin_again(v2);
  versions.settle(v2);
  EXPECT_TRUE(versions.check(version_information{v2, {v2}}));
  EXPECT_TRUE(versions.check(version_information{v2, {unknown}})) << "the chosen one counts as available";
  EXPECT_EQ(error_of(versions.check(std::nullopt)), code::version_negotiation_error);
  EXPECT_EQ(error_of(versions.check(version_information{v2, {}})), code::version_negotiation_error);
  EXPECT_EQ(error_of(versions.check(version_information{v2, {v2, v1}})), code::version_negotiation_error)
      << "the client would have stayed with version 1";
}

TEST(version_proof, after_going_back_to_version_1) {
  version_negotiation versions(client, v2, {});
  versions.begin_again(v1);
  versions.settle(v1);
  EXPECT_TRUE(versions.check(std::nullopt)) << "RFC 9368, section 8";
  EXPECT_TRUE(versions.check(version_information{v1, {v1}}));
  EXPECT_EQ(error_of(versions.check(version_information{v1, {v1, v2}})), code::version_negotiation_error);
}

TEST(version_proof, of_an_upgrade_after_a_version_negotiation_packet) {
  version_negotiation versions(client, v1, speaking({v2, v1}));
  versions.begin_again(v2);
  versions.settle(v1);
  EXPECT_TRUE(versions.check(version_information{v1, {v1, v2}})) << "figure 1: version 2 is what the client attempts";
}

// --- Two ends ---

struct agreement {
  quic_version version;
  quic_version original;
  bool operator==(const agreement&) const = default;
};

/// What both ends say, after a request and its answer.
std::optional<agreement> agreement_of(pair_options options) {
  connection_pair pair(std::move(options));
  pair.settle();
  if (!pair.is_established() || !pair.exchange()) return std::nullopt;
  const auto at_client = pair.client->handshake();
  EXPECT_EQ(at_client.version, pair.server->handshake().version);
  return agreement{at_client.version, at_client.original_version};
}

TEST(version_agreement, stays_with_the_first_version_by_default) {
  EXPECT_EQ(agreement_of({}), (agreement{v1, v1}));
  EXPECT_EQ(agreement_of({.version = v2}), (agreement{v2, v2}));
}

TEST(version_agreement, moves_to_the_clients_favourite_without_a_round_trip) {
  for (const auto retry : {quic::retry_policy::never, quic::retry_policy::always}) {
    EXPECT_EQ(agreement_of({.client = {.versions = speaking({v2, v1})}, .retry = retry}), (agreement{v2, v1}));
    EXPECT_EQ(agreement_of({.client = {.versions = speaking({v1, v2})}, .version = v2, .retry = retry}),
              (agreement{v1, v2}));
  }
}

TEST(version_agreement, follows_a_server_with_a_will_of_its_own) {
  quic::settings server_settings{.versions = speaking({v2, v1})};
  server_settings.versions.preference = version_preference::of_server;
  EXPECT_EQ(agreement_of({.server = server_settings}), (agreement{v2, v1}));
  EXPECT_EQ(agreement_of({.client = {.versions = {.compatible_negotiation = false}}, .server = server_settings}),
            (agreement{v1, v1}));
}

TEST(version_agreement, begins_again_where_the_server_refuses) {
  for (const auto retry : {quic::retry_policy::never, quic::retry_policy::always}) {
    EXPECT_EQ(agreement_of({.server = {.versions = speaking({v2})}, .retry = retry}), (agreement{v2, v1}));
    EXPECT_EQ(agreement_of({.server = {.versions = speaking({v1})}, .version = v2, .retry = retry}),
              (agreement{v1, v2}));
  }
}

TEST(version_agreement, begins_with_what_is_supported) {
  EXPECT_EQ(agreement_of({.client = {.versions = speaking({v2})}}), (agreement{v2, v2}));
  EXPECT_EQ(agreement_of({.client = {.versions = speaking({v2, v1})}, .server = {.versions = speaking({v1})}}),
            (agreement{v1, v1}));
}

TEST(version_agreement, is_the_same_without_grease) {
  EXPECT_EQ(agreement_of({.client = {.versions = speaking({v2, v1}), .grease = false, .grease_quic_bit = false},
                          .server = {.grease = false, .grease_quic_bit = false}}),
            (agreement{v2, v1}));
}

void expect_no_agreement(pair_options options) {
  connection_pair pair(std::move(options));
  pair.settle();
  ASSERT_TRUE(pair.client->is_closed());
  EXPECT_EQ(pair.client->reason().cause, quic::close_cause::version_negotiation);
  EXPECT_TRUE(pair.client->is_drained());
  EXPECT_FALSE(pair.server);
}

TEST(version_agreement, is_not_reached_without_a_common_version) {
  expect_no_agreement({.client = {.versions = speaking({v1})}, .server = {.versions = speaking({v2})}});
  expect_no_agreement(
      {.client = {.versions = {.incompatible_negotiation = false}}, .server = {.versions = speaking({v2})}});
}

TEST(version_agreement, needs_a_version_that_is_supported_to_begin_with) {
  const auto begin = [](std::optional<quic_version> version, version_settings versions) {
    counting_random random;
    return quic::connection::connect({.tls = duel_client_tls(),
                                      .server_name = "localhost",
                                      .alpn = {"test"},
                                      .path = {},
                                      .transport = {.versions = std::move(versions)},
                                      .version = version},
                                     random, time_point(1s));
  };
  EXPECT_TRUE(begin(v2, {}));
  EXPECT_FALSE(begin(v2, speaking({v1})));
  EXPECT_FALSE(begin(unknown, {}));
  EXPECT_FALSE(begin(std::nullopt, speaking({unknown})));
}

TEST(version_agreement, sends_every_later_packet_in_the_negotiated_version) {
  connection_pair pair({.client = {.versions = speaking({v2, v1})}});
  bool server_answered = false;
  std::size_t handshake_packets = 0;
  pair.passes = [&](bytes& datagram, bool to_server) {
    // The server cannot choose before it has the whole ClientHello, and acknowledges its first part as it came.
    if (!to_server) server_answered |= pair.server->handshake().version == v2;
    for (byte_view rest = datagram; !rest.empty();) {
      const auto header = wire::parse_packet_header(rest, 8, wire::fixed_bit_rule::may_be_greased);
      if (!header || header->type == packet_type::one_rtt) break;
      EXPECT_EQ(header->version, server_answered ? v2 : v1);
      handshake_packets += header->type == packet_type::handshake;
      rest = rest.subspan(header->size);
    }
    return true;
  };
  pair.settle();
  EXPECT_TRUE(pair.is_established());
  EXPECT_GT(handshake_packets, 0u);
}

TEST(version_agreement, survives_that_the_handshake_packets_come_first) {
  connection_pair pair({.client = {.versions = speaking({v2, v1})}});
  for (const bytes& datagram : pair.collect(*pair.client)) pair.to_server(datagram);
  auto flight = pair.collect(*pair.server);
  std::ranges::reverse(flight);
  for (const bytes& datagram : flight) pair.to_client(datagram);
  pair.settle();
  EXPECT_TRUE(pair.is_established());
  EXPECT_EQ(pair.client->handshake().version, v2);
}

// --- Attackers on the path ---

/// A Version Negotiation packet that answers this datagram.
bytes forged_answer(byte_view datagram, std::vector<quic_version> versions) {
  const auto header = wire::parse_packet_header(datagram, 8);
  bytes packet(256);
  byte_writer out(packet);
  wire::encode_version_negotiation(out, 0, header->source.bytes(), header->destination.bytes(), versions);
  packet.resize(out.position());
  return packet;
}

TEST(version_attack, a_forged_offer_that_hides_the_favourite_is_found_out) {
  connection_pair pair;
  pair.to_client(forged_answer(pair.collect(*pair.client).front(), {v2}));
  pair.settle();
  ASSERT_TRUE(pair.client->is_closed());
  EXPECT_EQ(pair.client->reason().cause, quic::close_cause::local_transport);
  EXPECT_EQ(pair.client->reason().code, static_cast<std::uint64_t>(code::version_negotiation_error));
  ASSERT_TRUE(pair.server);
  EXPECT_EQ(pair.server->reason().code, static_cast<std::uint64_t>(code::version_negotiation_error));
}

TEST(version_attack, a_forged_offer_of_the_favourite_does_no_harm) {
  connection_pair pair({.client = {.versions = speaking({v2, v1})}});
  pair.to_client(forged_answer(pair.collect(*pair.client).front(), {v2}));
  pair.settle();
  EXPECT_TRUE(pair.is_established());
  EXPECT_TRUE(pair.exchange());
  EXPECT_EQ(pair.client->handshake().version, v2);
}

TEST(version_attack, a_second_offer_is_ignored) {
  connection_pair pair({.server = {.versions = speaking({v2})}});
  pair.to_client(forged_answer(pair.collect(*pair.client).front(), {v2}));
  const auto second = pair.collect(*pair.client);
  pair.to_client(forged_answer(second.front(), {v1}));
  pair.to_client(forged_answer(second.front(), {unknown}));
  EXPECT_FALSE(pair.client->is_closed());
  for (const bytes& datagram : second) pair.to_server(datagram);
  pair.settle();
  EXPECT_TRUE(pair.is_established());
  EXPECT_EQ(pair.client->handshake().version, v2);
}

TEST(version_attack, a_second_attempt_takes_nothing_over_from_the_first) {
  connection_pair pair;
  const bytes first = pair.collect(*pair.client).front();
  pair.to_client(forged_answer(first, {v2}));
  const bytes second = pair.collect(*pair.client).front();
  const auto before = wire::parse_packet_header(first, 8);
  const auto after = wire::parse_packet_header(second, 8);
  EXPECT_EQ(after->version, v2);
  EXPECT_EQ(after->source, before->source);
  EXPECT_NE(after->destination, before->destination);
  EXPECT_EQ(pair.client->statistics().packets_lost, 0u);
}

// --- Hostile peers ---

transport_error_code verdict_on_client_versions(std::optional<version_information> declared) {
  duel_options options;
  options.peer_parameters.version_information = std::move(declared);
  duel fight(server, std::move(options));
  fight.settle();
  return fight.verdict();
}

TEST(version_breach, of_a_client) {
  EXPECT_EQ(verdict_on_client_versions(std::nullopt), code::no_error);
  EXPECT_EQ(verdict_on_client_versions(version_information{v1, {v1}}), code::no_error);
  EXPECT_EQ(verdict_on_client_versions(version_information{v2, {v1, v2}}), code::version_negotiation_error);
  EXPECT_EQ(verdict_on_client_versions(version_information{v1, {v2}}), code::transport_parameter_error);
  EXPECT_EQ(verdict_on_client_versions(version_information{v1, {}}), code::transport_parameter_error);
  EXPECT_EQ(verdict_on_client_versions(version_information{quic_version::negotiation, {v1}}),
            code::transport_parameter_error);
  EXPECT_EQ(verdict_on_client_versions(version_information{v1, {v1, quic_version::negotiation}}),
            code::transport_parameter_error);
}

transport_error_code verdict_on_server_versions(std::optional<version_information> declared) {
  duel_options options;
  options.peer_parameters.version_information = std::move(declared);
  duel fight(client, std::move(options));
  fight.settle();
  return fight.verdict();
}

TEST(version_breach, of_a_server) {
  EXPECT_EQ(verdict_on_server_versions(std::nullopt), code::no_error);
  EXPECT_EQ(verdict_on_server_versions(version_information{v1, {v1}}), code::no_error);
  EXPECT_EQ(verdict_on_server_versions(version_information{v2, {v1, v2}}), code::version_negotiation_error);
  EXPECT_EQ(verdict_on_server_versions(version_information{unknown, {v1}}), code::version_negotiation_error);
  EXPECT_EQ(verdict_on_server_versions(version_information{quic_version::negotiation, {v1}}),
            code::transport_parameter_error);
  EXPECT_EQ(verdict_on_server_versions(version_information{v1, {quic_version::negotiation}}),
            code::transport_parameter_error);
}

/// A client of `begins`, told by the peer's Version Negotiation packet to speak `goes_on`, and the peer's declaration.
transport_error_code verdict_after_an_offer(quic_version begins, quic_version goes_on,
                                            std::optional<version_information> declared) {
  duel_options options;
  options.version = goes_on;
  options.tested_version = begins;
  options.peer_parameters.version_information = std::move(declared);
  duel fight(client, std::move(options));
  bytes first(1200);
  const auto sent = fight.connection->transmit(first, 1, fight.now);
  EXPECT_TRUE(sent);
  fight.send(forged_answer(first, {goes_on}));
  fight.settle();
  return fight.verdict();
}

TEST(version_breach, of_a_server_after_its_offer) {
  EXPECT_EQ(verdict_after_an_offer(v1, v2, version_information{v2, {v2}}), code::no_error);
  EXPECT_EQ(verdict_after_an_offer(v1, v2, std::nullopt), code::version_negotiation_error);
  EXPECT_EQ(verdict_after_an_offer(v1, v2, version_information{v2, {}}), code::version_negotiation_error);
  EXPECT_EQ(verdict_after_an_offer(v1, v2, version_information{v2, {v1, v2}}), code::version_negotiation_error);
  EXPECT_EQ(verdict_after_an_offer(v2, v1, std::nullopt), code::no_error);
}

}  // namespace
}  // namespace quasio::test
