#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "quasio/base/time.hpp"
#include "quasio/driver/h3_counters.hpp"
#include "quasio/http3/error.hpp"
#include "quasio/wire/stream_id.hpp"

namespace quasio::driver {

/// How one message of an exchange ended.
enum class message_end : std::uint8_t {
  unfinished,  ///< The connection ended before, or nobody read to its end.
  with_head,   ///< By its header section: it had no body.
  with_body,   ///< By its last byte, or its trailers.
  abandoned,   ///< Reset, or refused, by either side.
};

/// What is left to be said of an exchange whose stream has ended: for access and audit logs.
struct exchange_audit {
  stream_id id = 0;
  request_method method = request_method::other;
  int status = 0;  ///< Of the final response; 0 when there was none.
  bool is_early_data = false;

  message_end sent = message_end::unfinished;      ///< A server's response, a client's request.
  message_end received = message_end::unfinished;  ///< The other one.
  std::uint64_t body_bytes_sent = 0;
  std::uint64_t body_bytes_received = 0;  ///< Handed to the reader.
  std::uint64_t datagrams_sent = 0;       ///< HTTP Datagrams that QUIC took.
  std::uint64_t datagrams_received = 0;   ///< Handed to a reader.

  std::optional<http3::error_code> reset_sent;      ///< The code with which it was given up here (both directions).
  std::optional<http3::error_code> reset_received;  ///< The code with which the peer abandoned its message.
  std::optional<http3::error_code> stop_sent;      ///< The code with which the rest of the peer's message was declined.
  std::optional<http3::error_code> stop_received;  ///< The code with which the peer declined the rest of ours.
  bool was_malformed = false;                      ///< The peer's message was refused here for what it was.

  time_point began;                    ///< The request came, or was sent.
  std::optional<duration> head_after;  ///< From then to the final header section of the response, if there was one.
  duration lasted{};
};

/// Called on the executor, once for each exchange; it must not throw.
using exchange_audit_handler = std::function<void(const exchange_audit&)>;

}  // namespace quasio::driver
