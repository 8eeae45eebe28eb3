#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "quasio/driver/alt_svc.hpp"
#include "quasio/driver/percent_encoding.hpp"
#include "quasio/driver/query.hpp"
#include "quasio/driver/url.hpp"

namespace quasio::http3 {
namespace {

// RFC 9110, section 5.6.2.
bool is_token_character(char c) noexcept {
  const bool is_alphanumeric = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return is_alphanumeric || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

// Section 5.6.4: what a quoted-string may hold as it is, and behind a backslash.
bool is_quoted_character(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
}

// No more than that is read: a server that wrote it means to fill memory.
constexpr std::size_t max_services = 64;

class alt_svc_parser {
public:
  explicit alt_svc_parser(std::string_view text) : left_(text) {}

  result<alt_svc_value, std::string> parse() {
    alt_svc_value made;
    skip_space();
    if (left_ == "clear" || (left_.starts_with("clear") && is_space(left_.substr(5)))) {
      made.clear = true;
      return made;
    }
    // RFC 9110, section 5.6.1.2: empty elements are to be put up with, but not in place of all.
    for (bool is_first = true;; is_first = false) {
      skip_space();
      if (!is_first && !take(',')) break;
      skip_space();
      if (left_.empty() || left_.front() == ',') continue;
      auto service = parse_service();
      if (!service) return unexpected<std::string>(service.error());
      if (made.services.size() == max_services) return fail("too many alternatives");
      made.services.push_back(std::move(*service));
    }
    if (!left_.empty()) return fail("something follows an alternative");
    if (made.services.empty()) return fail("it names no alternative");
    return made;
  }

private:
  static unexpected<std::string> fail(const char* why) { return unexpected<std::string>(why); }

  static bool is_space(std::string_view text) noexcept {
    return std::all_of(text.begin(), text.end(), [](char c) { return c == ' ' || c == '\t'; });
  }

  void skip_space() noexcept {
    while (!left_.empty() && (left_.front() == ' ' || left_.front() == '\t')) left_.remove_prefix(1);
  }

  bool take(char wanted) noexcept {
    if (left_.empty() || left_.front() != wanted) return false;
    left_.remove_prefix(1);
    return true;
  }

  std::string_view take_token() noexcept {
    const auto end = std::find_if_not(left_.begin(), left_.end(), is_token_character);
    const std::string_view token = left_.substr(0, static_cast<std::size_t>(end - left_.begin()));
    left_.remove_prefix(token.size());
    return token;
  }

  std::optional<std::string> take_quoted() {
    if (!take('"')) return std::nullopt;
    std::string text;
    while (!left_.empty() && left_.front() != '"') {
      if (left_.front() == '\\') left_.remove_prefix(1);
      if (left_.empty() || !is_quoted_character(left_.front())) return std::nullopt;
      text.push_back(left_.front());
      left_.remove_prefix(1);
    }
    if (!take('"')) return std::nullopt;
    return text;
  }

  result<alternative_service, std::string> parse_service() {
    alternative_service made;
    const auto protocol = percent_decode(take_token());
    if (!protocol || protocol->empty()) return fail("an alternative has no protocol");
    made.protocol = *protocol;
    if (!take('=')) return fail("no = follows the protocol");
    const auto authority = take_quoted();
    if (!authority) return fail("the authority is not in quotation marks");
    if (!parse_authority(*authority, made)) return fail("the authority is no [host]:port");
    for (;;) {
      const std::string_view before = left_;
      skip_space();
      if (!take(';')) {
        left_ = before;
        return made;
      }
      skip_space();
      if (!parse_parameter(made)) return fail("a parameter is malformed");
    }
  }

  static bool parse_authority(const std::string& text, alternative_service& made) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string::npos || colon + 1 == text.size()) return false;
    const std::string host = text.substr(0, colon);
    // parse_url() knows what a host is.
    const auto parsed = parse_url("https://" + (host.empty() ? "origin" : host) + ":" + text.substr(colon + 1));
    if (!parsed || parsed->target != "/" || host.find_first_of("/?#") != std::string::npos) return false;
    if (!parse_number<std::uint16_t>(text.substr(colon + 1))) return false;
    if (!host.empty()) made.host = parsed->host;
    made.port = parsed->port;
    return true;
  }

  bool parse_parameter(alternative_service& made) {
    const std::string_view name = take_token();
    if (name.empty() || !take('=')) return false;
    std::string value;
    if (!left_.empty() && left_.front() == '"') {
      auto quoted = take_quoted();
      if (!quoted) return false;
      value = *std::move(quoted);
    } else {
      value = take_token();
      if (value.empty()) return false;
    }
    if (name == "ma") return parse_max_age(value, made);
    // RFC 7838, section 3.1: any other value is to be ignored.
    if (name == "persist" && value == "1") made.persist = true;
    return true;
  }

  // delta-seconds: what is too large to hold counts as very long (RFC 9111, section 1.2.2).
  static bool parse_max_age(const std::string& value, alternative_service& made) {
    const bool is_number =
        !value.empty() && std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (!is_number) return false;
    constexpr std::int64_t longest = std::numeric_limits<std::int32_t>::max();
    made.max_age = std::chrono::seconds(std::min(parse_number<std::int64_t>(value).value_or(longest), longest));
    return true;
  }

  std::string_view left_;
};

}  // namespace

result<alt_svc_value, std::string> parse_alt_svc(std::string_view text) { return alt_svc_parser(text).parse(); }

}  // namespace quasio::http3
