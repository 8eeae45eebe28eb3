#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "driver/client_connector.hpp"
#include "quasio/driver/http3_client.hpp"
#include "quasio/runtime/shard.hpp"

namespace quasio::http3 {

/// What a client stands for: a connection for each origin, and the requests on them. Everything runs on the executor.
class client_state final : public std::enable_shared_from_this<client_state> {
public:
  client_state(asio::any_io_executor executor, client_options options);

  const asio::any_io_executor& executor() const noexcept { return executor_; }

  void start(client_request what, runtime::pending_completion<std::exception_ptr, client_response> pending);
  void close();

private:
  class request_run;

  // A connection to an origin, or the attempt to make one. Requests share it.
  struct origin_connection {
    explicit origin_connection(const asio::any_io_executor& executor)
        : ready(executor, std::chrono::steady_clock::time_point::max()) {}

    bool is_usable() const noexcept { return is_connecting || (controller && controller->is_usable()); }

    bool is_connecting = true;
    bool is_established = false;  ///< Requests may be under way before, in early data.
    asio::steady_timer ready;     ///< Cancelled when connecting has ended.
    asio::cancellation_signal cancellation;
    std::optional<driver::client_h3_controller> controller;
    std::shared_ptr<const driver::connection_info> info;
    failure why_not;
  };

  // What became of one try to get a response.
  struct outcome {
    std::optional<client_response> response;
    failure why_not;
    bool was_not_processed = false;  ///< The server has done nothing about it: another connection may.
  };

  static asio::awaitable<client_response> perform(std::shared_ptr<client_state> self,
                                                  std::shared_ptr<client_request> what);
  static asio::awaitable<void> connect(std::shared_ptr<client_state> self, std::shared_ptr<origin_connection> origin,
                                       url to);
  static asio::awaitable<outcome> exchange(std::shared_ptr<client_state> self,
                                           std::shared_ptr<origin_connection> origin,
                                           std::shared_ptr<client_request> what, url to, bool is_first_try);

  static asio::awaitable<void> watch_handshake(std::shared_ptr<client_state> self,
                                               std::shared_ptr<origin_connection> origin, url to);
  asio::awaitable<std::shared_ptr<origin_connection>> connection_to(url to);
  void forget_ended();
  void trace(const std::string& line) const;

  asio::any_io_executor executor_;
  client_options options_;
  runtime::shard shard_;
  std::optional<failure> unusable_;  ///< Why no request can ever be sent.
  std::map<std::string, std::shared_ptr<origin_connection>> origins_;
  std::set<std::string> early_failures_;  ///< Origins where a connection with early data came to nothing.
};

}  // namespace quasio::http3
