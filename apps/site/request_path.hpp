#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "quasio/base/result.hpp"

namespace quasio::apps {

/// The path of a request, decoded and taken apart. No segment is empty, ".", "..", or holds a slash or a zero byte, so
/// that a walk along them never leaves the folder in which it starts (but for symbolic links).
struct request_path {
  std::vector<std::string> segments;
  bool ends_with_slash = true;
  std::string query;  ///< As sent, with its question mark; empty when there is none.

  /// The path percent-encoded anew, with a slash at the end: always "/" and then a segment, never "//", so that it is
  /// no reference to another host in a Location header.
  std::string as_folder() const;

  friend bool operator==(const request_path&, const request_path&) = default;
};

enum class path_fault : std::uint8_t {
  not_absolute,    ///< Does not begin with a slash ("*" among them).
  too_long,        ///< More than longest_request_target bytes.
  bad_escape,      ///< "%" without two hexadecimal digits after it.
  forbidden_byte,  ///< A control character, space, "#" or a byte beyond ASCII, or an escape for a slash or a zero byte.
  leads_up,        ///< A segment "..", escaped or not. Clients resolve those themselves (RFC 3986, section 5.2.4).
};

/// One sentence for the body of the answer.
std::string_view describe(path_fault fault) noexcept;

inline constexpr std::size_t longest_request_target = 8192;

/// Takes a request target in origin form ("/a/b%20c?q") apart. Empty segments and "." count for nothing.
result<request_path, path_fault> parse_request_path(std::string_view target);

}  // namespace quasio::apps
