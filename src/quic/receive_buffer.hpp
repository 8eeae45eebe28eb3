#pragma once

#include "quasio/base/range_set.hpp"
#include "quic/stream_block_sequence.hpp"

namespace quasio::quic {

/// Puts the bytes of a stream in order. Each byte is copied once, to its place; bytes that came before are not looked
/// at again, so that what the reader has seen cannot change under it.
///
/// Memory: the blocks between what was read and the highest offset put, which the caller keeps within the stream's
/// window, and 16 bytes a gap, whose number the caller bounds.
class receive_buffer {
public:
  explicit receive_buffer(stream_block_pool& pool) noexcept : blocks_(pool) {}

  /// Takes what is new of `bytes` and returns how many bytes that was.
  std::uint64_t put(std::uint64_t offset, byte_view bytes);

  /// The offset of the next byte to be read.
  std::uint64_t read_offset() const noexcept { return read_; }
  /// How many bytes can be read.
  std::uint64_t readable() const noexcept { return in_order_ - read_; }
  /// The offset up to which everything has come.
  std::uint64_t in_order() const noexcept { return in_order_; }
  /// How many separate pieces wait behind gaps.
  std::size_t pieces() const noexcept { return ahead_.size(); }
  /// How many bytes these have together.
  std::uint64_t bytes_ahead() const noexcept { return bytes_ahead_; }

  /// The next bytes in place, as far as they lie together; empty if none are readable.
  byte_view peek() const { return blocks_.contiguous(read_, in_order_); }

  /// Frees the next `count` bytes; at most readable().
  void consume(std::uint64_t count);

  /// Forgets all bytes; for a stream whose data nobody wants any more.
  void discard();

  /// Empty, and from offset 0 again.
  void restart();

  std::size_t blocks_held() const noexcept { return blocks_.blocks_held(); }

private:
  std::uint64_t put_ahead(std::uint64_t offset, byte_view bytes);

  stream_block_sequence blocks_;
  range_set ahead_;  // What has come above in_order_, behind a gap.
  std::uint64_t bytes_ahead_ = 0;
  std::uint64_t read_ = 0;
  std::uint64_t in_order_ = 0;
};

}  // namespace quasio::quic
