#include "wire/frame_writer.hpp"

#include <cassert>
#include <iterator>

#include "wire/data_frame_header.hpp"

namespace quasio::wire {
namespace {

// Every type of RFC 9000 and RFC 9221 is one byte on the wire (section 12.4). ACK_FREQUENCY takes two.
constexpr std::size_t type_size = 1;

void write_type(byte_writer& out, frame_type type) noexcept { out.write_u8(static_cast<std::uint8_t>(type)); }

template <class... Numbers>
void write_numbers(byte_writer& out, frame_type type, Numbers... numbers) noexcept {
  write_type(out, type);
  (out.write_varint(numbers), ...);
}

template <class... Numbers>
std::size_t size_with_numbers(Numbers... numbers) noexcept {
  return type_size + (varint_size(numbers) + ...);
}

std::size_t prefixed_size(byte_view bytes) noexcept { return varint_size(bytes.size()) + bytes.size(); }

}  // namespace

void write(byte_writer& out, const padding_frame& value) noexcept { out.write_zeros(value.count); }

void write(byte_writer& out, const ping_frame&) noexcept { write_type(out, frame_type::ping); }

void write(byte_writer& out, const ack_frame& value) noexcept {
  auto range = value.ranges.begin();
  assert(range != value.ranges.end());
  const auto count = static_cast<std::uint64_t>(std::ranges::distance(range, value.ranges.end()));
  write_numbers(out, type_of(value), value.largest, value.delay, count - 1, range->largest - range->smallest);
  packet_number upper_smallest = range->smallest;
  for (++range; range != value.ranges.end(); ++range) {
    out.write_varint(upper_smallest - range->largest - 2);
    out.write_varint(range->largest - range->smallest);
    upper_smallest = range->smallest;
  }
  if (!value.ecn) return;
  out.write_varint(value.ecn->ect0);
  out.write_varint(value.ecn->ect1);
  out.write_varint(value.ecn->ce);
}

void write(byte_writer& out, const reset_stream_frame& value) noexcept {
  write_numbers(out, frame_type::reset_stream, value.id, value.error_code, value.final_size);
}

void write(byte_writer& out, const stop_sending_frame& value) noexcept {
  write_numbers(out, frame_type::stop_sending, value.id, value.error_code);
}

void write(byte_writer& out, const crypto_frame& value) noexcept {
  write_crypto_frame_header(out, value.offset, value.data.size());
  out.write_bytes(value.data);
}

void write(byte_writer& out, const new_token_frame& value) noexcept {
  write_type(out, frame_type::new_token);
  out.write_varint_prefixed(value.token);
}

void write(byte_writer& out, const stream_frame& value) noexcept {
  write_stream_frame_header(out, value.id, value.offset, value.data.size(), value.fin, true);
  out.write_bytes(value.data);
}

void write(byte_writer& out, const max_data_frame& value) noexcept {
  write_numbers(out, frame_type::max_data, value.maximum);
}

void write(byte_writer& out, const max_stream_data_frame& value) noexcept {
  write_numbers(out, frame_type::max_stream_data, value.id, value.maximum);
}

void write(byte_writer& out, const max_streams_frame& value) noexcept {
  write_numbers(out, type_of(value), value.maximum);
}

void write(byte_writer& out, const data_blocked_frame& value) noexcept {
  write_numbers(out, frame_type::data_blocked, value.limit);
}

void write(byte_writer& out, const stream_data_blocked_frame& value) noexcept {
  write_numbers(out, frame_type::stream_data_blocked, value.id, value.limit);
}

void write(byte_writer& out, const streams_blocked_frame& value) noexcept {
  write_numbers(out, type_of(value), value.limit);
}

void write(byte_writer& out, const new_connection_id_frame& value) noexcept {
  write_numbers(out, frame_type::new_connection_id, value.sequence, value.retire_prior_to);
  out.write_u8(static_cast<std::uint8_t>(value.id.size()));
  out.write_bytes(value.id.bytes());
  out.write_bytes(value.reset_token);
}

void write(byte_writer& out, const retire_connection_id_frame& value) noexcept {
  write_numbers(out, frame_type::retire_connection_id, value.sequence);
}

void write(byte_writer& out, const path_challenge_frame& value) noexcept {
  write_type(out, frame_type::path_challenge);
  out.write_bytes(value.data);
}

void write(byte_writer& out, const path_response_frame& value) noexcept {
  write_type(out, frame_type::path_response);
  out.write_bytes(value.data);
}

void write(byte_writer& out, const connection_close_frame& value) noexcept {
  write_numbers(out, type_of(value), value.error_code);
  if (!value.by_application) out.write_varint(value.frame_type);
  out.write_varint_prefixed(value.reason);
}

void write(byte_writer& out, const handshake_done_frame&) noexcept { write_type(out, frame_type::handshake_done); }

void write(byte_writer& out, const datagram_frame& value) noexcept {
  write_datagram_frame_header(out, value.data.size(), true);
  out.write_bytes(value.data);
}

void write(byte_writer& out, const ack_frequency_frame& value) noexcept {
  // The one type that takes two bytes.
  out.write_varint(static_cast<std::uint64_t>(frame_type::ack_frequency));
  for (const std::uint64_t number :
       {value.sequence, value.ack_eliciting_threshold, value.max_ack_delay, value.reordering_threshold}) {
    out.write_varint(number);
  }
}

void write(byte_writer& out, const immediate_ack_frame&) noexcept { write_type(out, frame_type::immediate_ack); }

void write(byte_writer& out, const frame& value) noexcept {
  std::visit([&out](const auto& alternative) { write(out, alternative); }, value);
}

std::size_t encoded_size(const padding_frame& value) noexcept { return value.count; }

std::size_t encoded_size(const ping_frame&) noexcept { return type_size; }

std::size_t encoded_size(const ack_frame& value) noexcept {
  auto range = value.ranges.begin();
  assert(range != value.ranges.end());
  std::size_t size = size_with_numbers(value.largest, value.delay, range->largest - range->smallest);
  packet_number upper_smallest = range->smallest;
  std::uint64_t lower_ranges = 0;
  for (++range; range != value.ranges.end(); ++range, ++lower_ranges) {
    size += varint_size(upper_smallest - range->largest - 2) + varint_size(range->largest - range->smallest);
    upper_smallest = range->smallest;
  }
  if (value.ecn) size += varint_size(value.ecn->ect0) + varint_size(value.ecn->ect1) + varint_size(value.ecn->ce);
  return size + varint_size(lower_ranges);
}

std::size_t encoded_size(const reset_stream_frame& value) noexcept {
  return size_with_numbers(value.id, value.error_code, value.final_size);
}

std::size_t encoded_size(const stop_sending_frame& value) noexcept {
  return size_with_numbers(value.id, value.error_code);
}

std::size_t encoded_size(const crypto_frame& value) noexcept {
  return crypto_frame_header_size(value.offset, value.data.size()) + value.data.size();
}

std::size_t encoded_size(const new_token_frame& value) noexcept { return type_size + prefixed_size(value.token); }

std::size_t encoded_size(const stream_frame& value) noexcept {
  return stream_frame_header_size(value.id, value.offset, value.data.size(), true) + value.data.size();
}

std::size_t encoded_size(const max_data_frame& value) noexcept { return size_with_numbers(value.maximum); }

std::size_t encoded_size(const max_stream_data_frame& value) noexcept {
  return size_with_numbers(value.id, value.maximum);
}

std::size_t encoded_size(const max_streams_frame& value) noexcept { return size_with_numbers(value.maximum); }

std::size_t encoded_size(const data_blocked_frame& value) noexcept { return size_with_numbers(value.limit); }

std::size_t encoded_size(const stream_data_blocked_frame& value) noexcept {
  return size_with_numbers(value.id, value.limit);
}

std::size_t encoded_size(const streams_blocked_frame& value) noexcept { return size_with_numbers(value.limit); }

std::size_t encoded_size(const new_connection_id_frame& value) noexcept {
  return size_with_numbers(value.sequence, value.retire_prior_to) + 1 + value.id.size() + value.reset_token.size();
}

std::size_t encoded_size(const retire_connection_id_frame& value) noexcept { return size_with_numbers(value.sequence); }

std::size_t encoded_size(const path_challenge_frame& value) noexcept { return type_size + value.data.size(); }

std::size_t encoded_size(const path_response_frame& value) noexcept { return type_size + value.data.size(); }

std::size_t encoded_size(const connection_close_frame& value) noexcept {
  const std::size_t cause = value.by_application ? 0 : varint_size(value.frame_type);
  return size_with_numbers(value.error_code) + cause + prefixed_size(value.reason);
}

std::size_t encoded_size(const handshake_done_frame&) noexcept { return type_size; }

std::size_t encoded_size(const datagram_frame& value) noexcept {
  return datagram_frame_header_size(value.data.size(), true) + value.data.size();
}

std::size_t encoded_size(const ack_frequency_frame& value) noexcept {
  return type_size + size_with_numbers(value.sequence, value.ack_eliciting_threshold, value.max_ack_delay,
                                       value.reordering_threshold);
}

std::size_t encoded_size(const immediate_ack_frame&) noexcept { return type_size; }

std::size_t encoded_size(const frame& value) noexcept {
  return std::visit([](const auto& alternative) { return encoded_size(alternative); }, value);
}

}  // namespace quasio::wire
