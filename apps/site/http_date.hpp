#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace quasio::apps {

/// A point in time as HTTP knows it: seconds since 1970, UTC.
using unix_seconds = std::int64_t;

/// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, section 5.6.7).
std::string format_http_date(unix_seconds time);

/// Reads the three forms that RFC 9110, section 5.6.7, asks recipients to take. Empty when it is none of them.
/// `now` decides the century of the two-digit years of the obsolete RFC 850 form.
std::optional<unix_seconds> parse_http_date(std::string_view text, unix_seconds now);

}  // namespace quasio::apps
