#pragma once

#include "http3/datagram_inbox.hpp"
#include "http3/message_receiver.hpp"
#include "http3/message_sender.hpp"
#include "http3/stream_priority.hpp"

namespace quasio::http3 {

/// One request and its response: the two messages on a request stream, and how the exchange ends.
class exchange {
public:
  /// A server's: the request is to come.
  explicit exchange(stream_id id) noexcept : id_(id), receiver_(id), sender_(id) {}

  /// A client's.
  exchange(stream_id id, const request_head& request) noexcept
      : id_(id), receiver_(id, request), sender_(id), takes_datagrams_(request.is_extended) {
    priority_.on_request_field(request.priority);
  }

  // --- What the transport tells. An error ends the connection. -----------------------------------------------------

  result<void, error> on_readable(const exchange_context& context);
  /// A section on the stream, which was blocked, can be decoded.
  result<void, error> on_unblocked(const exchange_context& context);
  void on_writable(const exchange_context& context);
  void on_reset(const exchange_context& context, error_code code);
  void on_stopped(const exchange_context& context, error_code code);
  void on_closed(const exchange_context& context);

  // --- What the application wants ----------------------------------------------------------------------------------

  operation_result<void> send_request(const exchange_context& context, const field_list& fields,
                                      const request_head& head, bool end);
  operation_result<void> send_response(const exchange_context& context, const field_list& fields, bool end);
  operation_result<std::size_t> write_body(const exchange_context& context, byte_view data, bool end);
  operation_result<void> send_trailers(const exchange_context& context, const field_list& fields);

  /// The outer error ends the connection.
  result<operation_result<body_read>, error> read_body(const exchange_context& context, byte_span out);

  void cancel(const exchange_context& context, error_code code);

  /// A server that is going away has not processed the request (RFC 9114, section 5.2).
  void give_up_unprocessed(const exchange_context& context);

  // --- Priorities (RFC 9218) ---------------------------------------------------------------------------------------

  /// The client's wish has changed.
  void on_priority_update(const exchange_context& context, const priority& wanted);
  void on_own_update(const exchange_context& context, const priority& wanted);
  operation_result<void> set_priority(const exchange_context& context, const priority& wanted);
  const stream_priority& priority_state() const noexcept { return priority_; }

  /// The application hears of the client's wish now: the latest.
  priority take_priority_news() noexcept {
    priority_news_ = false;
    return priority_.wanted();
  }

  // --- HTTP Datagrams (RFC 9297) -----------------------------------------------------------------------------------

  void allow_datagrams() noexcept { takes_datagrams_ = true; }

  /// One came for this exchange, which the application knows of.
  result<void, error> on_datagram(const exchange_context& context, byte_view payload);

  /// Those that came before it.
  result<void, error> take_early_datagrams(const exchange_context& context);

  bool may_send_datagrams() const noexcept { return takes_datagrams_ && sender_.is_open(); }
  void on_datagram_sent() noexcept { sent_datagrams_ = true; }
  datagram_queue& datagrams() noexcept { return datagrams_; }
  const datagram_queue& datagrams() const noexcept { return datagrams_; }

  /// Whether more of the peer's message is expected.
  bool awaits_response() const noexcept { return receiver_.is_open(); }

  /// Whether the application knows of it.
  bool is_announced() const noexcept { return receiver_.is_announced(); }

  /// Whether nothing is left of it, and the application, which never knew of it, need not be told.
  bool is_gone_unheard() const noexcept { return transport_closed_ && !is_announced(); }

private:
  result<void, error> punish(const exchange_context& context, const breach& broken);
  void answer_too_large(const exchange_context& context);
  void abandon_both(const exchange_context& context, error_code code);
  void stop_reading(const exchange_context& context, error_code code);
  void tell_if_closed(const exchange_context& context);
  result<void, error> refuse_datagrams(const exchange_context& context);
  void after_reading(const exchange_context& context);
  void after_sending(const exchange_context& context);
  void schedule(const exchange_context& context);
  void note_cancelled_by_peer(const exchange_context& context);
  void note_wasted(const exchange_context& context);

  stream_id id_;
  message_receiver receiver_;
  message_sender sender_;
  bool transport_closed_ = false;
  bool closed_told_ = false;
  bool begun_ = false;          ///< A request's own wishes have been heard.
  bool priority_news_ = false;  ///< The application is about to be told.
  bool wasted_ = false;         ///< It came to nothing, and counts as that.
  bool cancelled_by_peer_ = false;
  bool takes_datagrams_ = false;
  bool sent_datagrams_ = false;  ///< Some may wait in the transport.
  stream_priority priority_;
  datagram_queue datagrams_;
};

}  // namespace quasio::http3
