#include "quic/send_stream.hpp"

#include <algorithm>

namespace quasio::quic {

void send_stream::restart(std::uint64_t peer_limit) {
  buffer_.restart();
  window_ = send_window(peer_limit);
  progress_ = {};
}

void send_stream::begin_anew() {
  // Of a stream that was reset nothing is left to send, so that nothing counts as sent.
  is_reset() ? buffer_.restart() : buffer_.begin_anew();
  window_ = send_window();
  progress_.fin_sent = progress_.fin_lost = false;
}

send_state send_stream::state() const noexcept {
  if (is_reset()) return progress_.reset_acked ? send_state::reset_received : send_state::reset_sent;
  if (progress_.fin_acked && buffer_.all_acked()) return send_state::data_received;
  if (progress_.fin_sent) return send_state::data_sent;
  return buffer_.next_unsent() > 0 ? send_state::send : send_state::ready;
}

bool send_stream::is_done() const noexcept {
  const send_state now = state();
  return now == send_state::data_received || now == send_state::reset_received;
}

bool send_stream::reset(std::uint64_t code) {
  if (is_reset() || is_done()) return false;
  progress_.reset_code = code;
  buffer_.discard();
  return true;
}

bool send_stream::has_repairs() const noexcept {
  if (is_reset()) return false;
  if (buffer_.has_lost() || progress_.fin_lost) return true;
  return progress_.fin && !progress_.fin_sent && buffer_.unsent() == 0;
}

send_piece send_stream::next_repair() const noexcept {
  if (!buffer_.has_lost()) return {buffer_.end(), 0, true};
  const number_range lost = buffer_.first_lost();
  // The end goes along with the last bytes even when it is not known to be lost: it costs nothing.
  return {lost.begin, lost.size(), progress_.fin && lost.end == buffer_.end()};
}

send_piece send_stream::next_fresh(std::uint64_t connection_credit) const noexcept {
  const std::uint64_t length = std::min({buffer_.unsent(), window_.available(), connection_credit});
  return {buffer_.next_unsent(), length, progress_.fin && length == buffer_.unsent()};
}

void send_stream::on_sent(std::uint64_t offset, std::uint64_t length, bool fin) {
  const std::uint64_t end = offset + length;
  if (end > buffer_.next_unsent()) window_.use(end - buffer_.next_unsent());
  buffer_.on_sent(offset, end);
  if (!fin) return;
  progress_.fin_sent = true;
  progress_.fin_lost = false;
}

void send_stream::on_acked(std::uint64_t offset, std::uint64_t length, bool fin) {
  if (is_reset()) return;
  buffer_.on_acked(offset, offset + length);
  if (!fin) return;
  progress_.fin_acked = true;
  progress_.fin_lost = false;
}

void send_stream::on_lost(std::uint64_t offset, std::uint64_t length, bool fin) {
  if (is_reset()) return;
  buffer_.on_lost(offset, offset + length);
  if (fin && !progress_.fin_acked) progress_.fin_lost = true;
}

}  // namespace quasio::quic
