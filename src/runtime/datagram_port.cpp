#include "runtime/datagram_port.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "quasio/runtime/error.hpp"

namespace quasio::runtime {
namespace {

byte_view bytes_of(asio::const_buffer data) noexcept {
  return {static_cast<const std::uint8_t*>(data.data()), data.size()};
}

std::size_t copy(byte_view from, asio::mutable_buffer into, error_code& error) noexcept {
  const std::size_t size = std::min(from.size(), into.size());
  if (size > 0) std::memcpy(into.data(), from.data(), size);
  error = size < from.size() ? error_code(asio::error::message_size) : error_code();
  return size;
}

template <class Waiting>
auto find_operation(std::deque<Waiting>& waiting, std::uint64_t tag) {
  return std::find_if(waiting.begin(), waiting.end(), [&](const Waiting& each) { return each.operation.tag() == tag; });
}

}  // namespace

error_code datagram_port::end_code() const { return end_ ? end_ : make_error_code(error::connection_closed); }

// --- Sending --------------------------------------------------------------------------------------------------------

error_code datagram_port::try_to_send(asio::const_buffer data, const quic::datagram_options& options) {
  if (host_ == nullptr) return end_code();
  const auto accepted = host_->connection().send_datagram(bytes_of(data), options);
  if (!accepted) return make_error_code(accepted.error());
  host_->wake();
  return {};
}

void datagram_port::send(asio::const_buffer data, const quic::datagram_options& options,
                         pending_operation<> operation) {
  // Those that wait already come first.
  const error_code code =
      sends_.empty() ? try_to_send(data, options) : make_error_code(quic::datagram_error::queue_full);
  if (code != quic::datagram_error::queue_full) return operation.complete(code);
  if (sends_.size() >= max_waiting_) return operation.complete(error::too_many_waiting);
  sends_.push_back({data, options, std::move(operation)});
}

void datagram_port::on(const quic::datagrams_writable&) {
  while (!sends_.empty()) {
    const error_code code = try_to_send(sends_.front().data, sends_.front().options);
    if (code == quic::datagram_error::queue_full) return;
    sends_.front().operation.complete(code);
    sends_.pop_front();
  }
}

void datagram_port::purge_group(std::uint64_t group) {
  if (host_ == nullptr) return;
  host_->connection().purge_datagram_group(group);
  host_->wake();
}

void datagram_port::on(const quic::datagram_fate& event) {
  if (on_fate_) on_fate_(event.cookie, event.outcome);
}

// --- Receiving ------------------------------------------------------------------------------------------------------

std::size_t datagram_port::try_to_receive(asio::mutable_buffer into, error_code& error) {
  if (!kept_.empty()) {
    const std::size_t size = copy(kept_.front(), into, error);
    kept_.pop_front();
    return size;
  }
  const auto next = host_ != nullptr ? host_->connection().peek_datagram() : std::nullopt;
  if (!next) {
    error = host_ != nullptr ? error_code(asio::error::would_block) : end_code();
    return 0;
  }
  const std::size_t size = copy(*next, into, error);
  host_->connection().pop_datagram();
  return size;
}

void datagram_port::receive(asio::mutable_buffer into, pending_operation<std::size_t> operation) {
  error_code code;
  const std::size_t size = receives_.empty() ? try_to_receive(into, code) : 0;
  if (receives_.empty() && code != asio::error::would_block) return operation.complete(code, size);
  if (receives_.size() >= max_waiting_) return operation.complete(error::too_many_waiting, 0);
  receives_.push_back({into, std::move(operation)});
}

void datagram_port::on(const quic::datagrams_readable&) {
  while (!receives_.empty()) {
    error_code code;
    const std::size_t size = try_to_receive(receives_.front().into, code);
    if (code == asio::error::would_block) return;
    receives_.front().operation.complete(code, size);
    receives_.pop_front();
  }
}

// --- Both -----------------------------------------------------------------------------------------------------------

bool datagram_port::cancel(std::uint64_t tag) {
  if (const auto found = find_operation(sends_, tag); found != sends_.end()) {
    found->operation.complete(asio::error::operation_aborted);
    sends_.erase(found);
    return true;
  }
  if (const auto found = find_operation(receives_, tag); found != receives_.end()) {
    found->operation.complete(asio::error::operation_aborted, 0);
    receives_.erase(found);
    return true;
  }
  return false;
}

void datagram_port::on_connection_closed(const error_code& code) {
  end_ = code;
  if (host_ == nullptr) return;
  quic::connection& connection = std::exchange(host_, nullptr)->connection();
  while (const auto next = connection.peek_datagram()) {
    kept_.emplace_back(next->begin(), next->end());
    connection.pop_datagram();
  }
  for (auto& each : std::exchange(sends_, {})) each.operation.complete(code);
  for (auto& each : std::exchange(receives_, {})) each.operation.complete(code, 0);
  on_fate_ = nullptr;
}

void datagram_port::abandon() noexcept {
  host_ = nullptr;
  const auto sends = std::exchange(sends_, {});
  const auto receives = std::exchange(receives_, {});
  const auto handler = std::exchange(on_fate_, nullptr);
}

}  // namespace quasio::runtime
