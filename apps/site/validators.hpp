#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "quasio/http3/field.hpp"
#include "site/http_date.hpp"
#include "site/root_folder.hpp"

namespace quasio::apps {

/// What tells one state of a file from another (RFC 9110, section 8.8).
struct validators {
  std::string etag;  ///< Strong: of inode, size and the nanosecond of the last change.
  unix_seconds last_modified = 0;
};

validators validators_of(const open_file& file);

enum class precondition : std::uint8_t {
  met,
  not_modified,  ///< 304
  failed,        ///< 412
};

/// Weighs If-Match, If-Unmodified-Since, If-None-Match and If-Modified-Since in the order of RFC 9110, section 13.2.2,
/// for a GET or HEAD. Dates that are none are ignored.
precondition weigh_preconditions(const http3::field_list& headers, const validators& current, unix_seconds now);

/// Whether a Range header is to be obeyed, as If-Range says (RFC 9110, section 13.1.5): true without one.
bool range_applies(const http3::field_list& headers, const validators& current, unix_seconds now);

/// All values of a field, as one list.
std::string combined(const http3::field_list& fields, std::string_view name);

}  // namespace quasio::apps
