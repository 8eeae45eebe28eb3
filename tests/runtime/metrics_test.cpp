// Counters, and what becomes of them when they are collected.

#include <set>
#include <thread>

#include "quasio/runtime/metrics.hpp"
#include "runtime/echo_server.hpp"

namespace quasio::test {
namespace {

using runtime::counters;
using runtime::metric_family;

const metric_family& family(const std::vector<metric_family>& all, std::string_view name) {
  const auto found = std::ranges::find(all, name, &metric_family::name);
  EXPECT_NE(found, all.end()) << name;
  static const metric_family none{};
  return found != all.end() ? *found : none;
}

double value(const std::vector<metric_family>& all, std::string_view name, std::string_view label = {}) {
  for (const auto& sample : family(all, name).samples) {
    if (label.empty() ? sample.labels.empty() : !sample.labels.empty() && sample.labels[0].value == label)
      return sample.value;
  }
  ADD_FAILURE() << name << " has no sample " << label;
  return -1;
}

TEST(histogram, puts_values_where_they_belong) {
  static constexpr std::array<double, 3> bounds = {1, 2, 5};
  runtime::histogram histogram(bounds);
  for (const double each : {0.5, 1.0, 1.5, 5.0, 5.1, 100.0}) histogram.observe(each);
  EXPECT_EQ(histogram.in_bucket(0), 2u);  // Up to 1, with 1.
  EXPECT_EQ(histogram.in_bucket(1), 1u);
  EXPECT_EQ(histogram.in_bucket(2), 1u);
  EXPECT_EQ(histogram.in_bucket(3), 2u);
  EXPECT_DOUBLE_EQ(histogram.sum(), 113.1);
}

TEST(subnet_counters, count_networks_and_not_addresses) {
  runtime::subnet_counters subnets;
  subnets.count_accepted(ip_endpoint::v4({192, 0, 2, 1}, 1));
  subnets.count_accepted(ip_endpoint::v4({192, 0, 15, 255}, 2));
  subnets.count_rejected(ip_endpoint::v4({192, 0, 16, 1}, 1));
  ip_endpoint v6;
  v6.address = {0x20, 0x01, 0x0d, 0xb8, 9, 9};
  subnets.count_rejected(v6);
  v6.address[4] = 8;
  subnets.count_accepted(v6);
  std::set<std::tuple<std::string, std::uint64_t, std::uint64_t>> seen;
  for (const auto& row : subnets.rows()) seen.insert({row.subnet, row.accepted, row.rejected});
  EXPECT_EQ(seen, (std::set<std::tuple<std::string, std::uint64_t, std::uint64_t>>{
                      {"192.0.0.0/20", 2, 0}, {"192.0.16.0/20", 0, 1}, {"2001:db8::/32", 1, 1}}));
}

TEST(subnet_counters, do_not_grow_and_lose_nothing) {
  runtime::subnet_counters subnets;
  for (unsigned a = 0; a < 100; ++a) {
    for (unsigned b = 0; b < 100; ++b) {
      subnets.count_accepted(
          ip_endpoint::v4({static_cast<std::uint8_t>(a + 1), static_cast<std::uint8_t>(b), 0, 1}, 1));
    }
  }
  const auto rows = subnets.rows();
  EXPECT_LE(rows.size(), runtime::subnet_counters::capacity + 1);
  std::uint64_t total = 0;
  for (const auto& row : rows) total += row.accepted;
  EXPECT_EQ(total, 10'000u);
  EXPECT_EQ(rows.back().subnet, "other");
}

TEST(metrics, are_summed_over_shards) {
  counters one;
  counters two;
  one.connections_accepted.add(3);
  two.connections_accepted.add(4);
  one.handshake_failures[runtime::handshake_failure::timeout].add(2);
  one.handshake_protocol_seconds.observe(0.02);
  two.handshake_protocol_seconds.observe(0.02);
  two.handshake_protocol_seconds.observe(100);
  const std::vector<const counters*> shards = {&one, &two};
  const auto all = runtime::collect_metrics(shards);
  EXPECT_EQ(value(all, "quasio_connections_accepted_total"), 7);
  EXPECT_EQ(value(all, "quasio_failed_handshakes_total", "timeout"), 2);
  EXPECT_EQ(value(all, "quasio_failed_handshakes_total", "tls"), 0);
  const auto& times = family(all, "quasio_handshake_time_seconds");
  ASSERT_EQ(times.samples.size(), 3u);
  const auto& protocol = times.samples[1];
  EXPECT_EQ(protocol.labels[0], (runtime::metric_label{"stage", "protocol"}));
  EXPECT_EQ(protocol.histogram.total, 3u);
  EXPECT_EQ(protocol.histogram.counts.back(), 1u);
  EXPECT_EQ(protocol.histogram.counts.size(), protocol.histogram.bounds.size() + 1);
  EXPECT_NEAR(protocol.histogram.sum, 100.04, 1e-9);
}

TEST(metrics, have_names_and_kinds_that_go_together) {
  const counters one;
  const std::vector<const counters*> shards = {&one};
  std::set<std::string> names;
  for (const auto& each : runtime::collect_metrics(shards)) {
    EXPECT_TRUE(names.insert(each.name).second) << each.name << " is there twice";
    EXPECT_TRUE(each.name.starts_with("quasio_")) << each.name;
    EXPECT_EQ(each.name.ends_with("_total"), each.kind == runtime::metric_kind::counter) << each.name;
    EXPECT_FALSE(each.help.empty()) << each.name;
  }
}

TEST(metrics, may_be_collected_while_connections_run) {
  echo_server server;
  std::atomic<bool> over{false};
  double last = 0;
  std::thread scraper([&] {
    const std::vector<const counters*> shards = {&server.shard.counters()};
    while (!over) {
      const double turns = value(runtime::collect_metrics(shards), "quasio_worker_turns_total");
      EXPECT_GE(turns, last);
      last = turns;
    }
  });
  run(server.context, [](echo_server& at) -> asio::awaitable<void> {
    quic_connection connection = co_await at.connect();
    quic_stream stream = co_await connection.async_open_stream(stream_direction::bidirectional);
    const std::string text(2'000'000, 'x');
    asio::co_spawn(
        at.context,
        [](quic_stream& to, const std::string& what) -> asio::awaitable<void> {
          co_await asio::async_write(to, asio::buffer(what), asio::use_awaitable);
          to.finish();
        }(stream, text),
        asio::detached);
    std::string answer;
    co_await asio::async_read(stream, asio::dynamic_buffer(answer), asio::as_tuple(asio::use_awaitable));
    EXPECT_EQ(answer.size(), text.size());
    connection.close(0);
    co_await connection.async_wait_closed();
  }(server));
  over = true;
  scraper.join();
  const std::vector<const counters*> shards = {&server.shard.counters()};
  const auto all = runtime::collect_metrics(shards);
  EXPECT_EQ(value(all, "quasio_connections_established_total"), 2) << "both ends are on this shard";
  EXPECT_EQ(value(all, "quasio_connections_accepted_total"), 1);
  EXPECT_GT(value(all, "quasio_worker_turn_time_seconds_total"), 0);
  EXPECT_GT(family(all, "quasio_worker_schedule_delay_seconds").samples[0].histogram.total, 0u);
  EXPECT_EQ(family(all, "quasio_worker_turn_seconds").samples[0].histogram.total,
            static_cast<std::uint64_t>(value(all, "quasio_worker_turns_total")));
  EXPECT_EQ(value(all, "quasio_connections_ended_total", "closed_here"), 1);
}

}  // namespace
}  // namespace quasio::test
