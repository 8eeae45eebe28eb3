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

std::size_t connection::open_exchanges() const noexcept { return parts_->state.open_exchanges(); }

const peer_settings& connection::peer() const noexcept { return parts_->state.peer(); }

qpack_statistics connection::qpack() const noexcept { return parts_->state.qpack(); }

}  // namespace quasio::http3
