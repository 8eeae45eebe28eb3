#include "quasio/runtime/quic_stream.hpp"

#include <utility>

#include "runtime/quic_stream_state.hpp"

namespace quasio::runtime {
namespace {

template <class Act>
void on_executor(const std::shared_ptr<quic_stream_state>& state, Act act) {
  if (state == nullptr || state->is_over()) return;
  asio::dispatch(state->executor(), [state, act = std::move(act)]() mutable { act(*state); });
}

}  // namespace

quic_stream::quic_stream() noexcept = default;
quic_stream::quic_stream(std::shared_ptr<quic_stream_state> state) noexcept : state_(std::move(state)) {}
quic_stream::quic_stream(quic_stream&&) noexcept = default;

quic_stream& quic_stream::operator=(quic_stream&& other) noexcept {
  if (this == &other) return *this;
  drop();
  state_ = std::move(other.state_);
  return *this;
}

quic_stream::~quic_stream() { drop(); }

void quic_stream::drop() noexcept {
  on_executor(std::exchange(state_, nullptr), [](quic_stream_state& stream) { stream.drop(); });
}

stream_id quic_stream::id() const noexcept { return state_ != nullptr ? state_->id() : 0; }

asio::any_io_executor quic_stream::get_executor() const {
  if (state_ == nullptr) return asio::system_executor();
  return state_->executor();
}

std::shared_ptr<cancellable> quic_stream::cancel_target() const { return state_; }

void quic_stream::start_read(const std::shared_ptr<quic_stream_state>& state, asio::mutable_buffer buffer,
                             pending_operation<std::size_t> operation) {
  if (state == nullptr) return operation.complete(asio::error::bad_descriptor, 0);
  asio::dispatch(state->executor(), [state, buffer, operation = std::move(operation)]() mutable {
    state->read(buffer, std::move(operation));
  });
}

void quic_stream::start_write(const std::shared_ptr<quic_stream_state>& state, asio::const_buffer buffer,
                              pending_operation<std::size_t> operation) {
  if (state == nullptr) return operation.complete(asio::error::bad_descriptor, 0);
  asio::dispatch(state->executor(), [state, buffer, operation = std::move(operation)]() mutable {
    state->write(buffer, std::move(operation));
  });
}

void quic_stream::finish() {
  on_executor(state_, [](quic_stream_state& stream) { stream.finish(); });
}

void quic_stream::reset(std::uint64_t application_code) {
  on_executor(state_, [application_code](quic_stream_state& stream) { stream.reset(application_code); });
}

void quic_stream::stop_sending(std::uint64_t application_code) {
  on_executor(state_, [application_code](quic_stream_state& stream) { stream.stop_sending(application_code); });
}

void quic_stream::set_priority(std::uint8_t urgency, bool incremental) {
  on_executor(state_, [=](quic_stream_state& stream) { stream.set_priority(urgency, incremental); });
}

}  // namespace quasio::runtime
