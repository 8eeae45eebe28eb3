#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "quasio/base/bytes.hpp"

namespace quasio::net {

namespace detail {

struct packet_buffer_store;

// What stands in front of the bytes of each buffer; a cache line of its own, so that the bytes start on one too.
struct alignas(64) packet_block {
  packet_buffer_store* store;
  packet_block* next_free;
  std::size_t capacity;
  std::uint32_t references;
};

void recycle(packet_block* block) noexcept;

}  // namespace detail

/// A handle on one buffer of a packet_buffer_pool. Copies share the buffer; it returns to its pool with the last of
/// them. The handle may outlive the pool.
///
/// Threads: the count is not atomic. A pool and all handles on its buffers belong to one thread (a shard).
class packet_buffer {
public:
  /// Holds nothing.
  packet_buffer() noexcept = default;

  packet_buffer(const packet_buffer& other) noexcept : block_(other.block_) {
    if (block_ != nullptr) ++block_->references;
  }
  packet_buffer(packet_buffer&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  packet_buffer& operator=(packet_buffer other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~packet_buffer() { reset(); }

  /// Whether a buffer is held.
  explicit operator bool() const noexcept { return block_ != nullptr; }

  /// The bytes, which every handle on this buffer may write. Precondition: holds a buffer.
  std::uint8_t* data() const noexcept { return reinterpret_cast<std::uint8_t*>(block_ + 1); }

  /// How many bytes there are; 0 when nothing is held.
  std::size_t capacity() const noexcept { return block_ != nullptr ? block_->capacity : 0; }

  /// All of them; empty when nothing is held.
  byte_span bytes() const noexcept { return block_ != nullptr ? byte_span{data(), capacity()} : byte_span{}; }

  /// Whether this is the only handle on its buffer, so that the buffer may be filled anew. False when nothing is held.
  bool unique() const noexcept { return block_ != nullptr && block_->references == 1; }

  /// Lets go of the buffer.
  void reset() noexcept {
    detail::packet_block* block = std::exchange(block_, nullptr);
    if (block != nullptr && --block->references == 0) detail::recycle(block);
  }

private:
  friend class packet_buffer_pool;
  explicit packet_buffer(detail::packet_block* block) noexcept : block_(block) {}

  detail::packet_block* block_ = nullptr;
};

/// How large a packet_buffer_pool may become.
struct packet_buffer_pool_settings {
  /// Bytes a buffer holds. The default takes the largest UDP payload and the largest batch that GRO makes of them.
  std::size_t buffer_size = 65'536;

  /// How many buffers may exist at once: the bound on the memory that queued, unread packets can hold (64 MB by
  /// default). When all are in use, acquire() gives nothing and the kernel's own receive buffer has to wait.
  std::size_t max_buffers = 1'024;
};

/// Receive buffers that are allocated on first need, used again for ever after, and never more than a set number.
/// The buffer given back last is handed out first, because the cache still knows it.
///
/// Threads: one; see packet_buffer.
class packet_buffer_pool {
public:
  /// Allocates nothing yet.
  explicit packet_buffer_pool(packet_buffer_pool_settings settings = {});
  packet_buffer_pool(const packet_buffer_pool&) = delete;
  packet_buffer_pool& operator=(const packet_buffer_pool&) = delete;
  ~packet_buffer_pool();

  /// A buffer whose bytes have no particular value. Empty when max_buffers are in use or memory is out.
  packet_buffer acquire() noexcept;

  /// Allocates buffers until `count` exist (at most max_buffers), so that a start under load does not have to.
  void reserve(std::size_t count) noexcept;

  /// Gives the memory of the buffers that nobody uses back to the system.
  void trim() noexcept;

  /// As in the settings.
  std::size_t buffer_size() const noexcept;
  /// As in the settings.
  std::size_t max_buffers() const noexcept;

  /// Buffers that exist, used or not.
  std::size_t allocated() const noexcept;

  /// Buffers that handles hold.
  std::size_t in_use() const noexcept;

private:
  detail::packet_buffer_store* store_;
};

}  // namespace quasio::net
