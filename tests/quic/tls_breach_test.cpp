// What TLS may not do in QUIC although TLS itself would put up with it, or would call it by another name (RFC 9001,
// sections 4.1.3, 4.4 and 4.6.1).

#include <gtest/gtest.h>

#include "quic/duel.hpp"

namespace quasio::test {
namespace {

using code = transport_error_code;

/// What becomes of a client whose server says this once the handshake is over, in pieces of this size.
code verdict_on_message(const bytes& message, std::size_t piece) {
  duel fight(endpoint_role::client);
  fight.shake_hands();
  std::uint64_t offset = fight.peer.crypto_offset(space_id::application_data);
  for (byte_view rest = message; !rest.empty() && !fight.connection->is_closed();) {
    const byte_view now = rest.first(std::min(piece, rest.size()));
    rest = rest.subspan(now.size());
    fight.send_frames(space_id::application_data, wire::crypto_frame{.offset = offset, .data = now});
    offset += now.size();
  }
  return fight.verdict();
}

/// A NewSessionTicket (RFC 8446, section 4.6.1) that allows this much early data.
bytes ticket_for(std::uint32_t early_data) {
  bytes message{4, 0, 0,    29,                      // The type, and the length.
                0, 0, 0x0e, 0x10, 1,   2,   3,   4,  // It is good for an hour.
                1, 9,                                // A nonce.
                0, 6, 't',  'i',  'c', 'k', 'e', 't', 0, 8, 0, 42, 0, 4, 0, 0, 0, 0};
  for (int i = 0; i < 4; ++i) message[message.size() - 4 + i] = static_cast<std::uint8_t>(early_data >> (24 - 8 * i));
  message[3] = static_cast<std::uint8_t>(message.size() - 4);
  return message;
}

// [rfc9001 4.4#3]
TEST(tls_breach, by_a_request_for_a_certificate_after_the_handshake) {
  const bytes certificate_request{13, 0, 0, 11, 0, 0, 8, 0, 13, 0, 4, 0, 2, 8, 4};
  const bytes ticket = ticket_for(0xffffffff);
  for (const std::size_t piece : {1u, 3u, 1000u}) {
    EXPECT_EQ(verdict_on_message(certificate_request, piece), code::protocol_violation) << piece;
    bytes behind_a_ticket = ticket;
    behind_a_ticket.insert(behind_a_ticket.end(), certificate_request.begin(), certificate_request.end());
    EXPECT_EQ(verdict_on_message(behind_a_ticket, piece), code::protocol_violation) << piece;
  }
}

// [rfc9001 4.6.1#2]
TEST(tls_breach, by_a_ticket_for_a_limited_amount_of_early_data) {
  for (const std::uint32_t limited : {1u, 16384u, 0xfffffffeu}) {
    EXPECT_EQ(verdict_on_message(ticket_for(limited), 1000), code::protocol_violation) << limited;
  }
  EXPECT_EQ(verdict_on_message(ticket_for(0xffffffff), 1000), code::no_error);
}

// [rfc9001 6#2]
TEST(tls_breach, by_a_key_update) {
  for (const std::size_t piece : {1u, 1000u})
    EXPECT_EQ(verdict_on_message({24, 0, 0, 1, 0}, piece), static_cast<code>(0x10a));
}

// [rfc9001 4.1.3#3]
TEST(tls_breach, by_bytes_behind_the_last_message_of_a_level) {
  for (const endpoint_role role : {endpoint_role::client, endpoint_role::server}) {
    for (const bool of_initial : {true, false}) {
      duel fight(role);
      if (role == endpoint_role::server && !of_initial) {
        for (const bytes& datagram : fight.peer.flush()) fight.send(datagram);
      }
      fight.collect();
      const auto flight = fight.peer.flush();
      const space_id space = of_initial ? space_id::initial : space_id::handshake;
      const bytes trailing = fight.peer.seal(
          space, payload_of(wire::crypto_frame{.offset = fight.peer.crypto_offset(space), .data = bytes{0, 0, 0, 0}}),
          {.padded_to = 1200});
      // A server exists only once the first packet has come. What trails comes before the last of its level.
      for (std::size_t i = 0; i < flight.size(); ++i) {
        if (i == 1 || flight.size() == 1) fight.send(trailing);
        fight.send(flight[i]);
      }
      EXPECT_EQ(fight.verdict(), code::protocol_violation) << fight.why_closed();
    }
  }
}

}  // namespace
}  // namespace quasio::test
