#include "quasio/quic/close_reason.hpp"

#include <cstdio>

namespace quasio::quic {
namespace {

std::string application_code(std::uint64_t code) {
  char text[40];
  std::snprintf(text, sizeof text, "application code 0x%llx", static_cast<unsigned long long>(code));
  return text;
}

std::string transport_code(std::uint64_t code) { return quasio::to_string(static_cast<transport_error_code>(code)); }

std::string with_reason(std::string text, const std::string& reason) {
  if (!reason.empty()) text += ": " + reason;
  return text;
}

}  // namespace

std::string close_reason::to_string() const {
  switch (cause) {
    case close_cause::local_application:
      return with_reason("closed here with " + application_code(code), reason);
    case close_cause::local_transport:
      return with_reason("closed here: " + transport_code(code), reason);
    case close_cause::peer_application:
      return with_reason("the peer closed the connection with " + application_code(code), reason);
    case close_cause::peer_transport:
      return with_reason("the peer closed the connection: " + transport_code(code), reason);
    case close_cause::idle_timeout:
      return with_reason("the connection was idle for too long", reason);
    case close_cause::handshake_timeout:
      return with_reason("the handshake took too long", reason);
    case close_cause::stateless_reset:
      return with_reason("the peer has lost the connection's state (stateless reset)", reason);
    case close_cause::version_negotiation:
      return with_reason("the server speaks no common QUIC version", reason);
    case close_cause::no_viable_path:
      return with_reason("no path to the peer is left", reason);
  }
  return reason;
}

}  // namespace quasio::quic
