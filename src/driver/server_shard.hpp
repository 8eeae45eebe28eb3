#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "driver/served_connection.hpp"
#include "quasio/runtime/listen.hpp"
#include "quasio/runtime/shard.hpp"

namespace quasio::http3 {

/// All of a server that lives on one shard. Everything but the counting runs on the shard's executor.
class server_shard final : public std::enable_shared_from_this<server_shard> {
public:
  server_shard(const runtime::shard& where, std::shared_ptr<const server_settings> settings,
               std::shared_ptr<std::atomic<std::size_t>> open_connections);

  const runtime::shard& where() const noexcept { return where_; }
  const driver::h3_counters& counters() const noexcept { return *driving_.counters; }

  /// Takes connections from a listener. Before anything arrives there.
  void serve(runtime::listener from);

  /// Gives the listeners to another process, and each time what that got, or why it did not, to `handler`.
  void hand_over(const std::function<void(quasio::error_code, runtime::inherited_listener)>& handler);
  std::size_t listener_count() const noexcept { return listeners_.size(); }

  /// Closes the listeners and shuts the connections down; calls `when_empty` when none is left.
  void shut_down(std::function<void()> when_empty);

  /// Closes the listeners and all connections at once; returns whether there were any.
  bool abort();

  void forget(served_connection& connection);

private:
  void take(runtime::incoming_connection incoming);
  void close_listeners() { listeners_.clear(); }
  void tell_if_empty();

  runtime::shard where_;
  std::shared_ptr<const server_settings> settings_;
  driver::h3_driver_settings driving_;
  std::shared_ptr<std::atomic<std::size_t>> open_connections_;
  std::vector<runtime::listener> listeners_;
  std::unordered_map<served_connection*, std::weak_ptr<served_connection>> connections_;
  std::vector<std::function<void()>> when_empty_;
};

}  // namespace quasio::http3
