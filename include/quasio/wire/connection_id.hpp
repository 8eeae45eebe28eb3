#pragma once

#include <algorithm>
#include <array>
#include <cassert>
#include <string>

#include "quasio/base/bytes.hpp"

namespace quasio {

/// The longest connection ID that QUIC versions 1 and 2 allow, in bytes (RFC 9000, section 17.2).
inline constexpr std::size_t max_connection_id_size = 20;

/// A connection ID: 0 to 20 opaque bytes, held in place (RFC 9000, section 5.1).
class connection_id {
public:
  connection_id() = default;

  /// `bytes` must not be longer than max_connection_id_size; whoever parses a packet has checked that.
  explicit connection_id(byte_view bytes) noexcept : size_(static_cast<std::uint8_t>(bytes.size())) {
    assert(bytes.size() <= max_connection_id_size);
    std::copy(bytes.begin(), bytes.end(), bytes_.begin());
  }

  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  /// Valid as long as this object is, and unchanged.
  byte_view bytes() const noexcept { return {bytes_.data(), size_}; }

  /// Lower-case hexadecimal, for people and logs.
  std::string to_string() const;

  friend bool operator==(const connection_id& a, const connection_id& b) noexcept {
    return a.size_ == b.size_ && std::equal(a.bytes_.begin(), a.bytes_.begin() + a.size_, b.bytes_.begin());
  }

private:
  std::array<std::uint8_t, max_connection_id_size> bytes_{};
  std::uint8_t size_ = 0;
};

}  // namespace quasio
