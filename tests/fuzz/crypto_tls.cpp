// CRYPTO bytes come from strangers. The input's first byte chooses the end and the size of the pieces, the rest is fed
// to it at whatever level it reads: it may fail, with a reason, but must never complete, for nobody has proven
// anything.

#include <algorithm>
#include <cstdlib>

#include "crypto/tls_pair.hpp"

namespace {

using namespace quasio;
using namespace quasio::crypto;
using namespace quasio::test;

void require(bool holds) {
  if (!holds) std::abort();
}

void feed(tls_end& end, byte_view input, std::size_t piece) {
  while (!input.empty() && !end.error) {
    const byte_view next = input.first(std::min(piece, input.size()));
    end.receive({end.session->read_level(), {next.begin(), next.end()}}, piece);
    input = input.subspan(next.size());
  }
  require(!end.session->handshake_complete());
  require(!end.error || !end.error->reason.empty());
  require(!end.knows(encryption_level::application, direction::read));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static const tls_world world;
  const bool is_server = (data[0] & 1) != 0;
  const std::size_t piece = (data[0] & 2) != 0 ? 1 + (data[0] >> 2) : SIZE_MAX / 2;
  tls_pair pair(world.pair_options());
  if (!is_server) pair.client.start();
  feed(is_server ? pair.server : pair.client, {data + 1, size - 1}, piece);
  return 0;
}
