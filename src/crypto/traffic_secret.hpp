#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "quasio/base/bytes.hpp"

namespace quasio::crypto {

inline constexpr std::size_t max_secret_size = 48;

/// What one direction's keys of one encryption level are derived from (RFC 8446, section 7.1). Wiped when it goes.
class traffic_secret {
public:
  traffic_secret() = default;

  /// Copies up to max_secret_size bytes, as long as the cipher suite's hash.
  explicit traffic_secret(byte_view bytes) noexcept : size_(std::min(bytes.size(), max_secret_size)) {
    std::copy_n(bytes.begin(), size_, bytes_.begin());
  }

  /// A secret of `size` zero bytes, to be filled through writable().
  explicit traffic_secret(std::size_t size) noexcept : size_(std::min(size, max_secret_size)) {}

  traffic_secret(const traffic_secret&) = default;
  traffic_secret& operator=(const traffic_secret&) = default;
  ~traffic_secret();

  byte_view bytes() const noexcept { return {bytes_.data(), size_}; }
  byte_span writable() noexcept { return {bytes_.data(), size_}; }
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }

private:
  std::array<std::uint8_t, max_secret_size> bytes_{};
  std::size_t size_ = 0;
};

}  // namespace quasio::crypto
