#pragma once

#include <optional>

#include "quasio/base/bytes.hpp"

namespace quasio {

/// Walks over bytes that a peer sent. Every read says whether there was enough left; a failed read moves nothing.
class byte_reader {
public:
  /// The bytes must outlive the reader.
  explicit byte_reader(byte_view bytes) noexcept : bytes_(bytes) {}

  bool empty() const noexcept { return position_ == bytes_.size(); }
  std::size_t remaining() const noexcept { return bytes_.size() - position_; }
  /// How many bytes have been read.
  std::size_t position() const noexcept { return position_; }
  /// What has not been read.
  byte_view rest() const noexcept { return bytes_.subspan(position_); }

  std::optional<std::uint8_t> read_u8() noexcept {
    if (empty()) return std::nullopt;
    return bytes_[position_++];
  }

  /// Big-endian, as everything in QUIC.
  std::optional<std::uint16_t> read_u16() noexcept { return read_big_endian<std::uint16_t>(); }
  std::optional<std::uint32_t> read_u32() noexcept { return read_big_endian<std::uint32_t>(); }
  std::optional<std::uint64_t> read_u64() noexcept { return read_big_endian<std::uint64_t>(); }

  /// A variable-length integer (RFC 9000, section 16). Longer encodings than needed are accepted, as the RFC asks.
  std::optional<std::uint64_t> read_varint() noexcept {
    if (empty()) return std::nullopt;
    switch (bytes_[position_] >> 6) {
      case 0:
        return bytes_[position_++];
      case 1:
        return read_varint_of<std::uint16_t>();
      case 2:
        return read_varint_of<std::uint32_t>();
      default:
        return read_varint_of<std::uint64_t>();
    }
  }

  std::optional<byte_view> read_bytes(std::uint64_t count) noexcept {
    if (remaining() < count) return std::nullopt;
    const byte_view taken = bytes_.subspan(position_, static_cast<std::size_t>(count));
    position_ += taken.size();
    return taken;
  }

  /// Bytes preceded by their length as a varint.
  std::optional<byte_view> read_varint_prefixed() noexcept {
    byte_reader ahead = *this;
    const auto length = ahead.read_varint();
    if (!length) return std::nullopt;
    const auto bytes = ahead.read_bytes(*length);
    if (bytes) *this = ahead;
    return bytes;
  }

private:
  // The two highest bits say the length; what is left is the value.
  template <class Unsigned>
  std::optional<std::uint64_t> read_varint_of() noexcept {
    const auto encoded = read_big_endian<Unsigned>();
    if (!encoded) return std::nullopt;
    return *encoded & (static_cast<Unsigned>(~Unsigned{0}) >> 2);
  }

  template <class Unsigned>
  std::optional<Unsigned> read_big_endian() noexcept {
    if (remaining() < sizeof(Unsigned)) return std::nullopt;
    Unsigned value = 0;
    for (std::size_t i = 0; i < sizeof(Unsigned); ++i) {
      value = static_cast<Unsigned>(std::uint64_t{value} << 8 | bytes_[position_ + i]);
    }
    position_ += sizeof(Unsigned);
    return value;
  }

  byte_view bytes_;
  std::size_t position_ = 0;
};

}  // namespace quasio
