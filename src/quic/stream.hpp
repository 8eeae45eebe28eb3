#pragma once

#include "quic/receive_stream.hpp"
#include "quic/send_stream.hpp"
#include "quic/stream_scheduler.hpp"

namespace quasio::quic {

/// Frames about one stream, besides its data, that wait to be sent.
enum class stream_notice : std::uint8_t {
  reset_stream = 1,
  stop_sending = 2,
  max_stream_data = 4,
  stream_data_blocked = 8,
};

/// One stream as the connection knows it: its two parts, of which a unidirectional stream uses one, and its places in
/// the queues of the connection. Streams are used again for others after they have ended.
struct stream {
  explicit stream(stream_block_pool& pool) noexcept : sending(pool), receiving(pool) {}

  stream_id id = 0;
  bool sends = false;
  bool receives = false;
  bool told_opened = false;     ///< The application knows of it: it opened it, or was told.
  bool waits_to_write = false;  ///< The last write was cut short.
  bool out_of_credit = false;   ///< It has data that its own window holds back.
  std::uint8_t notices = 0;     ///< Bits of stream_notice.
  std::size_t notice_slot = 0;  ///< Where it stands among the streams with notices; only if there are any.
  std::uint64_t stop_code = 0;

  schedule_entry repairs;  ///< Waits to send what needs no new credit.
  schedule_entry fresh;    ///< Waits to send data for the first time.

  send_stream sending;
  receive_stream receiving;

  /// Becomes another stream. Its parts that are used have to be restarted too.
  void restart(stream_id new_id, bool can_send, bool can_receive) noexcept {
    id = new_id;
    sends = can_send;
    receives = can_receive;
    told_opened = waits_to_write = out_of_credit = false;
    notices = 0;
    repairs = {.owner = this, .id = new_id};
    fresh = {.owner = this, .id = new_id};
  }

  bool has_notice(stream_notice notice) const noexcept { return (notices & static_cast<unsigned>(notice)) != 0; }
  bool is_done() const noexcept { return (!sends || sending.is_done()) && (!receives || receiving.is_done()); }
};

}  // namespace quasio::quic
