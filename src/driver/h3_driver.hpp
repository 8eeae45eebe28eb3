#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <unordered_map>

#include "driver/exchange.hpp"
#include "driver/h3_event_queue.hpp"
#include "driver/h3_statistics_tally.hpp"
#include "quasio/driver/h3_driver.hpp"

namespace quasio::driver {

/// Runs HTTP/3 over a QUIC connection: takes the transport's events to http3::connection, and its events to exchanges.
/// What differs between client and server is in the derived classes.
class h3_driver : public runtime::application_over_quic {
public:
  h3_driver(endpoint_role role, asio::any_io_executor executor, const h3_driver_settings& settings);
  ~h3_driver() override;

  endpoint_role role() const noexcept { return role_; }
  const asio::any_io_executor& executor() const noexcept { return executor_; }

  // For exchanges and controllers, once the connection is established:
  http3::connection& http() noexcept { return *http_; }
  quic::connection& transport() noexcept { return host_->connection(); }
  void wake() { host_->wake(); }

  /// Tells what http() has to say since the last time.
  void tell_events();

  /// Ends the connection, also in the middle of the handshake.
  void close(http3::error_code code, std::string_view reason);

  /// This end takes no more.
  virtual void go_away() = 0;

  error_code shut_down_stream(stream_id id, stream_half half, http3::error_code code);
  error_code set_priority(stream_id id, const http3::priority& wanted);

  /// The peer's SETTINGS have come.
  bool has_peer_settings() const noexcept { return has_peer_settings_; }

  bool takes_datagrams() const noexcept { return settings_.datagrams.enable; }
  std::size_t max_waiting_datagrams() const noexcept { return max_waiting_datagrams_; }

  /// Calls exchange_datagrams::on_writable() of this exchange when there is room, after those that came before.
  void let_wait_for_datagrams(stream_id id) { datagram_senders_.push_back(id); }

  /// Where events go; null: nowhere. It lives as long as the connection.
  void tell_to(h3_event_queue* events) noexcept { events_ = events; }
  void tell(h3_event&& event) {
    if (events_ != nullptr) events_->tell(std::move(event));
  }
  const std::shared_ptr<const h3_record_keeping>& keeping() const noexcept { return keeping_; }

  /// A client's: see runtime::worker::migrate().
  result<network_path, error_code> migrate(const ip_endpoint& local, quic::migration_timing when);

  bool is_established() const noexcept { return established_; }

  /// Whether http() and transport() may be used: once it is established, and before in early data.
  bool is_begun() const noexcept { return http_.has_value(); }

  // application_over_quic:
  void on_started(runtime::worker& host) override;
  bool on_early_data(runtime::worker& host, time_point now) override;
  void on_connection_established(runtime::worker& host, time_point now) override;
  void on_event(runtime::worker& host, const quic::event& event, time_point now) override;
  void process_reads(runtime::worker& host, time_point now) override;
  void process_writes(runtime::worker& host, time_point now) override;
  void on_connection_closed(const runtime::connection_end& end) override;

protected:
  /// Requests may flow, though the handshake is not complete.
  virtual void on_early(const connection_info& info) = 0;
  virtual void on_established(const connection_info& info) = 0;
  virtual void on_request(http3::fields_received&& request, const std::shared_ptr<exchange>& with) = 0;
  virtual void on_goaway() = 0;
  virtual void on_requests_available() = 0;
  virtual void on_idle() = 0;  ///< The last exchange has ended.
  virtual void on_ended(const runtime::connection_end& end) = 0;
  virtual void on_session(const std::shared_ptr<quic::saved_session>&) {}
  virtual void on_settings() {}

  /// Before the first use of http().
  virtual void prepare(http3::connection&) {}

  std::shared_ptr<exchange> add_exchange(stream_id id, const http3::field_list& request, bool is_early_data);

private:
  void begin_http(runtime::worker& host, time_point now);
  void on(http3::settings_received& event);
  void on(http3::fields_received& event);
  void on(http3::body_readable& event);
  void on(http3::body_writable& event);
  void on(http3::message_aborted& event);
  void on(http3::message_refused& event);
  void on(http3::exchange_closed& event);
  void on(http3::goaway_received& event);
  void on(http3::requests_available&) { on_requests_available(); }
  void on(http3::priority_changed& event);
  void on(http3::datagrams_readable& event);
  void on(http3::datagrams_writable&) { send_waiting_datagrams(); }

  void tell_of_end(const runtime::connection_end& end);
  void send_waiting_datagrams();
  void count_open() noexcept;
  void keep_what_arrived();
  std::shared_ptr<exchange> find(stream_id id) const;

  endpoint_role role_;
  asio::any_io_executor executor_;
  http3::settings settings_;
  std::shared_ptr<const h3_record_keeping> keeping_;
  h3_event_queue* events_ = nullptr;
  std::size_t max_waiting_datagrams_;
  h3_statistics_tally tally_;
  runtime::worker* host_ = nullptr;
  std::optional<http3::connection> http_;
  bool established_ = false;
  bool is_counted_ = false;
  bool has_peer_settings_ = false;
  std::deque<stream_id> datagram_senders_;  ///< Exchanges that wait to send some, in the order of their coming.
  std::unordered_map<stream_id, std::shared_ptr<exchange>> exchanges_;
};

}  // namespace quasio::driver
