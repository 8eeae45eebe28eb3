#include "wire/routing_header.hpp"

#include "quasio/base/byte_reader.hpp"

namespace quasio::wire {
namespace {

std::optional<packet_type> type_of_long_packet(quic_version version, std::uint8_t first) noexcept {
  if (version == quic_version::negotiation) return packet_type::version_negotiation;
  if (!is_supported_version(version)) return std::nullopt;
  return long_packet_type(version, first);
}

std::optional<routing_header> peek_long_header(byte_reader in, std::uint8_t first) noexcept {
  const auto version = in.read_u32();
  if (!version) return std::nullopt;
  routing_header header;
  header.long_form = true;
  header.version = static_cast<quic_version>(*version);
  for (byte_view* id : {&header.destination, &header.source}) {
    const auto size = in.read_u8();
    if (!size) return std::nullopt;
    const auto bytes = in.read_bytes(*size);
    if (!bytes) return std::nullopt;
    *id = *bytes;
  }
  header.type = type_of_long_packet(header.version, first);
  return header;
}

}  // namespace

std::optional<routing_header> peek_routing_header(byte_view datagram, std::size_t short_header_id_size) noexcept {
  byte_reader in(datagram);
  const auto first = in.read_u8();
  if (!first) return std::nullopt;
  if (first_byte::is_long(*first)) return peek_long_header(in, *first);
  const auto destination = in.read_bytes(short_header_id_size);
  if (!destination) return std::nullopt;
  routing_header header;
  header.destination = *destination;
  header.type = packet_type::one_rtt;
  return header;
}

}  // namespace quasio::wire
