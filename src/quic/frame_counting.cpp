#include "quic/frame_counting.hpp"

#include <variant>

#include "wire/overloaded.hpp"

namespace quasio::quic {

void count(frame_counts& received, const wire::frame& frame) noexcept {
  std::visit(wire::overloaded{
                 [&](const wire::reset_stream_frame&) { ++received.reset_stream; },
                 [&](const wire::stop_sending_frame&) { ++received.stop_sending; },
                 [&](const wire::data_blocked_frame&) { ++received.data_blocked; },
                 [&](const wire::stream_data_blocked_frame&) { ++received.stream_data_blocked; },
                 [&](const wire::streams_blocked_frame& blocked) {
                   const bool both_ways = blocked.direction == stream_direction::bidirectional;
                   ++(both_ways ? received.streams_blocked_bidirectional : received.streams_blocked_unidirectional);
                 },
                 [&](const wire::path_challenge_frame&) { ++received.path_challenge; }, [](const auto&) {}},
             frame);
}

void count(frame_counts& sent, const sent_frames& frames) noexcept {
  for (const sent_frame& frame : frames) {
    switch (frame.kind) {
      case sent_frame_kind::reset_stream:
        ++sent.reset_stream;
        break;
      case sent_frame_kind::stop_sending:
        ++sent.stop_sending;
        break;
      case sent_frame_kind::data_blocked:
        ++sent.data_blocked;
        break;
      case sent_frame_kind::stream_data_blocked:
        ++sent.stream_data_blocked;
        break;
      case sent_frame_kind::streams_blocked_bidirectional:
        ++sent.streams_blocked_bidirectional;
        break;
      case sent_frame_kind::streams_blocked_unidirectional:
        ++sent.streams_blocked_unidirectional;
        break;
      default:
        break;
    }
  }
}

}  // namespace quasio::quic
