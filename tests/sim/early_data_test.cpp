// Early data over networks that lose any packet of it, ends that reject it, and servers that want proof first.

#include "sim/simulation.hpp"

namespace quasio::sim {
namespace {

using namespace std::chrono_literals;

/// What a former connection under these settings leaves to the client.
quic::saved_session fetch_session(world_settings settings) {
  settings.session.reset();
  settings.to_server = settings.to_client = {};
  settings.retry = quic::retry_policy::never;
  simulation first(settings, {.bytes_per_stream = 100});
  first.finish();
  first.network.run_until([&] { return first.client->session != nullptr; }, 1s);
  if (!first.client->session) throw std::runtime_error("no session came");
  return *first.client->session;
}

world_settings resumable(const link_settings& link, std::uint64_t seed = 1) {
  world_settings settings = between(link, seed);
  settings.early_data.accept = true;
  settings.client.handshake_timeout = settings.server.handshake_timeout = 120s;
  settings.client.max_idle_timeout = settings.server.max_idle_timeout = 120s;
  return settings;
}

/// Rejects what clients bring back.
void change_application(world_settings& settings) { settings.early_data.application_context = {1}; }

struct early_run {
  explicit early_run(const world_settings& settings, const transfer_plan& plan) : run(settings, plan) {
    run.finish(240s);
    run.expect_success();
  }

  quic::early_data_status status() { return run.network.client().connection().handshake().early_data; }

  simulation run;
};

TEST(early_data, saves_a_round_trip) {
  world_settings settings = resumable({.delay = 50ms});
  const transfer_plan plan{.bytes_per_stream = 4000};
  const auto time_of = [&] {
    simulation run(settings, plan);
    const time_point begin = run.network.now();
    run.network.run_until([&] { return run.client->done; }, 10s);
    return run.network.now() - begin;
  };
  const duration full = time_of();
  settings.session = fetch_session(settings);
  const duration early = time_of();
  EXPECT_GE(full - early, 95ms) << full.count() << " " << early.count();
}

TEST(early_data, completes_whichever_datagram_is_lost) {
  world_settings settings = resumable({.delay = 20ms});
  const auto session = fetch_session(settings);
  for (const bool rejected : {false, true}) {
    if (rejected) change_application(settings);
    for (const bool to_server : {true, false}) {
      for (std::uint64_t number = 0; number < 14; ++number) {
        SCOPED_TRACE(std::to_string(number) + (to_server ? " to the server" : " to the client") +
                     (rejected ? ", rejected" : ""));
        settings.session = session;
        settings.lose_to_server = to_server ? std::optional(number) : std::nullopt;
        settings.lose_to_client = to_server ? std::nullopt : std::optional(number);
        early_run resumed(settings, {.streams = 2, .bytes_per_stream = 6000});
        EXPECT_EQ(resumed.status(), rejected ? quic::early_data_status::rejected : quic::early_data_status::accepted);
        EXPECT_EQ(resumed.run.client->early_data_rejected, rejected);
        EXPECT_TRUE(!rejected || resumed.run.server->early_streams == 0);
        if (::testing::Test::HasFailure()) return;
      }
    }
  }
}

TEST(early_data, completes_on_bad_networks) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    world_settings settings = resumable({.delay = 15ms,
                                         .jitter = 3ms,
                                         .loss = 0.15,
                                         .duplication = 0.05,
                                         .corruption = 0.02,
                                         .reordering = 0.2,
                                         .reorder_delay = 10ms},
                                        seed);
    settings.session = fetch_session(settings);
    settings.retry = seed % 3 == 0 ? quic::retry_policy::always : quic::retry_policy::never;
    if (seed % 4 == 0) change_application(settings);
    early_run resumed(settings, {.streams = 1 + seed % 4, .bytes_per_stream = 40'000});
    EXPECT_EQ(resumed.status(), seed % 4 == 0 ? quic::early_data_status::rejected : quic::early_data_status::accepted);
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(early_data, goes_with_a_retry) {
  world_settings settings = resumable({.delay = 20ms});
  settings.session = fetch_session(settings);
  settings.retry = quic::retry_policy::always;
  early_run resumed(settings, {.bytes_per_stream = 6000});
  EXPECT_EQ(resumed.status(), quic::early_data_status::accepted);
  EXPECT_EQ(resumed.run.server->early_streams, 1u);
}

TEST(early_data, that_is_rejected_keeps_to_limits_that_have_shrunk) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    world_settings settings = resumable({.delay = 10ms, .loss = 0.05}, seed);
    settings.session = fetch_session(settings);
    settings.server.initial_connection_window = settings.server.max_connection_window = 5000;
    settings.server.initial_stream_window = settings.server.max_stream_window = 1200;
    settings.server.max_concurrent_bidirectional_streams = 3;
    early_run resumed(settings, {.streams = 20, .bytes_per_stream = 5000});
    EXPECT_EQ(resumed.status(), quic::early_data_status::rejected);
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace quasio::sim
