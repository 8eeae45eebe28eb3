#include "quasio/driver/url.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

#include "quasio/driver/error.hpp"

namespace quasio::http3 {
namespace {

constexpr std::uint16_t default_port = 443;

bool is_alpha(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_hex(char c) noexcept { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

// RFC 3986, section 2: unreserved, sub-delims.
bool is_name_character(char c) noexcept {
  return is_alpha(c) || is_digit(c) || std::string_view("-._~!$&'()*+,;=").find(c) != std::string_view::npos;
}

// Beside what names may have: section 3.3 and 3.4. Browsers and curl send more characters as they are; so do we, but
// for those that would end or break a header field.
bool is_target_character(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return byte > 0x20 && byte < 0x7f;
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

bool is_scheme(std::string_view text) noexcept {
  return !text.empty() && is_alpha(text.front()) && std::all_of(text.begin(), text.end(), [](char c) {
    return is_alpha(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
  });
}

bool is_host_name(std::string_view host) noexcept { return std::all_of(host.begin(), host.end(), is_name_character); }

bool is_v6_address(std::string_view host) {
  if (!std::all_of(host.begin(), host.end(), [](char c) { return is_hex(c) || c == ':' || c == '.'; })) return false;
  quasio::error_code error;
  asio::ip::make_address_v6(host, error);
  return !error;
}

std::optional<std::uint16_t> parse_port(std::string_view text) noexcept {
  if (text.empty()) return default_port;
  unsigned port = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (failure != std::errc() || end != text.data() + text.size() || port == 0 || port > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(port);
}

class url_parser {
public:
  url_parser(std::string_view text, std::string* explanation) : text_(text), explanation_(explanation) {}

  result<url, quasio::error_code> parse() {
    const std::size_t colon = text_.find(':');
    if (colon == std::string_view::npos || !is_scheme(text_.substr(0, colon))) {
      return fail(client_error::bad_url, "it must begin with https://");
    }
    url made;
    made.scheme = lower(text_.substr(0, colon));
    if (made.scheme != "https") {
      return fail(client_error::unsupported_scheme, "HTTP/3 has no scheme but https, and this is " + made.scheme);
    }
    std::string_view rest = text_.substr(colon + 1);
    if (rest.substr(0, 2) != "//") return fail(client_error::bad_url, "it has no host");
    rest.remove_prefix(2);
    const std::size_t end_of_authority = std::min(rest.find_first_of("/?#"), rest.size());
    if (const char* wrong = take_authority(rest.substr(0, end_of_authority), made)) {
      return fail(client_error::bad_url, wrong);
    }
    if (!take_target(rest.substr(end_of_authority), made)) {
      return fail(client_error::bad_url, "spaces and characters beyond ASCII must be percent-encoded");
    }
    return made;
  }

private:
  unexpected<quasio::error_code> fail(client_error code, std::string_view why) const {
    if (explanation_ != nullptr) *explanation_ = "'" + std::string(text_) + "' cannot be fetched: " + std::string(why);
    return unexpected<quasio::error_code>(make_error_code(code));
  }

  // Returns what is wrong, or null.
  static const char* take_authority(std::string_view authority, url& made) {
    if (authority.find('@') != std::string_view::npos)
      return "it holds a user name or password, which must not be sent";
    std::string_view port;
    if (!authority.empty() && authority.front() == '[') {
      const std::size_t end = authority.find(']');
      if (end == std::string_view::npos) return "the address has no closing bracket";
      made.host = lower(authority.substr(1, end - 1));
      if (!is_v6_address(made.host)) return "the brackets do not hold an IPv6 address";
      port = authority.substr(end + 1);
      if (!port.empty() && port.front() != ':') return "something other than a port follows the address";
    } else {
      const std::size_t colon = std::min(authority.find(':'), authority.size());
      made.host = lower(authority.substr(0, colon));
      if (made.host.empty()) return "it has no host";
      if (!is_host_name(made.host)) return "the host's name has a character that it must not have";
      port = authority.substr(colon);
    }
    const auto number = parse_port(port.empty() ? port : port.substr(1));
    if (!number) return "the port is no number from 1 to 65535";
    made.port = *number;
    return nullptr;
  }

  static bool take_target(std::string_view rest, url& made) {
    const std::string_view target = rest.substr(0, rest.find('#'));
    if (!std::all_of(target.begin(), target.end(), is_target_character)) return false;
    made.target = target.empty() || target.front() != '/' ? "/" : "";
    made.target += target;
    return true;
  }

  std::string_view text_;
  std::string* explanation_;
};

// RFC 3986, section 5.2.4. `path` begins with a slash, and so does the result.
std::string without_dot_segments(std::string_view path) {
  std::vector<std::string_view> kept;
  bool ends_in_folder = false;
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::string_view segment = path.substr(0, path.find('/'));
    path.remove_prefix(segment.size());
    const bool is_up = segment == "..";
    ends_in_folder = is_up || segment == ".";
    if (is_up && !kept.empty()) kept.pop_back();
    if (!ends_in_folder) kept.push_back(segment);
  }
  std::string made;
  for (const std::string_view each : kept) made.append("/").append(each);
  if (ends_in_folder || made.empty()) made += "/";
  return made;
}

bool has_scheme(std::string_view reference) noexcept {
  const std::size_t colon = reference.find(':');
  return colon < reference.find_first_of("/?#") && is_scheme(reference.substr(0, colon));
}

// Section 5.2.2, for references without a scheme and an authority.
std::string resolve_target(std::string_view base, std::string_view reference) {
  const std::string_view base_path = base.substr(0, base.find('?'));
  if (reference.empty()) return std::string(base);
  if (reference.front() == '?') return std::string(base_path).append(reference);
  const std::size_t mark = std::min(reference.find('?'), reference.size());
  const std::string_view path = reference.substr(0, mark);
  const std::string merged =
      path.front() == '/' ? std::string(path) : std::string(base_path.substr(0, base_path.rfind('/') + 1)).append(path);
  return without_dot_segments(merged).append(reference.substr(mark));
}

}  // namespace

std::string url::authority() const {
  const bool is_v6 = host.find(':') != std::string::npos;
  std::string text = is_v6 ? "[" + host + "]" : host;
  if (port != default_port) text += ":" + std::to_string(port);
  return text;
}

std::string url::origin() const { return scheme + "://" + authority(); }

result<url, quasio::error_code> parse_url(std::string_view text, std::string* explanation) {
  return url_parser(text, explanation).parse();
}

result<url, quasio::error_code> resolve_url(const url& base, std::string_view reference, std::string* explanation) {
  reference = reference.substr(0, reference.find('#'));
  if (!has_scheme(reference) && !reference.starts_with("//"))
    return parse_url(base.origin() + resolve_target(base.target, reference), explanation);
  const std::string text = has_scheme(reference) ? std::string(reference) : base.scheme + ":" + std::string(reference);
  auto made = parse_url(text, explanation);
  if (!made) return made;
  const std::size_t mark = std::min(made->target.find('?'), made->target.size());
  made->target = without_dot_segments(made->target.substr(0, mark)) + made->target.substr(mark);
  return made;
}

}  // namespace quasio::http3
