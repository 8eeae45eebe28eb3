#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "crypto/early_data_state.hpp"
#include "crypto/encryption_level.hpp"
#include "crypto/tls_events.hpp"
#include "quasio/base/bytes.hpp"
#include "quasio/base/result.hpp"
#include "quasio/crypto/client_hello.hpp"
#include "quasio/crypto/tls_context.hpp"
#include "quasio/crypto/tls_error.hpp"

namespace quasio::crypto {

class tls_engine;

/// The TLS handshake of one connection (RFC 9001, section 4): CRYPTO bytes go in and come out, secrets and the peer's
/// transport parameters come out. After an error it is dead: every later call gives the same error again.
class tls_session {
public:
  struct client_settings {
    std::string_view server_name;       ///< Sent as SNI and verified; an IP address (as text) is only verified.
    std::span<const std::string> alpn;  ///< Offered, the most wanted first. At least one of 1 to 255 bytes.
    byte_view transport_parameters;     ///< Encoded; copied.
    byte_view session_ticket;  ///< Of an earlier on_session_ticket(), to resume with; a useless one is ignored.
    /// Offers early data if the ticket is good for it: see early_data().
    bool early_data = false;
  };

  struct server_settings {
    std::span<const std::string> alpn;  ///< Spoken, the most wanted first (the server's order counts). At least one.
    /// Issues tickets that are good for early data, and asks tls_events::accepts_early_data().
    bool early_data = false;
    /// Waits at the ClientHello for answer_client_hello(). Fails where the context is an adopted one that was not
    /// prepared for it.
    bool ask_about_client_hello = false;
  };

  /// Fails when the settings cannot be used: no protocol, or no name where the context wants the server's name
  /// verified. `events` must outlive the session.
  static result<tls_session, tls_error> client(const tls_context& context, const client_settings& settings,
                                               tls_events& events);

  static result<tls_session, tls_error> server(const tls_context& context, const server_settings& settings,
                                               tls_events& events);

  tls_session(tls_session&&) noexcept;
  tls_session& operator=(tls_session&&) noexcept;
  ~tls_session();

  /// Sets a server's own transport parameters (copied). Possible until the ServerHello is made, that is, during
  /// on_peer_transport_parameters() at the latest; a server that has none by then fails before it sends anything.
  void set_transport_parameters(byte_view parameters);

  /// What a server binds into the tickets of this connection (copied), up to some hundred bytes: it comes back when a
  /// client resumes. Possible until the handshake completes.
  void set_ticket_context(byte_view context);

  /// A client's first flight; on a server it does nothing.
  result<void, tls_error> start();

  /// Feeds the next bytes of a CRYPTO stream, in order and once, and steps on as far as they lead. Bytes at a level
  /// which TLS does not read now are unexpected_message (10): what comes early is to be kept until read_level() has
  /// moved there.
  result<void, tls_error> receive(encryption_level level, byte_view bytes);

  /// Steps on without new bytes: needed only where a callback of an adopted context had asked TLS to wait.
  result<void, tls_error> advance();

  /// Whether TLS waits for the following call.
  bool awaits_answer() const noexcept;

  /// Says what becomes of the ClientHello that tls_events::on_client_hello() told of, and steps on. Does nothing when
  /// no answer is awaited.
  result<void, tls_error> answer_client_hello(client_hello_answer answer);

  /// The level whose CRYPTO bytes receive() takes now.
  encryption_level read_level() const noexcept;

  /// TLS is through: the peer's Finished is verified, ALPN and transport parameters are agreed on (RFC 9001,
  /// section 4.1.1). Once true it stays so.
  bool handshake_complete() const noexcept;

  /// Frees what TLS still holds (10 to 25 kB a connection) once the handshake is confirmed. What was agreed on stays
  /// known. A client receives no tickets afterwards: bytes at the application level are ignored.
  void release();

  /// The protocol agreed on; empty before that.
  std::string_view alpn() const noexcept;

  /// Whether the session was resumed, so that no certificate was shown. Known when the handshake is complete.
  bool resumed() const noexcept;

  /// Of a client `offered` from start() on, if it is; decided when the handshake is complete at the latest. A server
  /// has decided when its first flight is made.
  early_data_state early_data() const noexcept;

  /// The cipher suite and the key exchange group, such as "TLS_AES_128_GCM_SHA256" and "X25519MLKEM768"; empty before
  /// they are agreed on.
  std::string cipher_name() const;
  std::string group_name() const;

  /// Whom the peer's certificate names and who issued it, and what came of verifying it, on one line; empty without
  /// one.
  std::string peer_certificate_summary() const;

private:
  explicit tls_session(std::unique_ptr<tls_engine> engine) noexcept;

  std::unique_ptr<tls_engine> engine_;
};

}  // namespace quasio::crypto
