#include "quasio/crypto/system_random.hpp"

#include <algorithm>
#include <exception>

#include <openssl/rand.h>

namespace quasio::crypto {

void system_random::fill(byte_span out) {
  // RAND_bytes counts in int.
  constexpr std::size_t most = std::size_t{1} << 20;
  while (!out.empty()) {
    const byte_span piece = out.first(std::min(out.size(), most));
    if (RAND_bytes(piece.data(), static_cast<int>(piece.size())) != 1) std::terminate();
    out = out.subspan(piece.size());
  }
}

}  // namespace quasio::crypto
