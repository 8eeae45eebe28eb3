#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "driver/h3_link.hpp"
#include "driver/server_h3_driver.hpp"

namespace quasio::driver {

/// What a server_h3_controller stands for: requests that wait to be received, or those who wait for one.
class server_h3_link final : public server_h3_sink, public h3_link {
public:
  server_h3_link(asio::any_io_executor executor, const h3_driver_settings& settings)
      : h3_link(std::move(executor), settings),
        max_waiting_requests_(settings.max_waiting_requests),
        counters_(settings.counters) {}

  void receive(runtime::pending_operation<incoming_request> operation);
  void shut_down();
  void close(http3::error_code code, std::string_view reason);
  void cancel_operation(std::uint64_t tag) override;

  // server_h3_sink:
  void on_attached(server_h3_driver& driver) override;
  void on_established(const connection_info&) override {}
  void on_request(http3::fields_received&& request, const std::shared_ptr<exchange>& with) override;
  void on_ended(const runtime::connection_end& end) override;
  void on_abandoned() noexcept override;

private:
  bool offer(http3::fields_received&& request, const std::shared_ptr<exchange>& with);

  std::size_t max_waiting_requests_;
  std::shared_ptr<h3_counters> counters_;
  server_h3_driver* driver_ = nullptr;
  std::optional<runtime::connection_end> end_;
  std::deque<incoming_request> requests_;
  std::deque<runtime::pending_operation<incoming_request>> receives_;
};

}  // namespace quasio::driver
