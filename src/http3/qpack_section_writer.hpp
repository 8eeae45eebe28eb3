#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "http3/qpack_static_table.hpp"
#include "quasio/http3/field.hpp"

namespace quasio::http3 {

/// Whether the line must stay out of every compression table on its way (RFC 9204, section 7.1.3): what is marked so,
/// credentials, and cookies that are short enough to be guessed.
bool must_not_be_indexed(const field& line) noexcept;

/// Appends a field line that needs no dynamic table (sections 4.5.2, 4.5.4 and 4.5.6); `match` is what
/// find_qpack_static() says of it.
void append_static_line(std::vector<std::uint8_t>& out, const field& line, bool never_indexed,
                        const std::optional<static_match>& match);

/// Appends a section that needs no dynamic table.
void append_static_section(std::vector<std::uint8_t>& out, const field_list& fields);

}  // namespace quasio::http3
