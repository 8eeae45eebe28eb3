#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace quasio::quic {

/// How a connection finds out how large the datagrams may be that a path carries (RFC 8899; RFC 9000, section 14.3).
/// The upper end of the search is settings::max_datagram_size.
struct mtu_settings {
  /// Sends probes: datagrams of PING and PADDING that are larger than what the path is known to carry. Without it
  /// datagrams stay at `base` bytes.
  bool discovery = true;

  /// The UDP payload that a path is taken to carry from the start (BASE_PLPMTU): at least 1200, which every path does
  /// that carries QUIC. A larger value also concerns the handshake, and falls back to 1200 where the path lets it down.
  std::size_t base = 1200;

  /// Probes of one size that may be lost before the size counts as too large (MAX_PROBES). At least 1.
  unsigned max_probes = 3;

  /// After this time a search that has ended begins again, for the path may have changed (PMTU_RAISE_TIMER).
  std::chrono::milliseconds raise_interval{600'000};

  /// Times in a row that large packets must be lost, while small ones arrive, before the path counts as a black hole
  /// for them. Each time takes about a round trip. At least 1.
  unsigned black_hole_rounds = 3;
};

/// Where the search stands (RFC 8899, section 5.2).
enum class mtu_state : std::uint8_t {
  disabled,         ///< The settings forbid it.
  base,             ///< The base size waits to be confirmed: by the handshake, or after a black hole by a probe.
  searching,        ///< Larger sizes are being probed.
  search_complete,  ///< Nothing larger passes, or is wanted.
  error,            ///< Not even the base size passes: nothing but probes of it is sent (RFC 9000, section 14.2).
};

/// For logs: the enumerator's name.
constexpr std::string_view to_string(mtu_state state) noexcept {
  switch (state) {
    case mtu_state::disabled:
      return "disabled";
    case mtu_state::base:
      return "base";
    case mtu_state::searching:
      return "searching";
    case mtu_state::search_complete:
      return "search_complete";
    case mtu_state::error:
      return "error";
  }
  return "";
}

}  // namespace quasio::quic
