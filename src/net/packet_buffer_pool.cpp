#include "quasio/net/packet_buffer_pool.hpp"

#include <algorithm>
#include <new>

#if defined(__SANITIZE_ADDRESS__)
#define QUASIO_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define QUASIO_ADDRESS_SANITIZER 1
#endif
#endif
#ifdef QUASIO_ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#endif

namespace quasio::net {
namespace detail {

// Lives as long as its pool or the last handle, whichever is longer.
struct packet_buffer_store {
  packet_block* free_blocks = nullptr;
  std::size_t buffer_size = 0;
  std::size_t max_buffers = 0;
  std::size_t allocated = 0;
  std::size_t in_use = 0;
  bool pool_is_gone = false;
};

namespace {

// A buffer that nobody holds is as good as freed: let the sanitizer say so to whoever kept a pointer into it.
void forbid_bytes([[maybe_unused]] packet_block* block) noexcept {
#ifdef QUASIO_ADDRESS_SANITIZER
  __asan_poison_memory_region(block + 1, block->capacity);
#endif
}

void allow_bytes([[maybe_unused]] packet_block* block) noexcept {
#ifdef QUASIO_ADDRESS_SANITIZER
  __asan_unpoison_memory_region(block + 1, block->capacity);
#endif
}

constexpr std::align_val_t block_alignment{alignof(packet_block)};

packet_block* allocate(packet_buffer_store& store) noexcept {
  void* memory = ::operator new(sizeof(packet_block) + store.buffer_size, block_alignment, std::nothrow);
  if (memory == nullptr) return nullptr;
  ++store.allocated;
  return new (memory) packet_block{&store, nullptr, store.buffer_size, 0};
}

void deallocate(packet_buffer_store& store, packet_block* block) noexcept {
  allow_bytes(block);
  ::operator delete(block, block_alignment);
  --store.allocated;
}

void put_free(packet_buffer_store& store, packet_block* block) noexcept {
  block->next_free = store.free_blocks;
  store.free_blocks = block;
  forbid_bytes(block);
}

packet_block* take_free(packet_buffer_store& store) noexcept {
  packet_block* block = store.free_blocks;
  if (block == nullptr) return nullptr;
  store.free_blocks = block->next_free;
  allow_bytes(block);
  return block;
}

}  // namespace

void recycle(packet_block* block) noexcept {
  packet_buffer_store& store = *block->store;
  --store.in_use;
  if (!store.pool_is_gone) {
    put_free(store, block);
    return;
  }
  deallocate(store, block);
  if (store.in_use == 0) delete &store;
}

}  // namespace detail

packet_buffer_pool::packet_buffer_pool(packet_buffer_pool_settings settings)
    : store_(
          new detail::packet_buffer_store{.buffer_size = settings.buffer_size, .max_buffers = settings.max_buffers}) {}

packet_buffer_pool::~packet_buffer_pool() {
  trim();
  store_->pool_is_gone = true;
  if (store_->in_use == 0) delete store_;
}

packet_buffer packet_buffer_pool::acquire() noexcept {
  detail::packet_block* block = detail::take_free(*store_);
  if (block == nullptr && store_->allocated < store_->max_buffers) block = detail::allocate(*store_);
  if (block == nullptr) return {};
  block->references = 1;
  ++store_->in_use;
  return packet_buffer{block};
}

void packet_buffer_pool::reserve(std::size_t count) noexcept {
  const std::size_t wanted = std::min(count, store_->max_buffers);
  while (store_->allocated < wanted) {
    detail::packet_block* block = detail::allocate(*store_);
    if (block == nullptr) return;
    detail::put_free(*store_, block);
  }
}

void packet_buffer_pool::trim() noexcept {
  while (detail::packet_block* block = detail::take_free(*store_)) detail::deallocate(*store_, block);
}

std::size_t packet_buffer_pool::buffer_size() const noexcept { return store_->buffer_size; }
std::size_t packet_buffer_pool::max_buffers() const noexcept { return store_->max_buffers; }
std::size_t packet_buffer_pool::allocated() const noexcept { return store_->allocated; }
std::size_t packet_buffer_pool::in_use() const noexcept { return store_->in_use; }

}  // namespace quasio::net
