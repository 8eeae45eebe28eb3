#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "quasio/asio.hpp"
#include "quasio/base/endpoint.hpp"
#include "quasio/crypto/client_hello.hpp"
#include "quasio/runtime/connection_audit.hpp"

namespace quasio::runtime {

class waiting_hello;

/// What a client wants of a server, before the server has answered. Nothing of it is authenticated.
struct client_hello {
  network_path path;              ///< Of its first packet.
  std::string server_name;        ///< SNI; empty when the client names nobody.
  std::vector<std::string> alpn;  ///< Protocols offered, in the client's order.
};

/// The answer that a server owes to a ClientHello: exactly one of the functions is called, once, at once or later, from
/// any thread; further calls do nothing. Dropping it unanswered refuses the client with internal_error (80). What comes
/// after the connection's end, or after connection_hooks::hello_timeout, is lost in peace.
///
/// It must not outlive the io_context.
class client_hello_reply {
public:
  client_hello_reply() noexcept;
  explicit client_hello_reply(std::shared_ptr<waiting_hello> waiting) noexcept;
  client_hello_reply(client_hello_reply&&) noexcept;
  client_hello_reply& operator=(client_hello_reply&&) noexcept;
  ~client_hello_reply();

  /// Goes on with the listener's own context (and what its choose_context says).
  void accept();

  /// Goes on with the certificates and the demands of another context.
  void use(crypto::tls_context context);

  /// Ends the handshake with a TLS alert: 49 access_denied, 112 unrecognized_name, 120 no_application_protocol.
  void refuse(std::uint8_t alert = 49);

  /// Where the connection runs.
  asio::any_io_executor get_executor() const;

private:
  void answer(crypto::client_hello_answer how) noexcept;

  std::shared_ptr<waiting_hello> waiting_;
};

/// What a program may decide about, or hear of, each connection of a listener. See also acceptor_options::admit, which
/// decides by the client's address before anything is kept about it.
struct connection_hooks {
  /// Called on the executor with each ClientHello: chooses a certificate, or refuses, by name, protocol and address.
  /// The answer may be given at once, or when a database, a key server or a person has been asked; the handshake waits,
  /// and nothing else does. It must not throw. Empty: all are accepted.
  std::function<void(client_hello, client_hello_reply)> on_client_hello;

  /// Handshakes of one listener that may wait for such an answer: each holds a connection's memory, some 30 kB. More
  /// are refused with internal_error (80) at once.
  std::size_t max_waiting_hellos = 1024;

  /// How long one may wait before it is refused with internal_error: less than settings::handshake_timeout, which ends
  /// the connection without a word.
  std::chrono::milliseconds hello_timeout{5000};

  /// Told of each connection that has ended, also of those whose handshake failed.
  audit_handler on_end;
};

}  // namespace quasio::runtime
