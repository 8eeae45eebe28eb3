#pragma once

#include <optional>

#include "quasio/http3/field.hpp"

namespace quasio::http3 {

/// The same fields with a line for each pair of a cookie (RFC 9114, section 4.2.1); nothing where no line has several.
std::optional<field_list> split_cookies(const field_list& fields);

}  // namespace quasio::http3
