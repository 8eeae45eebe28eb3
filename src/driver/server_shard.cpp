#include "driver/server_shard.hpp"

#include <utility>

namespace quasio::http3 {

server_shard::server_shard(const runtime::shard& where, std::shared_ptr<const server_settings> settings,
                           std::shared_ptr<std::atomic<std::size_t>> open_connections)
    : where_(where), settings_(std::move(settings)), open_connections_(std::move(open_connections)) {
  const server_options& options = settings_->options;
  driving_.http3 = options.http3;
  driving_.max_requests = options.limits.max_requests_per_connection;
  driving_.post_accept_timeout = options.limits.post_accept_timeout;
  driving_.farewell_timeout = options.limits.farewell_timeout;
  driving_.counters = std::make_shared<driver::h3_counters>();
  driving_.on_exchange = options.on_exchange;
}

void server_shard::serve(runtime::listener from) {
  from.on_accept([weak = weak_from_this()](runtime::incoming_connection incoming) {
    if (const auto self = weak.lock()) self->take(std::move(incoming));
  });
  listeners_.push_back(std::move(from));
}

void server_shard::hand_over(const std::function<void(quasio::error_code, runtime::inherited_listener)>& handler) {
  for (runtime::listener& each : listeners_) each.hand_over(handler);
}

void server_shard::take(runtime::incoming_connection incoming) {
  const auto connection =
      std::make_shared<served_connection>(shared_from_this(), where_.get_executor(), settings_, incoming.path());
  connections_.emplace(connection.get(), connection);
  open_connections_->fetch_add(1, std::memory_order_relaxed);
  incoming.start(std::make_unique<driver::server_h3_driver>(where_.get_executor(), driving_, connection));
}

void server_shard::forget(served_connection& connection) {
  if (connections_.erase(&connection) == 0) return;
  open_connections_->fetch_sub(1, std::memory_order_relaxed);
  tell_if_empty();
}

void server_shard::shut_down(std::function<void()> when_empty) {
  close_listeners();
  when_empty_.push_back(std::move(when_empty));
  const auto connections = connections_;
  for (const auto& [key, weak] : connections) {
    if (const auto connection = weak.lock()) connection->shut_down();
  }
  tell_if_empty();
}

bool server_shard::abort() {
  close_listeners();
  const auto connections = connections_;
  for (const auto& [key, weak] : connections) {
    if (const auto connection = weak.lock()) connection->abort();
  }
  return !connections.empty();
}

// In a handler of its own: the last connection is to send its farewell first.
void server_shard::tell_if_empty() {
  if (!connections_.empty()) return;
  for (auto& each : std::exchange(when_empty_, {})) asio::post(where_.get_executor(), std::move(each));
}

}  // namespace quasio::http3
