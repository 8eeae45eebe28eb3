#pragma once

#include <memory>
#include <optional>

#include "quasio/base/bytes.hpp"
#include "quasio/base/random.hpp"
#include "quasio/base/time.hpp"
#include "quasio/http3/error.hpp"
#include "quasio/http3/events.hpp"
#include "quasio/http3/field.hpp"
#include "quasio/http3/operation.hpp"
#include "quasio/http3/priority.hpp"
#include "quasio/http3/settings.hpp"
#include "quasio/http3/statistics.hpp"
#include "quasio/quic/connection.hpp"

namespace quasio::http3 {

/// HTTP/3 over one QUIC connection as a state machine (RFC 9114). The owner passes each event of the QUIC connection to
/// handle(), then takes this one's events; the QUIC connection is lent to each call that needs it and never kept. Any
/// call may cause events.
///
/// When the peer breaks the protocol the QUIC connection is closed with the RFC's code; that shows as
/// quic::connection_closed.
///
/// Threads: as quic::connection.
class connection {
public:
  /// `random` is used during this call only.
  connection(endpoint_role role, settings settings, random_source& random);
  ~connection();
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  /// For a client that sends early data, before start(): the settings that the server told on the connection that is
  /// resumed (RFC 9114, section 7.2.4.2). They hold until the server's come, which must not be less. See
  /// remembered_settings.hpp.
  void remember(const peer_settings& former) noexcept;

  /// Opens the control and QPACK streams and sends SETTINGS. Call once the QUIC connection is established.
  void start(quic::connection& transport, time_point now);

  /// Takes one event of the QUIC connection.
  void handle(quic::connection& transport, const quic::event& happened, time_point now);

  /// What has happened, in order; empty when all has been told.
  std::optional<event> poll_event();

  // --- Client ------------------------------------------------------------------------------------------------------

  /// Sends a request's header section and says on which stream. `end` when there is no body and no trailers. An
  /// Extended CONNECT is refused with wrong_state until the peer's settings have welcomed it (RFC 9220, section 3). A
  /// Priority field also sets the order in which requests with bodies are sent.
  operation_result<stream_id> send_request(quic::connection& transport, const field_list& fields, bool end);

  // --- Server ------------------------------------------------------------------------------------------------------

  /// Sends a header section: any number of interim ones (:status 1xx), then the final one. What a Priority field in the
  /// final one names overrides the client's wish (RFC 9218, section 8).
  operation_result<void> send_response(quic::connection& transport, stream_id id, const field_list& fields, bool end);

  // --- Both --------------------------------------------------------------------------------------------------------

  /// Takes as many bytes of a body as there is room for; `end` ends the message if all were taken. When fewer were
  /// taken, body_writable follows. Bytes for a message that has no content (the response to HEAD; 204, 205, 304) are
  /// refused with wrong_state; its end is not. Where the header section had a content-length, bytes beyond it and an
  /// end before it are refused with content_length_mismatch.
  operation_result<std::size_t> write_body(quic::connection& transport, stream_id id, byte_view data, bool end);

  /// Sends the trailer section, which ends the message.
  operation_result<void> send_trailers(quic::connection& transport, stream_id id, const field_list& fields);

  /// Copies body bytes at hand to `out`. Flow control opens as they are copied. Fewer than asked for means that no more
  /// are at hand: body_readable follows. What has arrived can be read even when the connection has ended, as long as
  /// `transport` exists.
  operation_result<body_read> read_body(quic::connection& transport, stream_id id, byte_span out);

  /// Gives up both directions of an exchange: what was not delivered never will be. With no_error a server only stops
  /// reading the rest of the request (RFC 9114, section 4.1). With request_rejected a server says that it did nothing
  /// about the request, so that the client may send it elsewhere; a client that says so says request_cancelled instead,
  /// as it must (section 4.1.1).
  operation_result<void> cancel(quic::connection& transport, stream_id id, error_code code);

  /// Graceful shutdown (section 5.2): the first call of a server announces that it will end (the largest ID), the
  /// second, made a round trip later, which requests it will still answer: later ones are refused with
  /// H3_REQUEST_REJECTED. On a client one call refuses pushes, of which there are none. Further calls do nothing.
  void send_goaway(quic::connection& transport);

  // --- Priorities (RFC 9218) ----------------------------------------------------------------------------------------

  /// On a server: decides how a response is sent, whatever the client says or has said, and whatever Priority field the
  /// response has. On a client: tells the server how the response is wanted from now on (PRIORITY_UPDATE), and sends
  /// what is left of the request accordingly.
  operation_result<void> set_priority(quic::connection& transport, stream_id id, const priority& wanted);

  /// How the exchange is scheduled now.
  operation_result<priority> priority_of(stream_id id) const;

  // --- HTTP Datagrams (RFC 9297) ------------------------------------------------------------------------------------
  // Both sides must have enabled them (settings::datagrams), and the request must be of a protocol that has a meaning
  // for them. Extended CONNECT is taken for such; any other has to be allowed before one comes for it, or it is aborted
  // with H3_DATAGRAM_ERROR, as the RFC demands. What is in them (contexts, flows) belongs to that protocol.

  /// Datagrams belong to this request, whatever its method.
  operation_result<void> allow_datagrams(stream_id id);

  /// The most bytes that a datagram of this request may have now; 0 when none can be sent. It changes with the path:
  /// quic::datagram_limit_changed.
  std::size_t max_datagram_payload(const quic::connection& transport, stream_id id) const;

  /// Gives a datagram to the transport, which sends it once. Our side of the exchange must be open; what has not left
  /// when it ends is dropped (section 2.1).
  operation_result<void> send_datagram(quic::connection& transport, stream_id id, byte_view payload,
                                       const datagram_options& options = {});

  /// The oldest datagram that waits to be read, where it lies: valid until the next call. Empty when none waits.
  std::optional<byte_view> peek_datagram(stream_id id) const;

  /// Drops that one.
  void pop_datagram(stream_id id);

  // --- What others may know -----------------------------------------------------------------------------------------

  /// Exchanges whose exchange_closed has not been told.
  std::size_t open_exchanges() const noexcept;

  /// What the peer's SETTINGS said; defaults before they came.
  const peer_settings& peer() const noexcept;

  /// What was counted so far.
  quasio::http3::statistics statistics() const;

private:
  class parts;
  std::unique_ptr<parts> parts_;
};

}  // namespace quasio::http3
