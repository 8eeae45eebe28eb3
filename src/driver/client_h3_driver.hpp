#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "driver/h3_driver.hpp"
#include "driver/h3_link.hpp"

namespace quasio::driver {

class client_h3_driver;

/// What a client_h3_controller stands for: requests that wait to be sent, and how the connection fares. All but
/// is_over() belongs to the executor.
class client_h3_link final : public h3_link {
public:
  using new_token_handler = std::function<void(const quic::new_token_received&)>;

  client_h3_link(asio::any_io_executor executor, const h3_driver_settings& settings)
      : h3_link(std::move(executor), settings),
        max_waiting_sends_(settings.max_waiting_sends),
        new_token_handler_(settings.on_new_token) {}
  bool is_usable() const noexcept { return driver_ != nullptr && !going_away_; }
  std::size_t open_requests() const noexcept;
  bool may_send_now();
  void tell_changes_to(std::function<void()> handler) { change_handler_ = std::move(handler); }
  const runtime::connection_end& end() const noexcept;
  quic::statistics statistics() const;
  http3::statistics http_statistics() const;
  std::vector<quic::path_statistics> paths() const;
  result<network_path, error_code> migrate(const ip_endpoint& local, quic::migration_timing when);

  void wait_established(runtime::pending_operation<connection_info> operation);
  void wait_usable(runtime::pending_operation<connection_info> operation);
  void send(http3::field_list fields, bool end, std::uint64_t request_tag,
            runtime::pending_operation<outgoing_request> operation);
  void close(http3::error_code code, std::string_view reason);
  void cancel_operation(std::uint64_t tag) override;

  // What the driver tells:
  void on_attached(client_h3_driver& driver);
  void on_early(const connection_info& info);
  void on_established(const connection_info& info);
  void on_goaway();
  /// This end says that it goes away.
  void stop_sending_requests();
  void on_idle() const { tell_change(); }
  void on_room() const { tell_change(); }
  void on_new_token(const quic::new_token_received& token) const {
    if (new_token_handler_) new_token_handler_(token);
  }
  void on_requests_available();
  void send_waiting();
  void on_ended(const runtime::connection_end& end, const quic::statistics& last, const http3::statistics& last_http);
  void on_abandoned() noexcept;

private:
  struct waiting_send {
    http3::field_list fields;
    bool end = false;
    std::uint64_t request_tag = 0;
    runtime::pending_operation<outgoing_request> operation;
  };

  error_code end_code() const;
  bool may_go(const waiting_send& next) const;
  bool send(waiting_send& next);
  void tell_change() const {
    if (change_handler_) change_handler_();
  }

  std::size_t max_waiting_sends_;
  new_token_handler new_token_handler_;
  std::function<void()> change_handler_;
  client_h3_driver* driver_ = nullptr;
  bool going_away_ = false;
  std::optional<connection_info> info_;
  std::optional<connection_info> early_info_;
  std::optional<runtime::connection_end> end_;
  quic::statistics last_statistics_;
  http3::statistics last_http_statistics_;
  std::vector<runtime::pending_operation<connection_info>> waits_;
  std::vector<runtime::pending_operation<connection_info>> early_waits_;
  std::deque<waiting_send> sends_;
  bool is_at_limit_ = false;  ///< The server allows no more requests now.
};

class client_h3_driver final : public h3_driver {
public:
  client_h3_driver(const asio::any_io_executor& executor, h3_driver_settings settings,
                   std::shared_ptr<client_h3_link> link);
  ~client_h3_driver() override;

  /// Begins a request, unless the peer allows none now (limit_reached).
  http3::operation_result<std::shared_ptr<exchange>> send_request(const http3::field_list& fields, bool end);

private:
  void on_event(runtime::worker& host, const quic::event& event, time_point now) override;
  void on_early(const connection_info& info) override { link_->on_early(info); }
  void on_established(const connection_info& info) override { link_->on_established(info); }
  void on_session(const std::shared_ptr<quic::saved_session>& session) override;
  void on_settings() override;
  void prepare(http3::connection& http) override;
  void tell_session(const std::shared_ptr<quic::saved_session>& session);
  void on_request(http3::fields_received&&, const std::shared_ptr<exchange>&) override {}
  void go_away() override;
  void on_goaway() override { link_->on_goaway(); }
  void on_requests_available() override { link_->on_requests_available(); }
  void on_idle() override;
  void on_ended(const runtime::connection_end& end) override;

  std::shared_ptr<client_h3_link> link_;
  std::vector<std::uint8_t> session_context_;
  std::function<void(std::shared_ptr<quic::saved_session>)> on_session_;
  std::vector<std::shared_ptr<quic::saved_session>> sessions_without_settings_;
};

}  // namespace quasio::driver
