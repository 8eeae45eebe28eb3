#include "driver/h3_link.hpp"

#include "driver/h3_driver.hpp"

namespace quasio::driver {
namespace {

time_point read_clock() noexcept { return std::chrono::time_point_cast<duration>(std::chrono::steady_clock::now()); }

}  // namespace

h3_link::h3_link(asio::any_io_executor executor, const h3_driver_settings& settings)
    : executor_(std::move(executor)),
      max_waiting_commands_(settings.max_waiting_commands),
      counters_(settings.counters),
      events_(settings.max_waiting_events, settings.max_waiting_requests, settings.counters) {}

bool h3_link::claim_command() noexcept {
  if (commands_waiting_.fetch_add(1, std::memory_order_relaxed) < max_waiting_commands_) return true;
  commands_waiting_.fetch_sub(1, std::memory_order_relaxed);
  commands_refused_.fetch_add(1, std::memory_order_relaxed);
  return false;
}

void h3_link::return_claim() noexcept {
  commands_waiting_.fetch_sub(1, std::memory_order_relaxed);
  const std::uint64_t refused = commands_refused_.exchange(0, std::memory_order_relaxed);
  if (counters_ != nullptr) counters_->commands_refused.add(refused);
}

void h3_link::send_goaway(runtime::pending_operation<> operation) {
  if (base_ == nullptr) return operation.complete(end_code_);
  base_->go_away();
  operation.complete(error_code());
}

void h3_link::shut_down_stream(stream_id id, stream_half half, http3::error_code code,
                               runtime::pending_operation<> operation) {
  if (base_ == nullptr) return operation.complete(end_code_);
  operation.complete(base_->shut_down_stream(id, half, code));
}

void h3_link::set_priority(stream_id id, const http3::priority& wanted, runtime::pending_operation<> operation) {
  if (base_ == nullptr) return operation.complete(end_code_);
  operation.complete(base_->set_priority(id, wanted));
}

void h3_link::run(const std::function<void(quic::connection&, time_point)>& what,
                  runtime::pending_operation<> operation) {
  if (base_ == nullptr) return operation.complete(end_code_);
  if (!base_->is_begun()) return operation.complete(asio::error::not_connected);
  what(base_->transport(), read_clock());
  base_->wake();
  operation.complete(error_code());
}

void h3_link::tell_statistics(runtime::pending_operation<h3_connection_statistics> operation) {
  if (base_ == nullptr) return operation.complete(end_code_, {});
  if (!base_->is_begun()) return operation.complete(asio::error::not_connected, {});
  operation.complete(error_code(), {base_->transport().statistics(), base_->transport().paths(), base_->http().peer(),
                                    base_->http().open_exchanges(), base_->http().statistics()});
}

void h3_link::on_unlinked(const error_code& why) noexcept {
  base_ = nullptr;
  over_.store(true, std::memory_order_release);
  end_code_ = why;
  events_.close(why);
}

void h3_link::on_link_abandoned() noexcept {
  base_ = nullptr;
  over_.store(true, std::memory_order_release);
  events_.abandon();
}

}  // namespace quasio::driver
