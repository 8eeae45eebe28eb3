#include "site/request_path.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace quasio::apps {

namespace {

std::optional<unsigned> hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  return std::nullopt;
}

bool may_stand_in_a_target(char c) noexcept { return c > ' ' && c < '\x7f' && c != '#'; }

result<std::string, path_fault> decode(std::string_view segment) {
  std::string decoded;
  decoded.reserve(segment.size());
  for (std::size_t i = 0; i < segment.size(); ++i) {
    if (segment[i] != '%') {
      decoded.push_back(segment[i]);
      continue;
    }
    if (segment.size() - i < 3) return unexpected<path_fault>(path_fault::bad_escape);
    const auto high = hex_digit(segment[i + 1]);
    const auto low = hex_digit(segment[i + 2]);
    if (!high || !low) return unexpected<path_fault>(path_fault::bad_escape);
    const auto byte = static_cast<char>(*high << 4 | *low);
    // No file name holds these. To read %2F as a separator would let a path mean two things.
    if (byte == '\0' || byte == '/') return unexpected<path_fault>(path_fault::forbidden_byte);
    decoded.push_back(byte);
    i += 2;
  }
  return decoded;
}

void append_encoded(std::string& out, std::string_view segment) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  constexpr std::string_view kept = "-._~!$&'()*+,;=:@";  // RFC 3986, section 3.3: pchar
  for (const char c : segment) {
    const bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (alphanumeric || kept.find(c) != std::string_view::npos) {
      out.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out.push_back('%');
    out.push_back(digits[byte >> 4]);
    out.push_back(digits[byte & 15]);
  }
}

}  // namespace

std::string request_path::as_folder() const {
  std::string out = "/";
  for (const std::string& segment : segments) {
    append_encoded(out, segment);
    out.push_back('/');
  }
  return out;
}

std::string_view describe(path_fault fault) noexcept {
  switch (fault) {
    case path_fault::not_absolute:
      return "The path does not begin with a slash.";
    case path_fault::too_long:
      return "The path is too long.";
    case path_fault::bad_escape:
      return "A percent sign in the path is not followed by two hexadecimal digits.";
    case path_fault::forbidden_byte:
      return "The path holds a character that no path may hold.";
    case path_fault::leads_up:
      return "The path holds \"..\".";
  }
  return "The path is not one.";
}

result<request_path, path_fault> parse_request_path(std::string_view target) {
  if (target.empty() || target.front() != '/') return unexpected<path_fault>(path_fault::not_absolute);
  if (target.size() > longest_request_target) return unexpected<path_fault>(path_fault::too_long);
  if (!std::all_of(target.begin(), target.end(), may_stand_in_a_target)) {
    return unexpected<path_fault>(path_fault::forbidden_byte);
  }
  request_path path;
  const std::size_t question = std::min(target.find('?'), target.size());
  path.query = target.substr(question);
  std::string_view rest = target.substr(0, question);
  path.ends_with_slash = rest.back() == '/';
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('/'), rest.size());
    auto segment = decode(rest.substr(0, end));
    if (!segment) return unexpected<path_fault>(segment.error());
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (*segment == "..") return unexpected<path_fault>(path_fault::leads_up);
    if (*segment == ".") {
      if (rest.empty()) path.ends_with_slash = true;  // "/a/." is the folder a.
      continue;
    }
    if (!segment->empty()) path.segments.push_back(std::move(*segment));
  }
  return path;
}

}  // namespace quasio::apps
