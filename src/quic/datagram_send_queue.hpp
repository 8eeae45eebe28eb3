#pragma once

#include <array>
#include <optional>

#include "quasio/base/byte_writer.hpp"
#include "quasio/quic/datagram.hpp"
#include "quic/datagram_buffer_pool.hpp"
#include "quic/event_queue.hpp"
#include "quic/sent_frame.hpp"
#include "quic/stream_scheduler.hpp"
#include "recovery/ring.hpp"

namespace quasio::quic {

/// The datagrams that wait to be sent, by urgency, and what becomes of them (RFC 9221). Once sent they are forgotten,
/// but for the cookie in the record of the packet: nothing is ever sent twice.
class datagram_send_queue {
public:
  datagram_send_queue(const datagram_settings& settings, event_queue& events) noexcept
      : settings_(settings), events_(&events), buffers_(settings.max_bytes_to_send) {}
  datagram_send_queue(const datagram_send_queue&) = delete;
  datagram_send_queue& operator=(const datagram_send_queue&) = delete;

  /// Takes the peer's max_datagram_frame_size. Before, it is 0 and nothing is accepted; a client in 0-RTT sets what it
  /// remembers, and then the real one, which is not smaller (RFC 9221, section 3).
  void set_peer_limit(std::uint64_t max_frame_size) noexcept { peer_limit_ = max_frame_size; }
  std::uint64_t peer_limit() const noexcept { return peer_limit_; }

  // --- The application -------------------------------------------------------------------------------------------

  /// Accepts a datagram of at most `max_payload` bytes, or says why not. What gives way to it is told.
  datagram_result<void> push(byte_view data, const datagram_options& options, std::size_t max_payload, time_point now);

  /// Drops those that `doomed` says, and tells how many it were.
  std::size_t purge(const datagram_predicate& doomed);

  std::size_t size() const noexcept { return size_; }
  std::size_t bytes() const noexcept { return bytes_; }
  bool empty() const noexcept { return size_ == 0; }

  // --- Sending ---------------------------------------------------------------------------------------------------

  /// A bit for each urgency at which datagrams wait.
  std::uint8_t urgencies() const noexcept { return waiting_levels_; }

  /// The payload size of the next datagram of the most urgent; only if not empty().
  std::size_t next_size() const noexcept;

  /// Drops what stands first at its urgency and is expired, or larger than the path carries by now.
  void drop_unsendable(std::size_t max_payload, time_point now);

  /// Writes the next datagram of this urgency as a frame: false when it does not fit. `last_in_packet`: nothing
  /// follows, so that the frame may omit its length and reach to the end.
  bool write_frame(std::size_t urgency, byte_writer& packet, sent_frames& record, bool last_in_packet);

  void on_acked(const sent_frame& frame);
  /// The packet was declared lost, not only suspected.
  void on_lost(const sent_frame& frame);

  // --- Time ------------------------------------------------------------------------------------------------------

  /// When expired ones are to be told: up to a millisecond late, so that many cost one look. None is sent late.
  std::optional<time_point> deadline() const noexcept;
  void on_timeout(time_point now);

  // --- What others may know --------------------------------------------------------------------------------------

  /// Tells the application when the largest payload is another than before.
  void note_max_payload(std::size_t max_payload);

  sent_datagram_statistics statistics() const noexcept;

  bool holds_spare_memory() const noexcept { return buffers_.spare_bytes() > 0; }
  void release_spare_memory() noexcept { buffers_.clear(); }

private:
  struct waiting_datagram {
    datagram_buffer_pool::buffer bytes;
    datagram_options options;
    std::uint64_t order = 0;
    bool gone = false;  // Dropped; its place is about to be closed.
  };
  using level = recovery::ring<waiting_datagram>;

  bool has_room_for(std::size_t bytes) const noexcept;
  bool make_room_for(std::size_t bytes, std::size_t urgency, time_point now);
  bool displace_one(std::size_t newcomer_urgency);
  std::size_t level_of_oldest() const noexcept;
  template <class Doomed>
  std::size_t drop_if(datagram_outcome outcome, Doomed&& doomed);
  void drop_expired(time_point now);
  void drop_front(std::size_t urgency, datagram_outcome outcome);
  void pop(std::size_t urgency);
  void give_up(waiting_datagram& dropped, datagram_outcome outcome);
  void forget_bytes(waiting_datagram& gone);
  void tell(const datagram_options& options, datagram_outcome outcome);
  void tell_of_room();
  static void count(sent_datagram_statistics& counters, datagram_outcome outcome) noexcept;

  datagram_settings settings_;
  event_queue* events_;
  std::uint64_t peer_limit_ = 0;
  datagram_buffer_pool buffers_;
  std::array<level, urgency_levels> levels_;
  std::uint8_t waiting_levels_ = 0;
  std::size_t size_ = 0;
  std::size_t bytes_ = 0;
  std::uint64_t next_order_ = 0;
  bool room_is_wanted_ = false;
  std::optional<time_point> first_expiry_;  // Not after the first one's of all.
  std::optional<std::size_t> told_max_payload_;
  sent_datagram_statistics counters_;
};

}  // namespace quasio::quic
