#pragma once

#include <cstdint>
#include <string>

#include "qlog/json_writer.hpp"
#include "quasio/base/bytes.hpp"

namespace quasio::qlog {

/// "flow_control_error", "crypto_error_0x12a", or "unknown".
std::string transport_error_name(std::uint64_t code);

/// Writes the member "frames": the frames of a packet in plaintext (draft-ietf-quic-qlog-quic-events, "QUIC Frames").
/// Data is told by its length alone. What cannot be read ends the list.
void write_frames(json_writer& json, byte_view payload, std::uint64_t ack_delay_exponent);

}  // namespace quasio::qlog
