#include "quasio/quic/connection.hpp"

#include <utility>

#include "quic/connection_parts.hpp"
#include "quic/datagram_capacity.hpp"

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
  parts_->tell_of_changes();
}

std::optional<transmission> connection::transmit(byte_span buffer, std::size_t max_segments, time_point now) {
  parts_->state.now = now;
  if (parts_->is_established()) parts_->state.datagrams_out.note_max_payload(quic::max_datagram_payload(parts_->state));
  parts_->leave_when_delivered();
  const auto made = parts_->sender.transmit(buffer, max_segments);
  parts_->note_flight();
  if (made) parts_->tell_of_transmission(*made);
  parts_->tell_of_changes();
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
  parts_->tell_of_changes();
}

std::optional<event> connection::poll_event() {
  parts_->tell_of_changes();
  return parts_->state.events.pop();
}

void connection::answer_client_hello(crypto::client_hello_answer answer, time_point now) {
  parts_->state.now = now;
  parts_->answer_client_hello(std::move(answer));
  parts_->tell_of_changes();
}

bool connection::awaits_client_hello_answer() const noexcept {
  return !is_closed() && parts_->state.tls.awaits_answer();
}

bool connection::is_established() const noexcept { return parts_->is_established(); }
bool connection::may_use_streams() const noexcept { return parts_->may_use_streams(); }
bool connection::is_closed() const noexcept { return !parts_->state.end.is_open(); }
bool connection::is_drained() const noexcept { return parts_->state.end.is_drained(); }

void connection::close(std::uint64_t application_code, std::string_view reason, time_point now) {
  parts_->state.now = now;
  parts_->close(application_code, reason);
}

void connection::close_gracefully(std::uint64_t application_code, std::string_view reason, time_point deadline,
                                  time_point now) {
  parts_->state.now = now;
  parts_->close_gracefully(application_code, reason, deadline);
}

bool connection::is_closing_gracefully() const noexcept { return parts_->state.leaving.is_under_way() && !is_closed(); }

bool connection::is_everything_delivered() const noexcept { return parts_->is_everything_delivered(); }

void connection::set_keep_alive(std::chrono::milliseconds interval, keep_alive_scope scope) {
  parts_->state.alive.set(interval, scope);
}

void connection::set_idle_timeout(std::chrono::milliseconds timeout) { parts_->state.idle.set_own_timeout(timeout); }
std::chrono::milliseconds connection::idle_timeout() const noexcept { return parts_->state.idle.timeout(); }

result<void, key_update_error> connection::update_keys(time_point now) {
  parts_->state.now = now;
  return begin_key_update(parts_->state);
}

stream_result<stream_id> connection::open_stream(stream_direction direction) {
  if (!parts_->takes_data()) return unexpected(stream_error::connection_closed);
  const auto opened = parts_->state.streams.open(direction);
  if (opened) parts_->tell_of_stream({*opened, stream_change::opened, false});
  return opened;
}

std::uint64_t connection::streams_left(stream_direction direction) const noexcept {
  return parts_->state.streams.streams_left(direction);
}

std::uint64_t connection::peer_stream_limit(stream_direction direction) const noexcept {
  return parts_->state.streams.peer_stream_limit(direction);
}

stream_result<std::size_t> connection::stream_write(stream_id id, byte_view data, bool fin) {
  if (!parts_->takes_data()) return unexpected(stream_error::connection_closed);
  const auto taken = parts_->state.streams.write(id, data, fin);
  if (taken) parts_->tell_of_stream_data({id, *taken, data_movement::from_application, fin && *taken == data.size()});
  return taken;
}

stream_result<void> connection::stream_write_whole(stream_id id, byte_view data, bool fin) {
  if (!parts_->takes_data()) return unexpected(stream_error::connection_closed);
  const auto taken = parts_->state.streams.write_whole(id, data, fin);
  if (taken) parts_->tell_of_stream_data({id, data.size(), data_movement::from_application, fin});
  return taken;
}

stream_result<std::size_t> connection::stream_capacity(stream_id id) const {
  return parts_->state.streams.capacity(id);
}

stream_result<std::uint64_t> connection::stream_credit(stream_id id) const { return parts_->state.streams.credit(id); }

stream_result<stream_chunk> connection::stream_peek(stream_id id) const { return parts_->state.streams.peek(id); }

stream_result<void> connection::stream_consume(stream_id id, std::size_t count) {
  connection_state& state = parts_->state;
  const auto consumed = state.streams.consume(id, count, state.now, state.paths.active().rtt.smoothed());
  if (consumed) parts_->tell_of_stream_data({id, count, data_movement::to_application, false});
  return consumed;
}

stream_result<void> connection::reset_stream(stream_id id, std::uint64_t code) {
  const std::uint64_t before = parts_->state.streams.counters().reset_here;
  const auto done = parts_->state.streams.reset(id, code);
  if (parts_->state.streams.counters().reset_here != before)
    parts_->tell_of_stream({id, stream_change::reset_sent, false});
  return done;
}

stream_result<void> connection::stop_sending(stream_id id, std::uint64_t code) {
  return parts_->state.streams.stop_sending(id, code);
}

stream_result<void> connection::set_stream_priority(stream_id id, std::uint8_t urgency, bool incremental) {
  return parts_->state.streams.set_priority(id, urgency, incremental);
}

bool connection::takes_datagrams() const noexcept { return parts_->state.config.datagrams.max_frame_size > 0; }
std::size_t connection::max_datagram_payload() const noexcept { return quic::max_datagram_payload(parts_->state); }

datagram_result<void> connection::send_datagram(byte_view data, const datagram_options& options) {
  if (!parts_->takes_data()) return unexpected(datagram_error::connection_closed);
  connection_state& state = parts_->state;
  const auto accepted = state.datagrams_out.push(data, options, quic::max_datagram_payload(state), state.now);
  if (accepted) parts_->tell_of_datagram(data.size(), data_movement::from_application);
  return accepted;
}

std::size_t connection::purge_datagrams(const datagram_predicate& doomed) {
  return parts_->state.datagrams_out.purge(doomed);
}

std::size_t connection::purge_datagram_group(std::uint64_t group) {
  return purge_datagrams([group](byte_view, const datagram_options& options) { return options.group == group; });
}

std::optional<byte_view> connection::peek_datagram() const noexcept { return parts_->state.datagrams_in.peek(); }

void connection::pop_datagram() {
  if (const auto next = peek_datagram()) parts_->tell_of_datagram(next->size(), data_movement::to_application);
  parts_->state.datagrams_in.pop();
}

path_result<void> connection::probe_path(const network_path& path, time_point now) {
  parts_->state.now = now;
  return parts_->moves.probe(path);
}

path_result<void> connection::migrate(const network_path& path, time_point now, migration_timing when) {
  parts_->state.now = now;
  return parts_->moves.migrate(path, when);
}

path_result<void> connection::abandon_path(const network_path& path, time_point now) {
  parts_->state.now = now;
  return parts_->moves.abandon(path);
}

std::vector<path_statistics> connection::paths() const { return parts_->moves.statistics(); }

const close_reason& connection::reason() const noexcept { return parts_->state.end.reason(); }
std::string_view connection::alpn() const noexcept { return parts_->state.tls.alpn(); }
handshake_summary connection::handshake() const { return parts_->handshake(); }
const transport_parameters& connection::peer_parameters() const noexcept { return parts_->state.peer_parameters; }
const network_path& connection::path() const noexcept { return parts_->state.paths.active().address(); }
statistics connection::statistics() const { return parts_->statistics(); }

}  // namespace quasio::quic
