// The transport and TLS checks of h3spec, against our server: each breach ends the connection with the error that the
// RFCs demand.

#include <gtest/gtest.h>

#include "quic/duel.hpp"

namespace quasio::test {
namespace {

using code = transport_error_code;

constexpr code tls_alert(std::uint64_t alert) { return static_cast<code>(0x100 + alert); }

/// What becomes of a server whose client sends this once the handshake is confirmed.
code verdict_on_payload(bytes payload, packet_deviation deviation = {}) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  fight.send_payload(space_id::application_data, std::move(payload), std::move(deviation));
  return fight.verdict();
}

template <class... Frames>
code verdict_on(const Frames&... frames) {
  return verdict_on_payload(payload_of(frames...));
}

/// A server that has sent its first flight to a client that has not sent its Finished.
std::unique_ptr<duel> before_finished() {
  auto fight = std::make_unique<duel>(endpoint_role::server);
  for (const bytes& datagram : fight->peer.flush()) fight->send(datagram);
  fight->peer.speaks_crypto = false;
  fight->settle();
  EXPECT_TRUE(fight->peer.has_keys(space_id::handshake));
  EXPECT_FALSE(fight->connection->is_established());
  return fight;
}

code verdict_in_handshake(bytes payload, packet_deviation deviation = {}) {
  const auto fight = before_finished();
  fight->send_payload(space_id::handshake, std::move(payload), std::move(deviation));
  return fight->verdict();
}

code verdict_on_parameters(const std::function<void(transport_parameters&)>& spoil) {
  duel_options options;
  options.peer_parameters = generous_parameters();
  options.peer_parameters.initial_source_connection_id = make_id(0xaa);
  options.parameters_as_given = true;
  spoil(options.peer_parameters);
  duel fight(endpoint_role::server, std::move(options));
  for (const bytes& datagram : fight.peer.flush()) fight.send(datagram);
  return fight.verdict();
}

bytes raw(std::initializer_list<std::uint8_t> content) { return content; }

bytes crypto_frame_with(std::uint64_t offset, const bytes& message) {
  return payload_of(wire::crypto_frame{.offset = offset, .data = message});
}

constexpr stream_id client_bidirectional = 0;
constexpr stream_id server_bidirectional = 1;
constexpr stream_id client_unidirectional = 2;
constexpr stream_id server_unidirectional = 3;

TEST(h3spec, an_honest_client_is_served) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  EXPECT_EQ(fight.verdict(), code::no_error);
  EXPECT_EQ(fight.count_events<quic::handshake_completed>(), 1u);
  EXPECT_EQ(fight.peer.count<wire::handshake_done_frame>(), 1u);
}

// [rfc9000 4.1#2]
TEST(h3spec, stream_data_beyond_the_limit_is_a_flow_control_error) {
  EXPECT_EQ(verdict_on(wire::stream_frame{.id = 0, .offset = std::uint64_t{1} << 40, .data = as_bytes("x")}),
            code::flow_control_error);
}

// [rfc9000 4.6#3]
TEST(h3spec, a_stream_id_beyond_the_limit_is_a_stream_limit_error) {
  EXPECT_EQ(verdict_on(wire::stream_frame{.id = 4 * 100, .data = as_bytes("x")}), code::stream_limit_error);
  EXPECT_EQ(verdict_on(wire::stream_frame{.id = 4 * 100 + 2, .data = as_bytes("x")}), code::stream_limit_error);
}

TEST(h3spec, parameters_as_they_should_be_are_taken) {
  EXPECT_EQ(verdict_on_parameters([](transport_parameters&) {}), code::no_error);
}

// [rfc9000 7.3#3]
TEST(h3spec, a_missing_initial_source_connection_id_is_a_parameter_error) {
  EXPECT_EQ(verdict_on_parameters([](auto& own) { own.initial_source_connection_id.reset(); }),
            code::transport_parameter_error);
}

// [rfc9000 7.3#4]
TEST(h3spec, another_initial_source_connection_id_is_a_parameter_error) {
  EXPECT_EQ(verdict_on_parameters([](auto& own) { own.initial_source_connection_id = make_id(0xcc); }),
            code::transport_parameter_error);
}

// [rfc9000 18.2#9]
TEST(h3spec, a_servers_parameter_from_a_client_is_a_parameter_error) {
  EXPECT_EQ(verdict_on_parameters([](auto& own) { own.original_destination_connection_id = make_id(1); }),
            code::transport_parameter_error);
  EXPECT_EQ(verdict_on_parameters([](auto& own) {
              own.preferred_address = preferred_address{
                  .v4 = ip_endpoint::v4({10, 0, 0, 9}, 1), .v6 = std::nullopt, .id = make_id(1), .reset_token = {}};
            }),
            code::transport_parameter_error);
  EXPECT_EQ(verdict_on_parameters([](auto& own) { own.retry_source_connection_id = make_id(1); }),
            code::transport_parameter_error);
  EXPECT_EQ(verdict_on_parameters([](auto& own) { own.stateless_reset_token.emplace(); }),
            code::transport_parameter_error);
}

// [rfc9000 7.4#1 18.2#7]
TEST(h3spec, a_parameter_out_of_range_is_a_parameter_error) {
  EXPECT_EQ(verdict_on_parameters([](auto& own) { own.max_udp_payload_size = 1199; }), code::transport_parameter_error);
  EXPECT_EQ(verdict_on_parameters([](auto& own) { own.ack_delay_exponent = 21; }), code::transport_parameter_error);
  EXPECT_EQ(verdict_on_parameters([](auto& own) { own.max_ack_delay = std::chrono::milliseconds(1 << 14); }),
            code::transport_parameter_error);
  EXPECT_EQ(verdict_on_parameters([](auto& own) { own.active_connection_id_limit = 1; }),
            code::transport_parameter_error);
  EXPECT_EQ(verdict_on_parameters([](auto& own) { own.initial_max_streams_bidi = (std::uint64_t{1} << 60) + 1; }),
            code::transport_parameter_error);
}

// [rfc9000 12.4#4]
TEST(h3spec, an_unknown_frame_is_a_frame_encoding_error) {
  EXPECT_EQ(verdict_on_payload(raw({0x40, 0x7f})), code::frame_encoding_error);
  EXPECT_EQ(verdict_on_payload(raw({0x21})), code::frame_encoding_error);
}

// [rfc9000 11.1#1 12.4#2]
TEST(h3spec, a_packet_without_frames_is_a_protocol_violation) {
  EXPECT_EQ(verdict_on_payload({}), code::protocol_violation);
  EXPECT_EQ(verdict_in_handshake({}), code::protocol_violation);
}

// [rfc9000 17.2#7 17.3.1#3]
TEST(h3spec, reserved_bits_are_a_protocol_violation) {
  EXPECT_EQ(verdict_on_payload(payload_of(wire::ping_frame{}), {.flipped_bits = 0x08}), code::protocol_violation);
  EXPECT_EQ(verdict_on_payload(payload_of(wire::ping_frame{}), {.flipped_bits = 0x10}), code::protocol_violation);
  EXPECT_EQ(verdict_in_handshake(payload_of(wire::ping_frame{}), {.flipped_bits = 0x04}), code::protocol_violation);
  EXPECT_EQ(verdict_in_handshake(payload_of(wire::ping_frame{}), {.flipped_bits = 0x08}), code::protocol_violation);
}

// [rfc9000 17.3.1#1]
TEST(h3spec, a_clear_fixed_bit_makes_a_packet_that_is_dropped) {
  // Unless it was invited (RFC 9287): tests/quic/quic_bit_test.cpp.
  duel fight(endpoint_role::server, {.transport = {.grease_quic_bit = false}});
  fight.shake_hands();
  fight.send_payload(space_id::application_data, payload_of(wire::handshake_done_frame{}), {.flipped_bits = 0x40});
  EXPECT_EQ(fight.verdict(), code::no_error);
}

// [rfc9000 12.4#3 17.2.4#1]
TEST(h3spec, frames_that_handshake_packets_may_not_carry_are_protocol_violations) {
  EXPECT_EQ(verdict_in_handshake(payload_of(wire::path_challenge_frame{})), code::protocol_violation);
  EXPECT_EQ(verdict_in_handshake(payload_of(wire::stream_frame{.id = 0, .data = as_bytes("x")})),
            code::protocol_violation);
  EXPECT_EQ(verdict_in_handshake(payload_of(wire::max_data_frame{.maximum = 1})), code::protocol_violation);
  EXPECT_EQ(verdict_in_handshake(payload_of(wire::handshake_done_frame{})), code::protocol_violation);
  EXPECT_EQ(verdict_in_handshake(payload_of(wire::connection_close_frame{.by_application = true})),
            code::protocol_violation);
  EXPECT_EQ(verdict_in_handshake(payload_of(wire::new_connection_id_frame{.sequence = 1, .id = make_id(1)})),
            code::protocol_violation);
}

// [rfc9000 19.4#1]
TEST(h3spec, a_reset_of_a_stream_that_only_the_server_sends_on_is_a_stream_state_error) {
  EXPECT_EQ(verdict_on(wire::reset_stream_frame{.id = server_unidirectional}), code::stream_state_error);
}

// [rfc9000 19.5#1]
TEST(h3spec, stopping_a_stream_that_was_never_opened_is_a_stream_state_error) {
  EXPECT_EQ(verdict_on(wire::stop_sending_frame{.id = server_bidirectional}), code::stream_state_error);
  EXPECT_EQ(verdict_on(wire::stop_sending_frame{.id = client_unidirectional}), code::stream_state_error);
}

// [rfc9000 19.7#4]
TEST(h3spec, a_token_for_the_server_is_a_protocol_violation) {
  EXPECT_EQ(verdict_on(wire::new_token_frame{.token = as_bytes("token")}), code::protocol_violation);
}

// [rfc9000 19.8#1]
TEST(h3spec, data_on_a_servers_stream_is_a_stream_state_error) {
  EXPECT_EQ(verdict_on(wire::stream_frame{.id = server_bidirectional, .data = as_bytes("x")}),
            code::stream_state_error);
  EXPECT_EQ(verdict_on(wire::stream_frame{.id = server_unidirectional, .data = as_bytes("x")}),
            code::stream_state_error);
}

// [rfc9000 19.10#2]
TEST(h3spec, credit_for_a_stream_that_takes_none_is_a_stream_state_error) {
  EXPECT_EQ(verdict_on(wire::max_stream_data_frame{.id = server_bidirectional, .maximum = 1}),
            code::stream_state_error);
  EXPECT_EQ(verdict_on(wire::max_stream_data_frame{.id = client_unidirectional, .maximum = 1}),
            code::stream_state_error);
  EXPECT_EQ(verdict_on(wire::max_stream_data_frame{.id = client_bidirectional, .maximum = 1}), code::no_error);
}

// [rfc9000 4.6#1 19.11#1]
TEST(h3spec, a_stream_count_that_cannot_be_is_a_frame_encoding_error) {
  // Types 0x12, 0x13 (MAX_STREAMS) and 0x16, 0x17 (STREAMS_BLOCKED) with 2^60 + 1.
  for (const std::uint8_t type : {0x12, 0x13, 0x16, 0x17}) {
    EXPECT_EQ(verdict_on_payload(raw({type, 0xd0, 0, 0, 0, 0, 0, 0, 1})), code::frame_encoding_error) << int{type};
  }
}

// [rfc9000 19.15#6]
TEST(h3spec, a_malformed_new_connection_id_is_a_frame_encoding_error) {
  bytes above_sequence = payload_of(wire::new_connection_id_frame{.sequence = 1, .id = make_id(1)});
  above_sequence[2] = 2;  // retire_prior_to
  EXPECT_EQ(verdict_on_payload(above_sequence), code::frame_encoding_error);
  bytes empty_id{0x18, 1, 0, 0};
  empty_id.resize(4 + 16);
  EXPECT_EQ(verdict_on_payload(empty_id), code::frame_encoding_error);
  bytes long_id{0x18, 1, 0, 21};
  long_id.resize(4 + 21 + 16);
  EXPECT_EQ(verdict_on_payload(long_id), code::frame_encoding_error);
}

// [rfc9000 19.20#2]
TEST(h3spec, handshake_done_from_a_client_is_a_protocol_violation) {
  EXPECT_EQ(verdict_on(wire::handshake_done_frame{}), code::protocol_violation);
}

const bytes tls_key_update{24, 0, 0, 1, 0};

// [rfc9001 6#2]
TEST(h3spec, a_key_update_of_tls_is_an_unexpected_message) {
  EXPECT_EQ(verdict_on_payload(crypto_frame_with(0, tls_key_update)), tls_alert(10));
  EXPECT_EQ(verdict_in_handshake(crypto_frame_with(0, tls_key_update)), tls_alert(10));
}

// [rfc9001 8.3#1]
TEST(h3spec, end_of_early_data_is_an_unexpected_message) {
  EXPECT_EQ(verdict_in_handshake(crypto_frame_with(0, {5, 0, 0, 0})), tls_alert(10));
}

// [rfc9001 4.8#1 8.1#2]
TEST(h3spec, a_client_without_a_common_protocol_gets_no_application_protocol) {
  duel fight(endpoint_role::server, {.peer_alpn = {"another"}});
  for (const bytes& datagram : fight.peer.flush()) fight.send(datagram);
  EXPECT_EQ(fight.verdict(), tls_alert(120));
}

TEST(h3spec, unreadable_parameters_are_a_parameter_error) {
  for (const bytes& encoded : {bytes{}, bytes{0x40}, bytes{0x0f, 0x20, 1, 2}, bytes{0x01, 0x02, 0x40}}) {
    duel fight(endpoint_role::server, {.encoded_parameters = encoded});
    for (const bytes& datagram : fight.peer.flush()) fight.send(datagram);
    EXPECT_EQ(fight.verdict(), code::transport_parameter_error) << encoded.size();
  }
}

TEST(h3spec, a_packet_of_early_data_is_dropped) {
  const auto fight = before_finished();
  bytes packet = fight->peer.seal(space_id::handshake, payload_of(wire::ping_frame{}));
  packet[0] = static_cast<std::uint8_t>((packet[0] & ~0x30) | 0x10);
  fight->send(packet);
  EXPECT_EQ(fight->verdict(), code::no_error);
}

TEST(h3spec, acknowledging_what_was_never_sent_is_a_protocol_violation) {
  EXPECT_EQ(verdict_on_payload(hostile_peer::acknowledgment_of(0, (std::uint64_t{1} << 62) - 2)),
            code::protocol_violation);
  EXPECT_EQ(verdict_in_handshake(hostile_peer::acknowledgment_of(50, 60)), code::protocol_violation);
}

// [rfc9000 19.3.1#1]
TEST(h3spec, an_ack_range_below_zero_is_a_frame_encoding_error) {
  EXPECT_EQ(verdict_on_payload(raw({0x02, 0x01, 0x00, 0x00, 0x02})), code::frame_encoding_error);
  // One range whose gap leads below zero, and a count that no packet can hold.
  EXPECT_EQ(verdict_on_payload(raw({0x02, 0x05, 0x00, 0x01, 0x00, 0x05, 0x00})), code::frame_encoding_error);
  EXPECT_EQ(verdict_on_payload(raw({0x02, 0x05, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00})),
            code::frame_encoding_error);
}

// [rfc9000 10.3#1]
TEST(h3spec, the_offending_frame_is_named) {
  duel fight(endpoint_role::server);
  fight.shake_hands();
  fight.send_frames(space_id::application_data, wire::ping_frame{}, wire::new_token_frame{.token = as_bytes("t")});
  fight.collect();
  EXPECT_EQ(fight.peer.last<wire::connection_close_frame>()->frame_type, 0x07u);
}

}  // namespace
}  // namespace quasio::test
