#pragma once

#include <boost/asio/thread_pool.hpp>

#include "quasio/driver/http3_server.hpp"
#include "site/file_site.hpp"

namespace quasio::apps {

/// Answers HTTP/3 requests from a site.
///
/// Threads: any number at once. The site and the pool must outlive it.
class http3_front {
public:
  http3_front(const file_site& site, asio::thread_pool& disk) noexcept : site_(site), disk_(disk) {}

  /// As http3::request_handler.
  asio::awaitable<void> serve(http3::request& request, http3::response& response) const;

private:
  const file_site& site_;
  asio::thread_pool& disk_;
};

}  // namespace quasio::apps
