#include "quasio/driver/http3_server.hpp"

#include <utility>

#include "driver/server_state.hpp"

namespace quasio::http3 {

server::server(asio::any_io_executor executor, server_options options)
    : state_(std::make_shared<server_state>(std::move(executor), std::move(options))) {}

server::~server() { state_->end(); }

void server::handle(request_handler handler) { state_->handle(std::move(handler)); }

std::vector<ip_endpoint> server::start(quasio::error_code& error) { return state_->start(error); }

std::vector<ip_endpoint> server::start() {
  quasio::error_code error;
  auto bound = start(error);
  if (error) throw system_error(error, "http3::server::start");
  return bound;
}

void server::start_stop(const std::shared_ptr<server_state>& state, std::chrono::milliseconds patience,
                        runtime::pending_operation<> operation) {
  asio::dispatch(state->executor(), [state, patience, operation = std::move(operation)]() mutable {
    state->stop(patience, std::move(operation));
  });
}

void server::start_hand_over(const std::shared_ptr<server_state>& state,
                             runtime::pending_operation<runtime::inheritance> operation) {
  asio::dispatch(state->executor(),
                 [state, operation = std::move(operation)]() mutable { state->hand_over(std::move(operation)); });
}

void server::abort() { state_->abort(); }
asio::any_io_executor server::get_executor() const { return state_->executor(); }
std::size_t server::open_connections() const noexcept { return state_->open_connections(); }

std::vector<runtime::metric_family> server::metrics() const {
  std::vector<const driver::h3_counters*> requests;
  for (const auto& each : state_->server_shards()) requests.push_back(&each->counters());
  auto all = runtime::collect_metrics(counters());
  for (auto& each : driver::collect_metrics(requests)) all.push_back(std::move(each));
  return all;
}

std::size_t server::running_requests() const noexcept { return state_->running_requests(); }

std::vector<const runtime::counters*> server::counters() const {
  std::vector<const runtime::counters*> all;
  for (const runtime::shard& each : state_->shards()) all.push_back(&each.counters());
  return all;
}

}  // namespace quasio::http3
