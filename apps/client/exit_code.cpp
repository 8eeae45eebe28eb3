#include "client/exit_code.hpp"

#include "quasio/driver/error.hpp"
#include "quasio/runtime/error.hpp"

namespace quasio::apps {

namespace {

// CRYPTO_ERROR 0x0100 + a TLS alert (RFC 9001, section 4.8).
constexpr int first_alert = 0x100;
constexpr int last_alert = 0x1ff;

// The alerts with which this side refuses a certificate: bad_certificate (42) to certificate_unknown (46), and
// unknown_ca (RFC 8446, section 6.2). The server cannot mean ours: we show none.
bool is_about_a_certificate(int alert) noexcept { return (alert >= 42 && alert <= 46) || alert == 48; }

client_exit exit_of_transport_error(int code, bool answered) noexcept {
  constexpr int connection_refused = 0x02;  // RFC 9000, section 20.1
  if (code >= first_alert && code <= last_alert) {
    return is_about_a_certificate(code - first_alert) ? client_exit::certificate : client_exit::handshake;
  }
  if (answered) return client_exit::transfer;
  return code == connection_refused ? client_exit::connect : client_exit::handshake;
}

client_exit exit_of_runtime_error(int value, bool answered) noexcept {
  switch (static_cast<runtime::error>(value)) {
    case runtime::error::handshake_timeout:
      return client_exit::timeout;
    case runtime::error::version_negotiation:
      return client_exit::handshake;
    default:
      return answered ? client_exit::transfer : client_exit::connect;
  }
}

client_exit exit_of_client_error(int value) noexcept {
  switch (static_cast<http3::client_error>(value)) {
    case http3::client_error::bad_url:
    case http3::client_error::unsupported_scheme:
      return client_exit::usage;
    case http3::client_error::connect_timeout:
    case http3::client_error::request_timeout:
    case http3::client_error::headers_timeout:
    case http3::client_error::body_timeout:
    case http3::client_error::total_timeout:
      return client_exit::timeout;
    default:
      return client_exit::transfer;
  }
}

bool is_about_a_name(const error_code& error) noexcept {
  return error.category() == asio::error::get_netdb_category() ||
         error.category() == asio::error::get_addrinfo_category();
}

}  // namespace

client_exit exit_of(const error_code& error, bool answered) noexcept {
  if (error.category() == runtime::transport_category()) return exit_of_transport_error(error.value(), answered);
  if (error.category() == runtime::runtime_category()) return exit_of_runtime_error(error.value(), answered);
  if (error.category() == http3::client_category()) return exit_of_client_error(error.value());
  if (is_about_a_name(error)) return client_exit::resolve;
  if (error.category() == system_category() && !answered) return client_exit::connect;
  return client_exit::transfer;
}

const char* advice_for(client_exit code) noexcept {
  switch (code) {
    case client_exit::resolve:
      return "; check the host's name, or name an address with --connect-to";
    case client_exit::connect:
      return "; check the port, and that the server listens there by UDP";
    case client_exit::timeout:
      return "; the server may be down, or a firewall may block UDP";
    case client_exit::handshake:
      return "; check that the server speaks HTTP/3 there";
    case client_exit::certificate:
      return "; use --cacert FILE to trust who issued it, or --insecure for tests";
    default:
      return "";
  }
}

}  // namespace quasio::apps
