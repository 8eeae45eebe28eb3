// A client takes datagrams from whoever knows its port. The input's first byte says how far an honest server has come
// before; the rest are datagrams, each behind two bytes of length, and gaps in time.

#include "quic/fuzzed_datagrams.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  quasio::test::fuzz_datagrams(quasio::endpoint_role::client, {data, size});
  return 0;
}
