#include "quasio/driver/datagram_flow.hpp"

#include "driver/exchange.hpp"
#include "quasio/driver/exchange_control.hpp"

namespace quasio::driver {

// --- datagram_flow
// ----------------------------------------------------------------------------------------------------

stream_id datagram_flow::id() const noexcept { return state_ != nullptr ? state_->id() : 0; }

datagram_flow::executor_type datagram_flow::get_executor() const {
  if (state_ == nullptr) return asio::system_executor();
  return state_->executor();
}

std::shared_ptr<runtime::cancellable> datagram_flow::cancel_target() const { return state_; }

std::size_t datagram_flow::max_datagram_payload() const {
  return state_ != nullptr ? state_->datagrams().max_payload() : 0;
}

error_code datagram_flow::send_datagram(asio::const_buffer payload, const http3::datagram_options& options) {
  if (state_ == nullptr) return asio::error::bad_descriptor;
  return state_->datagrams().try_to_send(payload, options);
}

std::size_t datagram_flow::receive_datagram(asio::mutable_buffer into, error_code& error) {
  error = asio::error::bad_descriptor;
  return state_ != nullptr ? state_->datagrams().try_to_receive(into, error) : 0;
}

void datagram_flow::start_send(const std::shared_ptr<exchange>& state, asio::const_buffer payload,
                               const http3::datagram_options& options, runtime::pending_operation<> operation) {
  if (state == nullptr) return operation.complete(asio::error::bad_descriptor);
  asio::dispatch(state->executor(), [state, payload, options, operation = std::move(operation)]() mutable {
    state->datagrams().send(payload, options, std::move(operation));
  });
}

void datagram_flow::start_receive(const std::shared_ptr<exchange>& state, asio::mutable_buffer into,
                                  runtime::pending_operation<std::size_t> operation) {
  if (state == nullptr) return operation.complete(asio::error::bad_descriptor, 0);
  asio::dispatch(state->executor(), [state, into, operation = std::move(operation)]() mutable {
    state->datagrams().receive(into, std::move(operation));
  });
}

// --- exchange_control
// -------------------------------------------------------------------------------------------------

stream_id exchange_control::id() const noexcept { return state_ != nullptr ? state_->id() : 0; }

void exchange_control::set_priority(const http3::priority& wanted) {
  if (state_ == nullptr || state_->is_over()) return;
  asio::dispatch(state_->executor(), [state = state_, wanted] { static_cast<void>(state->set_priority(wanted)); });
}

http3::priority exchange_control::priority() const {
  return state_ != nullptr ? state_->priority() : http3::priority{};
}

void exchange_control::on_priority_change(priority_handler handler) {
  if (state_ != nullptr) state_->on_priority_change(std::move(handler));
}

void exchange_control::cancel(http3::error_code code) {
  if (state_ == nullptr || state_->is_over()) return;
  asio::dispatch(state_->executor(), [state = state_, code] { state->cancel(code); });
}

}  // namespace quasio::driver
