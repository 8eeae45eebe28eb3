#include "runtime/quic_connection_state.hpp"

#include <algorithm>
#include <utility>

namespace quasio::runtime {
namespace {

template <class Operations>
bool cancel_one(Operations& operations, std::uint64_t tag) {
  const auto found =
      std::find_if(operations.begin(), operations.end(), [&](const auto& each) { return each.tag() == tag; });
  if (found == operations.end()) return false;
  auto operation = std::move(*found);
  operations.erase(found);
  operation.complete(asio::error::operation_aborted, {});
  return true;
}

}  // namespace

// --- Streams that we open
// ---------------------------------------------------------------------------------------------

void quic_connection_state::open(stream_direction direction, pending_operation<quic_stream> operation) {
  if (host_ == nullptr) return operation.complete(end_ ? end_->code : make_error_code(error::connection_closed), {});
  if (opens(direction).empty() && try_to_open(direction, operation)) return;
  if (opens(direction).size() >= limits_.max_waiting_opens) return operation.complete(error::too_many_waiting, {});
  opens(direction).push_back(std::move(operation));
}

bool quic_connection_state::try_to_open(stream_direction direction, pending_operation<quic_stream>& operation) {
  const auto id = host_->connection().open_stream(direction);
  if (!id && id.error() == quic::stream_error::limit_reached) return false;
  if (!id) {
    operation.complete(id.error(), {});
  } else {
    operation.complete(error_code(), add_stream(*id));
  }
  return true;
}

void quic_connection_state::on(const quic::streams_available& event) {
  auto& waiting = opens(event.direction);
  while (!waiting.empty() && try_to_open(event.direction, waiting.front())) waiting.pop_front();
}

// --- Streams that the peer opens
// --------------------------------------------------------------------------------------

void quic_connection_state::on(const quic::stream_opened& event) {
  quic_stream stream = add_stream(event.id);
  if (!accepts_.empty()) {
    auto operation = std::move(accepts_.front());
    accepts_.pop_front();
    operation.complete(error_code(), std::move(stream));
  } else if (unaccepted_.size() < limits_.max_waiting_streams) {
    unaccepted_.push_back(std::move(stream));
  }
}

void quic_connection_state::accept(pending_operation<quic_stream> operation) {
  if (!unaccepted_.empty()) {
    quic_stream stream = std::move(unaccepted_.front());
    unaccepted_.pop_front();
    return operation.complete(error_code(), std::move(stream));
  }
  if (host_ == nullptr) return operation.complete(end_ ? end_->code : make_error_code(error::connection_closed), {});
  accepts_.push_back(std::move(operation));
}

// --- What happens to streams
// ------------------------------------------------------------------------------------------

quic_stream quic_connection_state::add_stream(stream_id id) {
  auto stream = std::make_shared<quic_stream_state>(*host_, id);
  streams_.insert_or_assign(id, stream);
  return quic_stream(std::move(stream));
}

quic_stream_state* quic_connection_state::find(stream_id id) const {
  const auto found = streams_.find(id);
  return found != streams_.end() ? found->second.get() : nullptr;
}

void quic_connection_state::on(const quic::stream_readable& event) {
  if (auto* const stream = find(event.id)) stream->on_readable();
}

void quic_connection_state::on(const quic::stream_writable& event) {
  if (auto* const stream = find(event.id)) stream->on_writable();
}

void quic_connection_state::on(const quic::stream_reset& event) {
  if (auto* const stream = find(event.id)) stream->on_reset(event.code);
}

void quic_connection_state::on(const quic::stream_stopped& event) {
  if (auto* const stream = find(event.id)) stream->on_stopped(event.code);
}

void quic_connection_state::on(const quic::stream_closed& event) {
  const auto found = streams_.find(event.id);
  if (found == streams_.end()) return;
  const auto stream = std::move(found->second);
  streams_.erase(found);
  stream->on_closed();
}

// --- The connection
// ---------------------------------------------------------------------------------------------------

void quic_connection_state::on_established() {
  handshake_ = host_->connection().handshake();
  path_ = host_->connection().path();
  max_datagram_payload_ = host_->connection().max_datagram_payload();
  datagrams_.open(*host_);
}

void quic_connection_state::on_event(const quic::event& event) {
  std::visit([this](const auto& each) { on(each); }, event);
}

void quic_connection_state::wait_closed(pending_operation<connection_end> operation) {
  if (end_) return operation.complete(error_code(), *end_);
  closings_.push_back(std::move(operation));
}

error_code quic_connection_state::update_keys() {
  if (host_ == nullptr) return end_ ? end_->code : make_error_code(error::connection_closed);
  const auto now = std::chrono::time_point_cast<duration>(std::chrono::steady_clock::now());
  if (const auto begun = host_->connection().update_keys(now); !begun)
    return make_error_code(begun.error() == quic::key_update_error::connection_closed ? error::connection_closed
                                                                                      : error::key_update_refused);
  // The peer learns of it with the next packet.
  host_->wake();
  return {};
}

void quic_connection_state::close(std::uint64_t code, std::string_view reason) {
  if (host_ != nullptr) host_->close(code, reason);
}

void quic_connection_state::close_gracefully(std::uint64_t code, std::string_view reason, duration timeout,
                                             pending_operation<connection_end> operation) {
  if (end_) return operation.complete(error::not_delivered, *end_);
  graceful_closings_.push_back(std::move(operation));
  if (host_ != nullptr) host_->close_gracefully(code, reason, timeout);
}

void quic_connection_state::drop() {
  if (host_ != nullptr && !host_->connection().is_closing_gracefully()) host_->close(0, {});
}

void quic_connection_state::set_keep_alive(std::chrono::milliseconds interval, quic::keep_alive_scope scope) {
  if (host_ == nullptr) return;
  host_->connection().set_keep_alive(interval, scope);
  host_->wake();
}

void quic_connection_state::set_idle_timeout(std::chrono::milliseconds timeout) {
  if (host_ == nullptr) return;
  host_->connection().set_idle_timeout(timeout);
  host_->wake();
}

void quic_connection_state::migrate(const ip_endpoint& local, quic::migration_timing when,
                                    pending_operation<network_path> operation) {
  if (host_ == nullptr) return operation.complete(end_ ? end_->code : make_error_code(error::connection_closed), {});
  const auto path = host_->migrate(local, when);
  if (!path) return operation.complete(path.error(), {});
  moves_.push_back({*path, std::move(operation)});
}

void quic_connection_state::move_ended(const network_path& path, const error_code& how) {
  const auto found = std::ranges::find(moves_, path, &waiting_move::path);
  if (found == moves_.end()) return;
  auto operation = std::move(found->operation);
  moves_.erase(found);
  operation.complete(how, how ? network_path() : path);
}

void quic_connection_state::tell_paths(pending_operation<std::vector<quic::path_statistics>> operation) {
  if (host_ == nullptr) return operation.complete(end_ ? end_->code : make_error_code(error::connection_closed), {});
  operation.complete({}, host_->connection().paths());
}

bool quic_connection_state::cancel_move(std::uint64_t tag) {
  const auto found = std::ranges::find(moves_, tag, &waiting_move::tag);
  if (found == moves_.end()) return false;
  auto move = std::move(*found);
  moves_.erase(found);
  move.operation.complete(asio::error::operation_aborted, {});
  if (host_ != nullptr) host_->give_up(move.path);
  return true;
}

void quic_connection_state::cancel_operation(std::uint64_t tag) {
  if (cancel_move(tag)) return;
  if (cancel_one(accepts_, tag) || cancel_one(opens_[0], tag) || cancel_one(opens_[1], tag)) return;
  if (cancel_one(closings_, tag) || cancel_one(graceful_closings_, tag)) return;
  datagrams_.cancel(tag);
}

void quic_connection_state::on_connection_closed(const connection_end& end) {
  const bool delivered = host_ != nullptr && host_->connection().is_everything_delivered();
  host_ = nullptr;
  over_.store(true, std::memory_order_release);
  end_ = end;
  for (const auto& [id, stream] : std::exchange(streams_, {})) stream->on_connection_closed(end.code);
  for (auto& waiting : opens_) {
    for (auto& operation : std::exchange(waiting, {})) operation.complete(end.code, {});
  }
  for (auto& operation : std::exchange(accepts_, {})) operation.complete(end.code, {});
  for (auto& move : std::exchange(moves_, {})) move.operation.complete(end.code, {});
  for (auto& operation : std::exchange(closings_, {})) operation.complete(error_code(), end);
  for (auto& operation : std::exchange(graceful_closings_, {})) {
    operation.complete(delivered ? error_code() : make_error_code(error::not_delivered), end);
  }
  datagrams_.on_connection_closed(end.code);
}

// The io_context goes away, or the worker did end everything already and nothing is left here.
void quic_connection_state::abandon() noexcept {
  host_ = nullptr;
  over_.store(true, std::memory_order_release);
  const auto streams = std::exchange(streams_, {});
  for (const auto& [id, stream] : streams) stream->abandon();
  const auto opens = std::exchange(opens_, {});
  const auto accepts = std::exchange(accepts_, {});
  const auto closings = std::exchange(closings_, {});
  const auto graceful_closings = std::exchange(graceful_closings_, {});
  datagrams_.abandon();
  const auto moves = std::exchange(moves_, {});
}

void quic_application::on_connection_established(worker&, time_point) {
  state_->on_established();
  std::exchange(on_outcome_, nullptr)(quic_connection(state_), nullptr);
}

void quic_application::on_event(worker&, const quic::event& event, time_point) { state_->on_event(event); }

void quic_application::on_connection_closed(const connection_end& end) {
  state_->on_connection_closed(end);
  if (on_outcome_) std::exchange(on_outcome_, nullptr)(quic_connection(), &end);
}

}  // namespace quasio::runtime
