#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <variant>

#include "quasio/base/bytes.hpp"
#include "quasio/crypto/tls_context.hpp"

namespace quasio::crypto {

/// What a client wants, before anything has been answered. Nothing of it is authenticated. Valid during the call only.
struct client_hello_view {
  std::string_view server_name;  ///< SNI (RFC 6066, section 3); empty when the client names nobody.
  byte_view alpn;                ///< The protocols offered: length-prefixed names, without the length of the list.
};

/// Goes on with the context that the session was made of, as server_options::choose_context would have it.
struct use_own_context {};

/// Goes on with the certificates, and the demands on clients, of another context.
struct use_context {
  tls_context context;  ///< A server's, such as tls_context::server() makes.
};

/// Ends the handshake with this TLS alert (RFC 8446, section 6.2): 112 (unrecognized_name), 49 (access_denied) or 80
/// (internal_error) say the most to people.
struct refuse_hello {
  std::uint8_t alert = 49;  ///< access_denied by default.
};

/// What becomes of a ClientHello.
using client_hello_answer = std::variant<use_own_context, use_context, refuse_hello>;

}  // namespace quasio::crypto
