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
#include "quasio/http3/qpack_statistics.hpp"
#include "quasio/http3/settings.hpp"
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
  /// Extended CONNECT is refused with wrong_state until the peer's settings have welcomed it (RFC 9220, section 3).
  operation_result<stream_id> send_request(quic::connection& transport, const field_list& fields, bool end);

  // --- Server ------------------------------------------------------------------------------------------------------

  /// Sends a header section: any number of interim ones (:status 1xx), then the final one.
  operation_result<void> send_response(quic::connection& transport, stream_id id, const field_list& fields, bool end);

  // --- Both --------------------------------------------------------------------------------------------------------

  /// Takes as many bytes of a body as there is room for; `end` ends the message if all were taken. When fewer were
  /// taken, body_writable follows. Bytes for a message that has no content (the response to HEAD; 204, 304) are refused
  /// with wrong_state; its end is not.
  operation_result<std::size_t> write_body(quic::connection& transport, stream_id id, byte_view data, bool end);

  /// Sends the trailer section, which ends the message.
  operation_result<void> send_trailers(quic::connection& transport, stream_id id, const field_list& fields);

  /// Copies body bytes at hand to `out`. Flow control opens as they are copied. Fewer than asked for means that no more
  /// are at hand: body_readable follows. What has arrived can be read even when the connection has ended, as long as
  /// `transport` exists.
  operation_result<body_read> read_body(quic::connection& transport, stream_id id, byte_span out);

  /// Gives up both directions of an exchange: what was not delivered never will be. With no_error a server only stops
  /// reading the rest of the request (RFC 9114, section 4.1).
  operation_result<void> cancel(quic::connection& transport, stream_id id, error_code code);

  /// Graceful shutdown (section 5.2): the first call of a server announces that it will end (the largest ID), the
  /// second, made a round trip later, which requests it will still answer: later ones are refused with
  /// H3_REQUEST_REJECTED. On a client one call refuses pushes, of which there are none. Further calls do nothing.
  void send_goaway(quic::connection& transport);

  /// Exchanges whose exchange_closed has not been told.
  std::size_t open_exchanges() const noexcept;

  const peer_settings& peer() const noexcept;

  /// How the header compression fares in both directions.
  qpack_statistics qpack() const noexcept;

private:
  class parts;
  std::unique_ptr<parts> parts_;
};

}  // namespace quasio::http3
