#include "http3/exchange.hpp"

#include <utility>

namespace quasio::http3 {

result<void, error> exchange::on_readable(const exchange_context& context) {
  if (!receiver_.is_open()) return {};
  const auto taken = receiver_.take(context);
  if (!taken) return punish(context, taken.error());
  after_reading(context);
  return {};
}

/// The first time that a request is known: what it says about itself holds from now on.
void exchange::after_reading(const exchange_context& context) {
  if (begun_ || context.role == endpoint_role::client || !is_announced()) return;
  begun_ = true;
  takes_datagrams_ = takes_datagrams_ || receiver_.request().is_extended;
  priority_.on_request_field(receiver_.request().priority);
  schedule(context);
}

result<void, error> exchange::on_unblocked(const exchange_context& context) {
  receiver_.unblock();
  return on_readable(context);
}

void exchange::on_writable(const exchange_context& context) {
  if (sender_.take_wish_for_room()) context.events.push(body_writable{id_});
}

void exchange::on_reset(const exchange_context& context, error_code code) {
  if (!receiver_.is_open()) return;
  note_cancelled_by_peer(context);
  const bool was_rejected = context.role == endpoint_role::client && code == error_code::request_rejected;
  const bool was_unprocessed = was_rejected && !receiver_.has_response();
  if (was_unprocessed) ++context.counts.requests_rejected_by_peer;
  receiver_.abandon(context);
  if (is_announced()) {
    context.events.push(message_aborted{id_, code, false, was_unprocessed});
    return;
  }
  // Nothing of the request has been processed (RFC 9114, section 4.1.1).
  ++context.counts.requests_rejected;
  sender_.abandon();
  context.transport.reset_stream(id_, error_code::request_rejected);
}

void exchange::on_stopped(const exchange_context& context, error_code code) {
  if (sender_.is_abandoned()) return;
  // Who has answered early may not want the rest of the request (RFC 9114, section 4.1): no cancellation.
  if (context.role == endpoint_role::server || code != error_code::no_error) note_cancelled_by_peer(context);
  sender_.abandon();
  after_sending(context);
  if (is_announced()) context.events.push(message_refused{id_, code});
}

void exchange::on_closed(const exchange_context& context) {
  transport_closed_ = true;
  if (receiver_.is_open()) receiver_.abandon(context);
  tell_if_closed(context);
}

void exchange::note_cancelled_by_peer(const exchange_context& context) {
  if (!std::exchange(cancelled_by_peer_, true)) ++context.counts.exchanges_cancelled_by_peer;
  note_wasted(context);
}

/// A request that costs work and never gets its answer is what a flood of resets is made of.
void exchange::note_wasted(const exchange_context& context) {
  if (context.role == endpoint_role::client || sender_.has_begun() || wasted_) return;
  wasted_ = true;
  context.guard.note_wasted_request();
}

operation_result<void> exchange::send_request(const exchange_context& context, const field_list& fields,
                                              const request_head& head, bool end) {
  auto sent = sender_.send_request(context, fields, head, end);
  if (sent) schedule(context);
  return sent;
}

operation_result<void> exchange::send_response(const exchange_context& context, const field_list& fields, bool end) {
  auto sent = sender_.send_response(context, fields, receiver_.request(), end);
  if (!sent) return sent;
  if (sender_.has_begun()) {
    priority_.on_response_field(find_priority(fields));
    schedule(context);
  }
  after_sending(context);
  return sent;
}

operation_result<std::size_t> exchange::write_body(const exchange_context& context, byte_view data, bool end) {
  auto written = sender_.write_body(context, data, end);
  if (end) after_sending(context);
  return written;
}

operation_result<void> exchange::send_trailers(const exchange_context& context, const field_list& fields) {
  auto sent = sender_.send_trailers(context, fields);
  after_sending(context);
  return sent;
}

/// No datagram goes once our side of the stream is closed (RFC 9297, section 2.1).
void exchange::after_sending(const exchange_context& context) {
  if (sender_.is_open() || !std::exchange(sent_datagrams_, false)) return;
  context.transport.purge_datagram_group(id_);
}

result<operation_result<body_read>, error> exchange::read_body(const exchange_context& context, byte_span out) {
  using outcome = operation_result<body_read>;
  if (receiver_.is_abandoned()) return outcome(unexpected<operation_error>(operation_error::cancelled));
  const auto read = receiver_.read(context, out);
  if (!read) {
    if (auto punished = punish(context, read.error()); !punished) return unexpected<error>(std::move(punished.error()));
    return outcome(unexpected<operation_error>(operation_error::cancelled));
  }
  after_reading(context);
  tell_if_closed(context);
  return outcome(*read);
}

void exchange::cancel(const exchange_context& context, error_code code) {
  const bool is_client = context.role == endpoint_role::client;
  if (is_client && code == error_code::request_rejected) code = error_code::request_cancelled;
  const bool only_reading = !is_client && code == error_code::no_error;
  if (only_reading) {
    stop_reading(context, code);
  } else {
    ++(code == error_code::request_rejected ? context.counts.requests_rejected : context.counts.exchanges_cancelled);
    abandon_both(context, code);
  }
  tell_if_closed(context);
}

void exchange::give_up_unprocessed(const exchange_context& context) {
  if (!receiver_.is_open()) return;
  // Only a server may say H3_REQUEST_REJECTED (RFC 9114, section 4.1.1).
  abandon_both(context, error_code::request_cancelled);
  ++context.counts.requests_rejected_by_peer;
  context.events.push(message_aborted{id_, error_code::request_rejected, false, true});
}

result<void, error> exchange::punish(const exchange_context& context, const breach& broken) {
  if (broken.cost == breach::scope::connection) return unexpected<error>(broken.what);
  context.counts.exchange_breaches.add(broken.what.code);
  note_wasted(context);
  if (broken.section_too_large && context.role == endpoint_role::server && !is_announced()) {
    answer_too_large(context);
    return {};
  }
  ++context.counts.messages_malformed;
  const bool was_announced = is_announced();
  abandon_both(context, broken.what.code);
  if (was_announced) context.events.push(message_aborted{id_, broken.what.code, true});
  tell_if_closed(context);
  return {};
}

/// RFC 9114, section 4.2.2. The request is not worth the application's time.
void exchange::answer_too_large(const exchange_context& context) {
  ++context.counts.requests_too_large;
  const field_list fields = {{":status", "431", false}};
  if (!sender_.send_response(context, fields, request_head{}, true)) {
    abandon_both(context, error_code::excessive_load);
    return;
  }
  stop_reading(context, error_code::no_error);
}

void exchange::abandon_both(const exchange_context& context, error_code code) {
  stop_reading(context, code);
  sender_.abandon();
  if (!transport_closed_) context.transport.reset_stream(id_, code);
  context.datagrams.clear(datagrams_);
  after_sending(context);
}

void exchange::stop_reading(const exchange_context& context, error_code code) {
  const bool was_open = receiver_.is_open();
  receiver_.abandon(context);
  if (was_open && !transport_closed_) context.transport.stop_sending(id_, code);
}

void exchange::tell_if_closed(const exchange_context& context) {
  const bool reader_is_done = receiver_.is_end_told() || receiver_.is_abandoned();
  if (!transport_closed_ || closed_told_ || !is_announced() || !reader_is_done) return;
  closed_told_ = true;
  ++context.counts.exchanges_closed;
  context.events.push(exchange_closed{id_});
}

// --- Priorities ----------------------------------------------------------------------------------------------------

void exchange::on_priority_update(const exchange_context& context, const priority& wanted) {
  const bool is_news = wanted != priority_.wanted();
  priority_.on_update(wanted);
  schedule(context);
  if (is_news && is_announced() && !std::exchange(priority_news_, true)) {
    context.events.push(priority_changed{id_, wanted});
  }
}

/// A client has told the server.
void exchange::on_own_update(const exchange_context& context, const priority& wanted) {
  priority_.on_update(wanted);
  schedule(context);
}

operation_result<void> exchange::set_priority(const exchange_context& context, const priority& wanted) {
  priority_.fix(wanted);
  schedule(context);
  return {};
}

void exchange::schedule(const exchange_context& context) {
  // What was written may wait in the transport for long after the message has ended here.
  if (sender_.is_abandoned() || transport_closed_) return;
  if (const auto news = priority_.take_news()) {
    context.transport.set_stream_priority(id_, news->urgency, news->incremental);
  }
}

// --- HTTP Datagrams ------------------------------------------------------------------------------------------------

result<void, error> exchange::on_datagram(const exchange_context& context, byte_view payload) {
  if (!receiver_.is_open()) {
    ++context.counts.datagrams.dropped_late;
    return {};
  }
  if (!takes_datagrams_) return refuse_datagrams(context);
  if (context.datagrams.keep(datagrams_, payload)) context.events.push(datagrams_readable{id_});
  return {};
}

result<void, error> exchange::take_early_datagrams(const exchange_context& context) {
  if (!receiver_.is_open() || !takes_datagrams_) {
    const bool there_were_some = context.datagrams.drop_early(id_);
    return there_were_some && receiver_.is_open() ? refuse_datagrams(context) : result<void, error>{};
  }
  if (context.datagrams.take_early(id_, datagrams_, context.transport.now())) {
    context.events.push(datagrams_readable{id_});
  }
  return {};
}

/// RFC 9297, section 2.
result<void, error> exchange::refuse_datagrams(const exchange_context& context) {
  const error why{error_code::datagram_error, "a datagram for a request that has no use for it"};
  return punish(context, {breach::scope::exchange, why});
}

}  // namespace quasio::http3
