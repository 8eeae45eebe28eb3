#pragma once

#include <memory>
#include <optional>
#include <string>

#include "driver/connection_pool.hpp"
#include "quasio/crypto/system_random.hpp"
#include "quasio/driver/http3_client.hpp"

namespace quasio::http3 {

/// What a client stands for: its connections, and what all requests share. Everything runs on the executor.
class client_state final : public std::enable_shared_from_this<client_state> {
public:
  using pending_request = runtime::pending_completion<std::exception_ptr, client_response>;

  client_state(asio::any_io_executor executor, client_options options);

  const asio::any_io_executor& executor() const noexcept { return executor_; }
  const client_options& options() const noexcept { return *options_; }
  connection_pool& connections() noexcept { return *pool_; }
  random_source& random() noexcept { return random_; }

  /// Why no request can ever be sent.
  const std::optional<failure>& unusable() const noexcept { return unusable_; }

  void start(client_request what, pending_request pending);
  void close();
  void trace(const std::string& line) const;

private:
  asio::any_io_executor executor_;
  std::optional<failure> unusable_;
  std::shared_ptr<const client_options> options_;
  std::shared_ptr<connection_pool> pool_;
  crypto::system_random random_;
};

}  // namespace quasio::http3
