#include <string>

#include "quic/stream_set.hpp"

/// What the peer's frames do to the streams (RFC 9000, sections 19.4, 19.5 and 19.8 to 19.14).
namespace quasio::quic {
namespace {

// What a path that loses many datagrams leaves of a stream are pieces of a datagram or more. However many they are,
// they cost little beside their own bytes, which the windows bound.
constexpr std::uint64_t honest_piece = 512;

unexpected<transport_error> refuse(transport_error_code code, wire::frame_type type, std::string reason) {
  return unexpected<transport_error>({code, static_cast<std::uint64_t>(type), std::move(reason)});
}

unexpected<transport_error> refuse_stream(transport_error_code code, wire::frame_type type, stream_id id,
                                          std::string_view reason) {
  return refuse(code, type, "stream " + std::to_string(id) + ": " + std::string(reason));
}

wire::frame_type type_of(const wire::max_streams_frame& frame) noexcept {
  return frame.direction == stream_direction::bidirectional ? wire::frame_type::max_streams_bidi
                                                            : wire::frame_type::max_streams_uni;
}

wire::frame_type type_of(const wire::streams_blocked_frame& frame) noexcept {
  return frame.direction == stream_direction::bidirectional ? wire::frame_type::streams_blocked_bidi
                                                            : wire::frame_type::streams_blocked_uni;
}

}  // namespace

transport_result<void> stream_set::receive(const wire::stream_frame& frame) {
  const auto found = stream_of_frame(frame.id, part::receiving, wire::frame_type::stream);
  if (!found) return unexpected<transport_error>(found.error());
  if (*found == nullptr) return {};
  stream& receiver = **found;
  receive_stream& receiving = receiver.receiving;
  if (auto admitted = admit(receiver, frame.offset + frame.data.size(), frame.fin, wire::frame_type::stream);
      !admitted) {
    return admitted;
  }
  counters_.bytes_received += receiving.take(frame.offset, frame.data, frame.fin);
  if (is_ours(frame.id) && receiving.state() == receive_state::data_received) {
    wants_prompt_ack_ |= outgoing(direction_of(frame.id)).left() == 0;
  }
  // The peer breaks no rule of the RFC, but we cannot go on: what was acknowledged cannot be dropped, and unbounded
  // tables are how an endpoint is attacked (section 21.6).
  if (receiving.pieces() > max_stream_gaps_ && receiving.bytes_ahead() / receiving.pieces() < honest_piece) {
    return refuse_stream(transport_error_code::internal_error, wire::frame_type::stream, frame.id, "too many gaps");
  }
  after_receiving(receiver);
  return {};
}

transport_result<void> stream_set::receive(const wire::reset_stream_frame& frame) {
  const auto found = stream_of_frame(frame.id, part::receiving, wire::frame_type::reset_stream);
  if (!found) return unexpected<transport_error>(found.error());
  if (*found == nullptr) return {};
  stream& receiver = **found;
  if (auto admitted = admit(receiver, frame.final_size, true, wire::frame_type::reset_stream); !admitted)
    return admitted;
  if (receiver.receiving.take_reset(frame.final_size)) {
    ++counters_.reset_by_peer;
    events_->push(stream_reset{frame.id, frame.error_code});
  }
  after_receiving(receiver);
  return {};
}

transport_result<void> stream_set::receive(const wire::stop_sending_frame& frame) {
  const auto found = stream_of_frame(frame.id, part::sending, wire::frame_type::stop_sending);
  if (!found) return unexpected<transport_error>(found.error());
  if (*found == nullptr) return {};
  // The RESET_STREAM copies the code of the STOP_SENDING (section 3.5).
  if (!abandon_sending(**found, frame.error_code)) return {};
  ++counters_.stopped_by_peer;
  events_->push(stream_stopped{frame.id, frame.error_code});
  return {};
}

transport_result<void> stream_set::receive(const wire::max_data_frame& frame) {
  connection_out_.raise(frame.maximum);
  return {};
}

transport_result<void> stream_set::receive(const wire::max_stream_data_frame& frame) {
  const auto found = stream_of_frame(frame.id, part::sending, wire::frame_type::max_stream_data);
  if (!found) return unexpected<transport_error>(found.error());
  if (*found == nullptr || !(*found)->sending.raise_limit(frame.maximum)) return {};
  drop_notices_not_needed(**found);
  reschedule(**found);
  return {};
}

transport_result<void> stream_set::receive(const wire::max_streams_frame& frame) {
  if (frame.maximum > wire::max_stream_count) {
    return refuse(transport_error_code::frame_encoding_error, type_of(frame), "more streams than there are numbers");
  }
  raise_stream_limit(frame.direction, frame.maximum);
  return {};
}

// Our limits rise as the application reads and as streams end, whether or not the peer says that it waits
// (section 4.2).
transport_result<void> stream_set::receive(const wire::data_blocked_frame&) { return {}; }

transport_result<void> stream_set::receive(const wire::stream_data_blocked_frame& frame) {
  const auto found = stream_of_frame(frame.id, part::receiving, wire::frame_type::stream_data_blocked);
  if (!found) return unexpected<transport_error>(found.error());
  return {};
}

transport_result<void> stream_set::receive(const wire::streams_blocked_frame& frame) {
  if (frame.limit <= wire::max_stream_count) return {};
  return refuse(transport_error_code::frame_encoding_error, type_of(frame), "more streams than there are numbers");
}

transport_result<stream*> stream_set::stream_of_frame(stream_id id, part wanted, wire::frame_type type) {
  stream* found = streams_.find(id);
  if (found == nullptr || !(wanted == part::sending ? found->sends : found->receives)) {
    auto opened = stream_unknown_yet(id, wanted, type);
    if (!opened || *opened == nullptr) return opened;
    found = *opened;
  }
  if (!found->told_opened) {
    found->told_opened = true;
    events_->push(stream_opened{id, receiving_early_});
  }
  return found;
}

transport_result<stream*> stream_set::stream_unknown_yet(stream_id id, part wanted, wire::frame_type type) {
  const std::uint64_t index = stream_index(id);
  if (!has_part(id, wanted)) {
    return refuse_stream(transport_error_code::stream_state_error, type, id,
                         wanted == part::sending ? "only the peer sends on it" : "only we send on it");
  }
  if (is_ours(id)) {
    if (outgoing(direction_of(id)).ledger().is_opened(index)) return nullptr;
    return refuse_stream(transport_error_code::stream_state_error, type, id, "ours, and not opened yet");
  }
  incoming_streams& kind = incoming(direction_of(id));
  if (!kind.allows(index)) {
    return refuse_stream(transport_error_code::stream_limit_error, type, id, "beyond the limit of streams");
  }
  if (kind.ledger().is_closed(index)) return nullptr;
  kind.open_through(index);
  return &create(id);
}

// Asks the final size, the stream's credit and the connection's, and takes the latter.
transport_result<void> stream_set::admit(const stream& receiver, std::uint64_t end, bool is_final,
                                         wire::frame_type type) {
  const auto fresh = receiver.receiving.admit(end, is_final);
  if (!fresh) return refuse_stream(fresh.error().code, type, receiver.id, fresh.error().reason);
  if (!connection_in_.allows(*fresh)) {
    return refuse(transport_error_code::flow_control_error, type, "the connection is beyond its limit");
  }
  connection_in_.on_received(*fresh);
  return {};
}

void stream_set::after_receiving(stream& receiver) {
  const receive_stream& receiving = receiver.receiving;
  if (receiving.was_reset() || receiving.is_abandoned()) release_credit(receiver);
  if (receiver.receiving.take_readable_news()) events_->push(stream_readable{receiver.id});
  drop_notices_not_needed(receiver);
  close_if_done(receiver);
}

}  // namespace quasio::quic
