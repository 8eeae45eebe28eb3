#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "client/arguments.hpp"
#include "quasio/base/result.hpp"
#include "quasio/driver/http3_client.hpp"
#include "quasio/http3/field.hpp"

namespace quasio::apps {

// What single options of quasio-client mean. The errors are sentences.

/// The headers of all requests: ours, changed and followed by those of -H ("name: value"; "name:" takes one of ours
/// away).
result<http3::field_list, std::string> make_headers(const std::vector<std::string>& options, bool has_body);

/// The body that -d options make: their bytes joined by "&"; "@FILE" the bytes of a file, "@-" those of standard input.
result<request_body, std::string> make_body(const std::vector<std::string>& options);

/// The body that -T makes: a file, or "-".
result<request_body, std::string> make_upload(const std::string& option);

/// "HOST:PORT:ADDR:PORT"; empty parts are any, or the same.
result<http3::connect_to, std::string> parse_connect_to(std::string_view text);

/// The last segment of a URL's path, as the name of a file in the current folder.
result<std::string, std::string> name_from_url(const http3::url& url);

/// Whether this can be a method (a token, RFC 9110, section 5.6.2).
bool is_token(std::string_view text) noexcept;

}  // namespace quasio::apps
