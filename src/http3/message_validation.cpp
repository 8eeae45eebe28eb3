#include "http3/message_validation.hpp"

#include <algorithm>
#include <array>

#include "http3/field_syntax.hpp"
#include "quasio/http3/capsule.hpp"

namespace quasio::http3 {
namespace {

using malformed = unexpected<std::string_view>;
using optional_text = std::optional<std::string_view>;

/// The pseudo-fields of a section; those of requests and :status never meet.
struct pseudo_fields {
  optional_text method;
  optional_text scheme;
  optional_text authority;
  optional_text path;
  optional_text protocol;
  optional_text status;
};

/// What the ordinary fields of a section say that the rules are about.
struct noted_fields {
  optional_text host;
  std::optional<std::uint64_t> content_length;
  bool content_type = false;
  bool capsule_protocol = false;  ///< Whatever it says.
  bool early_data = false;
  bool priority = false;
};

enum class section_place : std::uint8_t { request, response, trailers };

/// RFC 9114, section 4.2: what HTTP/1.1 says about its connection has no place here.
bool is_connection_specific(std::string_view name) noexcept {
  constexpr std::array<std::string_view, 5> names = {"connection", "keep-alive", "proxy-connection",
                                                     "transfer-encoding", "upgrade"};
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// Walks through one section and collects what the rules for requests and responses ask about.
class section_check {
public:
  explicit section_check(section_place place) noexcept : place_(place) {}

  validation<void> take(const field& line) {
    if (!line.name.empty() && line.name.front() == ':') return take_pseudo(line);
    in_pseudo_part_ = false;
    return take_ordinary(line);
  }

  const pseudo_fields& pseudo() const noexcept { return pseudo_; }
  const noted_fields& noted() const noexcept { return noted_; }

private:
  optional_text* slot_for(std::string_view name) noexcept {
    if (place_ == section_place::response) return name == ":status" ? &pseudo_.status : nullptr;
    if (place_ == section_place::trailers) return nullptr;
    if (name == ":method") return &pseudo_.method;
    if (name == ":scheme") return &pseudo_.scheme;
    if (name == ":authority") return &pseudo_.authority;
    if (name == ":path") return &pseudo_.path;
    if (name == ":protocol") return &pseudo_.protocol;
    return nullptr;
  }

  validation<void> take_pseudo(const field& line) {
    optional_text* slot = slot_for(line.name);
    if (slot == nullptr) return malformed("a pseudo-field that has no place here");
    if (!in_pseudo_part_) return malformed("a pseudo-field after ordinary fields");
    if (slot->has_value()) return malformed("a pseudo-field was given twice");
    *slot = line.value;
    return {};
  }

  validation<void> take_ordinary(const field& line) {
    if (!is_field_name(line.name)) return malformed("a field name with characters that must not be in it");
    if (!is_field_value(line.value)) return malformed("a field value with characters that must not be in it");
    if (is_connection_specific(line.name)) return malformed("a connection-specific field");
    if (line.name == "te") return take_te(line.value);
    if (line.name == "host") return take_host(line.value);
    if (line.name == "content-length") return take_content_length(line.value);
    noted_.content_type |= line.name == "content-type";
    noted_.capsule_protocol |= line.name == "capsule-protocol";
    noted_.early_data |= line.name == "early-data";
    noted_.priority |= line.name == "priority";
    return {};
  }

  validation<void> take_te(std::string_view value) const {
    if (place_ != section_place::request || value != "trailers") return malformed("te is anything but \"trailers\"");
    return {};
  }

  validation<void> take_host(std::string_view value) {
    if (noted_.host) return malformed("host was given twice");
    noted_.host = value;
    return {};
  }

  validation<void> take_content_length(std::string_view value) {
    if (place_ == section_place::trailers) return malformed("content-length among the trailers");
    const auto length = parse_content_length(value);
    if (!length) return malformed("content-length is not a number");
    if (noted_.content_length && noted_.content_length != length) return malformed("content-length was given twice");
    noted_.content_length = length;
    return {};
  }

  section_place place_;
  bool in_pseudo_part_ = true;
  pseudo_fields pseudo_;
  noted_fields noted_;
};

validation<section_check> check_lines(const field_list& fields, section_place place) {
  section_check check(place);
  for (const field& line : fields) {
    if (const auto taken = check.take(line); !taken) return malformed(taken.error());
  }
  return check;
}

bool is_http_scheme(std::string_view scheme) noexcept {
  constexpr auto same_letter = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; };
  const auto is = [&](std::string_view other) {
    return std::equal(scheme.begin(), scheme.end(), other.begin(), other.end(), same_letter);
  };
  return is("https") || is("http");
}

/// RFC 9114, section 4.4: :authority alone.
validation<void> check_connect(const pseudo_fields& pseudo, const optional_text& host) {
  if (pseudo.scheme || pseudo.path) return malformed("CONNECT with a :scheme or a :path");
  if (!pseudo.authority || !is_authority_with_port(*pseudo.authority)) {
    return malformed("CONNECT without an :authority of host and port");
  }
  if (host && *host != *pseudo.authority) return malformed(":authority and host differ");
  return {};
}

/// RFC 9114, section 4.3.1: who is asked.
validation<void> check_authority(const pseudo_fields& pseudo, const optional_text& host, bool mandatory) {
  if (pseudo.authority && !is_authority(*pseudo.authority)) return malformed("an invalid :authority");
  if (host && !is_authority(*host)) return malformed("an invalid host");
  if (pseudo.authority && host && *pseudo.authority != *host) return malformed(":authority and host differ");
  if (mandatory && !pseudo.authority && !host) return malformed("neither :authority nor host");
  return {};
}

/// RFC 9114, section 4.3.1: what is asked for.
validation<void> check_target(const pseudo_fields& pseudo, const optional_text& host) {
  if (!pseudo.scheme || !pseudo.path) return malformed("a request without :scheme or :path");
  if (!is_scheme(*pseudo.scheme)) return malformed("an invalid :scheme");
  const bool http = is_http_scheme(*pseudo.scheme);
  const bool asterisk = *pseudo.path == "*" && *pseudo.method == "OPTIONS";
  if (http && !asterisk && !is_path(*pseudo.path)) return malformed("an invalid :path");
  if (!http && !is_field_value(*pseudo.path)) return malformed("an invalid :path");
  return check_authority(pseudo, host, http);
}

validation<void> check_request_pseudo(const pseudo_fields& pseudo, const optional_text& host) {
  if (!pseudo.method) return malformed("a request without :method");
  if (!is_token(*pseudo.method)) return malformed("an invalid :method");
  const bool connect = *pseudo.method == "CONNECT";
  if (pseudo.protocol && !connect) return malformed(":protocol without CONNECT");
  if (pseudo.protocol && !is_token(*pseudo.protocol)) return malformed("an invalid :protocol");
  if (connect && !pseudo.protocol) return check_connect(pseudo, host);
  if (pseudo.protocol && !pseudo.authority) return malformed("an Extended CONNECT without :authority");
  return check_target(pseudo, host);
}

}  // namespace

validation<request_head> validate_request(const field_list& fields) {
  const auto check = check_lines(fields, section_place::request);
  if (!check) return malformed(check.error());
  const pseudo_fields& pseudo = check->pseudo();
  if (const auto checked = check_request_pseudo(pseudo, check->noted().host); !checked)
    return malformed(checked.error());
  request_head head;
  head.is_head = *pseudo.method == "HEAD";
  head.is_connect = *pseudo.method == "CONNECT";
  head.is_extended = pseudo.protocol.has_value();
  head.content_length = check->noted().content_length;
  // Whatever its value, and however often it stands there (RFC 8470, section 5.1).
  head.says_early_data = check->noted().early_data;
  if (check->noted().priority) head.priority = find_priority(fields);
  const bool unfit = head.content_length || check->noted().content_type;
  if (head.is_extended && unfit && check->noted().capsule_protocol && says_capsule_protocol(fields)) {
    return malformed("capsules and a content-length or content-type");  // RFC 9297, section 3.2.
  }
  return head;
}

validation<response_head> validate_response(const field_list& fields) {
  const auto check = check_lines(fields, section_place::response);
  if (!check) return malformed(check.error());
  const optional_text& status = check->pseudo().status;
  if (!status) return malformed("a response without :status");
  const auto number = parse_status(*status);
  if (!number) return malformed("an invalid :status");
  if (*number == 101) return malformed("101 does not exist in HTTP/3");  // RFC 9114, section 4.5.
  response_head head{*number, check->noted().content_length, false, check->noted().content_type};
  head.says_capsules = check->noted().capsule_protocol && says_capsule_protocol(fields);
  return head;
}

validation<void> validate_trailers(const field_list& fields) {
  const auto check = check_lines(fields, section_place::trailers);
  if (!check) return malformed(check.error());
  return {};
}

void join_repeated_fields(field_list& fields) {
  constexpr std::size_t none = SIZE_MAX;
  std::size_t cookie = none;
  std::size_t content_length = none;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    field& line = fields[i];
    if (line.name == "cookie") {
      if (cookie != none) {
        fields[cookie].value.append("; ").append(line.value);
        fields[cookie].never_indexed |= line.never_indexed;
        continue;
      }
      cookie = kept;
    } else if (line.name == "content-length") {
      if (content_length != none) continue;
      content_length = kept;
    }
    if (kept != i) fields[kept] = std::move(line);
    ++kept;
  }
  fields.resize(kept);
}

std::uint64_t section_size(const field_list& fields) noexcept {
  constexpr std::uint64_t overhead = 32;
  std::uint64_t size = 0;
  for (const field& line : fields) size += line.name.size() + line.value.size() + overhead;
  return size;
}

}  // namespace quasio::http3
