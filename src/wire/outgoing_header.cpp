#include "wire/outgoing_header.hpp"

#include <cassert>

namespace quasio::wire {
namespace {

void write_id(byte_writer& out, const connection_id& id) noexcept {
  out.write_u8(static_cast<std::uint8_t>(id.size()));
  out.write_bytes(id.bytes());
}

}  // namespace

std::size_t encode_long_header(byte_writer& out, const outgoing_long_header& header) noexcept {
  const std::size_t start = out.position();
  out.write_u8(static_cast<std::uint8_t>(first_byte::long_form | first_byte::fixed_bit |
                                         long_type_bits(header.version, header.type) | (header.number_length - 1)));
  out.write_u32(static_cast<std::uint32_t>(header.version));
  write_id(out, header.destination);
  write_id(out, header.source);
  if (header.type == packet_type::initial) out.write_varint_prefixed(header.token);
  const std::size_t length_field_position = out.position() - start;
  out.write_varint(0, length_field_size);
  out.write_big_endian(header.number, header.number_length);
  return length_field_position;
}

std::size_t long_header_size(const outgoing_long_header& header) noexcept {
  const std::size_t token =
      header.type == packet_type::initial ? varint_size(header.token.size()) + header.token.size() : 0;
  return 1 + 4 + 1 + header.destination.size() + 1 + header.source.size() + token + length_field_size +
         header.number_length;
}

void set_length(byte_span packet, std::size_t length_field_position, std::uint64_t length) noexcept {
  assert(length <= max_length_field);
  byte_writer out(packet.subspan(length_field_position, length_field_size));
  out.write_varint(length, length_field_size);
}

void encode_short_header(byte_writer& out, const connection_id& destination, bool spin, bool key_phase,
                         packet_number number, std::size_t number_length) noexcept {
  out.write_u8(static_cast<std::uint8_t>(first_byte::fixed_bit | (spin ? first_byte::spin_bit : 0) |
                                         (key_phase ? first_byte::key_phase_bit : 0) | (number_length - 1)));
  out.write_bytes(destination.bytes());
  out.write_big_endian(number, number_length);
}

}  // namespace quasio::wire
