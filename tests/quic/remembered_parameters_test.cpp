// What a client remembers of a server for early data (RFC 9000, section 7.4.1).

#include "quic/remembered_parameters.hpp"

#include <gtest/gtest.h>

#include "quic/resumed_pair.hpp"

namespace quasio::quic {
namespace {

using namespace test;
using namespace std::chrono_literals;

transport_parameters everything() {
  transport_parameters all = generous_parameters();
  all.original_destination_connection_id = make_id(1);
  all.max_idle_timeout = 20s;
  all.stateless_reset_token.emplace().fill(2);
  all.max_udp_payload_size = 1400;
  all.ack_delay_exponent = 5;
  all.max_ack_delay = 99ms;
  all.disable_active_migration = true;
  all.preferred_address = {.v4 = ip_endpoint::v4({10, 0, 0, 3}, 443), .v6 = {}, .id = make_id(3), .reset_token = {}};
  all.active_connection_id_limit = 7;
  all.initial_source_connection_id = make_id(4);
  all.retry_source_connection_id = make_id(5);
  all.max_datagram_frame_size = 1000;
  return all;
}

// [rfc9000 7.4.1#2 7.4.1#4]
TEST(remembered_parameters, are_all_but_those_of_the_connection_itself) {
  transport_parameters expected = everything();
  const transport_parameters defaults;
  expected.ack_delay_exponent = defaults.ack_delay_exponent;
  expected.max_ack_delay = defaults.max_ack_delay;
  expected.initial_source_connection_id.reset();
  expected.original_destination_connection_id.reset();
  expected.preferred_address.reset();
  expected.retry_source_connection_id.reset();
  expected.stateless_reset_token.reset();
  EXPECT_EQ(remembered(everything()), expected);
}

// [rfc9000 7.4.1#3]
TEST(remembered_parameters, give_way_to_those_of_the_new_handshake) {
  const auto token_of = [](std::uint8_t fill) {
    stateless_reset_token token;
    token.fill(fill);
    return token;
  };
  duel_options options{.peer_early_data = true};
  options.peer_parameters.stateless_reset_token = token_of(1);
  duel first(endpoint_role::client, options);
  first.shake_hands();
  for (const event& each : first.events) {
    if (const auto* received = std::get_if<session_received>(&each)) options.session = *received->session;
  }
  ASSERT_TRUE(options.session);
  options.peer_parameters.stateless_reset_token = token_of(2);
  duel pair(endpoint_role::client, options);
  ASSERT_TRUE(pair.connection->may_use_streams());
  pair.shake_hands();
  EXPECT_EQ(pair.connection->handshake().early_data, early_data_status::accepted);
  for (const std::uint8_t fill : {1, 2}) {
    bytes reset(40, 0x41);
    const auto token = token_of(fill);
    std::ranges::copy(token, reset.end() - 16);
    pair.send(reset);
    EXPECT_EQ(pair.connection->is_closed(), fill == 2);
  }
}

}  // namespace
}  // namespace quasio::quic
