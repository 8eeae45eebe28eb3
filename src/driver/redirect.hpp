#pragma once

#include <optional>
#include <set>
#include <string>
#include <utility>

#include "quasio/driver/http3_client.hpp"

namespace quasio::http3 {

/// The way of one request through redirects (RFC 9110, section 15.4).
class redirect_trail {
public:
  redirect_trail(const redirect_settings& settings, const client_request& what, const url& start);

  /// Whether a response sends the request elsewhere, and is to be followed.
  bool leads_on(const client_response& response) const;

  /// Changes the request to what is to be sent next, and says where to. A failure where it must not go there.
  result<url, failure> follow(const client_response& response, client_request& what);

  std::size_t steps() const noexcept { return steps_; }

private:
  const redirect_settings& settings_;
  std::size_t max_redirects_;
  url here_;
  std::size_t steps_ = 0;
  std::set<std::pair<std::string, std::string>> visited_;  ///< Method and URL.
};

}  // namespace quasio::http3
