#include <utility>

#include "driver/exchange.hpp"
#include "quasio/driver/exchange.hpp"

namespace quasio::driver {
namespace {

template <class Act>
void on_executor(const std::shared_ptr<exchange>& state, Act act) {
  if (state == nullptr || state->is_over()) return;
  asio::dispatch(state->executor(), [state, act = std::move(act)]() mutable { act(*state); });
}

asio::any_io_executor executor_of(const std::shared_ptr<exchange>& state) {
  if (state == nullptr) return asio::system_executor();
  return state->executor();
}

const http3::field_list no_fields;

}  // namespace

// --- body_reader
// ------------------------------------------------------------------------------------------------------

body_reader::body_reader() noexcept = default;
body_reader::body_reader(std::shared_ptr<exchange> state) noexcept : state_(std::move(state)) {}
body_reader::body_reader(body_reader&&) noexcept = default;

body_reader& body_reader::operator=(body_reader&& other) noexcept {
  if (this == &other) return *this;
  drop();
  state_ = std::move(other.state_);
  return *this;
}

body_reader::~body_reader() { drop(); }

void body_reader::drop() noexcept {
  on_executor(std::exchange(state_, nullptr), [](exchange& dropped) { dropped.drop_reader(); });
}

stream_id body_reader::id() const noexcept { return state_ != nullptr ? state_->id() : 0; }
asio::any_io_executor body_reader::get_executor() const { return executor_of(state_); }
std::shared_ptr<runtime::cancellable> body_reader::cancel_target() const { return state_; }

const http3::field_list& body_reader::trailers() const noexcept {
  return state_ != nullptr ? state_->trailers() : no_fields;
}

void body_reader::start_read(const std::shared_ptr<exchange>& state, asio::mutable_buffer buffer,
                             runtime::pending_operation<std::size_t> operation) {
  if (state == nullptr) return operation.complete(asio::error::bad_descriptor, 0);
  asio::dispatch(state->executor(), [state, buffer, operation = std::move(operation)]() mutable {
    state->read(buffer, std::move(operation));
  });
}

void body_reader::start_read_all(const std::shared_ptr<exchange>& state, std::size_t limit,
                                 runtime::pending_operation<std::string> operation) {
  if (state == nullptr) return operation.complete(asio::error::bad_descriptor, {});
  asio::dispatch(state->executor(), [state, limit, operation = std::move(operation)]() mutable {
    state->read_all(limit, std::move(operation));
  });
}

// --- body_writer
// ------------------------------------------------------------------------------------------------------

body_writer::body_writer() noexcept = default;
body_writer::body_writer(std::shared_ptr<exchange> state) noexcept : state_(std::move(state)) {}
body_writer::body_writer(body_writer&&) noexcept = default;

body_writer& body_writer::operator=(body_writer&& other) noexcept {
  if (this == &other) return *this;
  drop();
  state_ = std::move(other.state_);
  return *this;
}

body_writer::~body_writer() { drop(); }

void body_writer::drop() noexcept {
  on_executor(std::exchange(state_, nullptr), [](exchange& dropped) { dropped.drop_writer(); });
}

stream_id body_writer::id() const noexcept { return state_ != nullptr ? state_->id() : 0; }
asio::any_io_executor body_writer::get_executor() const { return executor_of(state_); }
std::shared_ptr<runtime::cancellable> body_writer::cancel_target() const { return state_; }
std::uint64_t body_writer::bytes_written() const noexcept { return state_ != nullptr ? state_->bytes_written() : 0; }

void body_writer::cancel(http3::error_code code) {
  on_executor(state_, [code](exchange& cancelled) { cancelled.cancel(code); });
}

void body_writer::start_write(const std::shared_ptr<exchange>& state, http3::field_list head, asio::const_buffer buffer,
                              write_extent extent, runtime::pending_operation<std::size_t> operation) {
  if (state == nullptr) return operation.complete(asio::error::bad_descriptor, 0);
  asio::dispatch(state->executor(),
                 [state, head = std::move(head), buffer, extent, operation = std::move(operation)]() mutable {
                   state->write(head, buffer, extent, std::move(operation));
                 });
}

void body_writer::start_head(const std::shared_ptr<exchange>& state, http3::field_list fields, bool end,
                             runtime::pending_operation<> operation) {
  if (state == nullptr) return operation.complete(asio::error::bad_descriptor);
  asio::dispatch(state->executor(),
                 [state, fields = std::move(fields), end, operation = std::move(operation)]() mutable {
                   state->send_head(fields, end, std::move(operation));
                 });
}

void body_writer::start_trailers(const std::shared_ptr<exchange>& state, http3::field_list fields,
                                 runtime::pending_operation<> operation) {
  if (state == nullptr) return operation.complete(asio::error::bad_descriptor);
  asio::dispatch(state->executor(), [state, fields = std::move(fields), operation = std::move(operation)]() mutable {
    state->send_trailers(fields, std::move(operation));
  });
}

// --- response_reader
// --------------------------------------------------------------------------------------------------

void response_reader::start_head(const std::shared_ptr<exchange>& state,
                                 runtime::pending_operation<response_head> operation) {
  if (state == nullptr) return operation.complete(asio::error::bad_descriptor, {});
  asio::dispatch(state->executor(),
                 [state, operation = std::move(operation)]() mutable { state->receive_head(std::move(operation)); });
}

}  // namespace quasio::driver
