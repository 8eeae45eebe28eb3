#include "quasio/quic/stream_error.hpp"

namespace quasio::quic {

std::string_view to_string(stream_error error) noexcept {
  switch (error) {
    case stream_error::unknown_stream:
      return "no such stream, or it has ended";
    case stream_error::wrong_direction:
      return "the stream does not go this way";
    case stream_error::limit_reached:
      return "the peer allows no more streams of this kind";
    case stream_error::already_finished:
      return "the stream has been finished";
    case stream_error::reset:
      return "the stream was reset";
    case stream_error::connection_closed:
      return "the connection is closed or not yet ready";
  }
  return "unknown stream error";
}

}  // namespace quasio::quic
