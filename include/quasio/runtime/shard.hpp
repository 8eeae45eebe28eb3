#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "quasio/asio.hpp"
#include "quasio/net/packet_buffer_pool.hpp"
#include "quasio/runtime/counters.hpp"

namespace quasio::runtime {

class shard_state;

/// What the connections of one thread share: an executor that never runs two handlers at once (an io_context run by one
/// thread, or a strand), receive buffers, one send buffer, the random source and the counters. A connection lives and
/// dies on one shard, which is why the packet path needs no lock.
///
/// Handles are cheap to copy. Threads: get_executor(), index() and counters() may be called from any; the rest belongs
/// to the executor.
class shard {
public:
  /// `index` is what connection IDs carry where several shards serve one address.
  explicit shard(asio::any_io_executor executor, std::uint8_t index = 0, net::packet_buffer_pool_settings buffers = {});

  const asio::any_io_executor& get_executor() const noexcept;
  /// As given to the constructor.
  std::uint8_t index() const noexcept;
  /// What its connections have counted.
  const runtime::counters& counters() const noexcept;

  /// For the parts of the runtime.
  const std::shared_ptr<shard_state>& state() const noexcept { return state_; }

private:
  std::shared_ptr<shard_state> state_;
};

/// Some threads with an io_context and a shard each.
class shard_pool {
public:
  /// 1 to 256 threads, which begin to run at once; throws std::invalid_argument for another number.
  explicit shard_pool(std::size_t threads, net::packet_buffer_pool_settings buffers = {});

  /// stop(), then join().
  ~shard_pool();

  shard_pool(const shard_pool&) = delete;
  shard_pool& operator=(const shard_pool&) = delete;

  /// In the order of their indices, which begin with 0.
  const std::vector<shard>& shards() const noexcept;

  /// Makes the threads return as soon as they can, whatever is still to be done. Any thread.
  void stop() noexcept;

  /// Lets the threads return when nothing is left to be done, and waits for that. Not from one of the threads
  /// themselves.
  void join() noexcept;

private:
  struct thread;
  std::vector<std::unique_ptr<thread>> threads_;
  std::vector<shard> shards_;
};

}  // namespace quasio::runtime
