#pragma once

#include <cstdint>

#include "crypto/aead_algorithm.hpp"
#include "crypto/encryption_level.hpp"
#include "crypto/traffic_secret.hpp"
#include "quasio/base/bytes.hpp"
#include "quasio/crypto/client_hello.hpp"

namespace quasio::crypto {

/// Whether keys open what the peer sends or seal what goes to it.
enum class direction : std::uint8_t { read, write };

/// A ticket that a client got (RFC 8446, section 4.6.1).
struct received_ticket {
  byte_view bytes;  ///< In OpenSSL's serial form: to be given to tls_session::client_settings, once.
  /// 0: not for early data. QUIC knows but one other value (RFC 9001, section 4.6.1), which the receiver has to check.
  std::uint32_t max_early_data = 0;
};

/// Of a ticket for QUIC that is good for early data.
inline constexpr std::uint32_t unlimited_early_data = 0xffffffff;

/// A ClientHello that comes with early data, and to which TLS has no objection: the ticket is genuine, young enough and
/// of the same cipher suite and protocol, and the client knows its secret.
struct early_data_offer {
  byte_view ticket_context;  ///< What tls_session::set_ticket_context() was given when the ticket was issued.
  byte_view client_random;   ///< Of the ClientHello: another one, when it is no copy.
};

/// What a TLS session tells the handshake that runs it. All calls come from within tls_session::start(), receive() and
/// advance(); none may call these in turn. Views are valid during the call only.
class tls_events {
public:
  virtual ~tls_events() = default;

  /// The next bytes of the CRYPTO stream of this level, to be sent reliably and in order. Never `early_data`.
  virtual void on_crypto_data(encryption_level level, byte_view bytes) = 0;

  /// Keys for one direction of a level can be made. The order in which the two directions come is TLS's own and differs
  /// between the ends; early_data has one direction only. A secret of early_data may come twice, the same both times.
  virtual void on_secret(encryption_level level, direction direction, aead_algorithm aead,
                         const traffic_secret& secret) = 0;

  /// The peer's transport parameters, undecoded; exactly once, unless the handshake fails before. On a server, the time
  /// to choose one's own: it comes before the ServerHello is made. Not authenticated before the handshake completes.
  virtual void on_peer_transport_parameters(byte_view parameters) = 0;

  /// A client can resume a later connection with this. Comes only after the handshake.
  virtual void on_session_ticket(const received_ticket& /*ticket*/) {}

  /// Asks a server whether a ticket with this context may be used to resume at all.
  virtual bool accepts_ticket(byte_view /*context*/) { return true; }

  /// Asks a server that takes early data whether it takes this. Once a connection, at the most.
  virtual bool accepts_early_data(const early_data_offer& /*offer*/) { return false; }

  /// Tells a server with server_settings::ask_about_client_hello what the client wants. TLS then waits for
  /// tls_session::answer_client_hello(). Once a connection, also where the client has to send its ClientHello twice.
  virtual void on_client_hello(const client_hello_view& /*hello*/) {}
};

}  // namespace quasio::crypto
