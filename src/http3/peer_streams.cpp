#include "http3/peer_streams.hpp"

#include "http3/frame.hpp"

namespace quasio::http3 {

result<void, breach> peer_streams::on_readable(transport_streams& transport, stream_id id,
                                               const peer_stream_readers& readers) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return {};
  peer_stream& stream = found->second;
  for (;;) {
    const auto unread = transport.stream_peek(id);
    if (!unread || (unread->bytes.empty() && !unread->fin)) return {};
    const bool is_last = unread->fin;
    const std::size_t size = unread->bytes.size();
    if (auto taken = take(stream, unread->bytes, readers); !taken) return taken;
    if (stream.is_for == purpose::none) {
      // RFC 9114, section 6.2: what it would say is unknown, so that reading is given up.
      transport.stop_sending(id, error_code::stream_creation_error);
      return forget(id, readers);
    }
    if (!transport.stream_consume(id, size)) {
      return connection_breach(error_code::internal_error, "a stream lost what it had shown");
    }
    if (is_last) return forget(id, readers);
  }
}

result<void, breach> peer_streams::on_reset(stream_id id, const peer_stream_readers& readers) {
  return forget(id, readers);
}

result<void, breach> peer_streams::take(peer_stream& stream, byte_view bytes, const peer_stream_readers& readers) {
  if (stream.is_for == purpose::unknown) {
    const auto type = stream.type.read(bytes);
    if (!type) return {};
    if (auto assigned = assign(stream, *type); !assigned) return assigned;
  }
  switch (stream.is_for) {
    case purpose::control:
      return readers.control.take(bytes, readers.events);
    case purpose::qpack_encoder:
      return readers.decoder.on_encoder_stream(bytes);
    case purpose::qpack_decoder:
      return readers.encoder.on_decoder_stream(bytes);
    case purpose::unknown:
    case purpose::none:
      break;
  }
  return {};
}

result<void, breach> peer_streams::assign(peer_stream& stream, std::uint64_t type) {
  switch (type) {
    case stream_type::control:
      return assign_once(stream, purpose::control);
    case stream_type::qpack_encoder:
      return assign_once(stream, purpose::qpack_encoder);
    case stream_type::qpack_decoder:
      return assign_once(stream, purpose::qpack_decoder);
    case stream_type::push:
      if (role_ == endpoint_role::server) {
        return connection_breach(error_code::stream_creation_error, "a push stream from a client");
      }
      // No MAX_PUSH_ID is ever sent (RFC 9114, section 4.6).
      return connection_breach(error_code::id_error, "a push stream, and no push was allowed");
    default:
      stream.is_for = purpose::none;
      return {};
  }
}

result<void, breach> peer_streams::assign_once(peer_stream& stream, purpose wanted) {
  bool& is_taken = taken_[static_cast<std::size_t>(wanted)];
  if (is_taken)
    return connection_breach(error_code::stream_creation_error, "a second stream of a kind there is one of");
  is_taken = true;
  stream.is_for = wanted;
  return {};
}

/// The stream has ended. Those that the connection lives on must not (RFC 9114, section 6.2.1; RFC 9204, section 4.2).
result<void, breach> peer_streams::forget(stream_id id, const peer_stream_readers& readers) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return {};
  const purpose was_for = found->second.is_for;
  streams_.erase(found);
  if (was_for == purpose::unknown || was_for == purpose::none) {
    ++readers.counts.unknown_streams;
    readers.guard.note_unknown_stream();
    return {};
  }
  return connection_breach(error_code::closed_critical_stream, "a critical stream was closed");
}

}  // namespace quasio::http3
