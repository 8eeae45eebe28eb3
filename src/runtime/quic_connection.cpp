#include "quasio/runtime/quic_connection.hpp"

#include "runtime/quic_connection_state.hpp"

namespace quasio::runtime {

quic_connection::quic_connection() noexcept = default;
quic_connection::quic_connection(std::shared_ptr<quic_connection_state> state) noexcept : state_(std::move(state)) {}
quic_connection::quic_connection(quic_connection&&) noexcept = default;

quic_connection& quic_connection::operator=(quic_connection&& other) noexcept {
  if (this == &other) return *this;
  drop();
  state_ = std::move(other.state_);
  return *this;
}

quic_connection::~quic_connection() { drop(); }

void quic_connection::drop() noexcept {
  if (state_ == nullptr || state_->is_over()) return;
  asio::dispatch(state_->executor(), [state = state_] { state->drop(); });
}

asio::any_io_executor quic_connection::get_executor() const {
  if (state_ == nullptr) return asio::system_executor();
  return state_->executor();
}

const quic::handshake_summary& quic_connection::handshake() const noexcept { return state_->handshake(); }
const network_path& quic_connection::path() const noexcept { return state_->path(); }
std::shared_ptr<cancellable> quic_connection::cancel_target() const { return state_; }

void quic_connection::close(std::uint64_t application_code, std::string reason) {
  if (state_ == nullptr || state_->is_over()) return;
  asio::dispatch(state_->executor(), [state = state_, application_code, reason = std::move(reason)] {
    state->close(application_code, reason);
  });
}

void quic_connection::start_update_keys(const std::shared_ptr<quic_connection_state>& state,
                                        pending_operation<> operation) {
  if (state == nullptr) return operation.complete(asio::error::bad_descriptor);
  asio::dispatch(state->executor(),
                 [state, operation = std::move(operation)]() mutable { operation.complete(state->update_keys()); });
}

void quic_connection::start_open(const std::shared_ptr<quic_connection_state>& state, stream_direction direction,
                                 pending_operation<quic_stream> operation) {
  if (state == nullptr) return operation.complete(asio::error::bad_descriptor, {});
  asio::dispatch(state->executor(), [state, direction, operation = std::move(operation)]() mutable {
    state->open(direction, std::move(operation));
  });
}

void quic_connection::start_accept(const std::shared_ptr<quic_connection_state>& state,
                                   pending_operation<quic_stream> operation) {
  if (state == nullptr) return operation.complete(asio::error::bad_descriptor, {});
  asio::dispatch(state->executor(),
                 [state, operation = std::move(operation)]() mutable { state->accept(std::move(operation)); });
}

void quic_connection::start_wait_closed(const std::shared_ptr<quic_connection_state>& state,
                                        pending_operation<connection_end> operation) {
  if (state == nullptr) return operation.complete(asio::error::bad_descriptor, {});
  asio::dispatch(state->executor(),
                 [state, operation = std::move(operation)]() mutable { state->wait_closed(std::move(operation)); });
}

void quic_connection::start_close_gracefully(const std::shared_ptr<quic_connection_state>& state, std::uint64_t code,
                                             const std::string& reason, duration timeout,
                                             pending_operation<connection_end> operation) {
  if (state == nullptr) return operation.complete(asio::error::bad_descriptor, {});
  asio::dispatch(state->executor(), [state, code, reason, timeout, operation = std::move(operation)]() mutable {
    state->close_gracefully(code, reason, timeout, std::move(operation));
  });
}

void quic_connection::set_keep_alive(std::chrono::milliseconds interval, quic::keep_alive_scope scope) {
  if (state_ == nullptr || state_->is_over()) return;
  asio::dispatch(state_->executor(), [state = state_, interval, scope] { state->set_keep_alive(interval, scope); });
}

void quic_connection::set_idle_timeout(std::chrono::milliseconds timeout) {
  if (state_ == nullptr || state_->is_over()) return;
  asio::dispatch(state_->executor(), [state = state_, timeout] { state->set_idle_timeout(timeout); });
}

// --- Datagrams ---

std::size_t quic_connection::max_datagram_payload() const noexcept {
  return state_ != nullptr && !state_->is_over() ? state_->max_datagram_payload() : 0;
}

error_code quic_connection::send_datagram(asio::const_buffer data, const quic::datagram_options& options) {
  if (state_ == nullptr) return asio::error::bad_descriptor;
  return state_->datagrams().try_to_send(data, options);
}

std::size_t quic_connection::receive_datagram(asio::mutable_buffer into, error_code& error) {
  if (state_ != nullptr) return state_->datagrams().try_to_receive(into, error);
  error = asio::error::bad_descriptor;
  return 0;
}

void quic_connection::start_send_datagram(const std::shared_ptr<quic_connection_state>& state, asio::const_buffer data,
                                          const quic::datagram_options& options, pending_operation<> operation) {
  if (state == nullptr) return operation.complete(asio::error::bad_descriptor);
  asio::dispatch(state->executor(), [state, data, options, operation = std::move(operation)]() mutable {
    state->datagrams().send(data, options, std::move(operation));
  });
}

void quic_connection::start_receive_datagram(const std::shared_ptr<quic_connection_state>& state,
                                             asio::mutable_buffer into, pending_operation<std::size_t> operation) {
  if (state == nullptr) return operation.complete(asio::error::bad_descriptor, 0);
  asio::dispatch(state->executor(), [state, into, operation = std::move(operation)]() mutable {
    state->datagrams().receive(into, std::move(operation));
  });
}

void quic_connection::purge_datagram_group(std::uint64_t group) {
  if (state_ == nullptr || state_->is_over()) return;
  asio::dispatch(state_->executor(), [state = state_, group] { state->datagrams().purge_group(group); });
}

void quic_connection::on_datagram_fate(std::function<void(std::uint64_t, quic::datagram_outcome)> handler) {
  if (state_ == nullptr || state_->is_over()) return;
  asio::dispatch(state_->executor(), [state = state_, handler = std::move(handler)]() mutable {
    state->datagrams().on_fate(std::move(handler));
  });
}

void quic_connection::start_migrate(const std::shared_ptr<quic_connection_state>& state, const ip_endpoint& local,
                                    quic::migration_timing when, pending_operation<network_path> operation) {
  if (state == nullptr) return operation.complete(asio::error::bad_descriptor, {});
  asio::dispatch(state->executor(), [state, local, when, operation = std::move(operation)]() mutable {
    state->migrate(local, when, std::move(operation));
  });
}

void quic_connection::start_paths(const std::shared_ptr<quic_connection_state>& state,
                                  pending_operation<std::vector<quic::path_statistics>> operation) {
  if (state == nullptr) return operation.complete(asio::error::bad_descriptor, {});
  asio::dispatch(state->executor(),
                 [state, operation = std::move(operation)]() mutable { state->tell_paths(std::move(operation)); });
}

// --- async_connect()
// --------------------------------------------------------------------------------------------------

namespace detail {

class connect_attempt final : public cancellable {
public:
  connect_attempt(const shard& where, connect_options options, quic_connection_limits limits)
      : where_(where),
        options_(std::move(options)),
        state_(std::make_shared<quic_connection_state>(where.get_executor(), limits)) {}

  const shard& where() const noexcept { return where_; }

  void start(pending_operation<quic_connection> operation) {
    // The application owns the operation, so that it goes with the connection whatever else may hold this attempt.
    const auto waiting = std::make_shared<pending_operation<quic_connection>>(std::move(operation));
    waiting_ = waiting;
    auto outcome = [waiting](quic_connection connection, const connection_end* failure) {
      waiting->complete(failure != nullptr ? failure->code : error_code(), std::move(connection));
    };
    const auto begun =
        connect(where_, std::move(options_), std::make_unique<quic_application>(state_, std::move(outcome)));
    if (!begun) waiting->complete(begun.error().code, {});
  }

  void cancel_operation(std::uint64_t tag) override {
    const auto waiting = waiting_.lock();
    if (waiting == nullptr || !*waiting || waiting->tag() != tag) return;
    waiting->complete(asio::error::operation_aborted, {});
    state_->close(0, "cancelled");
  }

private:
  shard where_;
  connect_options options_;
  std::shared_ptr<quic_connection_state> state_;
  std::weak_ptr<pending_operation<quic_connection>> waiting_;
};

std::shared_ptr<connect_attempt> make_connect_attempt(const shard& where, connect_options options,
                                                      quic_connection_limits limits) {
  return std::make_shared<connect_attempt>(where, std::move(options), limits);
}

std::shared_ptr<cancellable> cancel_target(const std::shared_ptr<connect_attempt>& attempt) { return attempt; }

void start_connect(const std::shared_ptr<connect_attempt>& attempt, pending_operation<quic_connection> operation) {
  asio::dispatch(attempt->where().get_executor(),
                 [attempt, operation = std::move(operation)]() mutable { attempt->start(std::move(operation)); });
}

}  // namespace detail
}  // namespace quasio::runtime
