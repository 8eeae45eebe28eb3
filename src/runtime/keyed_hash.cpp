#include "runtime/keyed_hash.hpp"

#include <bit>

namespace quasio::runtime {
namespace {

struct sip_state {
  std::uint64_t v0, v1, v2, v3;

  void round() noexcept {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  }

  void absorb(std::uint64_t word) noexcept {
    v3 ^= word;
    round();
    v0 ^= word;
  }
};

std::uint64_t little_endian(byte_view bytes) noexcept {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) word |= std::uint64_t{bytes[i]} << (8 * i);
  return word;
}

}  // namespace

keyed_hash::keyed_hash(random_source& random) {
  std::array<std::uint8_t, 16> bytes{};
  random.fill(bytes);
  key_ = {little_endian(byte_view(bytes).first(8)), little_endian(byte_view(bytes).last(8))};
}

std::uint64_t keyed_hash::operator()(byte_view bytes) const noexcept {
  sip_state state{key_[0] ^ 0x736f6d6570736575, key_[1] ^ 0x646f72616e646f6d, key_[0] ^ 0x6c7967656e657261,
                  key_[1] ^ 0x7465646279746573};
  const std::uint64_t length = std::uint64_t{bytes.size()} << 56;
  while (bytes.size() >= 8) {
    state.absorb(little_endian(bytes.first(8)));
    bytes = bytes.subspan(8);
  }
  state.absorb(length | little_endian(bytes));
  state.v2 ^= 0xff;
  for (int i = 0; i < 3; ++i) state.round();
  return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

}  // namespace quasio::runtime
