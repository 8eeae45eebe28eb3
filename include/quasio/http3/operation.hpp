#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "quasio/base/result.hpp"

namespace quasio::http3 {

/// Why an operation was refused. The connection goes on.
enum class operation_error : std::uint8_t {
  unknown_exchange,  ///< No such request, or it has ended.
  wrong_state,       ///< Not now: e.g. a body before the headers, a second final response, anything after the end.
  malformed_fields,  ///< The fields break RFC 9114, section 4.2 or 4.3.
  fields_too_large,  ///< The peer announced that it takes no section of this size.
  limit_reached,     ///< The peer allows no more requests now; requests_available will say when.
  going_away,        ///< The peer sent GOAWAY: use another connection.
  cancelled,         ///< The peer refused or abandoned this message, or it was cancelled here.
  connection_closed,
  content_length_mismatch,  ///< The body would be longer or shorter than the message's content-length says.
  not_negotiated,           ///< HTTP Datagrams: one side has not enabled them, or has not said so yet.
  datagram_too_large,       ///< More than max_datagram_payload().
  queue_full,               ///< Too many datagrams wait to be sent; datagrams_writable will say when there is room.
};

std::string_view to_string(operation_error error) noexcept;

/// What an operation gives, or why it was refused.
template <class Value>
using operation_result = result<Value, operation_error>;

/// How far a read_body() came.
struct body_read {
  std::size_t size = 0;   ///< Bytes copied.
  bool finished = false;  ///< The message has ended (trailers, if any, were told by fields_received before this).
};

}  // namespace quasio::http3
