#pragma once

#include <cstdint>
#include <string_view>

namespace quasio::quic {

/// What is known about how a path treats packets that are marked as ECN-capable (RFC 9000, appendix A.4).
enum class ecn_state : std::uint8_t {
  disabled,  ///< The settings forbid marks.
  testing,   ///< The first packets are marked, to see what becomes of them.
  unknown,   ///< Enough of them are under way; nothing is marked until their fate is known.
  capable,   ///< The peer's counts are in order: packets are marked, and its reports of congestion are heeded.
  failed,    ///< The network or the peer loses the marks or the packets: nothing is marked on this path.
};

/// For logs: the enumerator's name.
constexpr std::string_view to_string(ecn_state state) noexcept {
  switch (state) {
    case ecn_state::disabled:
      return "disabled";
    case ecn_state::testing:
      return "testing";
    case ecn_state::unknown:
      return "unknown";
    case ecn_state::capable:
      return "capable";
    case ecn_state::failed:
      return "failed";
  }
  return "";
}

}  // namespace quasio::quic
