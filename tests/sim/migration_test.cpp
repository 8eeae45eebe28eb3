// Clients that move while they transfer, servers that prefer another address, and attackers that make it look as if a
// client had moved (RFC 9000, section 9).

#include <gtest/gtest.h>

#include <algorithm>

#include "sim/transfer.hpp"
#include "sim/world.hpp"

namespace quasio::sim {
namespace {

using namespace std::chrono_literals;

/// A transfer between a client that may move and its server.
struct journey {
  std::shared_ptr<transfer_report> client = std::make_shared<transfer_report>();
  std::shared_ptr<transfer_report> server = std::make_shared<transfer_report>();
  world network;

  explicit journey(const world_settings& settings, const transfer_plan& plan = {.bytes_per_stream = 300'000})
      : network((seed_openssl(settings.seed), settings),
                std::make_unique<transfer>(endpoint_role::client, plan, client),
                [this, plan] { return std::make_unique<transfer>(endpoint_role::server, plan, server); }) {}

  bool is_done() const { return client->done && server->done; }

  /// Lets the network run for this long, or until the transfer is done.
  void run(duration time) {
    const time_point until = network.now() + time;
    network.run_until([&] { return is_done() || network.now() >= until; }, time);
  }

  /// Lets the network run until the handshake is confirmed and there are IDs to move with.
  void run_until_movable() {
    network.run_until(
        [this] {
          const auto probed = connection().probe_path(connection().path(), network.now());
          return probed.has_value() || is_done();
        },
        60s);
  }

  void finish(duration limit = 120s) {
    network.run_until([this] { return is_done(); }, limit);
    EXPECT_TRUE(is_done());
    EXPECT_EQ(client->failure, "");
    EXPECT_EQ(server->failure, "");
    EXPECT_TRUE(network.amplification_kept());
  }

  quic::connection& connection() { return network.client().connection(); }

  /// The server's end; null when it is gone.
  quic::connection* server_connection() {
    const auto& all = network.server().connections();
    return all.empty() ? nullptr : &all.front()->connection();
  }

  /// Moves to a new address of the client's, as soon as there is an ID to do it with.
  ip_endpoint move(quic::migration_timing when = quic::migration_timing::at_once) {
    const ip_endpoint next = network.add_client_address();
    move_to(next, when);
    return next;
  }

  void move_to(const ip_endpoint& next, quic::migration_timing when = quic::migration_timing::at_once) {
    network.run_until(
        [&] {
          return is_done() || connection().migrate({next, connection().path().peer}, network.now(), when).has_value();
        },
        30s);
  }
};

world_settings between(const link_settings& link, std::uint64_t seed) {
  return {.seed = seed, .to_server = link, .to_client = link};
}

link_settings lossy(double loss) { return {.delay = 15ms, .loss = loss, .bits_per_second = 10'000'000}; }

TEST(sim_migration, at_once_away_from_a_network_that_is_gone) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    journey trip(between(lossy(0.03), seed));
    trip.run_until_movable();
    trip.run(5ms * static_cast<int>(seed));
    trip.network.set_reachable(trip.connection().path().local, false);
    const ip_endpoint next = trip.move();
    trip.finish();
    EXPECT_EQ(trip.connection().path().local, next);
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(sim_migration, when_validated_never_interrupts) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    journey trip(between(lossy(0.05), seed));
    trip.run_until_movable();
    trip.run(5ms * static_cast<int>(seed));
    trip.move(quic::migration_timing::when_validated);
    trip.finish();
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(sim_migration, again_and_again_as_ids_are_supplied_anew) {
  for (std::uint64_t seed = 1; seed <= 15; ++seed) {
    SCOPED_TRACE(seed);
    journey trip(between(lossy(0.02), seed), {.bytes_per_stream = 1'500'000});
    trip.run_until_movable();
    for (int hop = 0; hop < 8 && !trip.is_done(); ++hop) {
      trip.move();
      trip.run(150ms);
    }
    trip.finish();
    EXPECT_GE(trip.connection().statistics().path_changes, 5u);
    EXPECT_EQ(trip.connection().statistics().path_failures, 0u);
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(sim_migration, to_a_dead_network_comes_back) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    journey trip(between(lossy(0.02), seed));
    trip.run_until_movable();
    const network_path home = trip.connection().path();
    const ip_endpoint dead = trip.network.add_client_address();
    trip.network.set_reachable(dead, false);
    trip.move_to(dead);
    trip.finish();
    EXPECT_EQ(trip.connection().path(), home);
    EXPECT_EQ(trip.connection().statistics().path_failures, 1u);
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(sim_migration, survives_the_loss_of_any_one_or_two_datagrams) {
  for (int first = 0; first < 14; ++first) {
    for (const int second : {-1, first + 1, first + 3}) {
      SCOPED_TRACE(first * 100 + second);
      journey trip(between(lossy(0), 7), {.bytes_per_stream = 100'000});
      trip.run_until_movable();
      int count = 0;
      trip.network.filter_arrivals([&](byte_view, bool) {
        const int index = count++;
        return index != first && index != second;
      });
      trip.network.set_reachable(trip.connection().path().local, false);
      trip.move();
      trip.finish(60s);
      if (::testing::Test::HasFailure()) return;
    }
  }
}

TEST(sim_migration, survives_when_most_of_the_first_second_is_lost) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(seed);
    journey trip(between(lossy(0), seed), {.bytes_per_stream = 100'000});
    trip.run_until_movable();
    trip.move();
    trip.network.to_server().change(lossy(0.6));
    trip.network.to_client().change(lossy(0.6));
    trip.run(1s);
    trip.network.to_server().change(lossy(0));
    trip.network.to_client().change(lossy(0));
    trip.finish(90s);
    if (::testing::Test::HasFailure()) return;
  }
}

// --- Preferred addresses --------------------------------------------------------------------------------------------

const ip_endpoint preferred = ip_endpoint::v4({10, 0, 0, 3}, 8443);

// [rfc9000 9.6.3#1]
TEST(sim_preferred_address, is_where_the_transfer_goes_on) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    world_settings settings = between(lossy(seed % 2 == 0 ? 0.05 : 0), seed);
    settings.server.preferred_address_v4 = preferred;
    journey trip(settings);
    trip.network.add_server_address(preferred);
    trip.finish();
    if (seed % 2 == 1) {
      EXPECT_EQ(trip.connection().path().peer, preferred);
      if (const auto* end = trip.server_connection()) {
        EXPECT_EQ(end->path().local, preferred);
      }
    }
    if (::testing::Test::HasFailure()) return;
  }
}

// [rfc9000 9.6.1#1]
TEST(sim_preferred_address, that_leads_nowhere_does_no_harm) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE(seed);
    world_settings settings = between(lossy(0.02), seed);
    settings.server.preferred_address_v4 = preferred;
    journey trip(settings);
    trip.finish();
    EXPECT_EQ(trip.connection().path().peer, trip.network.server_address());
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(sim_preferred_address, and_the_client_moving_on_from_there) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    world_settings settings = between(lossy(0.01), seed);
    settings.server.preferred_address_v4 = preferred;
    journey trip(settings, {.bytes_per_stream = 1'000'000});
    trip.network.add_server_address(preferred);
    trip.network.run_until([&] { return trip.is_done() || trip.connection().path().peer == preferred; }, 30s);
    trip.move();
    trip.finish();
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(sim_preferred_address, behind_a_nat_that_maps_it_to_another_port) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    world_settings settings = between(lossy(0.01), seed);
    settings.server.preferred_address_v4 = preferred;
    journey trip(settings);
    trip.network.add_server_address(preferred);
    trip.run_until_movable();
    trip.run(3ms * static_cast<int>(seed));
    trip.network.rebind_client();
    trip.finish();
    if (::testing::Test::HasFailure()) return;
  }
}

// --- Attackers ------------------------------------------------------------------------------------------------------

const ip_endpoint attacker = ip_endpoint::v4({203, 0, 113, 66}, 6666);

/// Somebody on the way who forwards copies of the client's datagrams from an address of its own, so that they overtake
/// the true ones.
struct copying_attacker {
  explicit copying_attacker(journey& trip) : victim(trip) {
    victim.network.filter_arrivals([this](byte_view bytes, bool at_server) {
      if (at_server && active && victim.connection().is_established()) {
        sent += bytes.size();
        victim.network.inject_to_server({bytes.begin(), bytes.end()}, attacker);
      }
      return true;
    });
    victim.network.on_stray([this](byte_view bytes, const network_path& path) {
      if (path.local != attacker) return;
      received += bytes.size();
      if (forwards && active) victim.network.inject_to_client({bytes.begin(), bytes.end()});
    });
  }

  journey& victim;
  bool active = true;
  bool forwards = false;
  std::uint64_t sent = 0;
  std::uint64_t received = 0;
};

TEST(sim_attack, copies_that_overtake_do_not_stop_a_transfer) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    journey trip(between(lossy(0.01), seed), {.bytes_per_stream = 100'000});
    copying_attacker thief(trip);
    trip.run(3s);
    thief.active = false;
    trip.finish();
    EXPECT_GT(thief.sent, 0u);
    EXPECT_LE(thief.received, 3 * thief.sent) << "nothing was proved there";
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(sim_attack, a_few_copies_cost_little) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    journey trip(between(lossy(0), seed), {.bytes_per_stream = 300'000});
    copying_attacker thief(trip);
    thief.active = false;
    trip.run_until_movable();
    trip.run(10ms * static_cast<int>(seed));
    thief.active = true;
    trip.run(20ms);
    thief.active = false;
    const time_point then = trip.network.now();
    trip.finish();
    EXPECT_LT(trip.network.now() - then, 3s);
    EXPECT_LE(thief.received, 3 * thief.sent);
    if (const auto* end = trip.server_connection()) {
      EXPECT_EQ(end->path().peer, trip.network.seen_by_server(trip.connection().path().local));
    }
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(sim_attack, who_forwards_both_ways_is_rid_of_when_it_stops) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    journey trip(between(lossy(0), seed), {.bytes_per_stream = 300'000});
    copying_attacker thief(trip);
    thief.forwards = true;
    trip.run(500ms);
    thief.active = false;
    trip.finish();
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(sim_attack, copies_from_many_addresses_are_bounded_for_each) {
  std::map<ip_endpoint, std::uint64_t> sent;
  std::map<ip_endpoint, std::uint64_t> received;
  journey trip(between(lossy(0.01), 3), {.bytes_per_stream = 100'000});
  std::uint16_t port = 1;
  bool active = true;
  trip.network.filter_arrivals([&](byte_view bytes, bool at_server) {
    if (!at_server || !active || !trip.connection().is_established()) return true;
    const ip_endpoint from = ip_endpoint::v4({203, 0, 113, static_cast<std::uint8_t>(port % 50)}, port);
    ++port;
    sent[from] += bytes.size();
    trip.network.inject_to_server({bytes.begin(), bytes.end()}, from);
    return true;
  });
  trip.network.on_stray([&](byte_view bytes, const network_path& path) { received[path.local] += bytes.size(); });
  trip.run(3s);
  active = false;
  trip.finish();
  EXPECT_GT(sent.size(), 20u);
  for (const auto& [address, bytes] : received) EXPECT_LE(bytes, 3 * sent[address]) << address.to_string();
}

}  // namespace
}  // namespace quasio::sim
