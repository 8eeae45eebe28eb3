#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "quasio/base/byte_reader.hpp"

namespace quasio::http3 {

/// The prefixed integers of QPACK (RFC 9204, section 4.1.1): the low `prefix_bits` bits of a first byte whose high bits
/// mean something else, then as many bytes as needed. Values above 2^62-1, or spread over more bytes than those need,
/// are refused.
class prefixed_integer_reader {
public:
  enum class progress : std::uint8_t { unfinished, finished, too_large };

  /// Takes the first byte.
  progress begin(std::uint8_t first, unsigned prefix_bits) noexcept;

  /// Takes a following byte of an unfinished integer.
  progress take(std::uint8_t next) noexcept;

  std::uint64_t value() const noexcept { return value_; }

private:
  std::uint64_t value_ = 0;
  unsigned shift_ = 0;
};

/// Reads a whole integer whose first byte has been read already; nothing when it is cut short or too large.
std::optional<std::uint64_t> read_prefixed_integer(byte_reader& reader, std::uint8_t first,
                                                   unsigned prefix_bits) noexcept;

/// Appends `value`; `high_bits` is or-ed into the first byte.
void append_prefixed_integer(std::vector<std::uint8_t>& out, std::uint8_t high_bits, unsigned prefix_bits,
                             std::uint64_t value);

}  // namespace quasio::http3
