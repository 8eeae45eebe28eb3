#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quasio/base/result.hpp"

namespace quasio::http3 {

enum class segment_kind { literal, parameter, rest };

struct route_segment {
  segment_kind kind = segment_kind::literal;
  std::string text;  ///< What must stand there, or the parameter's name.

  friend bool operator==(const route_segment&, const route_segment&) = default;
};

/// A path as a router's user writes it: see router.
struct route_pattern {
  std::string text;
  std::vector<route_segment> segments;

  std::vector<std::string> names() const;
};

/// Takes a pattern apart; on an error a sentence that says what is wrong with it.
result<route_pattern, std::string> parse_route_pattern(std::string_view text);

/// `below` behind `prefix`; on an error a sentence.
result<route_pattern, std::string> join(const route_pattern& prefix, const route_pattern& below);

/// The segments of a request's path, decoded.
struct request_path {
  struct segment {
    std::string text;
    bool has_slash = false;  ///< One that was encoded.
  };
  std::vector<segment> segments;
};

/// Nothing where the path is malformed: see router. `path` is without the query.
std::optional<request_path> split_request_path(std::string_view path);

}  // namespace quasio::http3
