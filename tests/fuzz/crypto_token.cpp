// Tokens come back from strangers. The input is a token and its associated data: it must be refused; sealed as a
// plaintext, it must come back.

#include <algorithm>
#include <cstdlib>

#include "crypto/token_sealer.hpp"

namespace {

using namespace quasio;

void require(bool holds) {
  if (!holds) std::abort();
}

class counting_random final : public random_source {
public:
  void fill(byte_span out) override {
    std::generate(out.begin(), out.end(), [this] { return next_++; });
  }

private:
  std::uint8_t next_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static counting_random random;
  static crypto::token_sealer sealer{crypto::token_key::generate(random)};
  const byte_view associated(data, std::min<std::size_t>(size, 8));
  const byte_view token(data + associated.size(), size - associated.size());
  require(!sealer.open(token, associated));
  const auto opened = sealer.open(sealer.seal(token, associated, random), associated);
  require(opened && std::equal(token.begin(), token.end(), opened->begin(), opened->end()));
  return 0;
}
