// Servers that would rather be reached elsewhere (RFC 9000, section 9.6), seen from both sides.

#include <gtest/gtest.h>

#include "quic/migration_duel.hpp"

namespace quasio::quic {
namespace {

using namespace test;
using namespace std::chrono_literals;

const ip_endpoint preferred_endpoint = ip_endpoint::v4({10, 0, 0, 99}, 4433);

test::duel_options preferring(const ip_endpoint& address, preferred_address_policy policy) {
  test::duel_options options;
  options.transport.preferred_address = policy;
  options.peer_parameters.preferred_address =
      preferred_address{.v4 = address, .v6 = {}, .id = make_id(0x77), .reset_token = {7}};
  return options;
}

// [rfc9000 9.6.2#1 9.6.3#1 21.5.3#1]
TEST(preferred_address, is_validated_and_then_used) {
  client_duel fight(preferring(preferred_endpoint, preferred_address_policy::follow));
  const network_path there{fight.path.local, preferred_endpoint};
  EXPECT_EQ(last<preferred_address_offered>(fight)->address, preferred_endpoint);
  EXPECT_EQ(fight.connection->path(), fight.path);
  fight.collect();
  fight.pass(1500ms);
  EXPECT_GE(fight.sent_on[there], 1200u);
  fight.peer.visit([](const test::peer_packet& packet, const wire::frame& frame) {
    if (packet.destination == make_id(0x77)) {
      EXPECT_TRUE(wire::is_probing(frame)) << "nothing else before it is validated";
    }
  });
  fight.answer_on(there);
  EXPECT_EQ(fight.connection->path(), there);
  EXPECT_EQ(last<path_changed>(fight)->why, path_change::preferred_address);
  // From there the client may go on to other local addresses.
  EXPECT_TRUE(fight.connection->migrate({ip_endpoint::v4({10, 0, 1, 1}, 5), preferred_endpoint}, fight.now));
}

// [rfc9000 9.6.1#1]
TEST(preferred_address, that_is_dead_changes_nothing) {
  client_duel fight(preferring(preferred_endpoint, preferred_address_policy::follow));
  fight.deaf_on.insert({fight.path.local, preferred_endpoint});
  fight.pass(25s);
  EXPECT_EQ(last<path_failed>(fight)->path.peer, preferred_endpoint);
  EXPECT_EQ(fight.connection->path(), fight.path);
  EXPECT_EQ(fight.count_events<path_changed>(), 0u);
}

// [rfc9000 9.6.2#1]
TEST(preferred_address, can_be_left_to_the_application_or_ignored) {
  client_duel asked(preferring(preferred_endpoint, preferred_address_policy::announce));
  EXPECT_EQ(asked.count_events<preferred_address_offered>(), 1u);
  EXPECT_EQ(asked.connection->paths().size(), 1u);
  const network_path there{ip_endpoint::v4({10, 0, 1, 1}, 5), preferred_endpoint};
  ASSERT_TRUE(asked.connection->migrate(there, asked.now));
  EXPECT_EQ(asked.connection->path(), asked.path) << "at once does not mean before it is validated";
  asked.collect();
  asked.answer_on(there);
  EXPECT_EQ(asked.connection->path(), there);

  client_duel deaf(preferring(preferred_endpoint, preferred_address_policy::ignore));
  EXPECT_EQ(deaf.count_events<preferred_address_offered>(), 0u);
  EXPECT_EQ(deaf.connection->paths().size(), 1u);
}

TEST(preferred_address, that_no_host_can_have_is_not_tried) {
  for (const ip_endpoint& bad : {ip_endpoint::v4({224, 0, 0, 1}, 443), ip_endpoint::v4({255, 255, 255, 255}, 443),
                                 ip_endpoint::v4({127, 0, 0, 1}, 443), ip_endpoint::v4({10, 0, 0, 99}, 0)}) {
    client_duel fight(preferring(bad, preferred_address_policy::follow));
    EXPECT_EQ(fight.connection->paths().size(), 1u) << bad.to_string();
    fight.pass(5s);
    EXPECT_EQ(fight.sent_on.size(), fight.sent_on.contains(fight.path) ? 1u : 0u);
    EXPECT_EQ(fight.connection->migrate({fight.path.local, bad}, fight.now).error(),
              path_error::unknown_server_address);
  }
}

// [rfc9000 9#2]
TEST(preferred_address, may_be_used_although_migration_is_disabled) {
  auto options = preferring(preferred_endpoint, preferred_address_policy::follow);
  options.peer_parameters.disable_active_migration = true;
  client_duel fight(options);
  fight.pass(1500ms);
  const network_path there{fight.path.local, preferred_endpoint};
  fight.answer_on(there);
  EXPECT_EQ(fight.connection->path(), there);
}

TEST(preferred_address, with_the_id_of_the_handshake_is_an_error) {
  auto options = preferring(preferred_endpoint, preferred_address_policy::follow);
  options.peer_parameters.preferred_address->id = make_id(0xaa);
  duel fight(endpoint_role::client, options);
  fight.settle();
  EXPECT_EQ(fight.verdict(), transport_error_code::transport_parameter_error) << fight.why_closed();
}

// [rfc9000 18.2#5]
TEST(preferred_address, with_an_id_from_a_server_that_uses_none_is_an_error) {
  auto options = preferring(preferred_endpoint, preferred_address_policy::ignore);
  options.peer_id = connection_id();
  duel fight(endpoint_role::client, options);
  fight.settle();
  EXPECT_EQ(fight.verdict(), transport_error_code::transport_parameter_error) << fight.why_closed();
}

// [rfc9000 9.6.2#2 9.6.2#3]
TEST(preferred_address, of_a_server_is_announced_with_an_id_and_used_when_the_client_has_moved) {
  duel fight(endpoint_role::server, {.transport = {.preferred_address_v4 = preferred_endpoint}});
  fight.shake_hands();
  const auto offered = fight.peer.peer_transport_parameters().preferred_address;
  ASSERT_TRUE(offered);
  EXPECT_EQ(offered->v4, preferred_endpoint);
  EXPECT_FALSE(offered->v6);
  fight.send_frames(space_id::application_data, wire::new_connection_id_frame{.sequence = 1, .id = make_id(0x11)});
  fight.settle();
  const network_path there{preferred_endpoint, fight.path.peer};
  // A probe is answered from there, and the server probes in turn; data stays where it is.
  fight.peer.set_peer_id(offered->id);
  fight.peer.forget_packets();
  fight.send(packet_with(fight, payload_of(wire::path_challenge_frame{.data = {5}})), there);
  fight.collect();
  EXPECT_EQ(fight.peer.last<wire::path_response_frame>()->data, wire::path_data{5});
  EXPECT_TRUE(fight.peer.last<wire::path_challenge_frame>());
  fight.peer.visit([](const test::peer_packet& packet, const wire::frame& frame) {
    if (std::holds_alternative<wire::path_response_frame>(frame)) {
      EXPECT_EQ(packet.destination, make_id(0x11));
    }
  });
  EXPECT_EQ(fight.connection->path(), fight.path);
  // A client that speaks there before the path is validated is not answered there yet.
  fight.send(ping(fight), there);
  EXPECT_EQ(fight.connection->path(), fight.path);
  fight.send(answer(fight), there);
  EXPECT_EQ(fight.connection->path(), there);
}

}  // namespace
}  // namespace quasio::quic
