#pragma once

#include <string>
#include <type_traits>

#include "quasio/asio.hpp"
#include "quasio/http3/connection.hpp"
#include "quasio/http3/error.hpp"
#include "quasio/quic/close_reason.hpp"
#include "quasio/runtime/error.hpp"

namespace quasio::http3 {

/// The category of http3::error_code (RFC 9114, section 8.1), whoever raised the error.
const error_category& http3_category() noexcept;

/// The category of http3::operation_error.
const error_category& operation_category() noexcept;

quasio::error_code make_error_code(error_code value) noexcept;
quasio::error_code make_error_code(operation_error value) noexcept;

/// What keeps a client from sending a request, or a server from serving one.
enum class client_error {
  bad_url = 1,         ///< Not a URL, or one without a host.
  unsupported_scheme,  ///< Not https: HTTP/3 has no other (RFC 9114, section 3.1).
  connect_timeout,     ///< No address answered in time.
  request_timeout,     ///< The response did not begin in time.
  body_too_large,      ///< More bytes than the caller takes, or than the server allows.
  client_closed,
  headers_timeout,     ///< The server took too long to answer a request that had reached it, or was on its way.
  body_timeout,        ///< Of a body that was waited for, too little came for too long.
  write_timeout,       ///< The peer took nothing of what was written for too long.
  total_timeout,       ///< All together took too long.
  too_many_redirects,  ///< More than redirect_settings::max_redirects.
  redirect_loop,       ///< A redirect to where the request has been already.
  bad_redirect,        ///< A redirect to what is no https URL, or to another origin where that is not wanted.
};

/// The category of client_error.
const error_category& client_category() noexcept;

quasio::error_code make_error_code(client_error value) noexcept;

/// A request that failed. code() is for programs; what() is one sentence for people, with the peer's or TLS's own words
/// where there are any, e.g. "cannot connect to example.org:443: the certificate has expired".
class request_failed : public system_error {
public:
  /// `message` is a sentence without a full stop.
  request_failed(const quasio::error_code& code, std::string message);
  /// The sentence, and not system_error's composition.
  const char* what() const noexcept override { return message_.c_str(); }
  /// The same as what().
  const std::string& message() const noexcept { return message_; }

private:
  std::string message_;
};

}  // namespace quasio::http3

namespace quasio::driver {

/// Why capsules cannot be read on.
enum class capsule_error {
  too_large = 1,  ///< One that is longer than capsule_source_settings::max_value.
  truncated,      ///< The stream ended amid a capsule, which makes the message malformed (RFC 9297, section 3.3).
};

/// The category of capsule_error.
const error_category& capsule_category() noexcept;

error_code make_error_code(capsule_error value) noexcept;

/// As runtime::describe(), but the codes of applications are those of HTTP/3.
runtime::connection_end describe(runtime::connection_end end);

}  // namespace quasio::driver

template <>
struct boost::system::is_error_code_enum<quasio::driver::capsule_error> : std::true_type {};
template <>
struct boost::system::is_error_code_enum<quasio::http3::error_code> : std::true_type {};
template <>
struct boost::system::is_error_code_enum<quasio::http3::operation_error> : std::true_type {};
template <>
struct boost::system::is_error_code_enum<quasio::http3::client_error> : std::true_type {};
