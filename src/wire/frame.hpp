#pragma once

#include <array>
#include <cstddef>
#include <variant>

#include "quasio/base/bytes.hpp"
#include "quasio/wire/connection_id.hpp"
#include "quasio/wire/stateless_reset_token.hpp"
#include "quasio/wire/stream_id.hpp"
#include "wire/ack_frame.hpp"
#include "wire/frame_type.hpp"
#include "wire/packet_type.hpp"

/// The frames of RFC 9000, section 19, of RFC 9221, section 4, and of draft-ietf-quic-ack-frequency. Views point into
/// the packet that a frame was read from, or to what the caller wants written.
namespace quasio::wire {

/// The largest stream count there can be: stream IDs have 62 bits, two of which say the kind (RFC 9000, section 4.6).
inline constexpr std::uint64_t max_stream_count = std::uint64_t{1} << 60;

/// A run of PADDING frames, which are one zero byte each.
struct padding_frame {
  std::size_t count = 1;
};

struct ping_frame {};

struct reset_stream_frame {
  stream_id id = 0;
  std::uint64_t error_code = 0;  ///< The application's.
  std::uint64_t final_size = 0;
};

struct stop_sending_frame {
  stream_id id = 0;
  std::uint64_t error_code = 0;  ///< The application's.
};

struct crypto_frame {
  std::uint64_t offset = 0;
  byte_view data;
};

struct new_token_frame {
  byte_view token;  ///< Never empty.
};

struct stream_frame {
  stream_id id = 0;
  std::uint64_t offset = 0;
  byte_view data;
  bool fin = false;
};

struct max_data_frame {
  std::uint64_t maximum = 0;
};

struct max_stream_data_frame {
  stream_id id = 0;
  std::uint64_t maximum = 0;
};

struct max_streams_frame {
  stream_direction direction = stream_direction::bidirectional;
  std::uint64_t maximum = 0;  ///< At most max_stream_count.
};

struct data_blocked_frame {
  std::uint64_t limit = 0;
};

struct stream_data_blocked_frame {
  stream_id id = 0;
  std::uint64_t limit = 0;
};

struct streams_blocked_frame {
  stream_direction direction = stream_direction::bidirectional;
  std::uint64_t limit = 0;  ///< At most max_stream_count.
};

struct new_connection_id_frame {
  std::uint64_t sequence = 0;
  std::uint64_t retire_prior_to = 0;  ///< At most `sequence`.
  connection_id id;                   ///< 1 to 20 bytes.
  stateless_reset_token reset_token{};
};

struct retire_connection_id_frame {
  std::uint64_t sequence = 0;
};

using path_data = std::array<std::uint8_t, 8>;

struct path_challenge_frame {
  path_data data{};
};

struct path_response_frame {
  path_data data{};
};

struct connection_close_frame {
  std::uint64_t error_code = 0;  ///< Of the application, or a transport_error_code.
  std::uint64_t frame_type = 0;  ///< What caused it; 0 where unknown, and where the application closes.
  byte_view reason;              ///< UTF-8, if the peer behaves.
  bool by_application = false;   ///< Type 0x1d instead of 0x1c.
};

struct handshake_done_frame {};

struct datagram_frame {
  byte_view data;
};

/// How often the sender of this wishes to be acknowledged (draft-ietf-quic-ack-frequency, section 4).
struct ack_frequency_frame {
  std::uint64_t sequence = 0;
  std::uint64_t ack_eliciting_threshold = 1;  ///< So many ack-eliciting packets may go without an acknowledgment.
  std::uint64_t max_ack_delay = 0;            ///< Microseconds.
  std::uint64_t reordering_threshold = 1;     ///< 0: packets out of order elicit none at once.
};

/// Asks for an acknowledgment at once (draft-ietf-quic-ack-frequency, section 5).
struct immediate_ack_frame {};

using frame =
    std::variant<padding_frame, ping_frame, ack_frame, reset_stream_frame, stop_sending_frame, crypto_frame,
                 new_token_frame, stream_frame, max_data_frame, max_stream_data_frame, max_streams_frame,
                 data_blocked_frame, stream_data_blocked_frame, streams_blocked_frame, new_connection_id_frame,
                 retire_connection_id_frame, path_challenge_frame, path_response_frame, connection_close_frame,
                 handshake_done_frame, datagram_frame, ack_frequency_frame, immediate_ack_frame>;

/// The type under which write() writes this frame, with the flags of a STREAM frame.
frame_type type_of(const frame& value) noexcept;

/// Whether the peer must acknowledge a packet that holds this frame: all but ACK, PADDING and CONNECTION_CLOSE
/// (RFC 9000, section 13.2).
bool is_ack_eliciting(const frame& value) noexcept;

/// Whether a packet of only such frames leaves the peer on the path it is on (RFC 9000, section 9.1).
bool is_probing(const frame& value) noexcept;

/// Whether packets of this type may hold this frame (RFC 9000, table 3 and section 12.5; RFC 9221, section 4). If not,
/// the peer commits a PROTOCOL_VIOLATION.
bool allowed_in(packet_type packet, const frame& value) noexcept;

}  // namespace quasio::wire
