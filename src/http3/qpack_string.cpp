#include "http3/qpack_string.hpp"

#include <algorithm>

#include "http3/huffman.hpp"
#include "http3/prefixed_integer.hpp"
#include "quasio/base/bytes.hpp"

namespace quasio::http3 {

void append_qpack_string(std::vector<std::uint8_t>& out, std::uint8_t high_bits, unsigned prefix_bits,
                         std::string_view text) {
  const std::size_t coded_size = huffman_size(text);
  if (coded_size < text.size()) {
    const auto huffman_flag = static_cast<std::uint8_t>(1u << (prefix_bits - 1));
    append_prefixed_integer(out, high_bits | huffman_flag, prefix_bits - 1, coded_size);
    append_huffman(out, text);
    return;
  }
  append_prefixed_integer(out, high_bits, prefix_bits - 1, text.size());
  const byte_view bytes = as_bytes(text);
  out.insert(out.end(), bytes.begin(), bytes.end());
}

std::size_t qpack_string_size(std::string_view text) noexcept { return 1 + std::min(huffman_size(text), text.size()); }

}  // namespace quasio::http3
