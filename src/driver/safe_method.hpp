#pragma once

#include <string_view>

namespace quasio::http3 {

/// Whether a request with this method may go with early data, and be acted upon when it did: nothing comes of it if it
/// is repeated (RFC 9110, section 9.2.1; RFC 8470, section 3). TRACE is safe too, but nobody's first request.
constexpr bool is_safe(std::string_view method) noexcept {
  return method == "GET" || method == "HEAD" || method == "OPTIONS";
}

}  // namespace quasio::http3
