#pragma once

#include "quasio/quic/frame_counts.hpp"
#include "quic/sent_frame.hpp"
#include "wire/frame.hpp"

namespace quasio::quic {

void count(frame_counts& received, const wire::frame& frame) noexcept;

/// What a packet carries.
void count(frame_counts& sent, const sent_frames& frames) noexcept;

}  // namespace quasio::quic
