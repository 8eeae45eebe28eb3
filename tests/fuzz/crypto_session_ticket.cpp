// A program keeps tickets where it likes, and they may come back spoilt. Whatever the input is, a client begins its
// handshake with it or without it.

#include <cstdlib>

#include "crypto/tls_pair.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace quasio::test;
  static const tls_world world;
  auto options = world.pair_options();
  options.ticket.assign(data, data + size);
  options.client_early_data = true;
  tls_pair pair(options);
  pair.client.start();
  if (pair.client.error || pair.client.sent.empty()) std::abort();
  return 0;
}
