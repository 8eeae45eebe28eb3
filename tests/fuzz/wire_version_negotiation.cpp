// A datagram that may be a Version Negotiation packet. Apart from the bit that stands where the fixed bit does, what is
// read must be written as it was.

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "wire/version_negotiation_packet.hpp"

namespace {

using namespace quasio;
using namespace quasio::wire;

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const byte_view datagram(data, size);
  const auto packet = parse_version_negotiation(datagram);
  if (!packet) return 0;
  const std::vector<quic_version> versions(packet->versions.begin(), packet->versions.end());
  require(!versions.empty());
  std::vector<std::uint8_t> bytes(
      version_negotiation_size(packet->destination.size(), packet->source.size(), versions.size()));
  byte_writer out(bytes);
  encode_version_negotiation(out, data[0], packet->destination, packet->source, versions);
  require(!out.overflowed() && bytes.size() == datagram.size());
  require(std::equal(bytes.begin() + 1, bytes.end(), datagram.begin() + 1, datagram.end()));
  return 0;
}
