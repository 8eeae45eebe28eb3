#pragma once

#include <random>

#include "wire/hex.hpp"

namespace quasio::wire {

// Every input is a vector of exactly its size, so that the address sanitizer sees a read beyond its end.

/// Calls `decode` with every proper prefix of `valid`.
template <class Decode>
void for_each_truncation(byte_view valid, Decode decode) {
  for (std::size_t size = 0; size < valid.size(); ++size) decode(to_vector(valid.first(size)));
}

/// Calls `decode` with `valid` where one byte at a time is flipped: each of its bits alone, and all of them.
template <class Decode>
void for_each_flip(byte_view valid, Decode decode) {
  for (std::size_t at = 0; at < valid.size(); ++at) {
    for (const unsigned mask : {0x01u, 0x02u, 0x04u, 0x08u, 0x10u, 0x20u, 0x40u, 0x80u, 0xffu}) {
      byte_vector bytes = to_vector(valid);
      bytes[at] = static_cast<std::uint8_t>(bytes[at] ^ mask);
      decode(bytes);
    }
  }
}

/// Calls `decode` with `count` inputs of up to 64 random bytes, the same ones in each run.
template <class Decode>
void for_each_random_input(std::size_t count, Decode decode) {
  std::mt19937_64 random(20210527);
  for (std::size_t i = 0; i < count; ++i) {
    byte_vector bytes(random() % 65);
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
    decode(bytes);
  }
}

/// All three of the above.
template <class Decode>
void for_each_hostile_input(byte_view valid, Decode decode) {
  for_each_truncation(valid, decode);
  for_each_flip(valid, decode);
  for_each_random_input(20000, decode);
}

}  // namespace quasio::wire
