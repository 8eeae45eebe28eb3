#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "driver/h3_event_queue.hpp"
#include "quasio/driver/h3_driver.hpp"

namespace quasio::driver {

class h3_driver;

/// What the controllers of both ends have in common: events and commands. All but is_over() and the claims belongs to
/// the executor.
class h3_link : public runtime::cancellable {
public:
  h3_link(asio::any_io_executor executor, const h3_driver_settings& settings);

  const asio::any_io_executor& executor() const noexcept { return executor_; }

  /// Nothing can be asked of the connection any more. Any thread.
  bool is_over() const noexcept { return over_.load(std::memory_order_acquire); }

  h3_event_queue& events() noexcept { return events_; }

  /// A command is on its way here; false when too many are. Any thread.
  bool claim_command() noexcept;
  /// It has come.
  void return_claim() noexcept;

  void send_goaway(runtime::pending_operation<> operation);
  void shut_down_stream(stream_id id, stream_half half, http3::error_code code, runtime::pending_operation<> operation);
  void set_priority(stream_id id, const http3::priority& wanted, runtime::pending_operation<> operation);
  void run(const std::function<void(quic::connection&, time_point)>& what, runtime::pending_operation<> operation);
  void tell_statistics(runtime::pending_operation<h3_connection_statistics> operation);
  void cancel_operation(std::uint64_t tag) override { events_.cancel(tag); }

  void on_linked(h3_driver& driver) noexcept { base_ = &driver; }
  void on_unlinked(const error_code& why) noexcept;
  void on_link_abandoned() noexcept;

protected:
  ~h3_link() = default;

private:
  asio::any_io_executor executor_;
  std::size_t max_waiting_commands_;
  std::shared_ptr<h3_counters> counters_;
  h3_event_queue events_;
  h3_driver* base_ = nullptr;
  std::atomic<bool> over_{false};
  std::atomic<std::size_t> commands_waiting_{0};
  std::atomic<std::uint64_t> commands_refused_{0};  ///< And not counted yet: only the executor may count.
  error_code end_code_ = make_error_code(runtime::error::connection_closed);
};

}  // namespace quasio::driver
