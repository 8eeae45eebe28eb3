#include "quasio/quic/datagram.hpp"

namespace quasio::quic {

std::string_view to_string(datagram_outcome outcome) noexcept {
  switch (outcome) {
    case datagram_outcome::acknowledged:
      return "acknowledged";
    case datagram_outcome::lost:
      return "lost";
    case datagram_outcome::expired:
      return "expired";
    case datagram_outcome::displaced:
      return "displaced";
    case datagram_outcome::purged:
      return "purged";
    case datagram_outcome::too_large:
      return "too large for the path";
  }
  return "unknown outcome";
}

std::string_view to_string(datagram_error error) noexcept {
  switch (error) {
    case datagram_error::not_negotiated:
      return "the peer takes no datagrams";
    case datagram_error::too_large:
      return "the datagram is larger than the path or the peer allows";
    case datagram_error::queue_full:
      return "too many datagrams wait to be sent";
    case datagram_error::connection_closed:
      return "the connection is closed or not yet ready";
  }
  return "unknown datagram error";
}

}  // namespace quasio::quic
