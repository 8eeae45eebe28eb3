#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

#include "quasio/asio.hpp"
#include "server/access_record.hpp"
#include "server/https_front.hpp"
#include "site/file_reader.hpp"
#include "site/file_site.hpp"

namespace quasio::apps {

/// One connection of HTTPS/1.1.
///
/// Threads: its executor's.
class https_session : public std::enable_shared_from_this<https_session> {
public:
  https_session(asio::ip::tcp::socket socket, asio::ssl::context& tls, const file_site& site, asio::thread_pool& disk,
                const https_limits& limits);

  /// Handshake, requests, farewell.
  asio::awaitable<void> run();

  /// Ends it after the response under way, or after the one to a request that comes within a second: it may have been
  /// sent before.
  void end_soon();

  /// Ends it at once.
  void cut_off();

private:
  using request_parser = boost::beast::http::request_parser<boost::beast::http::empty_body>;

  asio::awaitable<bool> serve_one();
  asio::awaitable<bool> respond(const request_parser& parser);
  asio::awaitable<bool> refuse(const error_code& error);
  asio::awaitable<bool> send(answer what, bool keep_alive, access_record& record);
  asio::awaitable<void> say_farewell();

  boost::asio::ssl::stream<boost::beast::tcp_stream> stream_;
  asio::steady_timer last_chance_;
  boost::beast::flat_buffer received_;
  const file_site& site_;
  asio::thread_pool& disk_;
  const https_limits& limits_;
  std::string peer_;
  std::string alt_svc_;
  std::uint64_t requests_ = 0;
  bool waiting_for_request_ = false;
  bool ending_ = false;
};

}  // namespace quasio::apps
