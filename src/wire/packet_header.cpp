#include "wire/packet_header.hpp"

#include "quasio/base/byte_reader.hpp"
#include "wire/routing_header.hpp"

namespace quasio::wire {
namespace {

// Byte 0, the version, and the two connection IDs with a byte of length each.
std::size_t invariant_size(const routing_header& header) noexcept {
  return 1 + 4 + 1 + header.destination.size() + 1 + header.source.size();
}

bool fixed_bit_is_good(std::uint8_t first, fixed_bit_rule rule) noexcept {
  return rule == fixed_bit_rule::may_be_greased || first_byte::has_fixed_bit(first);
}

packet_header from_invariants(const routing_header& invariant, std::size_t size) noexcept {
  packet_header header;
  header.type = *invariant.type;
  header.version = invariant.version;
  header.destination = connection_id(invariant.destination);
  header.source = connection_id(invariant.source);
  header.size = size;
  return header;
}

std::optional<packet_header> with_protected_part(packet_header header, byte_view rest, std::size_t offset) noexcept {
  byte_reader in(rest.subspan(offset));
  if (header.type == packet_type::initial) {
    const auto token = in.read_varint_prefixed();
    if (!token) return std::nullopt;
    header.token = *token;
  }
  const auto length = in.read_varint();
  if (!length || *length > in.remaining()) return std::nullopt;
  header.packet_number_offset = offset + in.position();
  header.size = header.packet_number_offset + static_cast<std::size_t>(*length);
  return header;
}

std::optional<packet_header> parse_long_header(byte_view datagram_rest, fixed_bit_rule rule) noexcept {
  const auto invariant = peek_routing_header(datagram_rest, 0);
  if (!invariant || !invariant->type) return std::nullopt;
  if (invariant->destination.size() > max_connection_id_size) return std::nullopt;
  if (invariant->source.size() > max_connection_id_size) return std::nullopt;
  packet_header header = from_invariants(*invariant, datagram_rest.size());
  // The bits of a Version Negotiation packet's first byte mean nothing.
  if (header.type == packet_type::version_negotiation) return header;
  if (!fixed_bit_is_good(datagram_rest.front(), rule)) return std::nullopt;
  if (header.type == packet_type::retry) return header;
  return with_protected_part(header, datagram_rest, invariant_size(*invariant));
}

// Nearly every packet of a connection has this form, so it takes no detour.
std::optional<packet_header> parse_short_header(byte_view datagram_rest, std::size_t id_size,
                                                fixed_bit_rule rule) noexcept {
  if (datagram_rest.size() < 1 + id_size || !fixed_bit_is_good(datagram_rest.front(), rule)) return std::nullopt;
  std::optional<packet_header> header(std::in_place);
  header->destination = connection_id(datagram_rest.subspan(1, id_size));
  header->packet_number_offset = 1 + id_size;
  header->size = datagram_rest.size();
  return header;
}

}  // namespace

std::optional<packet_header> parse_packet_header(byte_view datagram_rest, std::size_t short_header_id_size,
                                                 fixed_bit_rule rule) noexcept {
  if (datagram_rest.empty()) return std::nullopt;
  if (first_byte::is_long(datagram_rest.front())) return parse_long_header(datagram_rest, rule);
  return parse_short_header(datagram_rest, short_header_id_size, rule);
}

}  // namespace quasio::wire
