#include "quasio/runtime/connection_audit.hpp"

namespace quasio::runtime {

ending classify(const connection_end& end) noexcept {
  if (!end.reason) return ending::network;
  switch (end.reason->cause) {
    case quic::close_cause::local_application:
      return ending::closed_here;
    case quic::close_cause::local_transport:
      return ending::error_here;
    case quic::close_cause::peer_application:
      return ending::closed_by_peer;
    case quic::close_cause::peer_transport:
      return end.reason->code == 0 ? ending::closed_by_peer : ending::error_of_peer;
    case quic::close_cause::idle_timeout:
      return ending::idle_timeout;
    case quic::close_cause::handshake_timeout:
      return ending::handshake_timeout;
    case quic::close_cause::stateless_reset:
      return ending::stateless_reset;
    case quic::close_cause::version_negotiation:
      return ending::version_negotiation;
    case quic::close_cause::no_viable_path:
      return ending::no_viable_path;
  }
  return ending::network;
}

}  // namespace quasio::runtime
