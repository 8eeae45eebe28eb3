#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace quasio::http3 {

/// A token of lower-case letters, digits and the marks of RFC 9110, section 5.6.2: what a field name may be in HTTP/3.
bool is_field_name(std::string_view text) noexcept;

/// RFC 9110, section 5.6.2; upper-case letters are welcome.
bool is_token(std::string_view text) noexcept;

/// Visible characters, obs-text, and inner blanks (RFC 9110, section 5.5). May be empty.
bool is_field_value(std::string_view text) noexcept;

/// RFC 3986, section 3.1.
bool is_scheme(std::string_view text) noexcept;

/// A host, and a port if it says one, without userinfo (RFC 9114, section 4.3.1; RFC 3986, section 3.2).
bool is_authority(std::string_view text) noexcept;

/// An authority that ends in a port (RFC 9110, section 7.1: authority-form).
bool is_authority_with_port(std::string_view text) noexcept;

/// A path with or without a query: begins with "/", and holds neither blanks, controls nor "#".
bool is_path(std::string_view text) noexcept;

/// Three digits that make a status code: 100 to 999.
std::optional<unsigned> parse_status(std::string_view text) noexcept;

/// Digits only, and no more than a stream can carry.
std::optional<std::uint64_t> parse_content_length(std::string_view text) noexcept;

}  // namespace quasio::http3
