#include "wire/version_negotiation_packet.hpp"

#include <algorithm>
#include <cassert>

#include "wire/routing_header.hpp"

namespace quasio::wire {

bool version_list::contains(quic_version version) const noexcept {
  return std::any_of(begin(), end(), [version](quic_version listed) { return listed == version; });
}

std::optional<version_negotiation_packet> parse_version_negotiation(byte_view datagram) noexcept {
  const auto header = peek_routing_header(datagram, 0);
  if (!header || header->type != packet_type::version_negotiation) return std::nullopt;
  const byte_view versions =
      datagram.subspan(version_negotiation_size(header->destination.size(), header->source.size(), 0));
  if (versions.empty() || versions.size() % 4 != 0) return std::nullopt;
  return version_negotiation_packet{header->destination, header->source, version_list(versions)};
}

void encode_version_negotiation(byte_writer& out, std::uint8_t random_first_byte, byte_view destination,
                                byte_view source, std::span<const quic_version> versions) noexcept {
  out.write_u8(random_first_byte | first_byte::long_form | first_byte::fixed_bit);
  out.write_u32(static_cast<std::uint32_t>(quic_version::negotiation));
  for (const byte_view id : {destination, source}) {
    assert(id.size() <= 255);
    out.write_u8(static_cast<std::uint8_t>(id.size()));
    out.write_bytes(id);
  }
  for (const quic_version version : versions) out.write_u32(static_cast<std::uint32_t>(version));
}

}  // namespace quasio::wire
