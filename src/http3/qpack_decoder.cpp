#include "http3/qpack_decoder.hpp"

#include <optional>
#include <utility>

#include "http3/huffman.hpp"
#include "http3/qpack_static_table.hpp"

namespace quasio::http3 {
namespace {

unexpected<breach> decompression_failed(std::string_view reason) {
  return connection_breach(error_code::qpack_decompression_failed, reason);
}

/// Reads the field lines of one section, one after the other.
class section_reader {
public:
  section_reader(byte_view section, const section_limits& limits) noexcept : reader_(section), limits_(limits) {}

  /// RFC 9204, section 4.5.1.
  result<void, breach> read_prefix() {
    const auto insert_count = read_integer(8);
    if (!insert_count) return decompression_failed("the section's prefix is cut short");
    if (*insert_count != 0) return decompression_failed("the section needs a dynamic table");
    const auto base_first = reader_.read_u8();
    const auto delta_base = base_first ? read_prefixed_integer(reader_, *base_first, 7) : std::nullopt;
    if (!delta_base) return decompression_failed("the section's prefix is cut short");
    if ((*base_first & 0x80) != 0) return decompression_failed("the section's base is negative");
    return {};
  }

  bool empty() const noexcept { return reader_.empty(); }

  /// RFC 9204, sections 4.5.2 to 4.5.6.
  result<field, breach> read_line() {
    const std::uint8_t first = *reader_.read_u8();
    if ((first & 0x80) != 0) return read_indexed(first);
    if ((first & 0x40) != 0) return read_with_name_reference(first);
    if ((first & 0x20) != 0) return read_with_literal_name(first);
    return decompression_failed("a reference to the dynamic table");
  }

  result<void, breach> count(const field& line) {
    constexpr std::uint64_t overhead = 32;
    size_ += line.name.size() + line.value.size() + overhead;
    ++fields_;
    if (size_ > limits_.max_size) return too_large_breach("the field section is too large");
    if (fields_ > limits_.max_fields) return too_large_breach("the field section has too many fields");
    return {};
  }

private:
  std::optional<std::uint64_t> read_integer(unsigned prefix_bits) {
    const auto first = reader_.read_u8();
    return first ? read_prefixed_integer(reader_, *first, prefix_bits) : std::nullopt;
  }

  result<const static_entry*, breach> read_static_reference(std::uint8_t first, std::uint8_t static_bit,
                                                            unsigned prefix_bits) {
    if ((first & static_bit) == 0) return decompression_failed("a reference to the dynamic table");
    const auto index = read_prefixed_integer(reader_, first, prefix_bits);
    if (!index) return decompression_failed("an index is cut short or too large");
    const static_entry* entry = qpack_static_entry(*index);
    if (entry == nullptr) return decompression_failed("an index beyond the static table");
    return entry;
  }

  result<field, breach> read_indexed(std::uint8_t first) {
    const auto entry = read_static_reference(first, 0x40, 6);
    if (!entry) return unexpected<breach>(entry.error());
    return field{std::string((*entry)->name), std::string((*entry)->value), false};
  }

  result<field, breach> read_with_name_reference(std::uint8_t first) {
    const auto entry = read_static_reference(first, 0x10, 4);
    if (!entry) return unexpected<breach>(entry.error());
    field line{std::string((*entry)->name), {}, (first & 0x20) != 0};
    return read_value(std::move(line));
  }

  result<field, breach> read_with_literal_name(std::uint8_t first) {
    field line{{}, {}, (first & 0x10) != 0};
    if (!read_string(first, 4, line.name)) return decompression_failed("a field name is cut short or badly coded");
    return read_value(std::move(line));
  }

  result<field, breach> read_value(field line) {
    const auto first = reader_.read_u8();
    if (!first || !read_string(*first, 8, line.value)) {
      return decompression_failed("a field value is cut short or badly coded");
    }
    return line;
  }

  /// A string literal whose Huffman flag is the highest of its `prefix_bits` bits (RFC 9204, section 4.1.2).
  bool read_string(std::uint8_t first, unsigned prefix_bits, std::string& out) {
    const auto length = read_prefixed_integer(reader_, first, prefix_bits - 1);
    const auto bytes = length ? reader_.read_bytes(*length) : std::nullopt;
    if (!bytes) return false;
    const bool huffman = (first >> (prefix_bits - 1) & 1) != 0;
    if (huffman) return decode_huffman(*bytes, out);
    out.assign(as_text(*bytes));
    return true;
  }

  byte_reader reader_;
  const section_limits& limits_;
  std::uint64_t size_ = 0;
  std::size_t fields_ = 0;
};

}  // namespace

result<field_list, breach> qpack_decoder::decode(byte_view section, const section_limits& limits) const {
  section_reader reader(section, limits);
  if (auto prefix = reader.read_prefix(); !prefix) return unexpected<breach>(std::move(prefix.error()));
  field_list fields;
  while (!reader.empty()) {
    auto line = reader.read_line();
    if (!line) return unexpected<breach>(std::move(line.error()));
    if (auto counted = reader.count(*line); !counted) return unexpected<breach>(std::move(counted.error()));
    fields.push_back(std::move(*line));
  }
  return fields;
}

result<void, breach> qpack_decoder::on_encoder_stream(byte_view bytes) {
  using progress = prefixed_integer_reader::progress;
  for (const std::uint8_t byte : bytes) {
    // Set Dynamic Table Capacity is 001xxxxx (RFC 9204, section 4.3.1); everything else adds an entry to a table that
    // can hold none.
    const bool sets_capacity = (byte & 0xe0) == 0x20;
    if (!in_capacity_ && !sets_capacity) {
      return connection_breach(error_code::qpack_encoder_stream_error,
                               "an insertion into a dynamic table of capacity 0");
    }
    const progress now = in_capacity_ ? capacity_.take(byte) : capacity_.begin(byte, 5);
    in_capacity_ = now == progress::unfinished;
    if (now == progress::too_large || (now == progress::finished && capacity_.value() > 0)) {
      return connection_breach(error_code::qpack_encoder_stream_error,
                               "a dynamic table capacity beyond the limit of 0");
    }
  }
  return {};
}

}  // namespace quasio::http3
