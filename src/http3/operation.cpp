#include "quasio/http3/operation.hpp"

namespace quasio::http3 {

std::string_view to_string(operation_error error) noexcept {
  switch (error) {
    case operation_error::unknown_exchange:
      return "no such exchange";
    case operation_error::wrong_state:
      return "not allowed in this state of the exchange";
    case operation_error::malformed_fields:
      return "malformed fields";
    case operation_error::fields_too_large:
      return "the peer takes no field section of this size";
    case operation_error::limit_reached:
      return "the peer allows no more requests now";
    case operation_error::going_away:
      return "the peer is going away";
    case operation_error::cancelled:
      return "the message was cancelled";
    case operation_error::connection_closed:
      return "the connection is closed";
    case operation_error::content_length_mismatch:
      return "not as many bytes as content-length says";
    case operation_error::not_negotiated:
      return "datagrams have not been agreed upon";
    case operation_error::datagram_too_large:
      return "the datagram is too large";
    case operation_error::queue_full:
      return "too many datagrams wait to be sent";
  }
  return "unknown error";
}

}  // namespace quasio::http3
