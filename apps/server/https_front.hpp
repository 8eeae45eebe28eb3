#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <vector>

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/thread_pool.hpp>

#include "quasio/asio.hpp"
#include "quasio/base/result.hpp"
#include "quasio/crypto/tls_context.hpp"
#include "quasio/net/descriptor.hpp"
#include "server/identity.hpp"
#include "site/file_site.hpp"

namespace quasio::apps {

class https_session;

/// The limits that clients of HTTPS/1.1 meet.
struct https_limits {
  std::size_t max_connections = 1024;     ///< More are closed at once.
  std::uint32_t header_size = 16 * 1024;  ///< Of a request; beyond it: 431.
  std::chrono::seconds handshake{10};
  std::chrono::seconds header{15};      ///< From the first request's begin to the end of its headers.
  std::chrono::seconds keep_alive{60};  ///< From one request to the end of the next one's headers.
  std::chrono::seconds piece{60};       ///< For file_reader::largest_piece bytes to be taken.
  std::chrono::seconds farewell{2};
};

/// A TLS context for HTTP/1.1 over TCP: TLS 1.2 and 1.3, ALPN http/1.1. The error is a sentence.
result<asio::ssl::context, std::string> make_https_context(const identity& who, crypto::key_log_function key_log);

/// Answers HTTPS/1.1 from a site, by Boost.Beast, and tells each client that the same port number has HTTP/3.
///
/// Threads: all calls on the executor, which must not run two handlers at once. The site, the pool and the context must
/// outlive it, and it must outlive what it spawned: destroy it when the executor runs no more.
class https_front {
public:
  https_front(asio::any_io_executor executor, const file_site& site, asio::thread_pool& disk, asio::ssl::context& tls,
              https_limits limits = {});
  ~https_front();

  /// Begins to take connections. Alt-Svc names the acceptor's own port.
  void serve(asio::ip::tcp::acceptor acceptor);

  /// Copies of the listening sockets, for another process.
  std::vector<net::descriptor> copy_sockets(error_code& error) const;

  /// Takes no more connections, closes those that wait for a request, and ends the others after the response under way.
  /// Returns when all have ended; after `patience` it ends them itself.
  asio::awaitable<void> stop(std::chrono::milliseconds patience);

private:
  asio::awaitable<void> accept(asio::ip::tcp::acceptor& acceptor);
  asio::awaitable<void> run(std::shared_ptr<https_session> session);
  void close_all();

  asio::any_io_executor executor_;
  const file_site& site_;
  asio::thread_pool& disk_;
  asio::ssl::context& tls_;
  https_limits limits_;
  std::set<std::shared_ptr<https_session>> sessions_;
  std::set<std::shared_ptr<asio::ip::tcp::acceptor>> acceptors_;
  asio::steady_timer all_ended_;
  bool stopping_ = false;
};

}  // namespace quasio::apps
