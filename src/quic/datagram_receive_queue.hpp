#pragma once

#include <optional>

#include "quasio/quic/datagram.hpp"
#include "quasio/wire/transport_error.hpp"
#include "quic/datagram_buffer_pool.hpp"
#include "quic/event_queue.hpp"
#include "recovery/ring.hpp"

namespace quasio::quic {

/// The peer's datagrams that wait to be read, in the order they came. When the reader is too slow some are dropped,
/// which their nature allows (RFC 9221, section 5.3).
class datagram_receive_queue {
public:
  datagram_receive_queue(const datagram_settings& settings, event_queue& events) noexcept
      : settings_(settings), events_(&events), buffers_(settings.max_bytes_to_read) {}
  datagram_receive_queue(const datagram_receive_queue&) = delete;
  datagram_receive_queue& operator=(const datagram_receive_queue&) = delete;

  /// Takes the payload of a frame that had `frame_size` bytes in all. PROTOCOL_VIOLATION when we asked for none, or for
  /// none so large (RFC 9221, section 3).
  transport_result<void> receive(byte_view data, std::size_t frame_size);

  /// The next one, in place until the queue is touched again.
  std::optional<byte_view> peek() const noexcept;
  /// Drops the next one; does nothing when there is none.
  void pop();

  std::size_t size() const noexcept { return waiting_.size(); }
  std::size_t bytes() const noexcept { return bytes_; }

  received_datagram_statistics statistics() const noexcept;

  bool holds_spare_memory() const noexcept { return buffers_.spare_bytes() > 0; }
  void release_spare_memory() noexcept { buffers_.clear(); }

private:
  bool make_room_for(std::size_t bytes);
  void drop_oldest();

  datagram_settings settings_;
  event_queue* events_;
  datagram_buffer_pool buffers_;
  recovery::ring<datagram_buffer_pool::buffer> waiting_;
  std::size_t bytes_ = 0;
  bool readable_told_ = false;
  received_datagram_statistics counters_;
};

}  // namespace quasio::quic
