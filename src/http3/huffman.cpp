#include "http3/huffman.hpp"

#include <array>

namespace quasio::http3 {
namespace {

constexpr std::size_t symbol_count = 257;
constexpr std::size_t end_of_string = 256;

/// Code lengths in bits, by symbol (RFC 7541, appendix B). The code is canonical: the lengths alone give the codes.
constexpr std::array<std::uint8_t, symbol_count> code_lengths = {
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28,
    28, 28, 28, 6,  10, 10, 12, 13, 6,  8,  11, 10, 10, 8,  11, 8,  6,  6,  6,  5,  5,  5,  6,  6,  6,  6,  6,  6,  6,
    7,  8,  15, 6,  12, 10, 13, 6,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,
    7,  8,  7,  8,  13, 19, 13, 14, 6,  15, 5,  6,  5,  6,  5,  6,  6,  6,  5,  7,  7,  6,  6,  6,  5,  6,  7,  6,  5,
    5,  6,  7,  7,  7,  7,  7,  15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24,
    24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22,
    23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26,
    27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23,
    22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
};
constexpr unsigned longest_code = 30;

constexpr std::array<std::uint32_t, symbol_count> make_codes() {
  std::array<std::uint32_t, symbol_count> codes{};
  std::uint32_t next = 0;
  for (unsigned length = 1; length <= longest_code; ++length) {
    next <<= 1;
    for (std::size_t symbol = 0; symbol < symbol_count; ++symbol) {
      if (code_lengths[symbol] == length) codes[symbol] = next++;
    }
  }
  return codes;
}
constexpr auto codes = make_codes();
static_assert(codes[end_of_string] == 0x3fffffff, "the lengths must fill the code space exactly (Kraft)");

/// One step of the decoder: four bits further from an inner node of the code tree. Every code is longer than four bits,
/// so that a step ends one symbol at the most.
struct step {
  std::uint8_t next = 0;
  std::uint8_t symbol = 0;
  bool emits = false;
  bool fails = false;  ///< It met the end-of-string symbol, which must not be sent (RFC 7541, section 5.2).
};

constexpr std::size_t inner_nodes = symbol_count - 1;

struct decoding_table {
  std::array<std::array<step, 16>, inner_nodes> steps{};
  /// Whether the input may end at this node: on a path of at most seven ones, which is padding.
  std::array<bool, inner_nodes> may_end{};
};

using code_tree = std::array<std::array<std::int16_t, 2>, inner_nodes>;

constexpr std::int16_t leaf(std::size_t symbol) { return static_cast<std::int16_t>(-1 - static_cast<int>(symbol)); }
constexpr std::size_t symbol_of(std::int16_t node) { return static_cast<std::size_t>(-1 - node); }

constexpr code_tree make_tree() {
  code_tree tree{};
  std::int16_t nodes = 1;
  for (std::size_t symbol = 0; symbol < symbol_count; ++symbol) {
    std::size_t node = 0;
    for (unsigned bit = code_lengths[symbol]; bit-- > 1;) {
      auto& child = tree[node][codes[symbol] >> bit & 1];
      if (child == 0) child = nodes++;
      node = static_cast<std::size_t>(child);
    }
    tree[node][codes[symbol] & 1] = leaf(symbol);
  }
  return tree;
}

constexpr step walk(const code_tree& tree, std::size_t from, unsigned nibble) {
  step taken;
  std::int16_t node = static_cast<std::int16_t>(from);
  for (unsigned bit = 4; bit-- > 0;) {
    node = tree[static_cast<std::size_t>(node)][nibble >> bit & 1];
    if (node >= 0) continue;
    if (symbol_of(node) == end_of_string) {
      taken.fails = true;
      return taken;
    }
    taken.symbol = static_cast<std::uint8_t>(symbol_of(node));
    taken.emits = true;
    node = 0;
  }
  taken.next = static_cast<std::uint8_t>(node);
  return taken;
}

constexpr decoding_table make_decoding_table() {
  const code_tree tree = make_tree();
  decoding_table table;
  for (std::size_t node = 0; node < inner_nodes; ++node) {
    for (unsigned nibble = 0; nibble < 16; ++nibble) table.steps[node][nibble] = walk(tree, node, nibble);
  }
  std::size_t padding = 0;
  for (unsigned ones = 0; ones <= 7; ++ones) {
    table.may_end[padding] = true;
    padding = static_cast<std::size_t>(tree[padding][1]);
  }
  return table;
}
constexpr decoding_table decoding = make_decoding_table();

}  // namespace

std::size_t huffman_size(std::string_view text) noexcept {
  std::size_t bits = 0;
  for (const char c : text) bits += code_lengths[static_cast<std::uint8_t>(c)];
  return (bits + 7) / 8;
}

void append_huffman(std::vector<std::uint8_t>& out, std::string_view text) {
  std::uint64_t pending = 0;
  unsigned pending_bits = 0;
  for (const char c : text) {
    const auto symbol = static_cast<std::uint8_t>(c);
    pending = pending << code_lengths[symbol] | codes[symbol];
    pending_bits += code_lengths[symbol];
    while (pending_bits >= 8) {
      pending_bits -= 8;
      out.push_back(static_cast<std::uint8_t>(pending >> pending_bits));
    }
  }
  if (pending_bits == 0) return;
  const unsigned padding = 8 - pending_bits;
  out.push_back(static_cast<std::uint8_t>(pending << padding | ((1u << padding) - 1)));
}

bool decode_huffman(byte_view encoded, std::string& out) {
  constexpr std::size_t shortest_code = 5;
  out.resize(encoded.size() * 8 / shortest_code);
  std::size_t size = 0;
  std::uint8_t node = 0;
  for (const std::uint8_t byte : encoded) {
    for (const unsigned nibble : {static_cast<unsigned>(byte >> 4), byte & 0xfu}) {
      const step& taken = decoding.steps[node][nibble];
      if (taken.fails) return false;
      if (taken.emits) out[size++] = static_cast<char>(taken.symbol);
      node = taken.next;
    }
  }
  out.resize(size);
  return decoding.may_end[node];
}

}  // namespace quasio::http3
