#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace quasio::http3 {

/// Appends a string literal in the shorter of its two forms (RFC 9204, section 4.1.2). It has `prefix_bits` bits of the
/// first byte, the highest of them the Huffman flag; `high_bits` are the others.
void append_qpack_string(std::vector<std::uint8_t>& out, std::uint8_t high_bits, unsigned prefix_bits,
                         std::string_view text);

/// About how many bytes that takes: exact where the length fits the prefix.
std::size_t qpack_string_size(std::string_view text) noexcept;

}  // namespace quasio::http3
