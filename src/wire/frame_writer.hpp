#pragma once

#include "quasio/base/byte_writer.hpp"
#include "wire/frame.hpp"

namespace quasio::wire {

/// Writes a frame with its type. STREAM and DATAGRAM frames get a Length field, so that another frame may follow. What
/// the caller gives must be within what the frame allows: numbers up to varint_max, and the limits named in frame.hpp.
void write(byte_writer& out, const padding_frame& value) noexcept;
void write(byte_writer& out, const ping_frame& value) noexcept;
void write(byte_writer& out, const ack_frame& value) noexcept;
void write(byte_writer& out, const reset_stream_frame& value) noexcept;
void write(byte_writer& out, const stop_sending_frame& value) noexcept;
void write(byte_writer& out, const crypto_frame& value) noexcept;
void write(byte_writer& out, const new_token_frame& value) noexcept;
void write(byte_writer& out, const stream_frame& value) noexcept;
void write(byte_writer& out, const max_data_frame& value) noexcept;
void write(byte_writer& out, const max_stream_data_frame& value) noexcept;
void write(byte_writer& out, const max_streams_frame& value) noexcept;
void write(byte_writer& out, const data_blocked_frame& value) noexcept;
void write(byte_writer& out, const stream_data_blocked_frame& value) noexcept;
void write(byte_writer& out, const streams_blocked_frame& value) noexcept;
void write(byte_writer& out, const new_connection_id_frame& value) noexcept;
void write(byte_writer& out, const retire_connection_id_frame& value) noexcept;
void write(byte_writer& out, const path_challenge_frame& value) noexcept;
void write(byte_writer& out, const path_response_frame& value) noexcept;
void write(byte_writer& out, const connection_close_frame& value) noexcept;
void write(byte_writer& out, const handshake_done_frame& value) noexcept;
void write(byte_writer& out, const datagram_frame& value) noexcept;
void write(byte_writer& out, const ack_frequency_frame& value) noexcept;
void write(byte_writer& out, const immediate_ack_frame& value) noexcept;
void write(byte_writer& out, const frame& value) noexcept;

/// How many bytes write() writes.
std::size_t encoded_size(const padding_frame& value) noexcept;
std::size_t encoded_size(const ping_frame& value) noexcept;
std::size_t encoded_size(const ack_frame& value) noexcept;
std::size_t encoded_size(const reset_stream_frame& value) noexcept;
std::size_t encoded_size(const stop_sending_frame& value) noexcept;
std::size_t encoded_size(const crypto_frame& value) noexcept;
std::size_t encoded_size(const new_token_frame& value) noexcept;
std::size_t encoded_size(const stream_frame& value) noexcept;
std::size_t encoded_size(const max_data_frame& value) noexcept;
std::size_t encoded_size(const max_stream_data_frame& value) noexcept;
std::size_t encoded_size(const max_streams_frame& value) noexcept;
std::size_t encoded_size(const data_blocked_frame& value) noexcept;
std::size_t encoded_size(const stream_data_blocked_frame& value) noexcept;
std::size_t encoded_size(const streams_blocked_frame& value) noexcept;
std::size_t encoded_size(const new_connection_id_frame& value) noexcept;
std::size_t encoded_size(const retire_connection_id_frame& value) noexcept;
std::size_t encoded_size(const path_challenge_frame& value) noexcept;
std::size_t encoded_size(const path_response_frame& value) noexcept;
std::size_t encoded_size(const connection_close_frame& value) noexcept;
std::size_t encoded_size(const handshake_done_frame& value) noexcept;
std::size_t encoded_size(const datagram_frame& value) noexcept;
std::size_t encoded_size(const ack_frequency_frame& value) noexcept;
std::size_t encoded_size(const immediate_ack_frame& value) noexcept;
std::size_t encoded_size(const frame& value) noexcept;

}  // namespace quasio::wire
