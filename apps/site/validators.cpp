#include "site/validators.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <optional>

#include "site/field_syntax.hpp"

namespace quasio::apps {

namespace {

struct entity_tag {
  bool weak = false;
  std::string_view opaque;  // with its quotes
};

std::optional<entity_tag> parse_entity_tag(std::string_view text) noexcept {
  entity_tag tag;
  if (text.substr(0, 2) == "W/") {
    tag.weak = true;
    text.remove_prefix(2);
  }
  if (text.size() < 2 || text.front() != '"' || text.find('"', 1) != text.size() - 1) return std::nullopt;
  tag.opaque = text;
  return tag;
}

enum class comparison : std::uint8_t { strong, weak };

// Whether "*" or a list of tags names the current state, which is strong (RFC 9110, section 8.8.3.2).
bool names(std::string_view list, const std::string& etag, comparison how) {
  if (trimmed(list) == "*") return true;
  for (list_elements elements(list); const auto element = elements.next();) {
    const auto tag = parse_entity_tag(*element);
    if (tag && tag->opaque == etag && (how == comparison::weak || !tag->weak)) return true;
  }
  return false;
}

bool has(const http3::field_list& headers, std::string_view name) {
  return std::any_of(headers.begin(), headers.end(), [&](const http3::field& field) { return field.name == name; });
}

std::optional<unix_seconds> date_of(const http3::field_list& headers, std::string_view name, unix_seconds now) {
  const std::string_view text = http3::find_field(headers, name);
  return text.empty() ? std::nullopt : parse_http_date(trimmed(text), now);
}

}  // namespace

validators validators_of(const open_file& file) {
  std::array<char, 80> text{};
  const int size = std::snprintf(
      text.data(), text.size(), "\"%llx-%llx-%llx.%08lx\"", static_cast<unsigned long long>(file.status.st_ino),
      static_cast<unsigned long long>(file.status.st_size), static_cast<unsigned long long>(file.status.st_mtim.tv_sec),
      static_cast<unsigned long>(file.status.st_mtim.tv_nsec));
  return {std::string(text.data(), static_cast<std::size_t>(size)), file.status.st_mtim.tv_sec};
}

precondition weigh_preconditions(const http3::field_list& headers, const validators& current, unix_seconds now) {
  if (has(headers, "if-match")) {
    if (!names(combined(headers, "if-match"), current.etag, comparison::strong)) return precondition::failed;
  } else if (const auto since = date_of(headers, "if-unmodified-since", now)) {
    if (current.last_modified > *since) return precondition::failed;
  }
  if (has(headers, "if-none-match")) {
    const bool same = names(combined(headers, "if-none-match"), current.etag, comparison::weak);
    return same ? precondition::not_modified : precondition::met;
  }
  if (const auto since = date_of(headers, "if-modified-since", now)) {
    if (current.last_modified <= *since) return precondition::not_modified;
  }
  return precondition::met;
}

bool range_applies(const http3::field_list& headers, const validators& current, unix_seconds now) {
  if (!has(headers, "if-range")) return true;
  const std::string_view condition = trimmed(http3::find_field(headers, "if-range"));
  if (const auto tag = parse_entity_tag(condition)) return !tag->weak && tag->opaque == current.etag;
  // A date is a strong validator only when the file cannot have changed again within its second (section 8.8.2.2).
  const auto date = parse_http_date(condition, now);
  return date && *date == current.last_modified && current.last_modified < now;
}

std::string combined(const http3::field_list& fields, std::string_view name) {
  std::string all;
  for (const http3::field& field : fields) {
    if (field.name != name) continue;
    if (!all.empty()) all += ", ";
    all += field.value;
  }
  return all;
}

}  // namespace quasio::apps
