#include "quic/stream_set.hpp"

#include <algorithm>
#include <bit>

namespace quasio::quic {
namespace {

// Ended streams kept to be used again, with the memory of their tables.
constexpr std::size_t max_spare_streams = 32;

// What a stream may hold unsent, whatever the others do.
constexpr std::size_t smallest_allowance = 16 * 1024;

stream_notice lowest_notice(const stream& about) noexcept {
  return static_cast<stream_notice>(1u << std::countr_zero(unsigned{about.notices}));
}

}  // namespace

stream_set::stream_set(endpoint_role role, const settings& own, event_queue& events)
    : role_(role),
      events_(&events),
      initial_stream_window_(own.initial_stream_window),
      max_stream_window_(own.max_stream_window),
      send_buffer_limit_(std::max<std::size_t>(own.stream_send_buffer, 1)),
      connection_send_limit_(own.connection_send_buffer),
      max_stream_gaps_(own.max_stream_gaps),
      incoming_{incoming_streams(own.max_concurrent_bidirectional_streams),
                incoming_streams(own.max_concurrent_unidirectional_streams)},
      connection_in_(own.initial_connection_window, own.max_connection_window) {}

void stream_set::set_peer_parameters(const transport_parameters& peer) {
  const auto raise = [](std::uint64_t& limit, std::uint64_t value) { limit = std::max(limit, value); };
  raise(peer_limits_.bidirectional_ours, peer.initial_max_stream_data_bidi_remote);
  raise(peer_limits_.bidirectional_theirs, peer.initial_max_stream_data_bidi_local);
  raise(peer_limits_.unidirectional, peer.initial_max_stream_data_uni);
  connection_out_.raise(peer.initial_max_data);
  streams_.for_each([this](stream& known) {
    if (!known.sends) return;
    known.sending.raise_limit(initial_peer_limit(known.id));
    drop_notices_not_needed(known);
    reschedule(known);
  });
  raise_stream_limit(stream_direction::bidirectional, peer.initial_max_streams_bidi);
  raise_stream_limit(stream_direction::unidirectional, peer.initial_max_streams_uni);
}

void stream_set::raise_stream_limit(stream_direction direction, std::uint64_t limit) {
  const bool some_wait = outgoing(direction).limit() < outgoing(direction).ledger().opened();
  if (outgoing(direction).raise(limit)) events_->push(streams_available{direction});
  if (some_wait) admit_waiting(direction);
}

void stream_set::admit_waiting(stream_direction direction) {
  streams_.for_each([&](stream& known) {
    if (!is_ours(known.id) || direction_of(known.id) != direction) return;
    for (const stream_notice notice : {stream_notice::reset_stream, stream_notice::max_stream_data}) {
      add_notice(known, notice);
    }
    if (known.receives && known.receiving.is_abandoned()) add_notice(known, stream_notice::stop_sending);
    reschedule(known);
  });
}

void stream_set::begin_anew(const transport_parameters& peer) {
  peer_limits_ = {};
  connection_out_ = send_window();
  for (outgoing_streams& kind : outgoing_) kind.take_limit_back();
  unsent_ = 0;
  streams_.for_each([this](stream& known) {
    if (known.sends) known.sending.begin_anew();
    if (known.sends) unsent_ += known.sending.unsent();
    while (known.notices != 0) drop_notice(known, lowest_notice(known));
    reschedule(known);
  });
  set_peer_parameters(peer);
}

// --- The application ---------------------------------------------------------------------------------------------

stream_result<stream_id> stream_set::open(stream_direction direction) {
  const auto index = outgoing(direction).open();
  if (!index) return unexpected<stream_error>(stream_error::limit_reached);
  stream& opened = create(make_stream_id(*index, role_, direction));
  opened.told_opened = true;
  return opened.id;
}

std::uint64_t stream_set::streams_left(stream_direction direction) const noexcept { return outgoing(direction).left(); }

stream_result<std::size_t> stream_set::write(stream_id id, byte_view data, bool fin) {
  const auto found = find_writable(id);
  if (!found) return unexpected<stream_error>(found.error());
  stream& to = **found;
  const std::size_t taken = std::min(data.size(), room(to.sending));
  const bool is_all = taken == data.size();
  to.waits_to_write = !is_all;
  append(to, data.first(taken), fin && is_all);
  return taken;
}

stream_result<void> stream_set::write_whole(stream_id id, byte_view data, bool fin) {
  const auto found = find_writable(id);
  if (!found) return unexpected<stream_error>(found.error());
  append(**found, data, fin);
  return {};
}

stream_result<std::size_t> stream_set::capacity(stream_id id) const {
  const auto found = find_used(id, part::sending);
  if (!found) return unexpected<stream_error>(found.error());
  if (*found == nullptr) return allowance_beside(unsent_);
  const send_stream& sending = (*found)->sending;
  if (sending.is_reset()) return unexpected<stream_error>(stream_error::reset);
  if (sending.is_finished()) return unexpected<stream_error>(stream_error::already_finished);
  return room(sending);
}

stream_result<std::uint64_t> stream_set::credit(stream_id id) const {
  if (const auto writable = capacity(id); !writable) return unexpected<stream_error>(writable.error());
  const auto found = find_used(id, part::sending);
  if (*found == nullptr) return 0;
  const send_stream& sending = (*found)->sending;
  const std::uint64_t available = std::min(sending.credit(), connection_out_.available());
  return available - std::min(available, sending.unsent());
}

stream_result<stream_chunk> stream_set::peek(stream_id id) const {
  const auto found = find_used(id, part::receiving);
  if (!found) return unexpected<stream_error>(found.error());
  if (*found == nullptr) return stream_chunk{};
  const receive_stream& receiving = (*found)->receiving;
  if (receiving.was_reset() || receiving.is_abandoned()) return unexpected<stream_error>(stream_error::reset);
  return receiving.peek();
}

stream_result<void> stream_set::consume(stream_id id, std::size_t count, time_point now, duration smoothed_rtt) {
  const auto found = find(id, part::receiving);
  if (!found) return unexpected<stream_error>(found.error());
  stream& reader = **found;
  receive_stream& receiving = reader.receiving;
  if (receiving.was_reset() || receiving.is_abandoned()) return unexpected<stream_error>(stream_error::reset);

  const std::uint64_t consumed = receiving.consume(count, now, smoothed_rtt);
  if (consumed > 0) connection_in_.on_consumed(consumed, now, smoothed_rtt);
  // One busy stream must not be held back by the connection's window.
  const std::uint64_t wanted = receiving.window() + receiving.window() / 2;
  if (wanted > connection_in_.window()) connection_in_.grow_to(wanted);
  add_notice(reader, stream_notice::max_stream_data);
  close_if_done(reader);
  return {};
}

stream_result<void> stream_set::reset(stream_id id, std::uint64_t code) {
  const auto found = find(id, part::sending);
  if (!found) return unexpected<stream_error>(found.error());
  counters_.reset_here += abandon_sending(**found, code);
  return {};
}

stream_result<void> stream_set::stop_sending(stream_id id, std::uint64_t code) {
  const auto found = find(id, part::receiving);
  if (!found) return unexpected<stream_error>(found.error());
  stream& stopped = **found;
  if (stopped.receiving.abandon()) {
    ++counters_.stopped_here;
    stopped.stop_code = code;
    add_notice(stopped, stream_notice::stop_sending);
  }
  release_credit(stopped);
  drop_notices_not_needed(stopped);
  close_if_done(stopped);
  return {};
}

stream_result<void> stream_set::set_priority(stream_id id, std::uint8_t urgency, bool incremental) {
  const auto found = find(id, part::sending);
  if (!found) return unexpected<stream_error>(found.error());
  stream& changed = **found;
  schedule(repairs_, changed.repairs, false);
  schedule(fresh_, changed.fresh, false);
  for (schedule_entry* entry : {&changed.repairs, &changed.fresh}) {
    entry->urgency = std::min(urgency, static_cast<std::uint8_t>(urgency_levels - 1));
    entry->incremental = incremental;
  }
  reschedule(changed);
  return {};
}

// --- Writing -----------------------------------------------------------------------------------------------------

stream_result<stream*> stream_set::find_writable(stream_id id) {
  const auto found = find(id, part::sending);
  if (!found) return found;
  if ((*found)->sending.is_reset()) return unexpected<stream_error>(stream_error::reset);
  if ((*found)->sending.is_finished()) return unexpected<stream_error>(stream_error::already_finished);
  return found;
}

std::size_t stream_set::allowance_beside(std::uint64_t others) const noexcept {
  const std::uint64_t left = connection_send_limit_ - std::min<std::uint64_t>(connection_send_limit_, others);
  return std::min<std::size_t>(send_buffer_limit_,
                               static_cast<std::size_t>(std::max<std::uint64_t>(left, smallest_allowance)));
}

std::size_t stream_set::room(const send_stream& sending) const noexcept {
  const std::size_t most = allowance(sending);
  const std::uint64_t unsent = sending.unsent();
  return unsent < most ? most - static_cast<std::size_t>(unsent) : 0;
}

void stream_set::append(stream& to, byte_view data, bool fin) {
  to.sending.write(data);
  unsent_ += data.size();
  if (fin) to.sending.finish();
  reschedule(to);
}

bool stream_set::abandon_sending(stream& abandoned, std::uint64_t code) {
  const std::uint64_t unsent = abandoned.sending.unsent();
  if (!abandoned.sending.reset(code)) return false;
  unsent_ -= unsent;
  abandoned.waits_to_write = false;
  drop_notices_not_needed(abandoned);
  add_notice(abandoned, stream_notice::reset_stream);
  reschedule(abandoned);
  return true;
}

// --- Streams -----------------------------------------------------------------------------------------------------

bool stream_set::has_part(stream_id id, part wanted) const noexcept {
  if (direction_of(id) == stream_direction::bidirectional) return true;
  return is_ours(id) == (wanted == part::sending);
}

std::uint64_t stream_set::initial_peer_limit(stream_id id) const noexcept {
  if (direction_of(id) == stream_direction::unidirectional) return peer_limits_.unidirectional;
  return is_ours(id) ? peer_limits_.bidirectional_ours : peer_limits_.bidirectional_theirs;
}

// Streams of ours are in the table from open() on.
bool stream_set::is_open_unused(stream_id id) const noexcept {
  if (is_ours(id)) return false;
  const stream_ledger& ledger = incoming(direction_of(id)).ledger();
  return ledger.is_opened(stream_index(id)) && !ledger.is_closed(stream_index(id));
}

stream_result<stream*> stream_set::find(stream_id id, part wanted) {
  stream* found = streams_.find(id);
  if (found == nullptr && !is_open_unused(id)) return unexpected<stream_error>(stream_error::unknown_stream);
  if (!has_part(id, wanted)) return unexpected<stream_error>(stream_error::wrong_direction);
  return found != nullptr ? found : &create(id);
}

stream_result<const stream*> stream_set::find_used(stream_id id, part wanted) const {
  const stream* found = streams_.find(id);
  if (found == nullptr && !is_open_unused(id)) return unexpected<stream_error>(stream_error::unknown_stream);
  if (!has_part(id, wanted)) return unexpected<stream_error>(stream_error::wrong_direction);
  return found;
}

stream& stream_set::create(stream_id id) {
  std::unique_ptr<stream> created;
  if (spare_streams_.empty()) {
    created = std::make_unique<stream>(blocks_);
  } else {
    created = std::move(spare_streams_.back());
    spare_streams_.pop_back();
  }
  created->restart(id, has_part(id, part::sending), has_part(id, part::receiving));
  if (created->sends) created->sending.restart(initial_peer_limit(id));
  if (created->receives) created->receiving.restart(initial_stream_window_, max_stream_window_);
  return streams_.insert(std::move(created));
}

void stream_set::close_if_done(stream& ended) {
  if (!ended.is_done()) return;
  const stream_id id = ended.id;
  schedule(repairs_, ended.repairs, false);
  schedule(fresh_, ended.fresh, false);
  note_credit(ended, false);
  drop_notices_not_needed(ended);
  std::unique_ptr<stream> removed = streams_.remove(id);
  if (spare_streams_.size() < max_spare_streams) spare_streams_.push_back(std::move(removed));
  if (is_ours(id)) {
    outgoing(direction_of(id)).close(stream_index(id));
  } else {
    incoming(direction_of(id)).close(stream_index(id));
  }
  events_->push(stream_closed{id});
}

void stream_set::release_spare_memory() {
  spare_streams_.clear();
  blocks_.keep_spare(0);
}

void stream_set::release_credit(stream& released) { connection_in_.on_discarded(released.receiving.release_credit()); }

}  // namespace quasio::quic
