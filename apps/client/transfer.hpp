#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include <boost/asio/thread_pool.hpp>

#include "client/arguments.hpp"
#include "client/exit_code.hpp"
#include "client/output_file.hpp"
#include "client/reporter.hpp"
#include "quasio/driver/http3_client.hpp"
#include "quasio/quic/statistics.hpp"

namespace quasio::apps {

/// What came of a transfer.
struct transfer_result {
  client_exit exit = client_exit::success;
  std::string error;  ///< One sentence; empty when there is none.

  int status = 0;  ///< 0: no response came.
  http3::field_list headers;
  std::uint64_t bytes = 0;                ///< Of the body.
  std::optional<std::uint64_t> expected;  ///< Of Content-Length.

  std::optional<driver::connection_info> connection;
  std::chrono::duration<double> first_byte{};  ///< Until the response's headers.
  std::chrono::duration<double> total{};
  std::optional<quic::statistics> statistics;  ///< Of the connection, at the end.
  std::optional<http3::statistics> http_statistics;

  /// Keeps only how it ended.
  void forget_details() {
    headers = http3::field_list();
    connection.reset();
    statistics.reset();
    http_statistics.reset();
  }
};

/// Fetches one URL: sends the request, and writes the response's body where it belongs.
///
/// Threads: the client's executor.
class transfer {
public:
  transfer(std::size_t index, const planned_transfer& plan, const client_arguments& arguments, http3::client& client,
           asio::thread_pool& slow, reporter& report, transfer_result& result);

  /// Never throws: what went wrong is in the result. When it is cancelled, so is the request.
  asio::awaitable<void> run();

private:
  http3::client_request make_request();
  asio::awaitable<void> exchange();
  bool take_head(const http3::client_response& response);
  asio::awaitable<void> print_head(const http3::client_response& response);
  asio::awaitable<void> take_body(http3::client_response& response);
  asio::awaitable<bool> store(std::string_view bytes);
  void migrate_when_due(http3::client_response& response);
  void fail(client_exit code, const std::string& sentence);
  void finish();

  std::size_t index_;
  const planned_transfer& plan_;
  const client_arguments& arguments_;
  http3::client& client_;
  reporter& report_;
  transfer_result& result_;
  output_file output_;
  bool has_tried_to_migrate_ = false;
  std::chrono::steady_clock::time_point begun_;
};

}  // namespace quasio::apps
