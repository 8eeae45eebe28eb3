// A datagram off the wire. Its first byte here is not part of it: it says how long our connection IDs are, and whether
// the fixed bit may be greased.

#include <cstdlib>

#include "wire/packet_header.hpp"
#include "wire/routing_header.hpp"

namespace {

using namespace quasio;
using namespace quasio::wire;

void require(bool holds) {
  if (!holds) std::abort();
}

void require_inside(byte_view part, byte_view whole) {
  if (part.empty()) return;
  require(part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void check_packet(const packet_header& header, byte_view rest, std::size_t id_size) {
  require(header.size > 0 && header.size <= rest.size());
  require(header.packet_number_offset <= header.size);
  require_inside(header.token, rest.first(header.size));
  require(!header.has_sample() || header.packet_number_offset + header_protection_sample_end <= header.size);
  const auto routing = peek_routing_header(rest, id_size);
  require(routing.has_value() && routing->type == header.type && routing->version == header.version);
  require(connection_id(routing->destination) == header.destination);
  require(connection_id(routing->source) == header.source);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t id_size = data[0] % (max_connection_id_size + 1);
  const auto rule = (data[0] & 0x80) != 0 ? fixed_bit_rule::may_be_greased : fixed_bit_rule::must_be_set;
  byte_view rest(data + 1, size - 1);
  if (const auto routing = peek_routing_header(rest, id_size)) {
    require_inside(routing->destination, rest);
    require_inside(routing->source, rest);
  }
  while (const auto header = parse_packet_header(rest, id_size, rule)) {
    check_packet(*header, rest, id_size);
    rest = rest.subspan(header->size);
  }
  return 0;
}
