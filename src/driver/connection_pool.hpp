#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "driver/client_connector.hpp"
#include "quasio/driver/http3_client.hpp"
#include "quasio/runtime/shard.hpp"

namespace quasio::http3 {

/// A connection to an origin, or the attempt to make one. Requests share it.
struct pooled_connection {
  explicit pooled_connection(const asio::any_io_executor& executor)
      : ready(executor, std::chrono::steady_clock::time_point::max()), idle(executor) {}

  bool is_usable() const noexcept { return is_connecting || (controller && controller->is_usable() && !is_retired); }
  bool has_room() { return !is_connecting && controller->may_send_now(); }
  bool is_idle() const noexcept { return !is_connecting && controller && controller->open_requests() == 0; }

  bool is_connecting = true;
  bool is_established = false;  ///< Requests may be under way before, in early data.
  bool is_retired = false;      ///< No more requests are to go there.
  asio::steady_timer ready;     ///< Cancelled when connecting has ended.
  asio::steady_timer idle;
  std::chrono::steady_clock::time_point idle_since;
  asio::cancellation_signal cancellation;
  std::optional<alternative_service> alternative;  ///< To which it leads, instead of the origin's own host and port.
  std::optional<driver::client_h3_controller> controller;
  std::shared_ptr<const driver::connection_info> info;
  failure why_not;
};

/// The connections of a client, by origin: see pool_settings. Everything runs on the executor.
class connection_pool final : public std::enable_shared_from_this<connection_pool> {
public:
  connection_pool(asio::any_io_executor executor, std::shared_ptr<const client_options> options);

  /// A connection on which the next request may go; where there is none, without a controller but with the reason. The
  /// request must be sent before anything else happens, since it is not known before.
  asio::awaitable<std::shared_ptr<pooled_connection>> connection_to(url to);

  /// A connection came to nothing before its handshake was complete, while early data was on its way.
  void note_early_failure(const std::string& origin);

  /// No more requests go on this connection; it is closed when those under way have ended.
  void retire(pooled_connection& connection);

  /// Closes all connections, and fails those to come.
  void close(const failure& why);

  std::size_t size() const noexcept;

private:
  using place = std::shared_ptr<pooled_connection>;

  static asio::awaitable<void> connect(std::shared_ptr<connection_pool> self, place to_fill, url to);
  asio::awaitable<void> connect_to_alternative(place to_fill, url to);
  asio::awaitable<void> connect_to_host(place to_fill, url to, std::string host, std::uint16_t port, bool early_data,
                                        std::chrono::milliseconds timeout);
  static asio::awaitable<void> watch_handshake(std::shared_ptr<connection_pool> self, place of, url to);

  place choose(const url& to);
  place begin(const url& to);
  bool make_room();
  void forget_ended();
  void on_change(const place& changed);
  void close_when_idle_for_long(const place& idle);
  void trace(const std::string& line) const;

  asio::any_io_executor executor_;
  std::shared_ptr<const client_options> options_;
  runtime::shard shard_;
  std::optional<failure> closed_;
  std::map<std::string, std::vector<place>> origins_;
  std::set<std::string> early_failures_;  ///< Origins where a connection with early data came to nothing.
  asio::steady_timer room_;               ///< Cancelled whenever a connection ends, falls idle or has room.
};

}  // namespace quasio::http3
