#include "quasio/driver/error.hpp"

// Boost's categories are never deleted by their base.
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"

namespace quasio::http3 {
namespace {

class http3_errors final : public error_category {
public:
  const char* name() const noexcept override { return "quasio.http3"; }
  std::string message(int value) const override { return to_string(static_cast<error_code>(value)); }
};

class operation_errors final : public error_category {
public:
  const char* name() const noexcept override { return "quasio.http3.operation"; }
  std::string message(int value) const override {
    return std::string(to_string(static_cast<operation_error>(value - 1)));
  }
};

class client_errors final : public error_category {
public:
  const char* name() const noexcept override { return "quasio.http3.client"; }
  std::string message(int value) const override {
    switch (static_cast<client_error>(value)) {
      case client_error::bad_url:
        return "not a URL that can be fetched";
      case client_error::unsupported_scheme:
        return "HTTP/3 needs an https URL";
      case client_error::connect_timeout:
        return "no address answered in time";
      case client_error::request_timeout:
        return "the response did not begin in time";
      case client_error::body_too_large:
        return "the body is larger than allowed";
      case client_error::client_closed:
        return "the client is closed";
      case client_error::headers_timeout:
        return "the server did not begin to answer in time";
      case client_error::body_timeout:
        return "the body did not go on in time";
      case client_error::write_timeout:
        return "the peer did not take what was sent in time";
      case client_error::total_timeout:
        return "the whole took too long";
      case client_error::too_many_redirects:
        return "too many redirects";
      case client_error::redirect_loop:
        return "the redirects go in a circle";
      case client_error::bad_redirect:
        return "the redirect leads to where it must not be followed";
    }
    return "unknown error";
  }
};

}  // namespace

const error_category& http3_category() noexcept {
  static const http3_errors category;
  return category;
}

const error_category& operation_category() noexcept {
  static const operation_errors category;
  return category;
}

const error_category& client_category() noexcept {
  static const client_errors category;
  return category;
}

quasio::error_code make_error_code(error_code value) noexcept {
  return runtime::make_wire_error(static_cast<std::uint64_t>(value), http3_category());
}

quasio::error_code make_error_code(operation_error value) noexcept {
  return {static_cast<int>(value) + 1, operation_category()};
}

quasio::error_code make_error_code(client_error value) noexcept { return {static_cast<int>(value), client_category()}; }

request_failed::request_failed(const quasio::error_code& code, std::string message)
    : system_error(code), message_(std::move(message)) {}

}  // namespace quasio::http3

namespace quasio::driver {
namespace {

std::string sentence(const char* beginning, const quic::close_reason& reason) {
  std::string text = beginning + to_string(static_cast<http3::error_code>(reason.code));
  if (!reason.reason.empty()) text += ": " + reason.reason;
  return text;
}

class capsule_errors final : public error_category {
public:
  const char* name() const noexcept override { return "quasio.http3.capsule"; }
  std::string message(int value) const override {
    switch (static_cast<capsule_error>(value)) {
      case capsule_error::too_large:
        return "the capsule is larger than allowed";
      case capsule_error::truncated:
        return "the stream ended amid a capsule";
    }
    return "unknown error";
  }
};

// TLS alert 120, no_application_protocol (RFC 7301, section 3.2), as a code of the transport (RFC 9001, section 4.8).
constexpr std::uint64_t no_application_protocol = 0x0100 + 120;

}  // namespace

const error_category& capsule_category() noexcept {
  static const capsule_errors category;
  return category;
}

error_code make_error_code(capsule_error value) noexcept { return {static_cast<int>(value), capsule_category()}; }

runtime::connection_end describe(runtime::connection_end end) {
  if (!end.reason) return end;
  const quic::close_reason& reason = *end.reason;
  const bool is_peaceful = reason.code == static_cast<std::uint64_t>(http3::error_code::no_error);
  const auto code = make_error_code(static_cast<http3::error_code>(reason.code));
  switch (reason.cause) {
    case quic::close_cause::peer_application:
      return {code, sentence("the peer closed the connection: ", reason), reason};
    case quic::close_cause::local_application:
      if (is_peaceful) return end;
      return {code, sentence("the connection was closed here: ", reason), reason};
    case quic::close_cause::peer_transport:
    case quic::close_cause::local_transport:
      if (reason.code == no_application_protocol) end.message = "the peer does not speak HTTP/3 (" + end.message + ")";
      return end;
    default:
      return end;
  }
}

}  // namespace quasio::driver
