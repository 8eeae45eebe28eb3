#pragma once

#include "quasio/quic/stream_chunk.hpp"
#include "quasio/wire/transport_error.hpp"
#include "quic/flow_control.hpp"
#include "quic/receive_buffer.hpp"

namespace quasio::quic {

/// The states of the receiving part of a stream (RFC 9000, section 3.2). As the signal of a reset is an event, "Reset
/// Recvd" and "Reset Read" are one here.
enum class receive_state : std::uint8_t {
  receive,
  size_known,     ///< The end has come, but not yet all before it.
  data_received,  ///< All has come; the application has yet to read it.
  data_read,
  reset,  ///< The peer abandoned the stream, or we did and know its final size.
};

/// The receiving part of one stream: reassembly, the end, the reset, and the credit that the peer was given.
///
/// Data goes in two steps, since the connection's flow control is asked in between: admit() checks a frame and says how
/// much credit it uses; take() then keeps its bytes.
class receive_stream {
public:
  explicit receive_stream(stream_block_pool& pool) noexcept : buffer_(pool) {}

  /// Begins anew, with this window.
  void restart(std::uint64_t initial_window, std::uint64_t maximum_window);

  receive_state state() const noexcept;
  /// Whether the receiving part is in a terminal state.
  bool is_done() const noexcept;

  // --- The peer --------------------------------------------------------------------------------------------------

  /// Checks that a frame reaching up to `end` keeps to the final size and to the window; `is_final` says that the
  /// stream ends there. Returns by how much it raises the highest offset: FINAL_SIZE_ERROR or FLOW_CONTROL_ERROR
  /// otherwise.
  transport_result<std::uint64_t> admit(std::uint64_t end, bool is_final) const;

  /// Takes the bytes of an admitted frame. Returns how many were new. Nothing is kept when nobody wants to read it.
  std::uint64_t take(std::uint64_t offset, byte_view bytes, bool fin);

  /// RESET_STREAM, admitted. Returns whether it ends the stream early: data that is complete is delivered all the same.
  bool take_reset(std::uint64_t final_size);

  /// How many separate pieces wait behind gaps.
  std::size_t pieces() const noexcept { return buffer_.pieces(); }
  /// How many bytes these have together.
  std::uint64_t bytes_ahead() const noexcept { return buffer_.bytes_ahead(); }

  /// Returns true once when there is something to read, and again after the reader had drained the stream.
  bool take_readable_news() noexcept;

  // --- The application -------------------------------------------------------------------------------------------

  bool is_abandoned() const noexcept { return progress_.abandoned; }
  bool was_reset() const noexcept { return progress_.reset; }

  stream_chunk peek() const;

  /// Frees the next `count` bytes, at most as many as can be read. Returns how many it were.
  std::uint64_t consume(std::uint64_t count, time_point now, duration smoothed_rtt);

  /// The application does not want the rest. Returns whether the peer should be asked to stop (section 3.5).
  bool abandon();

  // --- Credit ----------------------------------------------------------------------------------------------------

  /// Gives back the credit of bytes that nobody will read: returns how many, for the connection's window.
  std::uint64_t release_credit();

  std::uint64_t window() const noexcept { return window_.window(); }
  /// Whether MAX_STREAM_DATA should be sent: not once the size is known (section 3.2).
  bool update_due() const noexcept { return window_.update_due() && !progress_.final_size && !progress_.abandoned; }
  std::uint64_t announce() noexcept { return window_.announce(); }
  void on_announcement_lost(std::uint64_t limit) noexcept { window_.on_announcement_lost(limit); }

  const receive_buffer& buffer() const noexcept { return buffer_; }

private:
  bool is_at_end() const noexcept { return progress_.final_size == buffer_.read_offset(); }

  struct progress {
    std::optional<std::uint64_t> final_size;
    bool fin_consumed = false;
    bool reset = false;
    bool abandoned = false;
    bool readable_told = false;
  };

  receive_buffer buffer_;
  receive_window window_;
  progress progress_;
};

}  // namespace quasio::quic
