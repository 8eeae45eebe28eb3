// Metrics of a server: they agree with what clients count, and with the documentation.

#include <fstream>
#include <sstream>

#include "driver/http3_pair.hpp"

namespace quasio::test {
namespace {

using runtime::metric_family;

double value(const std::vector<metric_family>& all, std::string_view name, std::string_view label = {}) {
  for (const auto& each : all) {
    if (each.name != name) continue;
    for (const auto& sample : each.samples) {
      if (label.empty() || (!sample.labels.empty() && sample.labels[0].value == label))
        return each.kind == runtime::metric_kind::histogram ? static_cast<double>(sample.histogram.total)
                                                            : sample.value;
    }
  }
  ADD_FAILURE() << name << " has no sample " << label;
  return -1;
}

asio::awaitable<void> answer_as_asked(http3::request& request, http3::response& response) {
  if (request.path() == "/missing") response.status(404);
  if (request.path() == "/broken") throw std::runtime_error("broken");
  if (request.path() == "/early") co_await response.informational(103);
  const std::string body = co_await request.read_all();
  co_await response.finish(std::string(100, 'x') + body);
}

template <class Condition>
void run_for_a_while(http3_pair& pair, Condition until) {
  const auto limit = std::chrono::steady_clock::now() + 10s;
  while (!until()) {
    ASSERT_LT(std::chrono::steady_clock::now(), limit);
    pair.context.restart();
    pair.context.run_for(5ms);
  }
}

TEST(h3_metrics, agree_with_what_the_client_counted) {
  auto options = serve_on_loopback();
  options.threads = 2;
  std::atomic<int> audits{0};
  std::atomic<std::uint64_t> audited_bytes{0};
  options.on_exchange = [&](const driver::exchange_audit& audit) {
    ++audits;
    audited_bytes += audit.body_bytes_sent;
  };
  http3_pair pair(answer_as_asked, options);
  std::uint64_t bytes = 0;
  run(pair.context, [](http3_pair& at, std::uint64_t& total) -> asio::awaitable<void> {
    for (int i = 0; i < 30; ++i) total += (co_await (co_await at.client.get(at.url())).read_all()).size();
    for (int i = 0; i < 5; ++i) {
      auto posted = co_await at.client.post(at.url(), std::string(1000, 'y'), "text/plain");
      total += (co_await posted.read_all()).size();
    }
    for (const char* const path : {"/missing", "/broken", "/early"}) {
      total += (co_await (co_await at.client.get(at.url(path))).read_all()).size();
    }
  }(pair, bytes));
  const auto eventually = std::chrono::steady_clock::now() + 10s;
  while (value(pair.server.metrics(), "quasio_h3_exchanges_open") > 0) {
    ASSERT_LT(std::chrono::steady_clock::now(), eventually);
    pair.context.restart();
    pair.context.run_for(5ms);
  }
  const auto all = pair.server.metrics();
  EXPECT_EQ(value(all, "quasio_h3_requests_total", "GET"), 33);
  EXPECT_EQ(value(all, "quasio_h3_requests_total", "POST"), 5);
  EXPECT_EQ(value(all, "quasio_h3_responses_total", "1xx"), 1);
  EXPECT_EQ(value(all, "quasio_h3_responses_total", "2xx"), 36);
  EXPECT_EQ(value(all, "quasio_h3_responses_total", "4xx"), 1);
  EXPECT_EQ(value(all, "quasio_h3_responses_total", "5xx"), 1);
  EXPECT_EQ(value(all, "quasio_h3_body_bytes_sent_total"), static_cast<double>(bytes));
  EXPECT_EQ(value(all, "quasio_h3_body_bytes_received_total"), 5000);
  EXPECT_EQ(value(all, "quasio_h3_response_seconds"), 38);
  EXPECT_EQ(value(all, "quasio_h3_exchange_seconds"), 38);
  EXPECT_EQ(value(all, "quasio_h3_connections_open"), 1);
  EXPECT_EQ(value(all, "quasio_connections_accepted_total"), 1);
  EXPECT_EQ(audits, 38);
  EXPECT_EQ(audited_bytes, bytes);
}

TEST(h3_metrics, tell_what_http3_counts_by_itself) {
  auto server_with = serve_on_loopback();
  server_with.http3.enable_connect_protocol = true;
  server_with.http3.datagrams.enable = true;
  auto client_with = trusting_client();
  client_with.http3.datagrams.enable = true;
  client_with.counters = std::make_shared<driver::h3_counters>();
  http3_pair pair(
      [](http3::request& request, http3::response& response) -> asio::awaitable<void> {
        co_await response.write(asio::const_buffer());
        std::array<char, 100> buffer;
        const std::size_t size = co_await request.datagrams().async_receive_datagram(asio::buffer(buffer));
        co_await request.datagrams().async_send_datagram(asio::buffer(buffer, size));
        co_await request.read_all();
      },
      server_with, client_with);
  run(pair.context, [](http3_pair& at) -> asio::awaitable<void> {
    http3::client_request what;
    what.protocol = "made-up";
    what.url = at.url();
    auto tunnel = co_await at.client.request(what);
    tunnel.set_priority({.urgency = 1});
    std::array<char, 100> buffer;
    co_await tunnel.datagrams().async_send_datagram(asio::buffer("hello", 5));
    EXPECT_EQ(co_await tunnel.datagrams().async_receive_datagram(asio::buffer(buffer)), 5u);
    co_await tunnel.writer().async_finish(asio::const_buffer());
    EXPECT_EQ(co_await tunnel.read_all(), "");
  }(pair));
  run_for_a_while(pair, [&] { return value(pair.server.metrics(), "quasio_h3_exchanges_open") == 0; });
  const auto all = pair.server.metrics();
  EXPECT_EQ(value(all, "quasio_h3_datagrams_received_total"), 1);
  EXPECT_EQ(value(all, "quasio_h3_datagrams_sent_total"), 1);
  EXPECT_EQ(value(all, "quasio_h3_datagram_bytes_received_total"), 5);
  EXPECT_EQ(value(all, "quasio_h3_datagram_bytes_sent_total"), 5);
  EXPECT_EQ(value(all, "quasio_h3_datagrams_dropped_total", "full"), 0);
  EXPECT_EQ(value(all, "quasio_h3_datagram_bytes_waiting"), 0);
  EXPECT_EQ(value(all, "quasio_h3_priority_updates_received_total"), 1);
  EXPECT_GT(value(all, "quasio_h3_field_bytes_received_total"), 0);
  EXPECT_GT(value(all, "quasio_h3_qpack_memory_bytes", "decoder"), 0);
  const driver::h3_counters& at_client = *client_with.counters;
  EXPECT_EQ(at_client.datagrams_sent.value(), 1u);
  EXPECT_EQ(at_client.priority_updates_sent.value(), 1u);
  EXPECT_EQ(at_client.field_bytes_sent.value(), value(all, "quasio_h3_field_bytes_received_total"));
  // Gauges go with their connections.
  pair.client.close();
  run_for_a_while(pair, [&] { return pair.server.open_connections() == 0; });
  EXPECT_EQ(value(pair.server.metrics(), "quasio_h3_qpack_memory_bytes", "encoder"), 0);
  EXPECT_EQ(value(pair.server.metrics(), "quasio_h3_qpack_memory_bytes", "decoder"), 0);
  EXPECT_EQ(at_client.qpack_memory[driver::qpack_side::encoder].value(), 0u);
}

TEST(h3_metrics, count_what_was_cut_off) {
  std::vector<driver::exchange_audit> audits;
  auto options = serve_on_loopback();
  options.on_exchange = [&](const driver::exchange_audit& audit) { audits.push_back(audit); };
  http3_pair pair(
      [](http3::request&, http3::response& response) -> asio::awaitable<void> {
        const std::string piece(100'000, 'x');
        for (;;) co_await response.write(piece);
      },
      options);
  run(pair.context, [](http3_pair& at) -> asio::awaitable<void> {
    {
      auto got = co_await at.client.get(at.url());
      std::string some(1000, 0);
      co_await got.async_read_some(asio::buffer(some));
    }
    asio::steady_timer wait(at.context, 100ms);
    co_await wait.async_wait(asio::use_awaitable);
  }(pair));
  ASSERT_EQ(audits.size(), 1u);
  EXPECT_EQ(audits[0].status, 200);
  EXPECT_EQ(audits[0].sent, driver::message_end::abandoned);
  EXPECT_EQ(audits[0].stop_received, http3::error_code::request_cancelled);
  EXPECT_EQ(value(pair.server.metrics(), "quasio_h3_stops_received_total", "H3_REQUEST_CANCELLED"), 1);
}

std::string_view kind_name(runtime::metric_kind kind) {
  switch (kind) {
    case runtime::metric_kind::counter:
      return "counter";
    case runtime::metric_kind::gauge:
      return "gauge";
    default:
      return "histogram";
  }
}

/// The rows of docs/metrics.md, as they have to be.
std::string table_of(const std::vector<metric_family>& all) {
  std::ostringstream out;
  for (const auto& each : all) {
    std::string label;
    if (!each.samples.empty() && !each.samples[0].labels.empty()) label = '`' + each.samples[0].labels[0].name + '`';
    if (each.name.find("_expensive_") != each.name.npos) label = "`peer_subnet`";
    out << "| `" << each.name << "` | " << kind_name(each.kind) << " | " << label << " | " << each.help << " |\n";
  }
  return out.str();
}

TEST(h3_metrics, are_all_in_the_documentation_and_nothing_else_is) {
  http3_pair pair(answer_as_asked);
  std::ifstream file(QUASIO_SOURCE_DIR "/docs/metrics.md");
  std::string documented;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("| `quasio_")) documented += line + '\n';
  }
  EXPECT_EQ(documented, table_of(pair.server.metrics())) << "docs/metrics.md must have these rows, in this order";
}

TEST(h3_metrics, codes_and_methods_have_names) {
  using namespace driver;
  EXPECT_EQ(method_of("GET"), request_method::get);
  EXPECT_EQ(method_of("get"), request_method::other);
  EXPECT_EQ(method_of("BREW"), request_method::other);
  EXPECT_EQ(method_of("other"), request_method::other);
  EXPECT_EQ(class_of(204), status_class::successful);
  EXPECT_EQ(class_of(99), status_class::other);
  EXPECT_EQ(class_of(600), status_class::other);
  for (std::uint64_t code = 0x100; code <= 0x110; ++code) {
    EXPECT_EQ(to_string(code_of(code)), http3::to_string(static_cast<http3::error_code>(code)));
  }
  for (std::uint64_t code = 0x200; code <= 0x202; ++code) {
    EXPECT_EQ(to_string(code_of(code)), http3::to_string(static_cast<http3::error_code>(code)));
  }
  EXPECT_EQ(code_of(0x33), h3_code::datagram_error);
  EXPECT_EQ(code_of(0x111), h3_code::other);
  EXPECT_EQ(code_of(0x203), h3_code::other);
  EXPECT_EQ(code_of(UINT64_MAX), h3_code::other);
}

}  // namespace
}  // namespace quasio::test
