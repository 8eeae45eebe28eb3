#pragma once

#include <chrono>
#include <exception>
#include <string>

#include <gtest/gtest.h>

#include "crypto/test_certificates.hpp"
#include "quasio/crypto/tls_context.hpp"
#include "quasio/net/endpoint.hpp"
#include "quasio/runtime/quic_connection.hpp"

namespace quasio::test {

using namespace std::chrono_literals;

/// An authority and a server certificate of it, made once a process.
struct test_identity {
  certificate authority = make_ca();
  certificate server = issue(authority);

  static const test_identity& get() {
    static const test_identity identity;
    return identity;
  }
};

inline crypto::tls_context server_tls() {
  crypto::server_options options;
  options.certificate_chain = crypto::pem::text(test_identity::get().server.certificate_pem);
  options.private_key = crypto::pem::text(test_identity::get().server.key_pem);
  return crypto::tls_context::server(options).value();
}

inline crypto::tls_context client_tls() {
  crypto::client_options options;
  options.trust_system_roots = false;
  options.additional_roots = crypto::pem::text(test_identity::get().authority.certificate_pem);
  return crypto::tls_context::client(options).value();
}

inline ip_endpoint loopback(std::uint16_t port = 0) { return ip_endpoint::v4({127, 0, 0, 1}, port); }

/// Runs a coroutine on an io_context to its end, or fails the test after `limit`.
inline void run(asio::io_context& context, asio::awaitable<void> what, std::chrono::seconds limit = 60s) {
  std::exception_ptr failure;
  bool finished = false;
  asio::co_spawn(context, std::move(what), [&](std::exception_ptr error) {
    failure = error;
    finished = true;
    context.stop();
  });
  context.restart();
  context.run_for(limit);
  if (failure) std::rethrow_exception(failure);
  ASSERT_TRUE(finished) << "not done after " << limit.count() << " s";
}

inline runtime::listen_options listen_with(std::string alpn = "test") {
  runtime::listen_options options;
  options.acceptor.tls = server_tls();
  options.acceptor.alpn = {std::move(alpn)};
  return options;
}

inline runtime::connect_options connect_with(const ip_endpoint& peer, std::string alpn = "test") {
  runtime::connect_options options;
  options.client.tls = client_tls();
  options.client.server_name = "localhost";
  options.client.alpn = {std::move(alpn)};
  options.client.path.peer = peer;
  return options;
}

}  // namespace quasio::test
