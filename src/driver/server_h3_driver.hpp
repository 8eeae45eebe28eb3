#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>

#include "driver/h3_driver.hpp"

namespace quasio::driver {

class server_h3_driver;

/// Who serves the requests of one connection: a controller's queue, or the easy server. Called on the executor.
class server_h3_sink {
public:
  virtual ~server_h3_sink() = default;

  /// `driver` stays valid until on_ended() or on_abandoned().
  virtual void on_attached(server_h3_driver& driver) = 0;
  /// Requests may come, though the handshake is not complete.
  virtual void on_early(const connection_info&) {}
  virtual void on_established(const connection_info& info) = 0;
  virtual void on_request(http3::fields_received&& request, const std::shared_ptr<exchange>& with) = 0;
  virtual void on_ended(const runtime::connection_end& end) = 0;

  /// A request stream begins, before anything is known of the request, and ends, after all of it has.
  virtual void on_stream_opened(stream_id) {}
  virtual void on_stream_closed(stream_id) {}

  /// The driver is destroyed without having ended.
  virtual void on_abandoned() noexcept = 0;
};

class server_h3_driver final : public h3_driver {
public:
  server_h3_driver(const asio::any_io_executor& executor, const h3_driver_settings& settings,
                   std::shared_ptr<server_h3_sink> sink);
  ~server_h3_driver() override;

  /// Two GOAWAYs a round trip apart, and a close when the last request has been answered and those that crossed the
  /// GOAWAYs had time to be refused (RFC 9114, section 5.2).
  void shut_down();
  void go_away() override { shut_down(); }

  /// Refuses a request whose headers have not come.
  void reject_unheard(stream_id id);

  void on_event(runtime::worker& host, const quic::event& event, time_point now) override;
  void process_writes(runtime::worker& host, time_point now) override;

private:
  enum class shutdown_step { none, announced, final };

  void on_early(const connection_info& info) override { sink_->on_early(info); }
  void on_established(const connection_info& info) override;
  void on_request(http3::fields_received&& request, const std::shared_ptr<exchange>& with) override;
  void on_goaway() override {}
  void on_requests_available() override {}
  void on_idle() override {}
  void on_ended(const runtime::connection_end& end) override;

  void expect_a_request(time_point handshake_begun);
  void end_at_limit();
  void announce_end();
  void name_last_request();
  void begin_farewell();
  void close_when_done();

  std::shared_ptr<server_h3_sink> sink_;
  std::uint64_t max_requests_;
  std::chrono::milliseconds post_accept_timeout_;
  std::chrono::milliseconds farewell_timeout_;
  std::uint64_t requests_ = 0;
  shutdown_step shutdown_ = shutdown_step::none;
  bool farewell_is_over_ = false;
  std::string_view farewell_;

  // Shared with the timer's handler, which may outlive the driver.
  std::shared_ptr<server_h3_driver*> self_ = std::make_shared<server_h3_driver*>(this);
};

}  // namespace quasio::driver
