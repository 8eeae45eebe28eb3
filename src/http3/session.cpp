#include "http3/session.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "http3/frame.hpp"

namespace quasio::http3 {
namespace {

bool is_request_stream(stream_id id) noexcept { return direction_of(id) == stream_direction::bidirectional; }

unexpected<operation_error> refuse(operation_error why) { return unexpected<operation_error>(why); }

}  // namespace

session::session(endpoint_role role, const settings& limits, random_source& random)
    : role_(role),
      limits_(limits),
      guard_(limits_.abuse),
      datagrams_(limits_.datagrams, counts_.datagrams),
      decoder_({std::min(limits.qpack_max_table_capacity, max_qpack_table_capacity), limits.qpack_blocked_streams}),
      control_(role, limits_, guard_),
      local_streams_(role, limits_, random),
      peer_streams_(role),
      goaway_(role),
      early_priorities_(limits_.max_early_priorities) {}

// --- What the transport tells --------------------------------------------------------------------------------------

void session::start(transport_streams& transport) { local_streams_.open(transport); }

void session::handle(transport_streams& transport, const quic::event& happened) {
  if (ended_) return;
  guard_.set_time(transport.now());
  std::visit([&](const auto& one) { on(transport, one); }, happened);
  check_load(transport);
  send_acknowledgments(transport);
}

void session::check_load(transport_streams& transport) {
  if (!ended_ && guard_.excess()) fail(transport, *guard_.excess());
}

std::optional<event> session::poll_event() {
  if (events_.empty()) return std::nullopt;
  event next = events_.take();
  prepare(next);
  return next;
}

void session::prepare(event& next) {
  if (const auto* closed = std::get_if<exchange_closed>(&next)) {
    // Until now the exchange could be asked about what was told before.
    const auto found = exchanges_.find(closed->id);
    datagrams_.clear(found->second.datagrams());
    exchanges_.erase(found);
  } else if (std::holds_alternative<goaway_received>(next)) {
    ++counts_.goaways_received;
  } else if (auto* changed = std::get_if<priority_changed>(&next)) {
    if (exchange* of = find_exchange(changed->id)) changed->wanted = of->take_priority_news();
  } else if (auto* request = std::get_if<fields_received>(&next); request && request->kind == section_kind::request) {
    request->is_early_data = early_requests_.erase(request->id) > 0;
    if (request->is_early_data) ++counts_.requests_in_early_data;
  }
}

void session::on(transport_streams& transport, const quic::stream_opened& opened) {
  if (!is_request_stream(opened.id)) {
    peer_streams_.on_opened(opened.id);
  } else if (role_ == endpoint_role::server) {
    admit_request(transport, opened.id);
    if (opened.is_early_data && exchanges_.contains(opened.id)) early_requests_.insert(opened.id);
  } else {
    fail(transport, {error_code::stream_creation_error, "a bidirectional stream from a server"});  // Section 6.1.
  }
}

void session::admit_request(transport_streams& transport, stream_id id) {
  seen_.note(id);
  const auto wanted = early_priorities_.take(id);
  if (goaway_.refuses(id)) {
    ++counts_.requests_rejected;
    transport.stop_sending(id, error_code::request_rejected);
    transport.reset_stream(id, error_code::request_rejected);
    decoder_.cancel(id);
    return;
  }
  goaway_.on_request(id);
  exchange& begun = exchanges_.try_emplace(id, id).first->second;
  if (wanted) begun.on_priority_update(context(transport), *wanted);
}

void session::on(transport_streams& transport, const quic::stream_readable& readable) {
  if (!is_request_stream(readable.id)) return read_peer_stream(transport, readable.id);
  exchange* reader = find_exchange(readable.id);
  if (reader == nullptr) return;
  if (const auto read = reader->on_readable(context(transport)); !read) return fail(transport, read.error());
  take_early_datagrams(transport, *reader);
}

void session::read_peer_stream(transport_streams& transport, stream_id id) {
  if (const auto read = peer_streams_.on_readable(transport, id, readers()); !read)
    return fail(transport, read.error().what);
  heed_settings();
  heed_goaway(transport);
  heed_priorities(transport);
  resume_unblocked(transport);
}

/// Not the settings that a client remembers: the bytes of early data that is rejected are sent again as they are, to a
/// server that may allow no table. Until the settings have come, an encoder may do without one (RFC 9204, section
/// 3.2.3).
void session::heed_settings() {
  if (settings_heeded_ || !control_.settings_came()) return;
  settings_heeded_ = true;
  const std::size_t most = std::min(limits_.qpack_encoder_table_capacity, max_qpack_table_capacity);
  encoder_.allow_dynamic_table(
      {.capacity = static_cast<std::size_t>(std::min<std::uint64_t>(most, peer().qpack_max_table_capacity)),
       .max_capacity = peer().qpack_max_table_capacity,
       .max_blocked_streams = peer().qpack_blocked_streams,
       .max_unacknowledged_sections = limits_.qpack_max_unacknowledged_sections});
}

void session::resume_unblocked(transport_streams& transport) {
  while (const auto id = decoder_.take_unblocked()) {
    exchange* reader = find_exchange(*id);
    if (reader == nullptr) continue;
    if (const auto read = reader->on_unblocked(context(transport)); !read) return fail(transport, read.error());
    take_early_datagrams(transport, *reader);
  }
  // After the sections, whose acknowledgments say the same of most entries.
  decoder_.acknowledge_inserts();
}

void session::send_acknowledgments(transport_streams& transport) {
  if (ended_) return;
  local_streams_.send_decoder_instructions(transport, decoder_.instructions());
  if (decoder_.instructions().size() <= limits_.qpack_max_unsent_acknowledgments) return;
  fail(transport, {error_code::excessive_load, "acknowledgments for which there is no credit"});
}

void session::heed_goaway(transport_streams& transport) {
  if (role_ == endpoint_role::server || !control_.goaway_id()) return;
  for (auto& [id, one] : exchanges_) {
    if (id >= *control_.goaway_id()) one.give_up_unprocessed(context(transport));
  }
}

void session::on(transport_streams& transport, const quic::stream_writable& writable) {
  if (exchange* writer = find_exchange(writable.id)) writer->on_writable(context(transport));
}

void session::on(transport_streams& transport, const quic::stream_reset& reset) {
  if (is_request_stream(reset.id)) {
    if (exchange* reader = find_exchange(reset.id)) reader->on_reset(context(transport), error_code{reset.code});
  } else if (const auto tolerated = peer_streams_.on_reset(reset.id, readers()); !tolerated) {
    fail(transport, tolerated.error().what);
  }
}

void session::on(transport_streams& transport, const quic::stream_stopped& stopped) {
  if (local_streams_.is_critical(stopped.id)) {
    fail(transport, {error_code::closed_critical_stream, "a critical stream was refused"});  // Section 6.2.1.
  } else if (exchange* writer = find_exchange(stopped.id)) {
    writer->on_stopped(context(transport), error_code{stopped.code});
  }
}

void session::on(transport_streams& transport, const quic::stream_closed& closed) {
  early_requests_.erase(closed.id);
  const auto found = exchanges_.find(closed.id);
  if (found == exchanges_.end()) return;
  found->second.on_closed(context(transport));
  if (found->second.is_gone_unheard()) exchanges_.erase(found);
}

void session::on(transport_streams& transport, const quic::streams_available& available) {
  if (available.direction == stream_direction::unidirectional) {
    local_streams_.open(transport);
  } else if (std::exchange(wants_requests_, false)) {
    events_.push(requests_available{});
  }
}

void session::on(transport_streams& transport, const quic::datagrams_readable&) {
  if (!limits_.datagrams.enable) return;  // They may be somebody else's.
  while (const auto data = transport.peek_datagram()) {
    take_datagram(transport, *data);
    if (ended_) return;
    transport.pop_datagram();
  }
}

void session::on(transport_streams&, const quic::datagrams_writable&) { events_.push(datagrams_writable{}); }

void session::on(transport_streams&, const quic::connection_closed&) { ended_ = true; }

void session::fail(transport_streams& transport, const error& why) {
  ended_ = true;
  counts_.closed_for = why.code;
  transport.close(why.code, why.reason);
}

// --- What the application wants ------------------------------------------------------------------------------------

operation_result<stream_id> session::send_request(transport_streams& transport, const field_list& fields, bool end) {
  if (role_ != endpoint_role::client) return refuse(operation_error::wrong_state);
  if (ended_ || transport.is_closed()) return refuse(operation_error::connection_closed);
  if (control_.goaway_id()) return refuse(operation_error::going_away);
  const auto head = validate_request(fields);
  if (!head) return refuse(operation_error::malformed_fields);
  if (head->is_extended && !peer().enable_connect_protocol) return refuse(operation_error::wrong_state);
  if (section_size(fields) > peer().max_field_section_size) return refuse(operation_error::fields_too_large);
  // Before a stream is spent on it.
  const bool is_short = end && !head->is_connect && head->content_length.value_or(0) != 0;
  if (is_short) return refuse(operation_error::content_length_mismatch);
  const auto opened = transport.open_stream(stream_direction::bidirectional);
  if (!opened) {
    wants_requests_ = opened.error() == quic::stream_error::limit_reached;
    return refuse(to_operation_error(opened.error()));
  }
  exchange& begun = exchanges_.try_emplace(*opened, *opened, *head).first->second;
  if (const auto sent = begun.send_request(context(transport), fields, *head, end); !sent) {
    exchanges_.erase(*opened);
    return refuse(sent.error());
  }
  return *opened;
}

operation_result<void> session::send_response(transport_streams& transport, stream_id id, const field_list& fields,
                                              bool end) {
  const auto found = exchange_to_use(transport, id);
  if (!found) return refuse(found.error());
  if (role_ != endpoint_role::server) return refuse(operation_error::wrong_state);
  return (*found)->send_response(context(transport), fields, end);
}

operation_result<std::size_t> session::write_body(transport_streams& transport, stream_id id, byte_view data,
                                                  bool end) {
  const auto found = exchange_to_use(transport, id);
  if (!found) return refuse(found.error());
  return (*found)->write_body(context(transport), data, end);
}

operation_result<void> session::send_trailers(transport_streams& transport, stream_id id, const field_list& fields) {
  const auto found = exchange_to_use(transport, id);
  if (!found) return refuse(found.error());
  return (*found)->send_trailers(context(transport), fields);
}

operation_result<body_read> session::read_body(transport_streams& transport, stream_id id, byte_span out) {
  // Also after the end of the connection: what has arrived is there.
  exchange* const found = find_exchange(id);
  if (found == nullptr || !found->is_announced()) {
    const bool over = ended_ || transport.is_closed();
    return refuse(over ? operation_error::connection_closed : operation_error::unknown_exchange);
  }
  guard_.set_time(transport.now());
  auto read = found->read_body(context(transport), out);
  if (read) {
    send_acknowledgments(transport);
    return *read;
  }
  fail(transport, read.error());
  return refuse(operation_error::connection_closed);
}

operation_result<void> session::cancel(transport_streams& transport, stream_id id, error_code code) {
  const auto found = exchange_to_use(transport, id);
  if (!found) return refuse(found.error());
  (*found)->cancel(context(transport), code);
  send_acknowledgments(transport);
  return {};
}

void session::send_goaway(transport_streams& transport) {
  if (ended_) return;
  const auto id = goaway_.announce();
  if (!id) return;
  std::vector<std::uint8_t> frame;
  append_frame_header(frame, frame_type::goaway, varint_size(*id));
  append_varint(frame, *id);
  local_streams_.send_on_control(transport, frame);
  ++counts_.goaways_sent;
}

// --- Parts ---------------------------------------------------------------------------------------------------------

exchange_context session::context(transport_streams& transport) noexcept {
  return {role_,          transport, limits_, control_.peer(), encoder_,   decoder_,
          local_streams_, events_,   guard_,  counts_,         datagrams_, scratch_};
}

exchange* session::find_exchange(stream_id id) noexcept {
  const auto found = exchanges_.find(id);
  return found == exchanges_.end() ? nullptr : &found->second;
}

const exchange* session::find_exchange(stream_id id) const noexcept {
  const auto found = exchanges_.find(id);
  return found == exchanges_.end() ? nullptr : &found->second;
}

statistics session::statistics() const {
  quasio::http3::statistics now = counts_;
  now.qpack = {encoder_.statistics(), decoder_.statistics()};
  now.open_exchanges = exchanges_.size();
  now.datagram_bytes_waiting = datagrams_.bytes();
  now.early_priorities_waiting = early_priorities_.size();
  return now;
}

operation_result<exchange*> session::exchange_to_use(transport_streams& transport, stream_id id) noexcept {
  if (ended_ || transport.is_closed()) return refuse(operation_error::connection_closed);
  exchange* found = find_exchange(id);
  if (found == nullptr || !found->is_announced()) return refuse(operation_error::unknown_exchange);
  return found;
}

}  // namespace quasio::http3
