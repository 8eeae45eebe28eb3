#include "http3/prefixed_integer.hpp"

#include "quasio/base/varint.hpp"

namespace quasio::http3 {
namespace {

/// Nine groups of 7 bits hold 62 bits and the carry of the prefix.
constexpr unsigned max_shift = 8 * 7;

constexpr std::uint64_t full_prefix(unsigned prefix_bits) noexcept { return (std::uint64_t{1} << prefix_bits) - 1; }

}  // namespace

prefixed_integer_reader::progress prefixed_integer_reader::begin(std::uint8_t first, unsigned prefix_bits) noexcept {
  shift_ = 0;
  value_ = first & full_prefix(prefix_bits);
  return value_ < full_prefix(prefix_bits) ? progress::finished : progress::unfinished;
}

prefixed_integer_reader::progress prefixed_integer_reader::take(std::uint8_t next) noexcept {
  if (shift_ > max_shift) return progress::too_large;
  value_ += std::uint64_t{next & 0x7fu} << shift_;
  if (value_ > varint_max) return progress::too_large;
  shift_ += 7;
  return (next & 0x80) == 0 ? progress::finished : progress::unfinished;
}

std::optional<std::uint64_t> read_prefixed_integer(byte_reader& reader, std::uint8_t first,
                                                   unsigned prefix_bits) noexcept {
  prefixed_integer_reader integer;
  auto progress = integer.begin(first, prefix_bits);
  while (progress == prefixed_integer_reader::progress::unfinished) {
    const auto next = reader.read_u8();
    if (!next) return std::nullopt;
    progress = integer.take(*next);
  }
  if (progress == prefixed_integer_reader::progress::too_large) return std::nullopt;
  return integer.value();
}

void append_prefixed_integer(std::vector<std::uint8_t>& out, std::uint8_t high_bits, unsigned prefix_bits,
                             std::uint64_t value) {
  const std::uint64_t full = full_prefix(prefix_bits);
  if (value < full) {
    out.push_back(static_cast<std::uint8_t>(high_bits | value));
    return;
  }
  out.push_back(static_cast<std::uint8_t>(high_bits | full));
  for (value -= full; value >= 0x80; value >>= 7) out.push_back(static_cast<std::uint8_t>(value | 0x80));
  out.push_back(static_cast<std::uint8_t>(value));
}

}  // namespace quasio::http3
