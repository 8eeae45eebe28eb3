#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "quasio/asio.hpp"
#include "quasio/base/result.hpp"

namespace quasio::http3 {

/// The parts of an https URL that a request is made of (RFC 3986, RFC 9110 section 4.2).
struct url {
  std::string scheme;        ///< Lower case.
  std::string host;          ///< A name, an IPv4 address, or an IPv6 address without its brackets. Never empty.
  std::uint16_t port = 443;  ///< 443 where the URL names none.
  std::string target = "/";  ///< Path and query, percent-encoding as given; never empty, without the fragment.

  /// "example.org", "example.org:8443" or "[2001:db8::1]:8443": what stands in :authority; without the default port.
  std::string authority() const;

  /// "https://example.org:8443": which connection serves it.
  std::string origin() const;
};

/// Parses an absolute https URL. A URL with user information is refused: it must not be sent (RFC 9110, section 4.2.4),
/// and nobody means it. Errors: client_error::bad_url, client_error::unsupported_scheme, in which case `explanation`
/// says what is wrong.
result<url, quasio::error_code> parse_url(std::string_view text, std::string* explanation = nullptr);

/// The URL that a reference means which was found at `base` (RFC 3986, section 5.2), such as the value of Location:
/// "https://other.example/x", "//other.example/x", "/x", "x", "../x", "?q". Dot segments are resolved. Errors: as
/// parse_url().
result<url, quasio::error_code> resolve_url(const url& base, std::string_view reference,
                                            std::string* explanation = nullptr);

}  // namespace quasio::http3
