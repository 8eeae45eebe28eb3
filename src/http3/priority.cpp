#include "quasio/http3/priority.hpp"

#include "http3/structured_field.hpp"

namespace quasio::http3 {
namespace {

constexpr std::string_view field_name = "priority";
constexpr std::int64_t least_urgent = 7;

void note(priority_parameters& named, std::string_view key, const structured::item& value) {
  if (key == "u") {
    named.urgency.reset();
    const bool in_range = value.value >= 0 && value.value <= least_urgent;
    if (value.type == structured::item::kind::integer && in_range)
      named.urgency = static_cast<std::uint8_t>(value.value);
  } else if (key == "i") {
    named.incremental.reset();
    if (value.type == structured::item::kind::boolean) named.incremental = value.value == 1;
  }
}

}  // namespace

std::optional<priority_parameters> parse_priority(std::string_view value) {
  priority_parameters named;
  const auto on_member = [&](std::string_view key, const structured::item& item) { note(named, key, item); };
  return structured::parse_dictionary(value, on_member) ? std::optional(named) : std::nullopt;
}

priority_parameters find_priority(const field_list& fields) {
  const field* only = nullptr;
  std::string joined;
  for (const field& line : fields) {
    if (line.name != field_name) continue;
    if (only != nullptr) {
      if (joined.empty()) joined = only->value;
      joined.append(", ").append(line.value);  // RFC 8941, section 4.2.
    } else {
      only = &line;
    }
  }
  if (only == nullptr) return {};
  return parse_priority(joined.empty() ? std::string_view(only->value) : joined).value_or(priority_parameters{});
}

std::string to_field_value(const priority& wanted) {
  std::string text = "u=" + std::to_string(wanted.urgency);
  if (wanted.incremental) text += ", i";
  return text;
}

}  // namespace quasio::http3
