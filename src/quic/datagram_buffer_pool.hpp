#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "quasio/base/bytes.hpp"

namespace quasio::quic {

/// Lends memory for the payloads of one queue of datagrams, and keeps what comes back up to a limit, so that a steady
/// flow allocates nothing.
class datagram_buffer_pool {
public:
  using buffer = std::vector<std::uint8_t>;

  explicit datagram_buffer_pool(std::size_t max_spare_bytes) noexcept : max_spare_bytes_(max_spare_bytes) {}

  /// A buffer with this content: the one given back last, which is most likely still in the cache.
  buffer acquire(byte_view content) {
    buffer lent;
    if (!spare_.empty()) {
      lent = std::move(spare_.back());
      spare_.pop_back();
      spare_bytes_ -= lent.capacity();
    }
    lent.assign(content.begin(), content.end());
    return lent;
  }

  void release(buffer&& returned) {
    if (returned.capacity() == 0 || spare_bytes_ + returned.capacity() > max_spare_bytes_) {
      buffer().swap(returned);
      return;
    }
    spare_bytes_ += returned.capacity();
    spare_.push_back(std::move(returned));
  }

  /// Gives everything back to the system.
  void clear() noexcept {
    std::vector<buffer>().swap(spare_);
    spare_bytes_ = 0;
  }

  std::size_t spare_bytes() const noexcept { return spare_bytes_; }

private:
  std::size_t max_spare_bytes_;
  std::size_t spare_bytes_ = 0;
  std::vector<buffer> spare_;
};

}  // namespace quasio::quic
