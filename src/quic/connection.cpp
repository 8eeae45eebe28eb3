#include "quasio/quic/connection.hpp"

#include <utility>

#include "quic/connection_parts.hpp"

namespace quasio::quic {

connection::connection(std::unique_ptr<parts> state) noexcept : parts_(std::move(state)) {}
connection::~connection() = default;

result<std::unique_ptr<connection>, transport_error> connection::connect(client_options options, random_source& random,
                                                                         time_point now) {
  auto made = parts::connect(std::move(options), random, now);
  if (!made) return unexpected(made.error());
  return std::unique_ptr<connection>(new connection(std::move(*made)));
}

endpoint_role connection::role() const noexcept { return parts_->state.role; }

void connection::receive(byte_span datagram, const network_path& path, ecn_codepoint ecn, time_point now) {
  parts_->state.now = now;
  parts_->receive(datagram, path, ecn);
  parts_->note_flight();
}

std::optional<transmission> connection::transmit(byte_span buffer, std::size_t max_segments, time_point now) {
  parts_->state.now = now;
  const auto made = parts_->sender.transmit(buffer, max_segments);
  parts_->note_flight();
  return made;
}

void connection::on_datagram_too_large(const network_path& path, std::size_t size, time_point now) {
  parts_->state.now = now;
  parts_->recovery.on_refused_by_host(path, size);
}

std::optional<time_point> connection::next_deadline() const { return parts_->next_deadline(); }

void connection::on_timeout(time_point now) {
  parts_->state.now = now;
  parts_->on_timeout();
}

std::optional<event> connection::poll_event() { return parts_->state.events.pop(); }

bool connection::is_established() const noexcept { return parts_->is_established(); }
bool connection::is_closed() const noexcept { return !parts_->state.end.is_open(); }
bool connection::is_drained() const noexcept { return parts_->state.end.is_drained(); }

void connection::close(std::uint64_t application_code, std::string_view reason, time_point now) {
  parts_->state.now = now;
  parts_->close(application_code, reason);
}

stream_result<stream_id> connection::open_stream(stream_direction direction) {
  if (!parts_->is_established()) return unexpected(stream_error::connection_closed);
  return parts_->state.streams.open(direction);
}

std::uint64_t connection::streams_left(stream_direction direction) const noexcept {
  return parts_->state.streams.streams_left(direction);
}

stream_result<std::size_t> connection::stream_write(stream_id id, byte_view data, bool fin) {
  if (!parts_->is_established()) return unexpected(stream_error::connection_closed);
  const auto taken = parts_->state.streams.write(id, data, fin);
  if (taken) parts_->tell_of_stream_data({id, *taken, data_movement::from_application, fin && *taken == data.size()});
  return taken;
}

stream_result<void> connection::stream_write_whole(stream_id id, byte_view data, bool fin) {
  if (!parts_->is_established()) return unexpected(stream_error::connection_closed);
  const auto taken = parts_->state.streams.write_whole(id, data, fin);
  if (taken) parts_->tell_of_stream_data({id, data.size(), data_movement::from_application, fin});
  return taken;
}

stream_result<std::size_t> connection::stream_capacity(stream_id id) const {
  return parts_->state.streams.capacity(id);
}

stream_result<stream_chunk> connection::stream_peek(stream_id id) const {
  const auto chunk = parts_->state.streams.peek(id);
  if (!chunk) return unexpected(chunk.error());
  return stream_chunk{chunk->bytes, chunk->fin};
}

stream_result<void> connection::stream_consume(stream_id id, std::size_t count) {
  connection_state& state = parts_->state;
  const auto consumed = state.streams.consume(id, count, state.now, state.paths.active().rtt.smoothed());
  if (consumed) parts_->tell_of_stream_data({id, count, data_movement::to_application, false});
  return consumed;
}

stream_result<void> connection::reset_stream(stream_id id, std::uint64_t code) {
  return parts_->state.streams.reset(id, code);
}

stream_result<void> connection::stop_sending(stream_id id, std::uint64_t code) {
  return parts_->state.streams.stop_sending(id, code);
}

stream_result<void> connection::set_stream_priority(stream_id id, std::uint8_t urgency, bool incremental) {
  return parts_->state.streams.set_priority(id, urgency, incremental);
}

const close_reason& connection::reason() const noexcept { return parts_->state.end.reason(); }
std::string_view connection::alpn() const noexcept { return parts_->state.tls.alpn(); }
handshake_summary connection::handshake() const { return parts_->handshake(); }
const transport_parameters& connection::peer_parameters() const noexcept { return parts_->state.peer_parameters; }
const network_path& connection::path() const noexcept { return parts_->state.paths.active().address(); }
statistics connection::statistics() const { return parts_->statistics(); }

}  // namespace quasio::quic
