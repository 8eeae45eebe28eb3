#include "http3/qpack_encoder_stream.hpp"

#include "http3/huffman.hpp"
#include "http3/prefixed_integer.hpp"
#include "http3/qpack_static_table.hpp"

namespace quasio::http3 {
namespace {

using progress = prefixed_integer_reader::progress;

unexpected<breach> encoder_stream_error(std::string_view reason) {
  return connection_breach(error_code::qpack_encoder_stream_error, reason);
}

/// Whether the integer is whole.
result<bool, breach> read_integer(byte_reader& reader, unsigned prefix_bits, std::uint64_t& value) {
  const auto first = reader.read_u8();
  if (!first) return false;
  prefixed_integer_reader integer;
  auto now = integer.begin(*first, prefix_bits);
  while (now == progress::unfinished) {
    const auto next = reader.read_u8();
    if (!next) return false;
    now = integer.take(*next);
  }
  if (now == progress::too_large) return encoder_stream_error("an integer that is too large");
  value = integer.value();
  return true;
}

/// The longest code of a character takes 30 bits, less than four bytes.
constexpr std::uint64_t longest_huffman_code = 4;

}  // namespace

result<bool, breach> encoder_stream_reader::read(byte_reader& reader, encoder_instruction& next) {
  using kind = encoder_instruction::kind;
  const std::uint8_t first = reader.rest().front();
  if ((first & 0x80) != 0) {  // RFC 9204, section 4.3.2.
    next.what = (first & 0x40) != 0 ? kind::insert_with_static_name : kind::insert_with_dynamic_name;
    const auto index = read_integer(reader, 6, next.number);
    // Before the value has come, which may be never.
    const bool is_static = next.what == kind::insert_with_static_name;
    if (index && *index && is_static && qpack_static_entry(next.number) == nullptr) {
      return encoder_stream_error("an index beyond the static table");
    }
    if (!index) return unexpected<breach>(index.error());
    if (!*index) return false;
    coded_text value;
    const auto whole = find_text(reader, 8, value);
    return whole && *whole ? decode(value, value_, next.value) : whole;
  }
  if ((first & 0x40) != 0) {  // Section 4.3.3.
    next.what = kind::insert;
    coded_text name;
    coded_text value;
    auto whole = find_text(reader, 6, name);
    if (whole && *whole) whole = find_text(reader, 8, value);
    if (!whole || !*whole) return whole;
    // Not before: a value that comes in drops would have its name decoded with each of them.
    const auto named = decode(name, name_, next.name);
    return named ? decode(value, value_, next.value) : named;
  }
  next.what = (first & 0x20) != 0 ? kind::set_capacity : kind::duplicate;  // Sections 4.3.1 and 4.3.4.
  return read_integer(reader, 5, next.number);
}

/// A string that no entry can hold is refused before it has come (RFC 9204, section 7.4).
result<bool, breach> encoder_stream_reader::find_text(byte_reader& reader, unsigned prefix_bits,
                                                      coded_text& found) const {
  if (reader.empty()) return false;
  found.is_huffman = (reader.rest().front() >> (prefix_bits - 1) & 1) != 0;
  std::uint64_t length = 0;
  if (auto whole = read_integer(reader, prefix_bits - 1, length); !whole || !*whole) return whole;
  if (length > max_string_ * (found.is_huffman ? longest_huffman_code : 1)) {
    return encoder_stream_error("a string that no entry can hold");
  }
  const auto bytes = reader.read_bytes(length);
  if (!bytes) return false;
  found.bytes = *bytes;
  return true;
}

result<bool, breach> encoder_stream_reader::decode(const coded_text& coded, std::string& decoded,
                                                   std::string_view& text) {
  text = as_text(coded.bytes);
  if (!coded.is_huffman) return true;
  if (!decode_huffman(coded.bytes, decoded)) return encoder_stream_error("a string that is badly coded");
  text = decoded;
  return true;
}

void encoder_stream_reader::keep(byte_view rest) {
  if (rest.empty()) {
    unfinished_.clear();
    return;
  }
  if (unfinished_.empty()) {
    unfinished_.assign(rest.begin(), rest.end());
    return;
  }
  unfinished_.erase(unfinished_.begin(), unfinished_.end() - static_cast<std::ptrdiff_t>(rest.size()));
}

}  // namespace quasio::http3
