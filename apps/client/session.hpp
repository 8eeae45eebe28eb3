#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/thread_pool.hpp>

#include "client/arguments.hpp"
#include "client/exit_code.hpp"
#include "client/reporter.hpp"
#include "client/transfer.hpp"
#include "quasio/asio.hpp"
#include "quasio/base/result.hpp"
#include "quasio/driver/http3_client.hpp"

namespace quasio::apps {

/// One run of quasio-client: all transfers of a command line, so many at a time as it says.
class client_session {
public:
  explicit client_session(client_arguments arguments);
  ~client_session();

  /// Returns the exit code. After SIGINT it does not return: the process ends.
  client_exit run();

private:
  result<http3::client_options, std::string> client_options();
  asio::awaitable<void> fetch_all();
  asio::awaitable<void> fetch_in_turn();
  asio::awaitable<void> fetch_one(std::size_t index);
  asio::awaitable<void> wait_for_interrupt();
  void say_goodbye();
  void keep_tokens();
  client_exit conclude();

  client_arguments arguments_;
  std::unique_ptr<runtime::qlog_folder> qlog_;  // Goes after the connections, which live in the context.
  asio::io_context context_{1};
  asio::thread_pool slow_{1};
  reporter report_;
  std::shared_ptr<quic::token_store> tokens_;
  std::shared_ptr<http3::session_cache> sessions_ = std::make_shared<http3::session_cache>();
  std::unique_ptr<http3::client> client_;
  std::vector<transfer_result> results_;
  std::optional<std::size_t> first_failure_;
  std::size_t next_ = 0;
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
};

}  // namespace quasio::apps
