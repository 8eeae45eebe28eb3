#pragma once

#include <cstdint>
#include <variant>

#include "quasio/http3/error.hpp"
#include "quasio/http3/field.hpp"
#include "quasio/http3/settings.hpp"
#include "quasio/wire/stream_id.hpp"

namespace quasio::http3 {

/// The peer's SETTINGS frame has come.
struct settings_received {
  peer_settings settings;
};

/// Which part of a message a field section is.
enum class section_kind : std::uint8_t { request, interim_response, response, trailers };

/// A whole, valid field section came. On a server a `request` section is how a request begins: no event names the
/// stream before. Cookie lines have been joined into one (RFC 9114, section 4.2.1), equal content-length lines too.
struct fields_received {
  stream_id id;
  section_kind kind;
  field_list fields;
  bool end_of_message;  ///< Nothing follows it: read_body() need not be called.

  /// A request that came, at least in part, before the handshake was complete: it may be a replay (RFC 8470). Who must
  /// not act on it twice answers 425 (Too Early), or waits for the end of the handshake.
  bool is_early_data = false;
};

/// read_body() has something to say: bytes, or the end of the message. Said once until read_body() gave fewer bytes
/// than it was asked for.
struct body_readable {
  stream_id id;
};

/// write_body() takes bytes again.
struct body_writable {
  stream_id id;
};

/// The peer abandoned its message, or its message was refused here, being malformed (RFC 9114, section 4.1.2) or too
/// large. No more of it comes. A message that is refused here takes ours with it: both directions have been reset.
struct message_aborted {
  stream_id id;
  error_code code;
  bool malformed;  ///< Refused here rather than abandoned by the peer.
};

/// The peer does not want the rest of our message; the sending side has been reset.
struct message_refused {
  stream_id id;
  error_code code;
};

/// Nothing more happens on this stream; its ID is no longer known. Comes when everything was delivered or abandoned,
/// and not before the end of the peer's message was told (by end_of_message or read_body()) or reading was given up.
struct exchange_closed {
  stream_id id;
};

/// The peer is going away. On a client: requests with IDs from `id` on were not processed and may be tried elsewhere;
/// each that is open gets a message_aborted with request_rejected.
struct goaway_received {
  std::uint64_t id;
};

/// The client may try again to begin a request after send_request() ran into the peer's stream limit.
struct requests_available {};

using event = std::variant<settings_received, fields_received, body_readable, body_writable, message_aborted,
                           message_refused, exchange_closed, goaway_received, requests_available>;

}  // namespace quasio::http3
