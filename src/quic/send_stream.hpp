#pragma once

#include "quic/flow_control.hpp"
#include "quic/send_buffer.hpp"

namespace quasio::quic {

/// The states of the sending part of a stream (RFC 9000, section 3.1).
enum class send_state : std::uint8_t {
  ready,  ///< Nothing was sent yet.
  send,
  data_sent,       ///< Everything was sent once, with the end.
  data_received,   ///< Everything was acknowledged.
  reset_sent,      ///< RESET_STREAM is to be sent or on its way.
  reset_received,  ///< RESET_STREAM was acknowledged.
};

/// What a STREAM frame may carry next.
struct send_piece {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;  ///< At the most.
  bool fin = false;          ///< The stream ends after `length` bytes.
};

/// The sending part of one stream: what was written, the end, the reset, and the credit that the peer gave.
class send_stream {
public:
  explicit send_stream(stream_block_pool& pool) noexcept : buffer_(pool) {}

  /// Begins anew, in the ready state, with the peer's initial limit.
  void restart(std::uint64_t peer_limit);

  /// What was sent was never sent, and there is no credit: early data was rejected.
  void begin_anew();

  send_state state() const noexcept;
  bool is_reset() const noexcept { return progress_.reset_code.has_value(); }
  bool is_finished() const noexcept { return progress_.fin; }
  /// Whether the sending part is in a terminal state.
  bool is_done() const noexcept;

  // --- The application -------------------------------------------------------------------------------------------

  std::uint64_t unsent() const noexcept { return buffer_.unsent(); }
  /// Only while neither finished nor reset.
  void write(byte_view data) { buffer_.append(data); }
  void finish() noexcept { progress_.fin = true; }

  /// Abandons what was not delivered. Returns whether there was anything to abandon; if so RESET_STREAM has to be sent.
  bool reset(std::uint64_t code);

  // --- The peer --------------------------------------------------------------------------------------------------

  /// MAX_STREAM_DATA. Returns whether the limit rose.
  bool raise_limit(std::uint64_t limit) noexcept { return window_.raise(limit); }

  // --- Sending ---------------------------------------------------------------------------------------------------

  /// Whether something is to be sent that needs no credit: lost data, and an end without new data before it.
  bool has_repairs() const noexcept;
  /// Whether data waits that was never sent, and the stream's window lets it go.
  bool has_fresh() const noexcept { return buffer_.unsent() > 0 && window_.available() > 0; }

  /// Whether such data wait only for the stream's window.
  bool is_out_of_credit() const noexcept { return buffer_.unsent() > 0 && window_.available() == 0; }

  send_piece next_repair() const noexcept;
  send_piece next_fresh(std::uint64_t connection_credit) const noexcept;
  void copy_out(std::uint64_t offset, byte_span out) const { buffer_.copy_out(offset, out); }

  /// A STREAM frame was written: a part of the last piece asked for.
  void on_sent(std::uint64_t offset, std::uint64_t length, bool fin);
  void on_acked(std::uint64_t offset, std::uint64_t length, bool fin);
  void on_lost(std::uint64_t offset, std::uint64_t length, bool fin);

  std::uint64_t reset_code() const noexcept { return progress_.reset_code.value_or(0); }
  /// The final size that a RESET_STREAM tells: what was sent, and no more (section 4.5).
  std::uint64_t final_size() const noexcept { return buffer_.next_unsent(); }
  void on_reset_acked() noexcept { progress_.reset_acked = true; }

  std::uint64_t limit() const noexcept { return window_.limit(); }
  /// How much the stream's window lets go, of data that was never sent.
  std::uint64_t credit() const noexcept { return window_.available(); }
  bool blocked_frame_due() const noexcept { return buffer_.unsent() > 0 && window_.blocked_frame_due(); }
  void on_blocked_told() noexcept { window_.on_blocked_told(); }
  void on_blocked_lost(std::uint64_t limit) noexcept { window_.on_blocked_lost(limit); }

  /// Whether data waits for the stream's credit.
  bool is_blocked() const noexcept { return !is_reset() && buffer_.unsent() > 0 && window_.available() == 0; }

  /// Whether nothing is left that the peer should have and is not known to have.
  bool is_delivered() const noexcept {
    return is_reset() ? progress_.reset_acked : buffer_.all_acked() && progress_.fin == progress_.fin_acked;
  }

  const send_buffer& buffer() const noexcept { return buffer_; }

private:
  struct progress {
    bool fin = false;  ///< The application has ended the stream.
    bool fin_sent = false;
    bool fin_lost = false;
    bool fin_acked = false;
    bool reset_acked = false;
    std::optional<std::uint64_t> reset_code;
  };

  send_buffer buffer_;
  send_window window_;
  progress progress_;
};

}  // namespace quasio::quic
