#include "http3/qpack_section_reader.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "http3/huffman.hpp"
#include "http3/prefixed_integer.hpp"
#include "http3/qpack_static_table.hpp"

namespace quasio::http3 {
namespace {

unexpected<breach> decompression_failed(std::string_view reason) {
  return connection_breach(error_code::qpack_decompression_failed, reason);
}

constexpr std::uint64_t max_entries(std::uint64_t max_capacity) noexcept {
  return max_capacity / qpack_dynamic_table::entry_overhead;
}

}  // namespace

std::uint64_t wrap_insert_count(std::uint64_t required, std::uint64_t max_capacity) noexcept {
  return required == 0 ? 0 : required % (2 * max_entries(max_capacity)) + 1;
}

std::optional<std::uint64_t> unwrap_insert_count(std::uint64_t encoded, std::uint64_t insert_count,
                                                 std::uint64_t max_capacity) noexcept {
  if (encoded == 0) return 0;
  const std::uint64_t full_range = 2 * max_entries(max_capacity);
  if (encoded > full_range) return std::nullopt;
  const std::uint64_t max_value = insert_count + max_entries(max_capacity);
  const std::uint64_t max_wrapped = max_value / full_range * full_range;
  std::uint64_t required = max_wrapped + encoded - 1;
  if (required > max_value) {
    if (required <= full_range) return std::nullopt;
    required -= full_range;
  }
  if (required == 0) return std::nullopt;
  return required;
}

result<section_prefix, breach> section_reader::read_prefix(std::uint64_t max_capacity) {
  const auto first = reader_.read_u8();
  const auto encoded = first ? read_prefixed_integer(reader_, *first, 8) : std::nullopt;
  const auto sign = encoded ? reader_.read_u8() : std::nullopt;
  const auto delta = sign ? read_prefixed_integer(reader_, *sign, 7) : std::nullopt;
  if (!delta) return decompression_failed("the section's prefix is cut short or too large");
  const auto required = unwrap_insert_count(*encoded, table_.insert_count(), max_capacity);
  if (!required) return decompression_failed("a Required Insert Count that cannot be");
  const bool is_negative = (*sign & 0x80) != 0;
  if (is_negative && *required <= *delta) return decompression_failed("the section's base is negative");
  prefix_ = {*required, is_negative ? *required - *delta - 1 : *required + *delta};
  return prefix_;
}

result<void, breach> section_reader::read_line(field& into) {
  const std::uint8_t first = *reader_.read_u8();
  if (++fields_ > limits_.max_fields) return too_large_breach("the field section has too many fields");
  if (count(qpack_dynamic_table::entry_overhead) && read(first, into)) return {};
  if (is_too_large_) return too_large_breach("the field section is too large");
  return decompression_failed(fault_);
}

/// RFC 9204, sections 4.5.2 to 4.5.6.
bool section_reader::read(std::uint8_t first, field& into) {
  line found;
  if ((first & 0x80) != 0) {
    return find_referenced(first, 0x40, 6, found) && copy(found.name, into.name) && copy(found.value, into.value);
  }
  if ((first & 0x40) != 0) {
    into.never_indexed = (first & 0x20) != 0;
    return find_referenced(first, 0x10, 4, found) && copy(found.name, into.name) && read_value(into);
  }
  if ((first & 0x20) != 0) {
    into.never_indexed = (first & 0x10) != 0;
    return read_string(first, 4, into.name) && read_value(into);
  }
  if ((first & 0x10) != 0) {
    return find_from_base(first, 4, found) && copy(found.name, into.name) && copy(found.value, into.value);
  }
  into.never_indexed = (first & 0x08) != 0;
  return find_from_base(first, 3, found) && copy(found.name, into.name) && read_value(into);
}

bool section_reader::read_integer(std::uint8_t first, unsigned prefix_bits, std::uint64_t& value) {
  const auto read = read_prefixed_integer(reader_, first, prefix_bits);
  if (!read) return fail("an integer is cut short or too large");
  value = *read;
  return true;
}

bool section_reader::find_static(std::uint64_t index, line& found) {
  const static_entry* entry = qpack_static_entry(index);
  if (entry == nullptr) return fail("an index beyond the static table");
  found = {entry->name, entry->value};
  return true;
}

/// RFC 9204, section 2.2.3.
bool section_reader::find_dynamic(std::uint64_t index, line& found) {
  if (index >= prefix_.required_insert_count) return fail("a reference beyond the Required Insert Count");
  if (!table_.holds(index)) return fail("a reference to an entry that was evicted");
  needed_ = std::max(needed_, index + 1);
  found = table_.at(index);
  return true;
}

bool section_reader::find_referenced(std::uint8_t first, std::uint8_t static_bit, unsigned prefix_bits, line& found) {
  std::uint64_t index = 0;
  if (!read_integer(first, prefix_bits, index)) return false;
  if ((first & static_bit) != 0) return find_static(index, found);
  if (index >= prefix_.base) return fail("a reference to before the first entry");
  return find_dynamic(prefix_.base - index - 1, found);
}

bool section_reader::find_from_base(std::uint8_t first, unsigned prefix_bits, line& found) {
  std::uint64_t index = 0;
  return read_integer(first, prefix_bits, index) && find_dynamic(prefix_.base + index, found);
}

bool section_reader::copy(std::string_view text, std::string& into) {
  if (!count(text.size())) return false;
  into.assign(text);
  return true;
}

bool section_reader::read_value(field& into) {
  const auto first = reader_.read_u8();
  if (!first) return fail("a field line without a value");
  return read_string(*first, 8, into.value);
}

/// A string literal whose Huffman flag is the highest of its `prefix_bits` bits (RFC 9204, section 4.1.2).
bool section_reader::read_string(std::uint8_t first, unsigned prefix_bits, std::string& into) {
  const auto length = read_prefixed_integer(reader_, first, prefix_bits - 1);
  const auto bytes = length ? reader_.read_bytes(*length) : std::nullopt;
  if (!bytes) return fail("a string is cut short");
  const bool is_huffman = (first >> (prefix_bits - 1) & 1) != 0;
  if (!is_huffman) return copy(as_text(*bytes), into);
  if (!decode_huffman(*bytes, into)) return fail("a string is badly coded");
  return count(into.size());
}

/// Before anything of that size is copied.
bool section_reader::count(std::uint64_t bytes) {
  size_ += bytes;
  is_too_large_ = size_ > limits_.max_size;
  return !is_too_large_;
}

bool section_reader::fail(std::string_view fault) noexcept {
  fault_ = fault;
  return false;
}

}  // namespace quasio::http3
