#pragma once

#include <cstring>

#include "quasio/base/bytes.hpp"
#include "quasio/base/varint.hpp"

namespace quasio {

/// Writes into a buffer of fixed size. What does not fit is not written, and from then on the writer says that it
/// overflowed: a caller checks once, at the end, and a peer's sizes can never make it write past the buffer.
class byte_writer {
public:
  /// The buffer must outlive the writer.
  explicit byte_writer(byte_span buffer) noexcept : buffer_(buffer) {}

  /// Whether something did not fit.
  bool overflowed() const noexcept { return overflowed_; }
  /// How many bytes were written.
  std::size_t position() const noexcept { return position_; }
  std::size_t remaining() const noexcept { return buffer_.size() - position_; }
  /// What was written so far.
  byte_span written() const noexcept { return buffer_.first(position_); }

  /// Integers are written big-endian, as everything in QUIC.
  void write_u8(std::uint8_t value) noexcept {
    if (claim(1)) buffer_[position_++] = value;
  }
  void write_u16(std::uint16_t value) noexcept { write_big_endian(value, 2); }
  void write_u32(std::uint32_t value) noexcept { write_big_endian(value, 4); }
  void write_u64(std::uint64_t value) noexcept { write_big_endian(value, 8); }

  /// The lowest `length` bytes of `value`, big-endian; `length` is 1 to 8.
  void write_big_endian(std::uint64_t value, std::size_t length) noexcept {
    if (!claim(length)) return;
    for (std::size_t i = length; i > 0; --i) buffer_[position_++] = static_cast<std::uint8_t>(value >> (8 * (i - 1)));
  }

  /// The shortest encoding of `value` (RFC 9000, section 16).
  void write_varint(std::uint64_t value) noexcept { write_varint(value, varint_size(value)); }

  /// An encoding of exactly `length` bytes (1, 2, 4 or 8), for lengths that are filled in later.
  void write_varint(std::uint64_t value, std::size_t length) noexcept {
    switch (length) {
      case 1:
        return write_u8(static_cast<std::uint8_t>(value));
      case 2:
        return write_big_endian(value | std::uint64_t{1} << 14, 2);
      case 4:
        return write_big_endian(value | std::uint64_t{2} << 30, 4);
      default:
        return write_big_endian(value | std::uint64_t{3} << 62, 8);
    }
  }

  void write_bytes(byte_view bytes) noexcept {
    if (bytes.empty() || !claim(bytes.size())) return;
    std::memcpy(buffer_.data() + position_, bytes.data(), bytes.size());
    position_ += bytes.size();
  }

  void write_varint_prefixed(byte_view bytes) noexcept {
    write_varint(bytes.size());
    write_bytes(bytes);
  }

  /// Padding, for one.
  void write_zeros(std::size_t count) noexcept {
    if (count == 0 || !claim(count)) return;
    std::memset(buffer_.data() + position_, 0, count);
    position_ += count;
  }

  /// Leaves a gap of `count` bytes to be filled in later, and returns it; empty when it does not fit.
  byte_span reserve(std::size_t count) noexcept {
    if (!claim(count)) return {};
    const byte_span gap = buffer_.subspan(position_, count);
    position_ += count;
    return gap;
  }

private:
  bool claim(std::size_t count) noexcept {
    if (overflowed_ || remaining() < count) overflowed_ = true;
    return !overflowed_;
  }

  byte_span buffer_;
  std::size_t position_ = 0;
  bool overflowed_ = false;
};

}  // namespace quasio
