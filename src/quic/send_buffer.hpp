#pragma once

#include "quasio/base/range_set.hpp"
#include "quic/stream_block_sequence.hpp"

namespace quasio::quic {

/// What the application wrote to a stream, held once until it is acknowledged. Knows which bytes were never sent, which
/// were lost and wait to be sent again, and which were acknowledged.
///
/// Its ranges are bounded by the frames in flight.
class send_buffer {
public:
  explicit send_buffer(stream_block_pool& pool) noexcept : blocks_(pool) {}

  /// Appends the application's bytes.
  void append(byte_view bytes);

  /// The offset after the last byte written.
  std::uint64_t end() const noexcept { return end_; }
  /// The offset of the first byte that was never sent.
  std::uint64_t next_unsent() const noexcept { return next_unsent_; }
  std::uint64_t unsent() const noexcept { return end_ - next_unsent_; }
  bool all_acked() const noexcept { return front_ == end_; }

  bool has_lost() const noexcept { return !lost_.empty(); }
  /// The lost bytes with the lowest offsets; only if has_lost().
  number_range first_lost() const noexcept { return lost_.lowest(); }

  /// Copies bytes that are held, to be sent.
  void copy_out(std::uint64_t offset, byte_span out) const { blocks_.copy_out(offset, out); }

  /// [begin, end) is on its way: the next unsent bytes, or lost ones.
  void on_sent(std::uint64_t begin, std::uint64_t end);
  void on_acked(std::uint64_t begin, std::uint64_t end);
  void on_lost(std::uint64_t begin, std::uint64_t end);

  /// Forgets all bytes; the offsets stay. For a stream that is reset.
  void discard();

  /// All that was written waits to be sent for the first time. Only while nothing was acknowledged.
  void begin_anew();

  /// Empty, and from offset 0 again.
  void restart();

  std::size_t blocks_held() const noexcept { return blocks_.blocks_held(); }

private:
  void advance_front(std::uint64_t offset);

  stream_block_sequence blocks_;
  range_set acked_;  // Above front_ only.
  range_set lost_;
  std::uint64_t front_ = 0;  // All below is acknowledged.
  std::uint64_t next_unsent_ = 0;
  std::uint64_t end_ = 0;
};

}  // namespace quasio::quic
