#pragma once

#include <optional>
#include <string_view>

#include "quasio/base/bytes.hpp"
#include "quasio/base/time.hpp"
#include "quasio/http3/error.hpp"
#include "quasio/quic/datagram.hpp"
#include "quasio/quic/stream_error.hpp"
#include "quasio/wire/stream_id.hpp"

namespace quasio::http3 {

/// The next bytes of a stream, where the transport keeps them: valid until the next call on it.
struct unread_bytes {
  byte_view bytes;
  bool fin = false;  ///< These are the last ones (they may be none).
};

/// All that HTTP/3 wants of a QUIC connection. Each call means what its namesake of quic::connection means.
class transport_streams {
public:
  transport_streams() = default;
  transport_streams(const transport_streams&) = delete;
  transport_streams& operator=(const transport_streams&) = delete;
  virtual ~transport_streams() = default;

  virtual quic::stream_result<stream_id> open_stream(stream_direction direction) = 0;
  virtual quic::stream_result<std::size_t> stream_write(stream_id id, byte_view data, bool fin) = 0;
  virtual quic::stream_result<void> stream_write_whole(stream_id id, byte_view data, bool fin) = 0;
  virtual quic::stream_result<std::size_t> stream_capacity(stream_id id) const = 0;
  virtual quic::stream_result<std::uint64_t> stream_credit(stream_id id) const = 0;
  virtual quic::stream_result<unread_bytes> stream_peek(stream_id id) const = 0;
  virtual quic::stream_result<void> stream_consume(stream_id id, std::size_t count) = 0;
  virtual void reset_stream(stream_id id, error_code code) = 0;
  virtual void stop_sending(stream_id id, error_code code) = 0;
  virtual void set_stream_priority(stream_id id, std::uint8_t urgency, bool incremental) = 0;
  virtual std::uint64_t peer_stream_limit(stream_direction direction) const = 0;

  virtual std::size_t max_datagram_payload() const = 0;
  virtual quic::datagram_result<void> send_datagram(byte_view data, const quic::datagram_options& options) = 0;
  virtual void purge_datagram_group(std::uint64_t group) = 0;
  virtual std::optional<byte_view> peek_datagram() const = 0;
  virtual void pop_datagram() = 0;

  virtual time_point now() const = 0;
  virtual void close(error_code code, std::string_view reason) = 0;
  virtual bool is_closed() const = 0;
};

}  // namespace quasio::http3
