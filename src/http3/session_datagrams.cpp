#include "http3/frame.hpp"
#include "http3/session.hpp"
#include "quasio/base/byte_reader.hpp"
#include "quasio/base/varint.hpp"

/// HTTP Datagrams (RFC 9297).
namespace quasio::http3 {
namespace {

constexpr std::uint64_t max_quarter_stream_id = (std::uint64_t{1} << 60) - 1;

unexpected<operation_error> refuse(operation_error why) { return unexpected<operation_error>(why); }

operation_error meaning_of(quic::datagram_error refused) noexcept {
  switch (refused) {
    case quic::datagram_error::not_negotiated:
      return operation_error::not_negotiated;
    case quic::datagram_error::too_large:
      return operation_error::datagram_too_large;
    case quic::datagram_error::queue_full:
      return operation_error::queue_full;
    case quic::datagram_error::connection_closed:
      break;
  }
  return operation_error::connection_closed;
}

}  // namespace

// --- Receiving -----------------------------------------------------------------------------------------------------

/// Section 2.1.
void session::take_datagram(transport_streams& transport, byte_view data) {
  byte_reader reader(data);
  const auto quarter = reader.read_varint();
  if (!quarter) return fail(transport, {error_code::datagram_error, "a datagram without a whole stream ID"});
  if (*quarter > max_quarter_stream_id) {
    return fail(transport, {error_code::datagram_error, "a datagram for a stream that cannot be"});
  }
  const byte_view payload = reader.rest();
  ++counts_.datagrams.received;
  counts_.datagrams.bytes_received += payload.size();
  const stream_id id = *quarter * 4;
  if (exchange* of = find_exchange(id); of != nullptr && of->is_announced()) {
    if (const auto taken = of->on_datagram(context(transport), payload); !taken) fail(transport, taken.error());
  } else if (of != nullptr || may_still_come(transport, id)) {
    datagrams_.keep_early(id, payload, transport.now());
  } else {
    ++(role_ == endpoint_role::server ? counts_.datagrams.dropped_late : counts_.datagrams.dropped_unasked);
  }
}

void session::take_early_datagrams(transport_streams& transport, exchange& of) {
  if (!datagrams_.has_early() || !of.is_announced()) return;
  if (const auto taken = of.take_early_datagrams(context(transport)); !taken) fail(transport, taken.error());
}

std::optional<byte_view> session::peek_datagram(stream_id id) const {
  const exchange* found = find_exchange(id);
  return found == nullptr ? std::nullopt : found->datagrams().front();
}

void session::pop_datagram(stream_id id) {
  if (exchange* found = find_exchange(id)) datagrams_.pop(found->datagrams());
}

// --- Sending -------------------------------------------------------------------------------------------------------

operation_result<void> session::allow_datagrams(stream_id id) {
  exchange* found = find_exchange(id);
  if (found == nullptr || !found->is_announced()) return refuse(operation_error::unknown_exchange);
  found->allow_datagrams();
  return {};
}

/// Neither side may send any before both have said that they take them (section 2.1.1).
bool session::has_agreed_on_datagrams() const noexcept {
  return limits_.datagrams.enable && local_streams_.has_sent_settings() && peer().h3_datagram;
}

std::size_t session::max_datagram_payload(std::size_t of_transport, stream_id id) const {
  const exchange* found = find_exchange(id);
  const std::size_t header = varint_size(id / 4);
  if (found == nullptr || !found->may_send_datagrams() || !has_agreed_on_datagrams()) return 0;
  return of_transport > header ? of_transport - header : 0;
}

operation_result<void> session::send_datagram(transport_streams& transport, stream_id id, byte_view payload,
                                              const datagram_options& options) {
  const auto found = exchange_to_use(transport, id);
  if (!found) return refuse(found.error());
  exchange& of = **found;
  if (!of.may_send_datagrams()) return refuse(operation_error::wrong_state);
  if (!has_agreed_on_datagrams()) return refuse(operation_error::not_negotiated);
  scratch_.clear();
  append_varint(scratch_, id / 4);
  scratch_.insert(scratch_.end(), payload.begin(), payload.end());
  const std::uint8_t urgency = options.urgency.value_or(of.priority_state().effective().urgency);
  const auto sent = transport.send_datagram(scratch_, {urgency, options.expires, id, options.cookie});
  if (!sent) return refuse(meaning_of(sent.error()));
  of.on_datagram_sent();
  ++counts_.datagrams_sent;
  counts_.datagram_bytes_sent += payload.size();
  return {};
}

}  // namespace quasio::http3
