#include "quasio/http3/connection.hpp"

#include "http3/quic_streams.hpp"
#include "http3/session.hpp"

namespace quasio::http3 {

class connection::parts {
public:
  parts(endpoint_role role, const settings& limits, random_source& random) : state(role, limits, random) {}

  session state;

  /// When the owner last said what time it is; good enough for a close that an operation without a time leads to.
  time_point now{};
};

connection::connection(endpoint_role role, settings settings, random_source& random)
    : parts_(std::make_unique<parts>(role, settings, random)) {}

connection::~connection() = default;

void connection::remember(const peer_settings& former) noexcept { parts_->state.remember(former); }

void connection::start(quic::connection& transport, time_point now) {
  parts_->now = now;
  quic_streams streams(transport, now);
  parts_->state.start(streams);
}

void connection::handle(quic::connection& transport, const quic::event& happened, time_point now) {
  parts_->now = now;
  quic_streams streams(transport, now);
  parts_->state.handle(streams, happened);
}

std::optional<event> connection::poll_event() { return parts_->state.poll_event(); }

operation_result<stream_id> connection::send_request(quic::connection& transport, const field_list& fields, bool end) {
  quic_streams streams(transport, parts_->now);
  return parts_->state.send_request(streams, fields, end);
}

operation_result<void> connection::send_response(quic::connection& transport, stream_id id, const field_list& fields,
                                                 bool end) {
  quic_streams streams(transport, parts_->now);
  return parts_->state.send_response(streams, id, fields, end);
}

operation_result<std::size_t> connection::write_body(quic::connection& transport, stream_id id, byte_view data,
                                                     bool end) {
  quic_streams streams(transport, parts_->now);
  return parts_->state.write_body(streams, id, data, end);
}

operation_result<void> connection::send_trailers(quic::connection& transport, stream_id id, const field_list& fields) {
  quic_streams streams(transport, parts_->now);
  return parts_->state.send_trailers(streams, id, fields);
}

operation_result<body_read> connection::read_body(quic::connection& transport, stream_id id, byte_span out) {
  quic_streams streams(transport, parts_->now);
  return parts_->state.read_body(streams, id, out);
}

operation_result<void> connection::cancel(quic::connection& transport, stream_id id, error_code code) {
  quic_streams streams(transport, parts_->now);
  return parts_->state.cancel(streams, id, code);
}

void connection::send_goaway(quic::connection& transport) {
  quic_streams streams(transport, parts_->now);
  parts_->state.send_goaway(streams);
}

operation_result<void> connection::set_priority(quic::connection& transport, stream_id id, const priority& wanted) {
  quic_streams streams(transport, parts_->now);
  return parts_->state.set_priority(streams, id, wanted);
}

operation_result<priority> connection::priority_of(stream_id id) const { return parts_->state.priority_of(id); }

operation_result<void> connection::allow_datagrams(stream_id id) { return parts_->state.allow_datagrams(id); }

std::size_t connection::max_datagram_payload(const quic::connection& transport, stream_id id) const {
  return parts_->state.max_datagram_payload(transport.max_datagram_payload(), id);
}

operation_result<void> connection::send_datagram(quic::connection& transport, stream_id id, byte_view payload,
                                                 const datagram_options& options) {
  quic_streams streams(transport, parts_->now);
  return parts_->state.send_datagram(streams, id, payload, options);
}

std::optional<byte_view> connection::peek_datagram(stream_id id) const { return parts_->state.peek_datagram(id); }

void connection::pop_datagram(stream_id id) { parts_->state.pop_datagram(id); }

quasio::http3::statistics connection::statistics() const { return parts_->state.statistics(); }

std::size_t connection::open_exchanges() const noexcept { return parts_->state.open_exchanges(); }

const peer_settings& connection::peer() const noexcept { return parts_->state.peer(); }

}  // namespace quasio::http3
