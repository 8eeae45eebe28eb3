#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace quasio::http3 {

/// What percent-encoded text stands for (RFC 3986, section 2.1); nothing where a '%' is not followed by two hexadecimal
/// digits. The result may hold any byte, zero among them.
std::optional<std::string> percent_decode(std::string_view text);

/// Encodes all but letters, digits and "-._~" (RFC 3986, section 2.3): fit for one segment of a path, and for a name or
/// a value in a query.
std::string percent_encode(std::string_view text);

}  // namespace quasio::http3
