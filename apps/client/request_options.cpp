#include "client/request_options.hpp"

#include <sys/stat.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <utility>

#include "common/host_port.hpp"

namespace quasio::apps {

namespace {

unexpected<std::string> because(std::string sentence) { return unexpected<std::string>(std::move(sentence)); }

std::string_view trimmed_of_spaces(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

// RFC 9114, section 4.2: what belongs to one connection of HTTP/1.1 has no place in HTTP/3.
bool belongs_to_http_1(std::string_view name) {
  constexpr std::array<std::string_view, 5> names = {"connection", "keep-alive", "proxy-connection",
                                                     "transfer-encoding", "upgrade"};
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Why a header cannot be sent; empty when it can.
std::string objection_to(const std::string& name, std::string_view value) {
  if (!is_token(name)) return "'" + name + "' is no name of a header";
  if (name == "host") return "Host follows from the URL; --connect-to sends a request elsewhere";
  if (belongs_to_http_1(name)) return "HTTP/3 has no header " + name;
  if (name == "te" && value != "trailers") return "HTTP/3 has no TE but 'trailers'";
  const bool clean =
      std::all_of(value.begin(), value.end(), [](unsigned char c) { return c == '\t' || (c >= ' ' && c != 0x7f); });
  return clean ? std::string() : "the value of " + name + " holds a control character";
}

bool is_regular_file(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

result<std::string, std::string> read_whole(std::istream& in, const std::string& name) {
  std::string bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  if (in.bad()) return because("cannot read " + name);
  return bytes;
}

result<std::string, std::string> data_of(const std::string& option) {
  if (option.substr(0, 1) != "@") return option;
  const std::string path = option.substr(1);
  if (path == "-") return read_whole(std::cin, "standard input");
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file || !file.is_open()) return because("-d cannot read " + path + ": " + std::strerror(errno));
  return read_whole(file, path);
}

}  // namespace

bool is_token(std::string_view text) noexcept {
  constexpr std::string_view others = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           others.find(c) != std::string_view::npos;
  });
}

result<http3::field_list, std::string> make_headers(const std::vector<std::string>& options, bool has_body) {
  http3::field_list headers = {{"user-agent", std::string("quasio-client/") + program_version()}, {"accept", "*/*"}};
  if (has_body) headers.push_back({"content-type", "application/x-www-form-urlencoded"});
  const std::size_t ours = headers.size();
  http3::field_list theirs;
  for (const std::string& option : options) {
    const std::size_t colon = option.find(':');
    if (colon == std::string::npos) return because("'" + option + "' is not 'name: value'");
    const std::string name = lower(trimmed_of_spaces(option.substr(0, colon)));
    const std::string value(trimmed_of_spaces(std::string_view(option).substr(colon + 1)));
    if (std::string why = objection_to(name, value); !why.empty()) return because(std::move(why));
    for (std::size_t i = 0; i < ours; ++i) {
      if (headers[i].name == name) headers[i].name.clear();
    }
    if (!value.empty()) theirs.push_back({name, value});
  }
  std::erase_if(headers, [](const http3::field& field) { return field.name.empty(); });
  headers.insert(headers.end(), theirs.begin(), theirs.end());
  return headers;
}

result<request_body, std::string> make_body(const std::vector<std::string>& options) {
  request_body body;
  if (options.size() == 1 && options.front().substr(0, 1) == "@" && is_regular_file(options.front().substr(1))) {
    body.file = options.front().substr(1);
    if (!std::ifstream(body.file)) return because("-d cannot read " + body.file + ": " + std::strerror(errno));
    return body;
  }
  for (const std::string& option : options) {
    auto data = data_of(option);
    if (!data) return because(data.error());
    if (&option != &options.front()) body.bytes.push_back('&');
    body.bytes += *data;
  }
  return body;
}

result<request_body, std::string> make_upload(const std::string& option) {
  request_body body;
  body.standard_input = option == "-";
  if (body.standard_input) return body;
  body.file = option;
  if (!is_regular_file(option)) return because("-T wants a file, or '-' for standard input: " + option + " is none");
  if (!std::ifstream(option)) return because("-T cannot read " + option + ": " + std::strerror(errno));
  return body;
}

result<http3::connect_to, std::string> parse_connect_to(std::string_view text) {
  const auto parts = split_at_colons(text);
  const auto port = [](const std::string& digits) {
    return digits.empty() ? std::optional<std::uint16_t>(0) : parse_port(digits);
  };
  if (parts && parts->size() == 4) {
    const auto from_port = port((*parts)[1]);
    const auto to_port = port((*parts)[3]);
    if (from_port && to_port) return http3::connect_to{(*parts)[0], *from_port, (*parts)[2], *to_port};
  }
  return because("'" + std::string(text) + "' is not HOST:PORT:ADDR:PORT, such as example.org:443:127.0.0.1:4433");
}

result<std::string, std::string> name_from_url(const http3::url& url) {
  const std::string path = url.target.substr(0, url.target.find('?'));
  std::string name = path.substr(path.rfind('/') + 1);
  if (name.empty() || name == "." || name == "..") {
    return because(url.origin() + url.target + " ends with no name for a file; use -o FILE");
  }
  return name;
}

}  // namespace quasio::apps
