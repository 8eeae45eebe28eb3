#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "quasio/base/bytes.hpp"
#include "quasio/wire/transport_parameters.hpp"
#include "quasio/wire/version.hpp"

namespace quasio::quic {

/// All that a client keeps of a connection so that a later one can resume it, and send early data (RFC 9001, section
/// 4.6; RFC 9000, section 7.4.1). It is a secret: who has it can pass for this client.
///
/// Use it for one connection only, and with the server that it came from: whoever sees it twice knows that both were of
/// one client (RFC 8446, appendix C.4).
struct saved_session {
  quic_version version = quic_version::v1;        ///< Good for this one only (RFC 9369, section 5).
  std::string alpn;                               ///< The protocol that was spoken, and that early data is for.
  bool allows_early_data = false;                 ///< Whether the server that gave the ticket takes early data.
  transport_parameters parameters;                ///< The server's, as far as they are remembered.
  std::vector<std::uint8_t> ticket;               ///< For TLS; names the server.
  std::vector<std::uint8_t> application_context;  ///< The application's own: what early data must be written by.

  friend bool operator==(const saved_session&, const saved_session&) = default;
};

/// Larger ones are not read.
inline constexpr std::size_t max_saved_session_size = std::size_t{64} * 1024;

/// A session as bytes, to be kept in a file or a store.
std::vector<std::uint8_t> encode(const saved_session& session);

/// Empty for what encode() did not make, or a later version of it did. No input does harm.
std::optional<saved_session> decode_saved_session(byte_view bytes);

}  // namespace quasio::quic
