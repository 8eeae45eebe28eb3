#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http3/breach.hpp"
#include "http3/qpack_dynamic_table.hpp"
#include "quasio/base/byte_reader.hpp"
#include "quasio/base/result.hpp"
#include "quasio/http3/field.hpp"

namespace quasio::http3 {

/// What one field section may weigh, counted while it is decoded, so that a small encoding cannot unfold into much.
struct section_limits {
  std::uint64_t max_size = 0;  ///< Name, value and 32 a field (RFC 9114, section 4.2.2).
  std::size_t max_fields = 0;
};

/// What an encoded field section begins with (RFC 9204, section 4.5.1).
struct section_prefix {
  std::uint64_t required_insert_count = 0;
  std::uint64_t base = 0;
};

/// How a Required Insert Count is put on the wire, and found again by whoever has seen `insert_count` entries (section
/// 4.5.1.1). Both go by the largest table that the decoder allows; nothing for what no encoder can have meant.
std::uint64_t wrap_insert_count(std::uint64_t required, std::uint64_t max_capacity) noexcept;
std::optional<std::uint64_t> unwrap_insert_count(std::uint64_t encoded, std::uint64_t insert_count,
                                                 std::uint64_t max_capacity) noexcept;

/// Reads an encoded field section: its prefix, then one field line after the other. Every fault but a section that is
/// too large costs the connection.
class section_reader {
public:
  section_reader(byte_view section, const qpack_dynamic_table& table, const section_limits& limits) noexcept
      : reader_(section), table_(table), limits_(limits) {}

  result<section_prefix, breach> read_prefix(std::uint64_t max_capacity);

  bool empty() const noexcept { return reader_.empty(); }

  /// Reads into an empty field. Not to be called when empty.
  result<void, breach> read_line(field& into);

  /// The least Required Insert Count that will do for the lines read so far.
  std::uint64_t needed_insert_count() const noexcept { return needed_; }

private:
  using line = qpack_dynamic_table::line;

  // These say whether it went well, and otherwise leave word in fault_ or is_too_large_.
  bool read(std::uint8_t first, field& into);
  bool read_integer(std::uint8_t first, unsigned prefix_bits, std::uint64_t& value);
  bool find_static(std::uint64_t index, line& found);
  bool find_dynamic(std::uint64_t index, line& found);
  bool find_referenced(std::uint8_t first, std::uint8_t static_bit, unsigned prefix_bits, line& found);
  bool find_from_base(std::uint8_t first, unsigned prefix_bits, line& found);
  bool copy(std::string_view text, std::string& into);
  bool read_value(field& into);
  bool read_string(std::uint8_t first, unsigned prefix_bits, std::string& into);
  bool count(std::uint64_t bytes);
  bool fail(std::string_view fault) noexcept;

  byte_reader reader_;
  const qpack_dynamic_table& table_;
  const section_limits& limits_;
  section_prefix prefix_;
  std::uint64_t needed_ = 0;
  std::uint64_t size_ = 0;
  std::size_t fields_ = 0;
  std::string_view fault_;
  bool is_too_large_ = false;
};

}  // namespace quasio::http3
