#include <algorithm>
#include <deque>
#include <utility>

#include "quasio/runtime/quic_connection.hpp"
#include "runtime/quic_connection_state.hpp"

namespace quasio::runtime {

/// What a quic_listener stands for: established connections that wait to be accepted, or those who wait for one.
class quic_listener_state final : public cancellable, public std::enable_shared_from_this<quic_listener_state> {
public:
  quic_listener_state(listener from, quic_connection_limits limits, std::size_t backlog)
      : listener_(std::move(from)),
        executor_(listener_.shard().get_executor()),
        local_(listener_.local_endpoint()),
        limits_(limits),
        backlog_(backlog) {}

  const asio::any_io_executor& executor() const noexcept { return executor_; }
  const ip_endpoint& local_endpoint() const noexcept { return local_; }

  void start() {
    auto hold = std::make_shared<handler_hold>(weak_from_this());
    listener_.on_accept([hold = std::move(hold)](incoming_connection incoming) {
      if (const auto self = hold->listener.lock()) self->take(std::move(incoming));
    });
  }

  void accept(pending_operation<quic_connection> operation) {
    if (!established_.empty()) {
      quic_connection connection = std::move(established_.front());
      established_.pop_front();
      return operation.complete(error_code(), std::move(connection));
    }
    if (is_closed_) return operation.complete(error::listener_closed, {});
    accepts_.push_back(std::move(operation));
  }

  void close() {
    if (std::exchange(is_closed_, true)) return;
    established_.clear();
    for (auto& operation : std::exchange(accepts_, {})) operation.complete(error::listener_closed, {});
    listener_.close();
  }

  void cancel_operation(std::uint64_t tag) override {
    const auto found =
        std::find_if(accepts_.begin(), accepts_.end(), [&](const auto& each) { return each.tag() == tag; });
    if (found == accepts_.end()) return;
    auto operation = std::move(*found);
    accepts_.erase(found);
    operation.complete(asio::error::operation_aborted, {});
  }

private:
  // Part of the router's handler: when that goes without close(), the io_context has gone, and who waits here must be
  // let go.
  struct handler_hold {
    explicit handler_hold(std::weak_ptr<quic_listener_state> held) noexcept : listener(std::move(held)) {}
    handler_hold(const handler_hold&) = delete;
    handler_hold& operator=(const handler_hold&) = delete;
    ~handler_hold() {
      if (const auto self = listener.lock()) self->abandon();
    }
    std::weak_ptr<quic_listener_state> listener;
  };

  void abandon() noexcept {
    const auto unheard = std::exchange(accepts_, {});
    const auto unused = std::exchange(established_, {});
  }

  void take(incoming_connection incoming) {
    auto state = std::make_shared<quic_connection_state>(executor_, limits_);
    incoming.start(std::make_unique<quic_application>(
        std::move(state), [weak = weak_from_this()](quic_connection connection, const connection_end* failure) {
          const auto self = weak.lock();
          if (self != nullptr && failure == nullptr) self->offer(std::move(connection));
        }));
  }

  void offer(quic_connection connection) {
    if (is_closed_) return;
    if (accepts_.empty()) {
      if (established_.size() < backlog_) established_.push_back(std::move(connection));
      return;
    }
    auto operation = std::move(accepts_.front());
    accepts_.pop_front();
    operation.complete(error_code(), std::move(connection));
  }

  listener listener_;
  asio::any_io_executor executor_;
  ip_endpoint local_;
  quic_connection_limits limits_;
  std::size_t backlog_;
  bool is_closed_ = false;
  std::deque<pending_operation<quic_connection>> accepts_;
  std::deque<quic_connection> established_;
};

quic_listener::quic_listener(listener from, quic_connection_limits limits, std::size_t backlog)
    : state_(std::make_shared<quic_listener_state>(std::move(from), limits, backlog)) {
  state_->start();
}

quic_listener::quic_listener(quic_listener&&) noexcept = default;

quic_listener& quic_listener::operator=(quic_listener&& other) noexcept {
  std::swap(state_, other.state_);
  return *this;
}

quic_listener::~quic_listener() {
  if (state_ != nullptr) close();
}

const ip_endpoint& quic_listener::local_endpoint() const noexcept { return state_->local_endpoint(); }
asio::any_io_executor quic_listener::get_executor() const { return state_->executor(); }
std::shared_ptr<cancellable> quic_listener::cancel_target() const { return state_; }

void quic_listener::start_accept(const std::shared_ptr<quic_listener_state>& state,
                                 pending_operation<quic_connection> operation) {
  asio::dispatch(state->executor(),
                 [state, operation = std::move(operation)]() mutable { state->accept(std::move(operation)); });
}

void quic_listener::close() {
  asio::dispatch(state_->executor(), [state = state_] { state->close(); });
}

}  // namespace quasio::runtime
