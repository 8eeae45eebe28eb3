#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace quasio::quic {

/// The piece in which memory for stream data is taken and given back. A stream that holds one byte holds one block, so
/// a peer's scattered bytes cost at most its window, rounded up to blocks.
inline constexpr std::size_t stream_block_size = 8 * 1024;

struct stream_block {
  std::array<std::uint8_t, stream_block_size> bytes;
};

/// Lends blocks to the streams of one connection and keeps some of those that come back, so that a connection under
/// load does not allocate. One that goes quiet is made to give them up (settings::spare_memory_timeout): none in use is
/// no sign of that, since a reader that keeps up, and a sender whose window is acknowledged, empty the streams again
/// and again.
class stream_block_pool {
public:
  /// Spare blocks kept. What acknowledgments free between two writes of the application is less.
  static constexpr std::size_t max_spare = 64;

  std::unique_ptr<stream_block> acquire() {
    ++in_use_;
    if (spare_.empty()) return std::make_unique_for_overwrite<stream_block>();
    std::unique_ptr<stream_block> block = std::move(spare_.back());
    spare_.pop_back();
    return block;
  }

  void release(std::unique_ptr<stream_block> block) {
    --in_use_;
    if (spare_.size() < max_spare) spare_.push_back(std::move(block));
  }

  /// Gives spare blocks back to the system, but for `count`.
  void keep_spare(std::size_t count) {
    if (spare_.size() > count) spare_.resize(count);
  }

  std::size_t in_use() const noexcept { return in_use_; }
  std::size_t spare() const noexcept { return spare_.size(); }

private:
  std::vector<std::unique_ptr<stream_block>> spare_;
  std::size_t in_use_ = 0;
};

}  // namespace quasio::quic
