#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "crypto/aead.hpp"
#include "crypto/aead_algorithm.hpp"
#include "quasio/base/bytes.hpp"

namespace quasio::crypto {

inline constexpr std::size_t header_sample_size = 16;

/// Where the sample begins, counted from where the packet number begins: whatever its length, it is taken to be four
/// bytes (RFC 9001, section 5.4.2).
inline constexpr std::size_t header_sample_offset = 4;

using header_sample = std::array<std::uint8_t, header_sample_size>;
using header_mask = std::array<std::uint8_t, 5>;

/// Makes the masks that hide packet numbers and a few bits of the first byte (RFC 9001, section 5.4). Allocates nothing
/// after construction. Unlike a packet key it lasts for the whole connection: a key update leaves it alone.
class header_key {
public:
  header_key(aead_algorithm aead, byte_view key);

  /// `sample` is header_sample_size bytes of ciphertext.
  header_mask mask(byte_view sample);

  /// The masks of many packets: with AES the whole batch is one call to the cipher. Both spans are equally long.
  void masks(std::span<const header_sample> samples, std::span<header_mask> out);

private:
  void mask_with_chacha20(byte_view sample, header_mask& mask);

  cipher_context context_;
  bool is_chacha20_;
};

/// The sample of a sealed packet, or nothing when the packet is too short to be sampled.
std::optional<header_sample> sample_of(byte_view packet, std::size_t packet_number_offset);

/// Hides the packet number and the first byte's bits under a mask. For a batch: sample_of(), masks(), then this.
void apply_mask(byte_span packet, std::size_t packet_number_offset, std::size_t packet_number_length,
                const header_mask& mask);

/// Protects the header of one sealed packet. The packet must be long enough to be sampled: its sender pads the payload
/// so that the packet number and the payload, without the tag, make four bytes.
void protect_header(byte_span packet, std::size_t packet_number_offset, std::size_t packet_number_length,
                    header_key& key);

struct unprotected_header {
  std::size_t packet_number_length = 0;       ///< 1 to 4.
  std::uint32_t truncated_packet_number = 0;  ///< As it stood in the packet (RFC 9000, section 17.1).
};

/// Removes the header protection of a received packet, in place; nothing when it is too short to be sampled, and then
/// it is to be dropped. What comes out is not trustworthy before the payload has been opened.
std::optional<unprotected_header> unprotect_header(byte_span packet, std::size_t packet_number_offset, header_key& key);

}  // namespace quasio::crypto
