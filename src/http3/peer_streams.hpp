#pragma once

#include <map>

#include "http3/abuse_guard.hpp"
#include "http3/breach.hpp"
#include "http3/control_stream.hpp"
#include "http3/event_queue.hpp"
#include "http3/qpack_decoder.hpp"
#include "http3/qpack_encoder.hpp"
#include "http3/transport_streams.hpp"
#include "http3/varint_reader.hpp"
#include "quasio/http3/statistics.hpp"

namespace quasio::http3 {

/// Who reads the peer's unidirectional streams.
struct peer_stream_readers {
  control_stream& control;
  qpack_decoder& decoder;  ///< Reads the peer's encoder stream.
  qpack_encoder& encoder;  ///< Reads the peer's decoder stream.
  event_queue& events;
  abuse_guard& guard;
  statistics& counts;
};

/// The peer's unidirectional streams: finds out what each is for (RFC 9114, section 6.2; RFC 9204, section 4.2) and
/// passes its bytes on. Those that mean nothing to us are refused and forgotten. Every error ends the connection.
class peer_streams {
public:
  explicit peer_streams(endpoint_role our_role) noexcept : role_(our_role) {}

  void on_opened(stream_id id) { streams_.try_emplace(id); }
  result<void, breach> on_readable(transport_streams& transport, stream_id id, const peer_stream_readers& readers);
  result<void, breach> on_reset(stream_id id, const peer_stream_readers& readers);

private:
  enum class purpose : std::uint8_t { unknown, control, qpack_encoder, qpack_decoder, none };
  static constexpr std::size_t purposes = 5;

  struct peer_stream {
    varint_reader type;
    purpose is_for = purpose::unknown;
  };

  result<void, breach> take(peer_stream& stream, byte_view bytes, const peer_stream_readers& readers);
  result<void, breach> assign(peer_stream& stream, std::uint64_t type);
  result<void, breach> assign_once(peer_stream& stream, purpose wanted);
  result<void, breach> forget(stream_id id, const peer_stream_readers& readers);

  endpoint_role role_;
  std::map<stream_id, peer_stream> streams_;  ///< As many as the transport lets the peer open.
  bool taken_[purposes] = {};
};

}  // namespace quasio::http3
