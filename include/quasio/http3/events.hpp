#pragma once

#include <cstdint>
#include <variant>

#include "quasio/http3/error.hpp"
#include "quasio/http3/field.hpp"
#include "quasio/http3/priority.hpp"
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

  /// A request that says so of itself (Early-Data: 1): it came in early data to a proxy that has sent it on at once
  /// (RFC 8470, section 5.1). Waiting does not help: a server that must not act on it twice answers 425.
  bool says_early_data = false;
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

  /// On a client: the server has not processed the request, of whatever method, so that it is safe to send it again on
  /// another connection (RFC 9114, sections 4.1.1 and 5.2).
  bool was_unprocessed = false;
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

/// On a server: the client changed its wish for a response that is still open (RFC 9218, section 6). The transport's
/// scheduler knows already; a server that makes responses may go by it too.
struct priority_changed {
  stream_id id;
  priority wanted;  ///< The latest.
};

/// HTTP Datagrams of this request wait to be read with peek_datagram(). Said once until they have been drained.
struct datagrams_readable {
  stream_id id;
};

/// After send_datagram() failed with queue_full: there is room again.
struct datagrams_writable {};

/// The client may try again to begin a request after send_request() ran into the peer's stream limit.
struct requests_available {};

using event = std::variant<settings_received, fields_received, body_readable, body_writable, message_aborted,
                           message_refused, exchange_closed, goaway_received, requests_available, priority_changed,
                           datagrams_readable, datagrams_writable>;

}  // namespace quasio::http3
