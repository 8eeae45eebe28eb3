#include "driver/route_pattern.hpp"

#include <algorithm>
#include <utility>

#include "quasio/driver/percent_encoding.hpp"

namespace quasio::http3 {
namespace {

bool is_name_start(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_name(std::string_view text) noexcept {
  return !text.empty() && is_name_start(text.front()) &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_name_start(c) || (c >= '0' && c <= '9'); });
}

bool is_dots(std::string_view segment) noexcept { return segment == "." || segment == ".."; }

unexpected<std::string> refuse(std::string_view pattern, const std::string& why) {
  return unexpected<std::string>("route pattern '" + std::string(pattern) + "': " + why);
}

result<route_segment, std::string> parse_literal(std::string_view text) {
  if (text.find_first_of("{}") != std::string_view::npos)
    return unexpected<std::string>("a parameter takes a whole segment, as in /users/{id}");
  if (text.find_first_of("?#%") != std::string_view::npos)
    return unexpected<std::string>("it holds '?', '#' or '%'; patterns are paths, written without percent-encoding");
  if (is_dots(text)) return unexpected<std::string>("the segments . and .. never come");
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::any_of(text.begin(), text.end(), is_control)) return unexpected<std::string>("it has a control character");
  return route_segment{segment_kind::literal, std::string(text)};
}

result<route_segment, std::string> parse_segment(std::string_view text) {
  if (text.empty() || text.front() != '{' || text.back() != '}') return parse_literal(text);
  std::string_view name = text.substr(1, text.size() - 2);
  route_segment made{segment_kind::parameter, {}};
  if (name.ends_with("...")) {
    made.kind = segment_kind::rest;
    name.remove_suffix(3);
  }
  if (!is_name(name))
    return unexpected<std::string>("'" + std::string(name) + "' is no name: letters, digits and _ make one");
  made.text = name;
  return made;
}

// What makes no sense in a pattern that has these segments; empty when it is sound.
std::string fault_of(const std::vector<route_segment>& segments) {
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const route_segment& each = segments[i];
    const bool is_last = i + 1 == segments.size();
    if (each.kind == segment_kind::rest && !is_last) return "{" + each.text + "...} must be its end";
    if (each.kind == segment_kind::literal && each.text.empty() && !is_last) return "it has an empty segment";
    if (each.kind == segment_kind::literal) continue;
    if (std::find(names.begin(), names.end(), each.text) != names.end())
      return "it has two parameters of the name '" + each.text + "'";
    names.push_back(each.text);
  }
  return {};
}

}  // namespace

std::vector<std::string> route_pattern::names() const {
  std::vector<std::string> all;
  for (const route_segment& each : segments) {
    if (each.kind != segment_kind::literal) all.push_back(each.text);
  }
  return all;
}

result<route_pattern, std::string> parse_route_pattern(std::string_view text) {
  route_pattern made{std::string(text), {}};
  if (text.empty()) return made;
  if (text.front() != '/') return refuse(text, "it must begin with a slash");
  for (std::string_view left = text; !left.empty();) {
    left.remove_prefix(1);
    const std::string_view part = left.substr(0, left.find('/'));
    left.remove_prefix(part.size());
    auto segment = parse_segment(part);
    if (!segment) return refuse(text, segment.error());
    made.segments.push_back(std::move(*segment));
  }
  if (const std::string fault = fault_of(made.segments); !fault.empty()) return refuse(text, fault);
  return made;
}

result<route_pattern, std::string> join(const route_pattern& prefix, const route_pattern& below) {
  if (prefix.text.ends_with('/')) return refuse(prefix.text, "a prefix does not end with a slash");
  route_pattern both{prefix.text + below.text, prefix.segments};
  both.segments.insert(both.segments.end(), below.segments.begin(), below.segments.end());
  if (const std::string fault = fault_of(both.segments); !fault.empty()) return refuse(both.text, fault);
  return both;
}

std::optional<request_path> split_request_path(std::string_view path) {
  if (path.empty() || path.front() != '/') return std::nullopt;
  request_path made;
  for (std::string_view left = path; !left.empty();) {
    left.remove_prefix(1);
    const std::string_view part = left.substr(0, left.find('/'));
    left.remove_prefix(part.size());
    auto decoded = percent_decode(part);
    if (!decoded || is_dots(*decoded) || decoded->find('\0') != std::string::npos) return std::nullopt;
    const bool has_slash = decoded->find('/') != std::string::npos;
    made.segments.push_back({*std::move(decoded), has_slash});
  }
  return made;
}

}  // namespace quasio::http3
