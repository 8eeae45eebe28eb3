#include "quic/receive_stream.hpp"

#include <algorithm>

namespace quasio::quic {
namespace {

unexpected<transport_error> refuse(transport_error_code code, const char* reason) {
  return unexpected<transport_error>({code, 0, reason});
}

}  // namespace

void receive_stream::restart(std::uint64_t initial_window, std::uint64_t maximum_window) {
  buffer_.restart();
  window_ = receive_window(initial_window, maximum_window);
  progress_ = {};
}

receive_state receive_stream::state() const noexcept {
  if (progress_.reset || (progress_.abandoned && progress_.final_size)) return receive_state::reset;
  if (progress_.fin_consumed) return receive_state::data_read;
  if (!progress_.final_size) return receive_state::receive;
  return progress_.final_size == buffer_.in_order() ? receive_state::data_received : receive_state::size_known;
}

bool receive_stream::is_done() const noexcept {
  const receive_state now = state();
  return now == receive_state::data_read || now == receive_state::reset;
}

transport_result<std::uint64_t> receive_stream::admit(std::uint64_t end, bool is_final) const {
  const std::uint64_t highest = window_.received();
  if (progress_.final_size) {
    if (end > *progress_.final_size)
      return refuse(transport_error_code::final_size_error, "data beyond the final size");
    if (is_final && end != *progress_.final_size) {
      return refuse(transport_error_code::final_size_error, "the final size changed");
    }
  } else if (is_final && end < highest) {
    return refuse(transport_error_code::final_size_error, "the final size is below what was sent");
  }
  if (end <= highest) return 0;
  if (!window_.allows(end - highest)) {
    return refuse(transport_error_code::flow_control_error, "the stream is beyond its limit");
  }
  return end - highest;
}

std::uint64_t receive_stream::take(std::uint64_t offset, byte_view bytes, bool fin) {
  const std::uint64_t end = offset + bytes.size();
  if (end > window_.received()) window_.on_received(end - window_.received());
  if (fin) progress_.final_size = end;
  if (progress_.reset || progress_.abandoned) return 0;
  return buffer_.put(offset, bytes);
}

bool receive_stream::take_reset(std::uint64_t final_size) {
  // All has come already, with the end: the data is worth more than the reset (section 3.2).
  if (progress_.reset || progress_.fin_consumed || state() == receive_state::data_received) return false;
  if (final_size > window_.received()) window_.on_received(final_size - window_.received());
  progress_.final_size = final_size;
  if (progress_.abandoned) return false;
  progress_.reset = true;
  buffer_.discard();
  return true;
}

bool receive_stream::take_readable_news() noexcept {
  if (progress_.readable_told || progress_.reset || progress_.abandoned || progress_.fin_consumed) return false;
  if (buffer_.readable() == 0 && !is_at_end()) return false;
  progress_.readable_told = true;
  return true;
}

stream_chunk receive_stream::peek() const {
  const byte_view bytes = buffer_.peek();
  return {bytes, progress_.final_size == buffer_.read_offset() + bytes.size()};
}

std::uint64_t receive_stream::consume(std::uint64_t count, time_point now, duration smoothed_rtt) {
  count = std::min(count, buffer_.readable());
  buffer_.consume(count);
  if (count > 0) window_.on_consumed(count, now, smoothed_rtt);
  if (is_at_end()) progress_.fin_consumed = true;
  if (buffer_.readable() == 0) progress_.readable_told = false;
  return count;
}

bool receive_stream::abandon() {
  if (progress_.abandoned || is_done()) return false;
  const bool peer_is_still_sending = !progress_.final_size;
  progress_.abandoned = true;
  buffer_.discard();
  return peer_is_still_sending;
}

std::uint64_t receive_stream::release_credit() {
  const std::uint64_t unread = window_.received() - window_.consumed();
  window_.on_discarded(unread);
  return unread;
}

}  // namespace quasio::quic
