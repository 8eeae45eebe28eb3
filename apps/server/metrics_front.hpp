#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "quasio/asio.hpp"
#include "quasio/base/endpoint.hpp"
#include "quasio/runtime/metrics.hpp"

namespace quasio::apps {

/// Metrics as Prometheus reads them (its text format, version 0.0.4).
std::string to_prometheus_text(const std::vector<runtime::metric_family>& families);

/// The limits that scrapers meet.
struct metrics_limits {
  std::size_t max_connections = 16;      ///< More are closed at once.
  std::uint32_t header_size = 8 * 1024;  ///< Of a request.
  std::chrono::seconds patience{10};     ///< For a request to come, and for the answer to be taken.
};

/// Answers GET /metrics over plain HTTP/1.1.
///
/// Threads: all calls on the executor, which must not run two handlers at once. Destroy it when the executor runs no
/// more.
class metrics_front {
public:
  using source = std::function<std::vector<runtime::metric_family>()>;

  metrics_front(asio::any_io_executor executor, source metrics, metrics_limits limits = {});

  /// Opens the port; returns it, with its true number. After an error it can be tried again.
  ip_endpoint listen(const ip_endpoint& at, error_code& error);

  /// Takes no more connections, and ends those that exist.
  void close();

private:
  asio::awaitable<void> accept();
  asio::awaitable<void> serve(asio::ip::tcp::socket socket);

  asio::any_io_executor executor_;
  source metrics_;
  metrics_limits limits_;
  asio::ip::tcp::acceptor acceptor_;
  std::size_t connections_ = 0;
  asio::cancellation_signal closing_;
};

}  // namespace quasio::apps
