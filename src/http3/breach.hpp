#pragma once

#include <string_view>
#include <utility>

#include "quasio/http3/error.hpp"

namespace quasio::http3 {

/// How the peer broke the rules on one stream, and what that costs: its exchange or the connection (RFC 9114, section
/// 8).
struct breach {
  enum class scope : std::uint8_t { exchange, connection };

  scope cost = scope::connection;
  error what;
  bool section_too_large = false;  ///< A field section beyond our limits, which a server answers with 431.
};

inline unexpected<breach> connection_breach(error_code code, std::string_view reason) {
  return unexpected<breach>(breach{breach::scope::connection, error{code, std::string(reason)}, false});
}

inline unexpected<breach> exchange_breach(error_code code, std::string_view reason) {
  return unexpected<breach>(breach{breach::scope::exchange, error{code, std::string(reason)}, false});
}

inline unexpected<breach> too_large_breach(std::string_view reason) {
  return unexpected<breach>(
      breach{breach::scope::exchange, error{error_code::excessive_load, std::string(reason)}, true});
}

}  // namespace quasio::http3
