#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <variant>

#include "quasio/http3/error.hpp"
#include "quasio/http3/field.hpp"
#include "quasio/quic/connection.hpp"

namespace quasio::http3 {

/// What one side tells the other in its SETTINGS frame, and the limits it keeps. Each limit a peer can push against is here.
struct settings {
  /// Largest field section taken, in bytes as RFC 9114 section 4.2.2 counts them (name + value + 32 a field). Sent to the peer.
  std::uint64_t max_field_section_size = 64 * 1024;

  /// Fields in one section; more are an attack rather than a message.
  std::size_t max_fields = 256;

  /// Unknown frames and unknown streams are skipped, not stored; a peer that sends more bytes of them than this in a row on one
  /// stream without one that is known is closed with H3_EXCESSIVE_LOAD.
  std::uint64_t max_skipped_bytes = 1024 * 1024;

  /// Interim (1xx) responses taken for one request.
  std::size_t max_interim_responses = 16;

  /// Server: Extended CONNECT is welcome (RFC 9220).
  bool enable_connect_protocol = false;

  /// Sends reserved settings, frames and streams, so that peers stay tolerant (RFC 9114, section 7.2.8).
  bool grease = true;
};

/// What the peer's SETTINGS frame said; defaults until it came.
struct peer_settings {
  std::uint64_t max_field_section_size = UINT64_MAX;
  std::uint64_t qpack_max_table_capacity = 0;
  std::uint64_t qpack_blocked_streams = 0;
  bool enable_connect_protocol = false;
  bool h3_datagram = false;
};

/// The peer's SETTINGS frame has come.
struct settings_received {
  peer_settings settings;
};

/// Which part of a message a field section is.
enum class section_kind : std::uint8_t { request, interim_response, response, trailers };

/// A whole, valid field section came. On a server a `request` section is how a request begins.
struct fields_received {
  stream_id id;
  section_kind kind;
  field_list fields;
  bool end_of_message;  ///< Nothing follows it.
};

/// read_body() has something to say: bytes, or the end of the message. Said once until read_body() ran dry.
struct body_readable {
  stream_id id;
};

/// write_body() takes bytes again.
struct body_writable {
  stream_id id;
};

/// The peer abandoned its message, or its message was malformed and was refused here (RFC 9114, section 4.1.2). No more of it comes.
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

/// Nothing more happens on this stream.
struct exchange_closed {
  stream_id id;
};

/// The peer is going away. On a client: requests with IDs from `id` on were not processed and may be tried elsewhere.
struct goaway_received {
  std::uint64_t id;
};

/// The client may try again to begin a request after send_request() ran into the peer's stream limit.
struct requests_available {};

using event = std::variant<settings_received, fields_received, body_readable, body_writable, message_aborted, message_refused,
                           exchange_closed, goaway_received, requests_available>;

/// Why an operation was refused. The connection goes on.
enum class operation_error : std::uint8_t {
  unknown_exchange,    ///< No such request, or it has ended.
  wrong_state,         ///< Not now: e.g. a body before the headers, a second final response, anything after the end.
  malformed_fields,    ///< The fields break RFC 9114, section 4.2 or 4.3.
  fields_too_large,    ///< The peer announced that it takes no section of this size.
  limit_reached,       ///< The peer allows no more requests now; requests_available will say when.
  going_away,          ///< The peer sent GOAWAY: use another connection.
  cancelled,           ///< The peer refused this message, or it was cancelled here.
  connection_closed,
};

std::string_view to_string(operation_error error) noexcept;

template <class Value>
using operation_result = result<Value, operation_error>;

/// How far a read_body() came.
struct body_read {
  std::size_t size = 0;   ///< Bytes copied.
  bool finished = false;  ///< The body has ended (trailers, if any, were told by fields_received before this).
};

/// HTTP/3 over one QUIC connection as a state machine (RFC 9114). The owner passes each event of the QUIC connection to
/// handle(), then takes this one's events; the QUIC connection is lent to each call that needs it and never kept.
///
/// When the peer breaks the protocol the QUIC connection is closed with the RFC's code; that shows as quic::connection_closed.
///
/// Threads: as quic::connection.
class connection {
 public:
  connection(endpoint_role role, settings settings, random_source& random);
  ~connection();
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  /// Opens the control and QPACK streams and sends SETTINGS. Call once the QUIC connection is established.
  void start(quic::connection& transport, time_point now);

  /// Takes one event of the QUIC connection.
  void handle(quic::connection& transport, const quic::event& event, time_point now);

  /// What has happened, in order; empty when all has been told.
  std::optional<event> poll_event();

  // --- Client ---------------------------------------------------------------------------------------------------------

  /// Sends a request's header section and says on which stream. `end` when there is no body and no trailers.
  operation_result<stream_id> send_request(quic::connection& transport, const field_list& fields, bool end);

  // --- Server ---------------------------------------------------------------------------------------------------------

  /// Sends a header section: any number of interim ones (:status 1xx), then the final one.
  operation_result<void> send_response(quic::connection& transport, stream_id id, const field_list& fields, bool end);

  // --- Both -----------------------------------------------------------------------------------------------------------

  /// Takes as many bytes of a body as there is room for; `end` ends the message if all were taken. When fewer were taken,
  /// body_writable follows.
  operation_result<std::size_t> write_body(quic::connection& transport, stream_id id, byte_view data, bool end);

  /// Sends the trailer section, which ends the message.
  operation_result<void> send_trailers(quic::connection& transport, stream_id id, const field_list& fields);

  /// Copies body bytes at hand to `out`. Flow control opens as they are copied.
  operation_result<body_read> read_body(quic::connection& transport, stream_id id, byte_span out);

  /// Gives up both directions of an exchange: what was not delivered never will be. With no_error a server only stops reading
  /// the rest of the request (RFC 9114, section 4.1.2).
  operation_result<void> cancel(quic::connection& transport, stream_id id, error_code code);

  /// Graceful shutdown (section 5.2): the first call of a server announces that it will end (the largest ID), the second, made a round trip later, which requests
  /// it will still answer: later ones are refused with H3_REQUEST_REJECTED. On a client one call refuses pushes, of which there are none.
  void send_goaway(quic::connection& transport);

  /// Exchanges that have not ended.
  std::size_t open_exchanges() const noexcept;

  const peer_settings& peer() const noexcept;

 private:
  class parts;
  std::unique_ptr<parts> parts_;
};

}  // namespace quasio::http3
