#pragma once

#include <cstdint>
#include <vector>

namespace quasio::quic {

/// Frames whose fate matters to the part that sent them. PADDING, PING and PATH_RESPONSE are sent and forgotten.
enum class sent_frame_kind : std::uint8_t {
  ack,  ///< `offset` is the largest packet number acknowledged by it.
  crypto,
  stream,
  reset_stream,
  stop_sending,
  max_data,
  max_stream_data,
  max_streams_bidirectional,
  max_streams_unidirectional,
  data_blocked,
  stream_data_blocked,
  streams_blocked_bidirectional,
  streams_blocked_unidirectional,
  new_connection_id,     ///< `id` is the sequence number.
  retire_connection_id,  ///< `id` is the sequence number.
  path_challenge,
  handshake_done,
  new_token,      ///< `id` is the token's number.
  datagram,       ///< `id` is the cookie, if the application gave one.
  ack_frequency,  ///< `id` is the sequence number.
};

/// What a packet carried, in the words its sender needs when the packet is acknowledged or lost: never the bytes
/// themselves, since a lost frame is made anew from the state at hand (RFC 9000, section 13.3).
struct sent_frame {
  sent_frame_kind kind;
  bool fin = false;          ///< STREAM: the end. DATAGRAM: there is a cookie.
  std::uint32_t length = 0;  ///< STREAM, CRYPTO and DATAGRAM: bytes of data.
  std::uint64_t id = 0;      ///< Stream ID or sequence number.
  std::uint64_t offset = 0;  ///< STREAM and CRYPTO: where the data begins. MAX_*: the limit that was announced.
};

/// The frames of one packet. Kept with the sent packet; its storage is used again for later packets.
using sent_frames = std::vector<sent_frame>;

}  // namespace quasio::quic
