#pragma once

#include <cstdint>
#include <string_view>

#include "quasio/base/result.hpp"

namespace quasio::quic {

/// Why an operation on a stream was refused. None of these ends the connection.
enum class stream_error : std::uint8_t {
  unknown_stream,     ///< Never opened, or both sides have ended.
  wrong_direction,    ///< Reading what only we send, or sending what only the peer sends.
  limit_reached,      ///< The peer allows no more streams of this kind; streams_available will say when it does.
  already_finished,   ///< Written after the end of the stream.
  reset,              ///< This side was reset, by us or after the peer's STOP_SENDING.
  connection_closed,  ///< The connection has ended or has not yet the keys for data.
};

std::string_view to_string(stream_error error) noexcept;

/// What a call about a stream gives, or why it was refused.
template <class Value>
using stream_result = result<Value, stream_error>;

}  // namespace quasio::quic
