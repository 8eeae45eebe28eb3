#include "http3/quic_streams.hpp"

namespace quasio::http3 {

quic::stream_result<stream_id> quic_streams::open_stream(stream_direction direction) {
  return connection_.open_stream(direction);
}

quic::stream_result<std::size_t> quic_streams::stream_write(stream_id id, byte_view data, bool fin) {
  return connection_.stream_write(id, data, fin);
}

quic::stream_result<void> quic_streams::stream_write_whole(stream_id id, byte_view data, bool fin) {
  return connection_.stream_write_whole(id, data, fin);
}

quic::stream_result<std::size_t> quic_streams::stream_capacity(stream_id id) const {
  return connection_.stream_capacity(id);
}

quic::stream_result<std::uint64_t> quic_streams::stream_credit(stream_id id) const {
  return connection_.stream_credit(id);
}

quic::stream_result<unread_bytes> quic_streams::stream_peek(stream_id id) const {
  const auto chunk = connection_.stream_peek(id);
  if (!chunk) return unexpected<quic::stream_error>(chunk.error());
  return unread_bytes{chunk->bytes, chunk->fin};
}

quic::stream_result<void> quic_streams::stream_consume(stream_id id, std::size_t count) {
  return connection_.stream_consume(id, count);
}

// A stream that has ended or is unknown by now needs neither.
void quic_streams::reset_stream(stream_id id, error_code code) {
  (void)connection_.reset_stream(id, static_cast<std::uint64_t>(code));
}

void quic_streams::stop_sending(stream_id id, error_code code) {
  (void)connection_.stop_sending(id, static_cast<std::uint64_t>(code));
}

void quic_streams::set_stream_priority(stream_id id, std::uint8_t urgency, bool incremental) {
  (void)connection_.set_stream_priority(id, urgency, incremental);
}

std::uint64_t quic_streams::peer_stream_limit(stream_direction direction) const {
  return connection_.peer_stream_limit(direction);
}

std::size_t quic_streams::max_datagram_payload() const { return connection_.max_datagram_payload(); }

quic::datagram_result<void> quic_streams::send_datagram(byte_view data, const quic::datagram_options& options) {
  return connection_.send_datagram(data, options);
}

void quic_streams::purge_datagram_group(std::uint64_t group) { connection_.purge_datagram_group(group); }

std::optional<byte_view> quic_streams::peek_datagram() const { return connection_.peek_datagram(); }

void quic_streams::pop_datagram() { connection_.pop_datagram(); }

void quic_streams::close(error_code code, std::string_view reason) {
  connection_.close(static_cast<std::uint64_t>(code), reason, now_);
}

bool quic_streams::is_closed() const { return connection_.is_closed(); }

}  // namespace quasio::http3
