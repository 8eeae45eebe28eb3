#include "wire/retry_packet.hpp"

namespace quasio::wire {
namespace {

std::size_t header_size(const connection_id& destination, const connection_id& source) noexcept {
  return 1 + 4 + 1 + destination.size() + 1 + source.size();
}

}  // namespace

std::optional<retry_packet> parse_retry_packet(byte_view datagram, fixed_bit_rule rule) noexcept {
  const auto header = parse_packet_header(datagram, 0, rule);
  if (!header || header->type != packet_type::retry) return std::nullopt;
  const std::size_t token_begin = header_size(header->destination, header->source);
  if (datagram.size() <= token_begin + retry_integrity_tag_size) return std::nullopt;
  retry_packet retry;
  retry.version = header->version;
  retry.destination = header->destination;
  retry.source = header->source;
  retry.body_without_tag = datagram.first(datagram.size() - retry_integrity_tag_size);
  retry.integrity_tag = datagram.last(retry_integrity_tag_size);
  retry.token = retry.body_without_tag.subspan(token_begin);
  return retry;
}

void encode_retry_body(byte_writer& out, const outgoing_retry& retry) noexcept {
  out.write_u8(static_cast<std::uint8_t>(first_byte::long_form | first_byte::fixed_bit |
                                         long_type_bits(retry.version, packet_type::retry) |
                                         (retry.unused_bits & 0x0f)));
  out.write_u32(static_cast<std::uint32_t>(retry.version));
  for (const connection_id* id : {&retry.destination, &retry.source}) {
    out.write_u8(static_cast<std::uint8_t>(id->size()));
    out.write_bytes(id->bytes());
  }
  out.write_bytes(retry.token);
}

std::size_t retry_packet_size(const outgoing_retry& retry) noexcept {
  return header_size(retry.destination, retry.source) + retry.token.size() + retry_integrity_tag_size;
}

}  // namespace quasio::wire
