#include "http3/exchange.hpp"

#include <utility>

namespace quasio::http3 {

result<void, error> exchange::on_readable(const exchange_context& context) {
  if (!receiver_.is_open()) return {};
  const auto taken = receiver_.take(context);
  return taken ? result<void, error>{} : punish(context, taken.error());
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
  receiver_.abandon(context);
  if (is_announced()) {
    context.events.push(message_aborted{id_, code, false});
    return;
  }
  // Nothing of the request has been processed (RFC 9114, section 4.1.1).
  sender_.abandon();
  context.transport.reset_stream(id_, error_code::request_rejected);
}

void exchange::on_stopped(const exchange_context& context, error_code code) {
  if (sender_.is_abandoned()) return;
  sender_.abandon();
  if (is_announced()) context.events.push(message_refused{id_, code});
}

void exchange::on_closed(const exchange_context& context) {
  transport_closed_ = true;
  if (receiver_.is_open()) receiver_.abandon(context);
  tell_if_closed(context);
}

operation_result<void> exchange::send_request(const exchange_context& context, const field_list& fields,
                                              const request_head& head, bool end) {
  return sender_.send_request(context, fields, head, end);
}

operation_result<void> exchange::send_response(const exchange_context& context, const field_list& fields, bool end) {
  return sender_.send_response(context, fields, receiver_.request(), end);
}

operation_result<std::size_t> exchange::write_body(const exchange_context& context, byte_view data, bool end) {
  return sender_.write_body(context, data, end);
}

operation_result<void> exchange::send_trailers(const exchange_context& context, const field_list& fields) {
  return sender_.send_trailers(context, fields);
}

result<operation_result<body_read>, error> exchange::read_body(const exchange_context& context, byte_span out) {
  using outcome = operation_result<body_read>;
  if (receiver_.is_abandoned()) return outcome(unexpected<operation_error>(operation_error::cancelled));
  const auto read = receiver_.read(context, out);
  if (!read) {
    if (auto punished = punish(context, read.error()); !punished) return unexpected<error>(std::move(punished.error()));
    return outcome(unexpected<operation_error>(operation_error::cancelled));
  }
  tell_if_closed(context);
  return outcome(*read);
}

void exchange::cancel(const exchange_context& context, error_code code) {
  const bool only_reading = context.role == endpoint_role::server && code == error_code::no_error;
  if (only_reading) {
    stop_reading(context, code);
  } else {
    abandon_both(context, code);
  }
  tell_if_closed(context);
}

void exchange::give_up_unprocessed(const exchange_context& context) {
  if (!receiver_.is_open()) return;
  // Only a server may say H3_REQUEST_REJECTED (RFC 9114, section 4.1.1).
  abandon_both(context, error_code::request_cancelled);
  context.events.push(message_aborted{id_, error_code::request_rejected, false});
}

result<void, error> exchange::punish(const exchange_context& context, const breach& broken) {
  if (broken.cost == breach::scope::connection) return unexpected<error>(broken.what);
  if (broken.section_too_large && context.role == endpoint_role::server && !is_announced()) {
    answer_too_large(context);
    return {};
  }
  const bool was_announced = is_announced();
  abandon_both(context, broken.what.code);
  if (was_announced) context.events.push(message_aborted{id_, broken.what.code, true});
  tell_if_closed(context);
  return {};
}

/// RFC 9114, section 4.2.2. The request is not worth the application's time.
void exchange::answer_too_large(const exchange_context& context) {
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
  context.events.push(exchange_closed{id_});
}

}  // namespace quasio::http3
