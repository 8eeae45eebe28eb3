#include "quic/datagram_receive_queue.hpp"

#include <utility>

namespace quasio::quic {
namespace {

unexpected<transport_error> violation(const char* reason) {
  return unexpected<transport_error>({transport_error_code::protocol_violation, 0, reason});
}

}  // namespace

transport_result<void> datagram_receive_queue::receive(byte_view data, std::size_t frame_size) {
  if (settings_.max_frame_size == 0) return violation("datagrams were not agreed on");
  if (frame_size > settings_.max_frame_size) return violation("a datagram larger than was agreed on");
  ++counters_.received;
  counters_.bytes_received += data.size();
  if (!make_room_for(data.size())) {
    ++counters_.dropped;
    return {};
  }
  waiting_.push() = buffers_.acquire(data);
  bytes_ += data.size();
  if (!std::exchange(readable_told_, true)) events_->push(datagrams_readable{});
  return {};
}

bool datagram_receive_queue::make_room_for(std::size_t bytes) {
  if (bytes > settings_.max_bytes_to_read || settings_.max_to_read == 0) return false;
  while (size() >= settings_.max_to_read || bytes > settings_.max_bytes_to_read - bytes_) {
    if (settings_.receive_overflow == datagram_receive_overflow::drop_newest) return false;
    drop_oldest();
    ++counters_.dropped;
  }
  return true;
}

void datagram_receive_queue::drop_oldest() {
  bytes_ -= waiting_.front().size();
  buffers_.release(std::move(waiting_.front()));
  waiting_.pop();
}

std::optional<byte_view> datagram_receive_queue::peek() const noexcept {
  return waiting_.empty() ? std::nullopt : std::optional<byte_view>(waiting_.front());
}

void datagram_receive_queue::pop() {
  if (!waiting_.empty()) drop_oldest();
  if (waiting_.empty()) readable_told_ = false;
}

received_datagram_statistics datagram_receive_queue::statistics() const noexcept {
  received_datagram_statistics now = counters_;
  now.waiting = size();
  now.bytes_waiting = bytes_;
  return now;
}

}  // namespace quasio::quic
