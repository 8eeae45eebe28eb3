#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "driver/server_shard.hpp"
#include "quasio/driver/http3_server.hpp"
#include "quasio/runtime/shard.hpp"

namespace quasio::http3 {

/// What a server stands for: its shards, which do the work, and the stop that may be under way.
class server_state final : public std::enable_shared_from_this<server_state> {
public:
  server_state(asio::any_io_executor executor, server_options options);
  ~server_state();

  const asio::any_io_executor& executor() const noexcept { return executor_; }
  std::size_t open_connections() const noexcept { return open_connections_->load(std::memory_order_relaxed); }
  std::size_t running_requests() const noexcept { return settings_->running_requests->load(std::memory_order_relaxed); }
  const std::vector<runtime::shard>& shards() const noexcept { return where_; }
  const std::vector<std::shared_ptr<server_shard>>& server_shards() const noexcept { return shards_; }

  void handle(request_handler handler);
  std::vector<ip_endpoint> start(quasio::error_code& error);

  /// On the executor.
  void stop(std::chrono::milliseconds patience, runtime::pending_operation<> operation);
  void abort();

  /// On the executor.
  void hand_over(runtime::pending_operation<runtime::inheritance> operation);

  /// abort(), and where the threads are the server's own, waits until the farewells have been sent.
  void end() noexcept;

private:
  struct stop_under_way;
  struct handover_under_way;

  void prepare_shards();
  void abort_what_is_left(const std::shared_ptr<stop_under_way>& stop);
  std::vector<runtime::listener> listen(std::size_t endpoint, const runtime::listen_options& options,
                                        quasio::error_code& error);
  void on_handed_over(const std::shared_ptr<handover_under_way>& handover, const quasio::error_code& error,
                      runtime::inherited_listener given);
  static void on_shard_empty(const std::shared_ptr<stop_under_way>& stop);

  asio::any_io_executor executor_;
  std::shared_ptr<server_settings> settings_;
  std::shared_ptr<std::atomic<std::size_t>> open_connections_ = std::make_shared<std::atomic<std::size_t>>(0);
  std::optional<runtime::shard_pool> pool_;
  std::vector<runtime::shard> where_;
  std::vector<std::shared_ptr<server_shard>> shards_;
  std::vector<ip_endpoint> bound_;
  bool ended_ = false;
};

}  // namespace quasio::http3
