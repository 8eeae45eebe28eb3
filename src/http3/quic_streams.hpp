#pragma once

#include "http3/transport_streams.hpp"
#include "quasio/base/time.hpp"
#include "quasio/quic/connection.hpp"

namespace quasio::http3 {

/// A QUIC connection as HTTP/3 sees it, lent for one call.
class quic_streams final : public transport_streams {
public:
  quic_streams(quic::connection& connection, time_point now) noexcept : connection_(connection), now_(now) {}

  quic::stream_result<stream_id> open_stream(stream_direction direction) override;
  quic::stream_result<std::size_t> stream_write(stream_id id, byte_view data, bool fin) override;
  quic::stream_result<void> stream_write_whole(stream_id id, byte_view data, bool fin) override;
  quic::stream_result<std::size_t> stream_capacity(stream_id id) const override;
  quic::stream_result<std::uint64_t> stream_credit(stream_id id) const override;
  quic::stream_result<unread_bytes> stream_peek(stream_id id) const override;
  quic::stream_result<void> stream_consume(stream_id id, std::size_t count) override;
  void reset_stream(stream_id id, error_code code) override;
  void stop_sending(stream_id id, error_code code) override;
  void set_stream_priority(stream_id id, std::uint8_t urgency, bool incremental) override;
  std::uint64_t peer_stream_limit(stream_direction direction) const override;
  std::size_t max_datagram_payload() const override;
  quic::datagram_result<void> send_datagram(byte_view data, const quic::datagram_options& options) override;
  void purge_datagram_group(std::uint64_t group) override;
  std::optional<byte_view> peek_datagram() const override;
  void pop_datagram() override;
  time_point now() const override { return now_; }
  void close(error_code code, std::string_view reason) override;
  bool is_closed() const override;

private:
  quic::connection& connection_;
  time_point now_;
};

}  // namespace quasio::http3
