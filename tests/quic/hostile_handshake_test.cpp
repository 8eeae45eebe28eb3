// What may go wrong before a connection stands: Version Negotiation and Retry packets, connection IDs that do not fit,
// forged, small, early and lost packets, and clients that vanish.

#include <gtest/gtest.h>

#include <map>

#include "crypto/retry_integrity.hpp"
#include "quic/duel.hpp"
#include "wire/retry_packet.hpp"
#include "wire/version_negotiation_packet.hpp"

namespace quasio::test {
namespace {

using code = transport_error_code;

/// A client whose first flight the peer has, so that it knows the connection IDs.
std::unique_ptr<duel> begun_client(duel_options options = {}) {
  auto fight = std::make_unique<duel>(endpoint_role::client, std::move(options));
  fight->collect();
  return fight;
}

bytes version_negotiation(const duel& fight, std::initializer_list<std::uint32_t> versions,
                          std::optional<connection_id> source = std::nullopt) {
  std::vector<quic_version> offered;
  for (const std::uint32_t version : versions) offered.push_back(static_cast<quic_version>(version));
  bytes packet(256);
  byte_writer out(packet);
  const connection_id from = source.value_or(fight.peer.original_destination());
  wire::encode_version_negotiation(out, 0x2a, fight.peer.peer_id().bytes(), from.bytes(), offered);
  packet.resize(out.position());
  return packet;
}

// --- Version Negotiation (RFC 9000, section 6.2) ---

// [rfc9000 6.2#1]
TEST(version_negotiation, without_a_common_version_ends_a_client) {
  const auto fight = begun_client();
  fight->send(version_negotiation(*fight, {0x0a0a0a0a, 0xff00001d}));
  ASSERT_TRUE(fight->connection->is_closed());
  EXPECT_EQ(fight->connection->reason().cause, quic::close_cause::version_negotiation);
  EXPECT_TRUE(fight->connection->is_drained());
  EXPECT_EQ(fight->collect(), 0u);
  EXPECT_EQ(fight->count_events<quic::connection_closed>(), 1u);
  EXPECT_EQ(fight->count_events<quic::connection_id_issued>(), fight->count_events<quic::connection_id_retired>());
}

// [rfc9000 6.2#3]
TEST(version_negotiation, that_lists_the_clients_own_version_is_dropped) {
  const auto fight = begun_client();
  fight->send(version_negotiation(*fight, {0x0a0a0a0a, 1}));
  EXPECT_FALSE(fight->connection->is_closed());
}

TEST(version_negotiation, with_other_connection_ids_is_dropped) {
  const auto fight = begun_client();
  fight->send(version_negotiation(*fight, {0x0a0a0a0a}, make_id(0x99)));
  fight->send(version_negotiation(*fight, {}));
  EXPECT_FALSE(fight->connection->is_closed());
}

// [rfc9000 6.2#2]
TEST(version_negotiation, after_another_packet_is_dropped) {
  const auto fight = begun_client();
  for (const bytes& datagram : fight->peer.flush()) fight->send(datagram);
  fight->send(version_negotiation(*fight, {0x0a0a0a0a}));
  fight->send(version_negotiation(*fight, {0x0a0a0a0a}, fight->peer.own_id()));
  EXPECT_FALSE(fight->connection->is_closed());
}

// [rfc9000 6.1#1]
TEST(version_negotiation, to_a_server_is_dropped) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  bytes packet(64);
  byte_writer out(packet);
  const std::array offered{static_cast<quic_version>(0x0a0a0a0a)};
  wire::encode_version_negotiation(out, 0, fight.peer.peer_id().bytes(), fight.peer.own_id().bytes(), offered);
  packet.resize(out.position());
  fight.send(packet);
  EXPECT_FALSE(fight.connection->is_closed());
}

// --- Retry (RFC 9000, section 17.2.5) ---

bytes retry(const duel& fight, const connection_id& source, std::string_view token, std::uint8_t spoil = 0) {
  bytes packet(512);
  byte_writer out(packet);
  wire::encode_retry_body(
      out,
      {.version = quic_version::v1, .destination = fight.peer.peer_id(), .source = source, .token = as_bytes(token)});
  auto tag = crypto::make_retry_tag(crypto::key_labels::v1, fight.peer.original_destination().bytes(), out.written());
  tag[0] ^= spoil;
  out.write_bytes(tag);
  packet.resize(out.position());
  return packet;
}

/// The header of the first packet that the client sends next.
std::optional<wire::packet_header> next_header(duel& fight, bytes& buffer) {
  buffer.resize(1200);
  const auto sent = fight.connection->transmit(buffer, 1, fight.now);
  if (!sent) return std::nullopt;
  return wire::parse_packet_header(buffer, 8);
}

// [rfc9000 8.1.2#1 8.1.3#6 17.2.5.1#3]
TEST(retry, makes_a_client_begin_again_with_the_token) {
  const auto fight = begun_client();
  fight->send(retry(*fight, make_id(0x33), "the token"));
  bytes buffer;
  const auto header = next_header(*fight, buffer);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->type, wire::packet_type::initial);
  EXPECT_EQ(header->destination, make_id(0x33));
  EXPECT_TRUE(std::ranges::equal(header->token, as_bytes("the token")));
  std::size_t more = 0;
  for (int timeout = 0; timeout < 3; ++timeout) {
    while (const auto next = next_header(*fight, buffer)) {
      ++more;
      EXPECT_TRUE(std::ranges::equal(next->token, as_bytes("the token"))) << "in all Initial packets";
    }
    fight->now = fight->connection->next_deadline().value();
    fight->connection->on_timeout(fight->now);
  }
  EXPECT_GE(more, 3u);
}

// [rfc9000 12.3#2 17.2.5.2#5 17.2.5.3#1 17.2.5.3#2]
TEST(retry, changes_neither_the_hello_nor_the_source_id_nor_the_numbering) {
  const auto fight = begun_client();
  const auto flight_of = [&] {
    std::map<std::uint64_t, bytes> hello;
    fight->peer.visit([&](const peer_packet&, const wire::frame& frame) {
      const auto* crypto = std::get_if<wire::crypto_frame>(&frame);
      if (crypto) hello[crypto->offset].assign(crypto->data.begin(), crypto->data.end());
    });
    bytes whole;
    for (const auto& [offset, data] : hello) {
      EXPECT_EQ(offset, whole.size());
      whole.insert(whole.end(), data.begin(), data.end());
    }
    return whole;
  };
  const bytes hello = flight_of();
  ASSERT_FALSE(hello.empty());
  const connection_id source = fight->peer.packets().front().source;
  const std::uint64_t last = fight->peer.packets().back().number;
  fight->send(retry(*fight, make_id(0x33), "the token"));
  fight->peer.derive_initial_keys(make_id(0x33));
  fight->peer.forget_packets();
  fight->collect();
  ASSERT_FALSE(fight->peer.packets().empty());
  for (const peer_packet& packet : fight->peer.packets()) {
    EXPECT_EQ(packet.source, source);
    EXPECT_EQ(packet.destination, make_id(0x33));
    EXPECT_GT(packet.number, last);
  }
  EXPECT_EQ(flight_of(), hello);
}

// [rfc9000 7.2#4 17.2.5.2#1]
TEST(retry, is_taken_once_only) {
  const auto fight = begun_client();
  fight->send(retry(*fight, make_id(0x33), "first"));
  fight->send(retry(*fight, make_id(0x34), "second"));
  bytes buffer;
  const auto header = next_header(*fight, buffer);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->destination, make_id(0x33));
  EXPECT_TRUE(std::ranges::equal(header->token, as_bytes("first")));
}

// [rfc9000 17.2.5.1#2 17.2.5.2#3]
TEST(retry, that_is_not_acceptable_is_dropped) {
  const auto fight = begun_client();
  fight->send(retry(*fight, make_id(0x33), "token", 1));
  fight->send(retry(*fight, make_id(0x33), ""));
  fight->send(retry(*fight, fight->peer.original_destination(), "token"));
  bytes buffer;
  EXPECT_FALSE(next_header(*fight, buffer)) << "nothing is sent again";
}

// [rfc9000 17.2.5.2#2]
TEST(retry, after_another_packet_is_dropped) {
  const auto fight = begun_client();
  for (const bytes& datagram : fight->peer.flush()) fight->send(datagram);
  fight->collect();
  fight->send(retry(*fight, make_id(0x33), "token"));
  EXPECT_EQ(fight->collect(), 0u);
  EXPECT_FALSE(fight->connection->is_closed());
}

TEST(retry, whose_token_leaves_no_room_ends_in_a_timeout_without_spinning) {
  const auto fight = begun_client();
  bytes packet;
  const std::string token(1180, 't');
  packet.resize(2000);
  byte_writer out(packet);
  wire::encode_retry_body(out, {.version = quic_version::v1,
                                .destination = fight->peer.peer_id(),
                                .source = make_id(0x33),
                                .token = as_bytes(token)});
  out.write_bytes(
      crypto::make_retry_tag(crypto::key_labels::v1, fight->peer.original_destination().bytes(), out.written()));
  packet.resize(out.position());
  fight->send(packet);
  fight->pass(20s);
  EXPECT_EQ(fight->connection->reason().cause, quic::close_cause::handshake_timeout);
}

// --- Connection IDs (RFC 9000, section 7.3) ---

code client_verdict_on(const std::function<void(transport_parameters&)>& spoil) {
  duel_options options;
  options.parameters_as_given = true;
  options.peer_parameters.initial_source_connection_id = make_id(0xaa);
  const auto fight = std::make_unique<duel>(endpoint_role::client, std::move(options));
  // The peer's parameters are made when the ClientHello arrives: hold it back until they are known.
  fight->deaf = true;
  bytes first(1200);
  std::vector<bytes> flight;
  while (const auto sent = fight->connection->transmit(first, 1, fight->now)) {
    flight.emplace_back(first.begin(), first.begin() + static_cast<std::ptrdiff_t>(sent->size));
  }
  const auto header = wire::parse_packet_header(flight.front(), 8);
  transport_parameters own = generous_parameters();
  own.initial_source_connection_id = make_id(0xaa);
  own.original_destination_connection_id = header->destination;
  spoil(own);
  fight->peer.set_parameters(own);
  fight->deaf = false;
  for (const bytes& datagram : flight) fight->peer.receive(datagram);
  fight->settle();
  return fight->verdict();
}

// [rfc9000 7.3#2]
TEST(connection_id_check, of_what_the_server_says_passes) {
  EXPECT_EQ(client_verdict_on([](auto&) {}), code::no_error);
}

// [rfc9000 7.3#2 7.3#3]
TEST(connection_id_check, of_another_or_no_original_destination_fails) {
  EXPECT_EQ(client_verdict_on([](auto& own) { own.original_destination_connection_id = make_id(1); }),
            code::transport_parameter_error);
  EXPECT_EQ(client_verdict_on([](auto& own) { own.original_destination_connection_id.reset(); }),
            code::transport_parameter_error);
}

// [rfc9000 7.3#2]
TEST(connection_id_check, of_another_or_no_source_fails) {
  EXPECT_EQ(client_verdict_on([](auto& own) { own.initial_source_connection_id = make_id(1); }),
            code::transport_parameter_error);
  EXPECT_EQ(client_verdict_on([](auto& own) { own.initial_source_connection_id.reset(); }),
            code::transport_parameter_error);
}

// [rfc9000 7.3#4]
TEST(connection_id_check, of_a_retry_that_never_was_fails) {
  EXPECT_EQ(client_verdict_on([](auto& own) { own.retry_source_connection_id = make_id(1); }),
            code::transport_parameter_error);
}

// [rfc9000 7.2#6]
TEST(connection_id_check, that_changes_in_the_handshake_makes_packets_dropped) {
  duel fight(endpoint_role::server);
  for (const bytes& datagram : fight.peer.flush()) fight.send(datagram);
  fight.peer.speaks_crypto = false;
  fight.settle();
  fight.send_payload(space_id::handshake, bytes{0x1e}, {.source = make_id(0x55)});
  EXPECT_EQ(fight.verdict(), code::no_error);
}

// --- Packets that come small, early, forged or never ---

// [rfc9000 14#4 14.1#3]
TEST(handshake_packet, in_a_small_datagram_is_dropped_by_a_server) {
  duel fight(endpoint_role::server);
  for (const bytes& datagram : fight.peer.flush()) fight.send(datagram);
  fight.peer.acknowledges = false;  // A Handshake packet would make the server discard its Initial keys.
  fight.peer.speaks_crypto = false;
  fight.settle();
  fight.send_payload(space_id::initial, bytes{0x1e}, {.padded_to = 1199});
  EXPECT_EQ(fight.verdict(), code::no_error);
}

// [rfc9000 12.4#3]
TEST(handshake_packet, that_is_an_initial_with_a_forbidden_frame_is_a_protocol_violation) {
  duel fight(endpoint_role::server);
  for (const bytes& datagram : fight.peer.flush()) fight.send(datagram);
  fight.peer.acknowledges = false;  // A Handshake packet would make the server discard its Initial keys.
  fight.peer.speaks_crypto = false;
  fight.settle();
  bytes payload{0x1e};
  payload.resize(1100);
  fight.send_payload(space_id::initial, payload, {.padded_to = 1200});
  EXPECT_EQ(fight.verdict(), code::protocol_violation);
}

// [rfc9000 12.2#4]
TEST(handshake_packet, that_overtakes_its_keys_waits_for_them) {
  duel fight(endpoint_role::client);
  fight.collect();
  std::vector<bytes> flight = fight.peer.flush();
  ASSERT_GE(flight.size(), 2u);
  std::reverse(flight.begin(), flight.end());
  for (const bytes& datagram : flight) fight.send(datagram);
  EXPECT_TRUE(fight.connection->is_established());
}

// [rfc9001 5.7#1 5.7#2]
TEST(handshake_packet, that_is_application_data_waits_for_the_end_of_the_handshake) {
  duel fight(endpoint_role::server);
  for (const bytes& datagram : fight.peer.flush()) fight.send(datagram);
  fight.collect();
  // The client is through and sends data, which overtakes its Finished.
  const std::vector<bytes> finished = fight.peer.flush();
  ASSERT_TRUE(fight.peer.complete());
  fight.send_frames(space_id::application_data, wire::stream_frame{.id = 0, .data = as_bytes("hello")});
  EXPECT_FALSE(fight.connection->is_established());
  EXPECT_EQ(fight.count_events<quic::stream_opened>(), 0u);
  for (const bytes& datagram : finished) fight.send(datagram);
  EXPECT_TRUE(fight.connection->is_established());
  EXPECT_EQ(fight.count_events<quic::stream_opened>(), 1u);
}

TEST(handshake_packet, without_keys_is_kept_within_the_limit) {
  duel fight(endpoint_role::server);
  for (const bytes& datagram : fight.peer.flush()) fight.send(datagram);
  fight.collect();
  const std::vector<bytes> finished = fight.peer.flush();
  for (int i = 0; i < 100; ++i) fight.send_frames(space_id::application_data, wire::ping_frame{});
  EXPECT_GE(fight.connection->statistics().packets_dropped, 84u);
  for (const bytes& datagram : finished) fight.send(datagram);
  EXPECT_TRUE(fight.connection->is_established());
}

TEST(handshake_packet, that_is_garbage_makes_no_connection) {
  duel fight(endpoint_role::server);
  bytes first = fight.peer.flush().front();
  first.back() ^= 1;
  fight.send(first);
  EXPECT_EQ(fight.connection, nullptr) << "what cannot be authenticated must not claim the client's connection ID";
}

TEST(handshake_packet, whose_source_id_was_spoilt_on_the_way_does_not_stop_the_real_client) {
  duel fight(endpoint_role::server);
  const std::vector<bytes> flight = fight.peer.flush();
  bytes spoilt = flight.front();
  spoilt[1 + 4 + 1 + 8 + 1] ^= 1;  // The first byte of the source connection ID.
  fight.send(spoilt);
  for (const bytes& datagram : flight) fight.send(datagram);
  fight.shake_hands();
}

TEST(handshake_packet, doubled_again_and_again_completes_once) {
  for (const endpoint_role role : {endpoint_role::client, endpoint_role::server}) {
    duel fight(role);
    for (int round = 0; round < 20; ++round) {
      fight.collect();
      for (const bytes& datagram : fight.peer.flush()) {
        fight.send(datagram);
        fight.send(datagram);
      }
    }
    EXPECT_TRUE(fight.connection->is_established());
    EXPECT_EQ(fight.count_events<quic::handshake_completed>(), 1u);
  }
}

// [rfc9000 7.5#2]
TEST(handshake_packet, with_crypto_data_far_ahead_is_a_crypto_buffer_error) {
  duel fight(endpoint_role::server);
  for (const bytes& datagram : fight.peer.flush()) fight.send(datagram);
  fight.peer.speaks_crypto = false;
  fight.settle();
  fight.send_frames(space_id::handshake, wire::crypto_frame{.offset = 70'000, .data = as_bytes("x")});
  EXPECT_EQ(fight.verdict(), code::crypto_buffer_exceeded);
}

// [rfc9001 4.1.3#1 4.1.3#2]
TEST(handshake_packet, with_crypto_data_at_a_level_that_is_over_is_a_protocol_violation) {
  duel fight(endpoint_role::server);
  for (const bytes& datagram : fight.peer.flush()) fight.send(datagram);
  fight.peer.acknowledges = false;  // A Handshake packet would make the server discard its Initial keys.
  fight.peer.speaks_crypto = false;
  fight.settle();
  fight.send_frames(space_id::initial, wire::crypto_frame{.offset = fight.peer.crypto_offset(space_id::initial),
                                                          .data = as_bytes("more")});
  EXPECT_EQ(fight.verdict(), code::protocol_violation);
}

TEST(handshake_packet, of_a_client_that_vanishes_frees_the_server) {
  duel fight(endpoint_role::server);
  for (const bytes& datagram : fight.peer.flush()) fight.send(datagram);
  const auto received = fight.connection->statistics().bytes_received;
  fight.collect();
  fight.pass(30s);
  EXPECT_EQ(fight.connection->reason().cause, quic::close_cause::handshake_timeout);
  EXPECT_TRUE(fight.connection->is_drained());
  EXPECT_LE(fight.sent_bytes, 3 * received) << "RFC 9000, section 8.1";
}

TEST(handshake_packet, of_a_server_that_never_answers_is_given_up) {
  duel fight(endpoint_role::client);
  fight.deaf = true;
  fight.collect();
  fight.pass(30s);
  EXPECT_EQ(fight.connection->reason().cause, quic::close_cause::handshake_timeout);
  EXPECT_GE(fight.connection->statistics().probe_timeouts, 3u);
  EXPECT_LE(fight.connection->statistics().packets_sent, 24u);
}

// --- Amplification (RFC 9000, section 8.1) ---

// [rfc9000 8.1#1]
TEST(amplification, is_kept_with_a_large_certificate_and_does_not_deadlock) {
  static const crypto::tls_context large = make_server_tls(12'000);
  duel fight(endpoint_role::server, {.tls = large});
  std::uint64_t received = 0;
  for (const bytes& datagram : fight.peer.flush()) {
    received += datagram.size();
    fight.send(datagram);
  }
  fight.peer.acknowledges = false;
  fight.collect();
  EXPECT_LE(fight.sent_bytes, 3 * received);
  EXPECT_GT(fight.sent_bytes, 2 * received);
  // Nothing of the client arrives for a while.
  fight.pass(3s);
  EXPECT_LE(fight.sent_bytes, 3 * received);
  // Its probes lift the limit, bit by bit.
  fight.peer.acknowledges = true;
  for (int probe = 0; probe < 12 && !fight.connection->is_established(); ++probe) {
    fight.send_payload(fight.peer.has_keys(space_id::handshake) ? space_id::handshake : space_id::initial,
                       payload_of(wire::ping_frame{}));
    fight.settle();
    fight.pass(200ms);
    fight.settle();
  }
  EXPECT_TRUE(fight.connection->is_established());
}

// [rfc9000 8.1#1 8.1#2 14.1#4]
TEST(amplification, of_a_client_that_only_sends_small_packets_is_bounded) {
  duel fight(endpoint_role::server);
  std::uint64_t received = 0;
  for (const bytes& datagram : fight.peer.flush()) {
    received += datagram.size();
    fight.send(datagram);
  }
  fight.peer.acknowledges = false;
  fight.peer.speaks_crypto = false;
  for (int i = 0; i < 50; ++i) {
    fight.collect();
    bytes garbage(30, 0x40);
    received += garbage.size();
    fight.send(garbage);
    fight.pass(100ms);
  }
  EXPECT_LE(fight.sent_bytes, 3 * received);
  EXPECT_EQ(fight.connection->paths().at(0).bytes_received, received) << "what does not open counts as well";
}

// [rfc9000 10.2.1#1 10.2.1#2]
TEST(amplification, is_kept_when_a_server_closes) {
  duel fight(endpoint_role::server, {.peer_alpn = {"another"}});
  std::uint64_t received = 0;
  for (const bytes& datagram : fight.peer.flush()) {
    received += datagram.size();
    fight.send(datagram);
  }
  EXPECT_EQ(fight.verdict(), static_cast<code>(0x178));
  for (int i = 0; i < 100; ++i) {
    bytes garbage(30, 0x40);
    received += garbage.size();
    fight.send(garbage);
    fight.collect();
  }
  EXPECT_LE(fight.sent_bytes, 3 * received);
}

// --- Confirmation (RFC 9001, section 4.1.2) ---

// [rfc9000 13.3#2]
TEST(confirmation, is_repeated_when_it_was_lost) {
  duel fight(endpoint_role::server);
  for (const bytes& datagram : fight.peer.flush()) fight.send(datagram);
  fight.collect();
  fight.deaf = true;
  for (const bytes& datagram : fight.peer.flush()) fight.send(datagram);
  fight.collect();
  ASSERT_TRUE(fight.connection->is_established());
  fight.deaf = false;
  EXPECT_EQ(fight.peer.count<wire::handshake_done_frame>(), 0u);
  fight.pass(5s);
  EXPECT_GE(fight.peer.count<wire::handshake_done_frame>(), 1u);
  EXPECT_GE(fight.peer.count<wire::new_connection_id_frame>(), 3u);
}

TEST(confirmation, that_never_comes_leaves_a_client_working) {
  duel fight(endpoint_role::client);
  fight.settle();
  ASSERT_TRUE(fight.connection->is_established());
  const auto id = fight.connection->open_stream(stream_direction::bidirectional);
  ASSERT_TRUE(id);
  ASSERT_TRUE(fight.connection->stream_write(*id, as_bytes("hello"), true));
  fight.settle();
  EXPECT_EQ(fight.peer.count<wire::stream_frame>(), 1u);
  EXPECT_EQ(fight.count_events<quic::handshake_confirmed>(), 0u);
}

// [rfc9001 4.9.2#1]
TEST(confirmation, discards_the_keys_of_the_handshake) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  const auto received = fight.connection->statistics().packets_received;
  fight.send_payload(space_id::handshake, bytes{0x1e});
  fight.send_payload(space_id::initial, bytes{0x1e}, {.padded_to = 1200});
  EXPECT_EQ(fight.verdict(), code::no_error);
  EXPECT_EQ(fight.connection->statistics().packets_received, received);
}

}  // namespace
}  // namespace quasio::test
