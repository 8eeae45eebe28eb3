#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "quasio/base/bytes.hpp"

namespace quasio::http3 {

/// How many bytes `text` takes in the Huffman code of RFC 7541, appendix B.
std::size_t huffman_size(std::string_view text) noexcept;

void append_huffman(std::vector<std::uint8_t>& out, std::string_view text);

/// Decodes all of `encoded` into `out`, at most eight fifths of its size. False when it holds the end-of-string symbol,
/// or padding that is not the beginning of it or longer than seven bits (RFC 7541, section 5.2).
bool decode_huffman(byte_view encoded, std::string& out);

}  // namespace quasio::http3
