#pragma once

#include <atomic>
#include <cstddef>
#include <exception>
#include <memory>
#include <unordered_set>

#include "driver/request_watch.hpp"
#include "driver/server_h3_driver.hpp"
#include "quasio/driver/http3_server.hpp"

namespace quasio::http3 {

class server_shard;

/// What all shards of a server know, and none changes.
struct server_settings {
  server_options options;
  request_handler handler;

  /// Handlers at work.
  std::shared_ptr<std::atomic<std::size_t>> running_requests = std::make_shared<std::atomic<std::size_t>>(0);
};

/// One connection of a server: runs the handler, as a coroutine, for each request.
class served_connection final : public driver::server_h3_sink,
                                private request_watch_listener,
                                public std::enable_shared_from_this<served_connection> {
public:
  served_connection(std::shared_ptr<server_shard> shard, asio::any_io_executor executor,
                    std::shared_ptr<const server_settings> settings, const network_path& path);
  ~served_connection() override;

  void shut_down();

  /// Cancels its handlers and closes it. Does nothing once it has ended.
  void abort();

  /// Whether requests are being handled.
  bool is_busy() const noexcept { return !runs_.empty(); }

  // server_h3_sink:
  void on_attached(driver::server_h3_driver& driver) override { driver_ = &driver; }
  void on_early(const driver::connection_info& info) override;
  void on_established(const driver::connection_info& info) override;
  void on_request(fields_received&& request, const std::shared_ptr<driver::exchange>& with) override;
  void on_ended(const runtime::connection_end& end) override;
  void on_abandoned() noexcept override;
  void on_stream_opened(stream_id id) override { watch_->on_stream_opened(id); }
  void on_stream_closed(stream_id id) override { watch_->on_stream_closed(id); }

private:
  // A handler at work, with what it was given.
  struct handler_run {
    handler_run(driver::incoming_request&& incoming, std::shared_ptr<const driver::connection_info> connection);

    request asked;
    response answer;
    asio::cancellation_signal cancellation;
    std::unique_ptr<asio::steady_timer> deadline;
    bool given_up = false;  ///< Nobody wants the response any more.
    int refusal = 0;        ///< The status to answer with instead of calling the handler; 0: none.
  };

  // request_watch_listener:
  void on_headers_late(stream_id id) override;
  void on_unused() override;

  static asio::awaitable<void> handle(std::shared_ptr<served_connection> self, std::shared_ptr<handler_run> run);
  static asio::awaitable<void> refuse(handler_run& run);
  static asio::awaitable<void> finish(handler_run& run, std::exception_ptr failure);
  int refusal_of(const request& asked) const;
  void set_deadline(const std::shared_ptr<handler_run>& run);
  void cancel_runs();

  std::shared_ptr<server_shard> shard_;
  asio::any_io_executor executor_;
  std::shared_ptr<const server_settings> settings_;
  network_path path_;
  driver::server_h3_driver* driver_ = nullptr;
  std::shared_ptr<const driver::connection_info> info_;
  std::shared_ptr<request_watch> watch_;
  bool was_unused_ = false;
  std::unordered_set<std::shared_ptr<handler_run>> runs_;
};

}  // namespace quasio::http3
