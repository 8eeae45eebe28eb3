#include "quic/connection_id_cipher.hpp"

#include <algorithm>

namespace quasio::quic {
namespace {

std::size_t half_size(std::size_t size) noexcept { return (size + 1) / 2; }

crypto::aes128_block::block as_block(byte_view text) noexcept {
  crypto::aes128_block::block block{};
  std::ranges::copy(text, block.begin());
  return block;
}

}  // namespace

// Section 5.4.2.3, step 2: of an odd number of bytes each half gets four bits of the middle one.
connection_id_cipher::halves connection_id_cipher::split(byte_view text) noexcept {
  const std::size_t half_length = half_size(text.size());
  halves both;
  std::ranges::copy(text.first(half_length), both.left.begin());
  std::ranges::copy(text.last(half_length), both.right.begin());
  if (text.size() % 2 != 0) {
    both.left[half_length - 1] &= 0xf0;
    both.right[0] &= 0x0f;
  }
  return both;
}

void connection_id_cipher::join(const halves& both, byte_span text) noexcept {
  const std::size_t half_length = half_size(text.size());
  std::copy_n(both.left.begin(), half_length, text.begin());
  if (text.size() % 2 == 0) {
    std::copy_n(both.right.begin(), half_length, text.begin() + static_cast<std::ptrdiff_t>(half_length));
  } else {
    text[half_length - 1] = static_cast<std::uint8_t>(text[half_length - 1] | both.right[0]);
    std::copy(both.right.begin() + 1, both.right.begin() + static_cast<std::ptrdiff_t>(half_length),
              text.begin() + static_cast<std::ptrdiff_t>(half_length));
  }
}

/// One pass; the even ones go from the right half to the left one.
void connection_id_cipher::mix(const half& from, half& into, std::uint8_t pass, std::size_t size) noexcept {
  const std::size_t half_length = half_size(size);
  crypto::aes128_block::block expanded{};
  std::copy_n(from.begin(), half_length, expanded.begin());
  expanded[14] = static_cast<std::uint8_t>(size);
  expanded[15] = pass;
  const auto mask = block_.encrypt(expanded);
  for (std::size_t i = 0; i < half_length; ++i) into[i] ^= mask[i];
  if (size % 2 == 0) return;
  const bool into_left = pass % 2 == 0;
  if (into_left) {
    into[half_length - 1] &= 0xf0;
  } else {
    into[0] &= 0x0f;
  }
}

void connection_id_cipher::encrypt(byte_span text) noexcept {
  if (text.size() == crypto::aes128_block::size) {
    std::ranges::copy(block_.encrypt(as_block(text)), text.begin());
    return;
  }
  halves both = split(text);
  mix(both.left, both.right, 1, text.size());
  mix(both.right, both.left, 2, text.size());
  mix(both.left, both.right, 3, text.size());
  mix(both.right, both.left, 4, text.size());
  join(both, text);
}

void connection_id_cipher::decrypt(byte_span text) noexcept {
  if (text.size() == crypto::aes128_block::size) {
    std::ranges::copy(block_.decrypt(as_block(text)), text.begin());
    return;
  }
  halves both = split(text);
  mix(both.right, both.left, 4, text.size());
  mix(both.left, both.right, 3, text.size());
  mix(both.right, both.left, 2, text.size());
  mix(both.left, both.right, 1, text.size());
  join(both, text);
}

}  // namespace quasio::quic
