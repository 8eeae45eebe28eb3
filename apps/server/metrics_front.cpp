#include "server/metrics_front.hpp"

#include <limits>
#include <string_view>
#include <utility>

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>
#include <spdlog/spdlog.h>
#include <boost/asio/redirect_error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include "quasio/net/endpoint.hpp"

namespace quasio::apps {

namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;

constexpr const char* text_format = "text/plain; version=0.0.4; charset=utf-8";

// When the process has no descriptor left, accept() fails at once, again and again.
constexpr std::chrono::milliseconds pause_after_failed_accept{100};

prometheus::MetricType type_of(runtime::metric_kind kind) {
  switch (kind) {
    case runtime::metric_kind::counter:
      return prometheus::MetricType::Counter;
    case runtime::metric_kind::gauge:
      return prometheus::MetricType::Gauge;
    case runtime::metric_kind::histogram:
      return prometheus::MetricType::Histogram;
  }
  return prometheus::MetricType::Untyped;
}

// Prometheus wants each bucket to hold what lies in those before it, too.
prometheus::ClientMetric::Histogram to_prometheus(const runtime::histogram_snapshot& from) {
  prometheus::ClientMetric::Histogram to;
  to.sample_count = from.total;
  to.sample_sum = from.sum;
  std::uint64_t so_far = 0;
  for (std::size_t index = 0; index < from.counts.size(); ++index) {
    so_far += from.counts[index];
    const bool is_last = index == from.bounds.size();
    to.bucket.push_back({so_far, is_last ? std::numeric_limits<double>::infinity() : from.bounds[index]});
  }
  return to;
}

prometheus::ClientMetric to_prometheus(const runtime::metric_sample& from, runtime::metric_kind kind) {
  prometheus::ClientMetric to;
  for (const runtime::metric_label& label : from.labels) to.label.push_back({label.name, label.value});
  switch (kind) {
    case runtime::metric_kind::counter:
      to.counter.value = from.value;
      break;
    case runtime::metric_kind::gauge:
      to.gauge.value = from.value;
      break;
    case runtime::metric_kind::histogram:
      to.histogram = to_prometheus(from.histogram);
      break;
  }
  return to;
}

ip_endpoint to_ip_endpoint(const asio::ip::tcp::endpoint& endpoint) {
  return net::to_ip_endpoint(asio::ip::udp::endpoint(endpoint.address(), endpoint.port()));
}

http::response<http::string_body> answer_to(const http::request_header<>& head, const metrics_front::source& metrics) {
  http::response<http::string_body> answer;
  answer.version(11);
  answer.keep_alive(false);
  answer.set(http::field::content_type, "text/plain; charset=utf-8");
  const std::string_view target(head.target().data(), head.target().size());
  const bool is_asked_for = target == "/metrics" || target.substr(0, 9) == "/metrics?";
  if (head.method() != http::verb::get && head.method() != http::verb::head) {
    answer.result(http::status::method_not_allowed);
    answer.set(http::field::allow, "GET, HEAD");
    answer.body() = "GET /metrics\n";
  } else if (!is_asked_for) {
    answer.result(http::status::not_found);
    answer.body() = "The metrics are at /metrics.\n";
  } else {
    answer.result(http::status::ok);
    answer.set(http::field::content_type, text_format);
    answer.body() = to_prometheus_text(metrics());
  }
  answer.prepare_payload();
  if (head.method() == http::verb::head) answer.body().clear();
  return answer;
}

}  // namespace

std::string to_prometheus_text(const std::vector<runtime::metric_family>& families) {
  std::vector<prometheus::MetricFamily> all;
  for (const runtime::metric_family& from : families) {
    prometheus::MetricFamily to;
    to.name = from.name;
    to.help = from.help;
    to.type = type_of(from.kind);
    for (const runtime::metric_sample& sample : from.samples) to.metric.push_back(to_prometheus(sample, from.kind));
    all.push_back(std::move(to));
  }
  return prometheus::TextSerializer().Serialize(all);
}

metrics_front::metrics_front(asio::any_io_executor executor, source metrics, metrics_limits limits)
    : executor_(std::move(executor)), metrics_(std::move(metrics)), limits_(limits), acceptor_(executor_) {}

ip_endpoint metrics_front::listen(const ip_endpoint& at, error_code& error) {
  const auto wanted = net::to_udp_endpoint(at);
  const asio::ip::tcp::endpoint endpoint(wanted.address(), wanted.port());
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(asio::ip::tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    error_code ignored;
    acceptor_.close(ignored);
    return {};
  }
  const ip_endpoint bound = to_ip_endpoint(acceptor_.local_endpoint(error));
  asio::co_spawn(executor_, accept(), asio::bind_cancellation_slot(closing_.slot(), asio::detached));
  return bound;
}

void metrics_front::close() {
  error_code ignored;
  acceptor_.close(ignored);
  closing_.emit(asio::cancellation_type::terminal);
}

asio::awaitable<void> metrics_front::accept() {
  asio::steady_timer pause(executor_);
  while (acceptor_.is_open()) {
    error_code error;
    auto socket = co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, error));
    if (error == asio::error::operation_aborted || error == asio::error::bad_descriptor) co_return;
    if (error) {
      pause.expires_after(pause_after_failed_accept);
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
      continue;
    }
    if (connections_ >= limits_.max_connections) continue;
    ++connections_;
    asio::co_spawn(executor_, serve(std::move(socket)), [this](const std::exception_ptr&) { --connections_; });
  }
}

// One request a connection: a scraper comes every few seconds.
asio::awaitable<void> metrics_front::serve(asio::ip::tcp::socket socket) {
  beast::tcp_stream stream(std::move(socket));
  beast::flat_buffer received;
  http::request_parser<http::empty_body> parser;
  parser.header_limit(limits_.header_size);
  stream.expires_after(limits_.patience);
  error_code error;
  co_await http::async_read_header(stream, received, parser, asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return;
  const auto answer = answer_to(parser.get().base(), metrics_);
  stream.expires_after(limits_.patience);
  co_await http::async_write(stream, answer, asio::redirect_error(asio::use_awaitable, error));
  if (error) spdlog::debug("metrics could not be sent: {}", error.message());
  stream.socket().shutdown(asio::ip::tcp::socket::shutdown_send, error);
}

}  // namespace quasio::apps
