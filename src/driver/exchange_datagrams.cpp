#include "driver/exchange_datagrams.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "driver/h3_driver.hpp"

namespace quasio::driver {
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

// Who uses the flow says by it that the request has a use for datagrams.
void exchange_datagrams::allow() {
  if (driver_ != nullptr && !std::exchange(allowed_, true)) static_cast<void>(driver_->http().allow_datagrams(id_));
}

// --- Sending --------------------------------------------------------------------------------------------------------

std::size_t exchange_datagrams::max_payload() const {
  return driver_ != nullptr ? driver_->http().max_datagram_payload(driver_->transport(), id_) : 0;
}

error_code exchange_datagrams::offer(asio::const_buffer payload, const http3::datagram_options& options) {
  if (send_end_) return *send_end_;
  allow();
  const auto taken = driver_->http().send_datagram(driver_->transport(), id_, bytes_of(payload), options);
  if (!taken) return make_error_code(taken.error());
  ++sent_;
  driver_->wake();
  return {};
}

error_code exchange_datagrams::try_to_send(asio::const_buffer payload, const http3::datagram_options& options) {
  // Those that wait already come first.
  const error_code code =
      sends_.empty() ? offer(payload, options) : make_error_code(http3::operation_error::queue_full);
  if (code == http3::operation_error::queue_full && driver_ != nullptr) {
    driver_->keeping()->count([](h3_counters& counters) { counters.datagrams_refused.add(); });
  }
  return code;
}

// A peer may have asked before it has said whether it takes datagrams (RFC 9297, section 2.1.1).
bool exchange_datagrams::is_to_wait(const error_code& code) const {
  if (code == http3::operation_error::queue_full) return true;
  return code == http3::operation_error::not_negotiated && driver_->takes_datagrams() && !driver_->has_peer_settings();
}

void exchange_datagrams::send(asio::const_buffer payload, const http3::datagram_options& options,
                              runtime::pending_operation<> operation) {
  const error_code code =
      sends_.empty() ? offer(payload, options) : make_error_code(http3::operation_error::queue_full);
  if (!is_to_wait(code)) return operation.complete(code);
  if (sends_.size() >= driver_->max_waiting_datagrams()) return operation.complete(runtime::error::too_many_waiting);
  sends_.push_back({payload, options, std::move(operation)});
  if (!std::exchange(is_listed_, true)) driver_->let_wait_for_datagrams(id_);
}

bool exchange_datagrams::on_writable() {
  while (!sends_.empty()) {
    const error_code code = offer(sends_.front().payload, sends_.front().options);
    if (is_to_wait(code)) return false;
    sends_.front().operation.complete(code);
    sends_.pop_front();
  }
  is_listed_ = false;
  return true;
}

void exchange_datagrams::end_sending(const error_code& code) {
  if (!send_end_) send_end_ = code;
  for (auto& each : std::exchange(sends_, {})) each.operation.complete(code);
}

// --- Receiving ------------------------------------------------------------------------------------------------------

std::size_t exchange_datagrams::try_to_receive(asio::mutable_buffer into, error_code& error) {
  allow();
  if (!kept_.empty()) {
    const std::size_t size = copy(kept_.front(), into, error);
    kept_.pop_front();
    ++received_;
    return size;
  }
  const auto next = driver_ != nullptr && !receive_end_ ? driver_->http().peek_datagram(id_) : std::nullopt;
  if (!next) {
    error = receive_end_.value_or(asio::error::would_block);
    return 0;
  }
  const std::size_t size = copy(*next, into, error);
  driver_->http().pop_datagram(id_);
  ++received_;
  return size;
}

void exchange_datagrams::receive(asio::mutable_buffer into, runtime::pending_operation<std::size_t> operation) {
  error_code code = asio::error::would_block;
  const std::size_t size = receives_.empty() ? try_to_receive(into, code) : 0;
  if (code != asio::error::would_block) return operation.complete(code, size);
  if (receives_.size() >= driver_->max_waiting_datagrams())
    return operation.complete(runtime::error::too_many_waiting, 0);
  receives_.push_back({into, std::move(operation)});
}

bool exchange_datagrams::on_readable() {
  while (!receives_.empty()) {
    error_code code;
    const std::size_t size = try_to_receive(receives_.front().into, code);
    if (code == asio::error::would_block) return false;
    receives_.front().operation.complete(code, size);
    receives_.pop_front();
  }
  return driver_ != nullptr && driver_->http().peek_datagram(id_).has_value();
}

// HTTP/3 forgets them with the exchange.
void exchange_datagrams::keep_what_arrived() {
  if (driver_ == nullptr || !driver_->takes_datagrams()) return;
  while (const auto next = driver_->http().peek_datagram(id_)) {
    kept_.emplace_back(next->begin(), next->end());
    driver_->http().pop_datagram(id_);
  }
}

void exchange_datagrams::end_receiving(const error_code& code) {
  if (receive_end_) return;
  keep_what_arrived();
  receive_end_ = code;
  // Whoever still waits has found nothing to read.
  for (auto& each : std::exchange(receives_, {})) each.operation.complete(code, 0);
}

// --- Both -----------------------------------------------------------------------------------------------------------

bool exchange_datagrams::cancel(std::uint64_t tag) {
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

void exchange_datagrams::abandon() noexcept {
  driver_ = nullptr;
  receive_end_ = send_end_ = make_error_code(runtime::error::connection_closed);
  const auto unheard_sends = std::exchange(sends_, {});
  const auto unheard_receives = std::exchange(receives_, {});
}

}  // namespace quasio::driver
