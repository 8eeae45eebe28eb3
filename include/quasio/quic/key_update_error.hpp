#pragma once

#include <cstdint>
#include <string_view>

namespace quasio::quic {

/// Why a key update cannot begin now (RFC 9001, section 6).
enum class key_update_error : std::uint8_t {
  handshake_unconfirmed,  ///< Possible once handshake_confirmed was told (section 6.1).
  unacknowledged,         ///< Nothing that was sent under the present keys has been acknowledged (section 6.1).
  too_soon,               ///< The last update was acknowledged less than three probe timeouts ago (section 6.5).
  connection_closed,
};

/// The enumerator's name, for logs and metrics.
constexpr std::string_view to_string(key_update_error error) noexcept {
  switch (error) {
    case key_update_error::handshake_unconfirmed:
      return "the handshake is not confirmed";
    case key_update_error::unacknowledged:
      return "the present keys are not acknowledged";
    case key_update_error::too_soon:
      return "the last key update was too short a time ago";
    case key_update_error::connection_closed:
      break;
  }
  return "the connection is closed";
}

}  // namespace quasio::quic
