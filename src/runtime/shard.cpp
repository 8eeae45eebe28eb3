#include "quasio/runtime/shard.hpp"

#include <stdexcept>
#include <thread>

#include "runtime/shard_state.hpp"

namespace quasio::runtime {

shard::shard(asio::any_io_executor executor, std::uint8_t index, net::packet_buffer_pool_settings buffers)
    : state_(std::make_shared<shard_state>(std::move(executor), index, buffers)) {}

const asio::any_io_executor& shard::get_executor() const noexcept { return state_->executor(); }
std::uint8_t shard::index() const noexcept { return state_->index(); }
const runtime::counters& shard::counters() const noexcept { return state_->counters(); }

struct shard_pool::thread {
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  std::thread running;
};

shard_pool::shard_pool(std::size_t threads, net::packet_buffer_pool_settings buffers) {
  if (threads < 1 || threads > 256) throw std::invalid_argument("shard_pool: 1 to 256 threads");
  for (std::size_t index = 0; index < threads; ++index) {
    threads_.push_back(std::make_unique<thread>());
    shards_.emplace_back(threads_.back()->context.get_executor(), static_cast<std::uint8_t>(index), buffers);
  }
  for (const auto& each : threads_) {
    each->running = std::thread([&context = each->context] { context.run(); });
  }
}

shard_pool::~shard_pool() {
  stop();
  join();
  // Contexts hold handles on shards, and a shard's buffers may be held by what lies in another context: end the
  // contexts while all shards still exist.
  threads_.clear();
}

const std::vector<shard>& shard_pool::shards() const noexcept { return shards_; }

void shard_pool::stop() noexcept {
  for (const auto& each : threads_) each->context.stop();
}

void shard_pool::join() noexcept {
  for (const auto& each : threads_) each->work.reset();
  for (const auto& each : threads_) {
    if (each->running.joinable()) each->running.join();
  }
}

}  // namespace quasio::runtime
