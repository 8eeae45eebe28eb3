// A datagram that may be a Retry packet. Apart from its unused bits, what is read must be written as it was.

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "wire/retry_packet.hpp"

namespace {

using namespace quasio;
using namespace quasio::wire;

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const byte_view datagram(data, size);
  const auto retry = parse_retry_packet(datagram);
  if (!retry) return 0;
  require(!retry->token.empty());
  const outgoing_retry again{retry->version, retry->destination, retry->source, retry->token, data[0]};
  std::vector<std::uint8_t> bytes(retry_packet_size(again));
  byte_writer out(bytes);
  encode_retry_body(out, again);
  out.write_bytes(retry->integrity_tag);
  require(!out.overflowed());
  require(std::equal(bytes.begin(), bytes.end(), datagram.begin(), datagram.end()));
  return 0;
}
