#pragma once

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "quasio/asio.hpp"
#include "quasio/base/endpoint.hpp"
#include "quasio/driver/http3_client.hpp"

namespace quasio::attack {

/// How a client fared that did nothing wrong.
struct well_being {
  std::vector<double> milliseconds;           ///< Of each request on the connection that it keeps, sorted.
  std::vector<double> newcomer_milliseconds;  ///< Of each request on a new connection, handshake included, sorted.
  std::string trouble;                        ///< The first failure; empty when all went well.
  std::size_t failures = 0;

  static double percentile(const std::vector<double>& sorted, double share);
};

/// A client as people write them with the easy API, on a thread of its own: it asks for the same small thing every few
/// milliseconds on one connection, and a few times a second on a new one. It never tries a request twice.
class honest_client {
public:
  explicit honest_client(const ip_endpoint& server);
  ~honest_client();

  /// What has been since it began or was asked before.
  well_being take();

private:
  asio::awaitable<void> ask_again_and_again();
  asio::awaitable<void> come_again_and_again();
  asio::awaitable<void> ask(http3::client& with, std::vector<double>& into);

  asio::io_context context_{1};
  std::string url_;
  http3::client client_;
  well_being fared_;
  std::thread thread_;
};

}  // namespace quasio::attack
