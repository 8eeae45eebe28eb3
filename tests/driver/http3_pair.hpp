#pragma once

#include <memory>
#include <string>
#include <utility>

#include "quasio/driver/http3_client.hpp"
#include "quasio/driver/http3_server.hpp"
#include "runtime/loopback.hpp"

namespace quasio::test {

inline http3::server_options serve_on_loopback() {
  http3::server_options options;
  options.endpoints = {loopback()};
  options.tls = server_tls();
  return options;
}

inline http3::client_options trusting_client() {
  http3::client_options options;
  options.tls = client_tls();
  return options;
}

/// A server and a client on one io_context.
struct http3_pair {
  explicit http3_pair(http3::request_handler handler, http3::server_options server_with = serve_on_loopback(),
                      http3::client_options client_with = trusting_client())
      : server(context.get_executor(), std::move(server_with)), client(context.get_executor(), std::move(client_with)) {
    server.handle(std::move(handler));
    endpoint = server.start().front();
  }

  std::string url(const std::string& target = "/") const {
    return "https://localhost:" + std::to_string(endpoint.port) + target;
  }

  asio::io_context context{1};
  http3::server server;
  http3::client client;
  ip_endpoint endpoint;
};

}  // namespace quasio::test
