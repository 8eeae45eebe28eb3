#pragma once

#include <array>
#include <utility>

#include "quasio/base/byte_writer.hpp"
#include "quasio/quic/settings.hpp"
#include "quasio/quic/stream_error.hpp"
#include "quasio/wire/transport_parameters.hpp"
#include "quic/event_queue.hpp"
#include "quic/sent_frame.hpp"
#include "quic/stream_limits.hpp"
#include "quic/stream_table.hpp"
#include "wire/frame.hpp"

namespace quasio::quic {

/// What the streams of a connection have moved. Bytes of stream data.
struct stream_counters {
  std::uint64_t bytes_sent = 0;  ///< First transmissions only.
  std::uint64_t bytes_resent = 0;
  std::uint64_t bytes_received = 0;  ///< New ones that somebody may read.

  // Streams, each once.
  std::uint64_t reset_here = 0;
  std::uint64_t reset_by_peer = 0;
  std::uint64_t stopped_here = 0;
  std::uint64_t stopped_by_peer = 0;
};

/// All streams of a connection, their flow control and their turns to send (RFC 9000, sections 2 to 4 and 19.4
/// to 19.14).
///
/// A peer's stream is announced by stream_opened when the first frame about it arrives. Those with lower numbers are
/// open by then too (section 3.2) and may be used, but nobody is told before something comes on them: they cost no
/// memory, and one frame causes one event.
///
/// Closed streams leave nothing but their number. For a client whose 0-RTT data was rejected all streams begin_anew()
/// (RFC 9001, section 4.6.2).
class stream_set {
public:
  stream_set(endpoint_role role, const settings& own, event_queue& events);
  stream_set(const stream_set&) = delete;
  stream_set& operator=(const stream_set&) = delete;

  /// Takes the limits the peer gives us. Before, all are 0. Called again with other values (a client in 0-RTT remembers
  /// some, and then learns the real ones), the larger ones count.
  void set_peer_parameters(const transport_parameters& peer);

  /// A client's early data was rejected, and `peer` are the parameters that count. What was sent was never sent: it
  /// waits to be, as far as the new limits allow; streams that these do not cover wait until the peer allows more. To
  /// be called after on_lost() for what was under way, and before anything came from the peer.
  void begin_anew(const transport_parameters& peer);

  /// Whether what is received now is early data, for stream_opened.
  void set_receiving_early(bool early) noexcept { receiving_early_ = early; }

  // --- The application, as in connection -------------------------------------------------------------------------

  stream_result<stream_id> open(stream_direction direction);
  std::uint64_t streams_left(stream_direction direction) const noexcept;
  std::uint64_t peer_stream_limit(stream_direction direction) const noexcept { return incoming(direction).limit(); }

  stream_result<std::size_t> write(stream_id id, byte_view data, bool fin);
  stream_result<void> write_whole(stream_id id, byte_view data, bool fin);
  stream_result<std::size_t> capacity(stream_id id) const;
  stream_result<std::uint64_t> credit(stream_id id) const;

  /// After the end has been consumed, while the other side of the stream is open, it gives the empty end again.
  stream_result<stream_chunk> peek(stream_id id) const;
  stream_result<void> consume(stream_id id, std::size_t count, time_point now, duration smoothed_rtt);

  stream_result<void> reset(stream_id id, std::uint64_t code);
  stream_result<void> stop_sending(stream_id id, std::uint64_t code);
  stream_result<void> set_priority(stream_id id, std::uint8_t urgency, bool incremental);

  std::size_t open_streams() const noexcept { return streams_.size(); }
  std::size_t peak_streams() const noexcept { return streams_.peak(); }

  // --- Frames from the peer --------------------------------------------------------------------------------------

  transport_result<void> receive(const wire::stream_frame& frame);
  transport_result<void> receive(const wire::reset_stream_frame& frame);
  transport_result<void> receive(const wire::stop_sending_frame& frame);
  transport_result<void> receive(const wire::max_data_frame& frame);
  transport_result<void> receive(const wire::max_stream_data_frame& frame);
  transport_result<void> receive(const wire::max_streams_frame& frame);
  transport_result<void> receive(const wire::data_blocked_frame& frame);
  transport_result<void> receive(const wire::stream_data_blocked_frame& frame);
  transport_result<void> receive(const wire::streams_blocked_frame& frame);

  // --- Frames to the peer ----------------------------------------------------------------------------------------

  /// Whether write_frames() would write something into an empty packet.
  bool has_frames_to_send() const noexcept;

  /// Whether there is stream data that only the peer's flow control keeps from being sent.
  bool is_blocked_by_peer() const noexcept;

  /// Fills what is left of `packet`: control frames first, then stream data by priority, lost data before new data of
  /// the same urgency. Each frame is added to `record`. `last_in_packet`: nothing follows, so that a STREAM frame may
  /// omit its length and reach to the end.
  void write_frames(byte_writer& packet, sent_frames& record, bool last_in_packet);

  /// The same in steps, for who has more to send than streams. False: the packet has no room for the next of them.
  bool write_control_frames(byte_writer& packet, sent_frames& record);
  /// One STREAM frame of this urgency, which must be one of urgencies_with_data(). False: it does not fit.
  bool write_data_frame(std::size_t urgency, byte_writer& packet, sent_frames& record, bool last_in_packet);

  /// A bit for each urgency at which a stream has data to send, and the credit to do so.
  std::uint8_t urgencies_with_data() const noexcept;

  /// A packet with this frame was acknowledged, or declared lost. Frames of other parts are ignored. on_lost() may also
  /// be called for a packet that is only suspected lost, to send its content again in a probe.
  void on_acked(const sent_frame& frame);
  void on_lost(const sent_frame& frame);

  // --- What others may know --------------------------------------------------------------------------------------

  const stream_counters& counters() const noexcept { return counters_; }
  /// Streams that use memory.
  std::size_t size() const noexcept { return streams_.size(); }
  /// Gives back memory that is kept for streams to come. For a connection that goes quiet: what it kept is at most 512
  /// KB of blocks, and the tables of 32 ended streams.
  void release_spare_memory();

  /// Whether there is any.
  bool holds_spare_memory() const noexcept { return !spare_streams_.empty() || blocks_.spare() > 0; }

  /// Whether all that was written, with its end or reset, is acknowledged. Looks at streams until it finds one that is
  /// not.
  bool is_everything_delivered() const noexcept;

  /// Makes the most that the peer was told of lacking credit be told again, for as long as it lacks (section 4.1).
  void say_blocked_again();

  /// Whether the acknowledgment of what has come since the last call should not wait: a stream of ours has ended with
  /// it, and the peer cannot let us open another before it knows (section 4.6).
  bool take_wish_for_prompt_ack() noexcept { return std::exchange(wants_prompt_ack_, false); }

  /// Blocks of memory that hold stream data.
  std::size_t blocks_in_use() const noexcept { return blocks_.in_use(); }

private:
  /// Which part of a stream a frame or a call is about.
  enum class part : std::uint8_t { sending, receiving };

  // Streams (stream_set.cpp).
  bool is_ours(stream_id id) const noexcept { return stream_initiator(id) == role_; }
  bool has_part(stream_id id, part wanted) const noexcept;
  std::uint64_t initial_peer_limit(stream_id id) const noexcept;
  /// Open because a higher one is (section 3.2), and without memory yet.
  bool is_open_unused(stream_id id) const noexcept;
  stream& create(stream_id id);
  void close_if_done(stream& ended);
  stream_result<stream*> find(stream_id id, part wanted);
  /// As find(), but null for a stream that is open and was never used.
  stream_result<const stream*> find_used(stream_id id, part wanted) const;
  void release_credit(stream& released);
  void raise_stream_limit(stream_direction direction, std::uint64_t limit);
  /// Whether the peer allows this stream: ours may have been opened under a limit that was taken back since.
  bool is_admitted(stream_id id) const noexcept {
    return !is_ours(id) || stream_index(id) < outgoing(direction_of(id)).limit();
  }
  void admit_waiting(stream_direction direction);

  // The application's writing (stream_set.cpp).
  stream_result<stream*> find_writable(stream_id id);
  /// What the stream may hold unsent now: its own limit, or what the others leave of the connection's.
  std::size_t allowance(const send_stream& sending) const noexcept {
    return allowance_beside(unsent_ - sending.unsent());
  }
  std::size_t allowance_beside(std::uint64_t others) const noexcept;
  std::size_t room(const send_stream& sending) const noexcept;
  void append(stream& to, byte_view data, bool fin);
  bool abandon_sending(stream& abandoned, std::uint64_t code);

  // Frames from the peer (stream_set_receive.cpp).
  /// The stream that a frame is about, opened if need be; null when it has ended and the frame is only late.
  transport_result<stream*> stream_of_frame(stream_id id, part wanted, wire::frame_type type);
  transport_result<stream*> stream_unknown_yet(stream_id id, part wanted, wire::frame_type type);
  transport_result<void> admit(const stream& receiver, std::uint64_t end, bool is_final, wire::frame_type type);
  void after_receiving(stream& receiver);

  // Frames to the peer (stream_set_send.cpp).
  void reschedule(stream& changed);
  void note_credit(stream& of, bool lacking) noexcept;
  static void schedule(stream_scheduler& scheduler, schedule_entry& entry, bool wanted);
  static bool is_needed(const stream& about, stream_notice notice) noexcept;
  void add_notice(stream& about, stream_notice notice);
  void drop_notice(stream& about, stream_notice notice) noexcept;
  void drop_notices_not_needed(stream& about) noexcept;
  schedule_entry* next_to_send(std::size_t urgency) const noexcept;
  bool connection_blocked_frame_due() const noexcept;
  bool write_connection_frames(byte_writer& packet, sent_frames& record);
  bool write_limits_of_streams(stream_direction direction, byte_writer& packet, sent_frames& record);
  bool write_notices(byte_writer& packet, sent_frames& record);
  void write_notice(stream& about, stream_notice notice, byte_writer& packet, sent_frames& record);
  bool write_stream_frame(schedule_entry& turn, byte_writer& packet, sent_frames& record, bool last_in_packet);
  void on_data_sent(schedule_entry& turn, const send_piece& sent);
  void on_stream_frame_lost(const sent_frame& frame);

  outgoing_streams& outgoing(stream_direction direction) noexcept {
    return outgoing_[static_cast<unsigned>(direction)];
  }
  incoming_streams& incoming(stream_direction direction) noexcept {
    return incoming_[static_cast<unsigned>(direction)];
  }
  const outgoing_streams& outgoing(stream_direction direction) const noexcept {
    return outgoing_[static_cast<unsigned>(direction)];
  }
  const incoming_streams& incoming(stream_direction direction) const noexcept {
    return incoming_[static_cast<unsigned>(direction)];
  }

  struct peer_stream_limits {
    std::uint64_t bidirectional_ours = 0;    // On streams that we opened.
    std::uint64_t bidirectional_theirs = 0;  // On streams that the peer opened.
    std::uint64_t unidirectional = 0;
  };

  endpoint_role role_;
  event_queue* events_;
  std::uint64_t initial_stream_window_;
  std::uint64_t max_stream_window_;
  std::size_t send_buffer_limit_;
  std::size_t connection_send_limit_;
  std::size_t max_stream_gaps_;
  peer_stream_limits peer_limits_;

  stream_block_pool blocks_;  // Outlives the streams below.
  stream_table streams_;
  std::vector<std::unique_ptr<stream>> spare_streams_;

  std::array<outgoing_streams, 2> outgoing_;  // By stream_direction.
  std::array<incoming_streams, 2> incoming_;
  send_window connection_out_;
  receive_window connection_in_;

  stream_scheduler repairs_;
  stream_scheduler fresh_;
  bool wants_prompt_ack_ = false;
  bool receiving_early_ = false;
  std::vector<stream*> noticed_;   // Streams with notices.
  std::size_t out_of_credit_ = 0;  // Streams of which out_of_credit holds.
  std::uint64_t unsent_ = 0;       // Of all streams.
  stream_counters counters_;
};

}  // namespace quasio::quic
