#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include <openssl/ssl.h>

#include "quasio/base/bytes.hpp"

namespace quasio::crypto {

struct session_deleter {
  void operator()(SSL_SESSION* session) const noexcept { SSL_SESSION_free(session); }
};
using session_pointer = std::unique_ptr<SSL_SESSION, session_deleter>;

/// A session as bytes, together with the name of the server that it was made with: a resumed session shows no
/// certificate, so it must never be used with another server. Serialised, because a session object is spent by its
/// first resumption. Empty where OpenSSL cannot serialise it.
std::vector<std::uint8_t> encode_ticket(SSL_SESSION* session, std::string_view server_name);

/// Null when the bytes are no ticket, or one of another server.
session_pointer decode_ticket(byte_view ticket, std::string_view server_name);

}  // namespace quasio::crypto
