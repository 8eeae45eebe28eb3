#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string_view>

#include "quasio/base/result.hpp"
#include "quasio/crypto/pem.hpp"
#include "quasio/crypto/ticket_keys.hpp"
#include "quasio/crypto/tls_error.hpp"

struct ssl_ctx_st;

namespace quasio::crypto {

struct client_options;
struct server_options;

/// Who judges the ClientHellos of an adopted context: see tls_context::adopt().
enum class hello_callback : bool { keep_the_programs, replace };

/// The TLS settings that many connections share: certificates, roots, what is verified. A copyable handle to an SSL_CTX
/// that is counted by reference; it does not change once it is made. Copies may be used by several threads at once.
///
/// Every context that these functions make speaks TLS 1.3 only, as QUIC demands (RFC 9001, section 4.2), keeps
/// OpenSSL's default groups (the post-quantum X25519MLKEM768 first) and the system's cipher policy.
class tls_context {
public:
  /// No context: nothing but a place to assign one to. Sessions cannot be made of it.
  tls_context() = default;

  /// For connections to servers. By default the server's certificate must lead to one of the system's roots and bear
  /// the name that was asked for. Fails when a file cannot be read or holds no usable certificate or key; the reason
  /// names the file.
  static result<tls_context, tls_error> client(const client_options& options);

  /// For accepting clients. Fails when the certificate or the key cannot be read, or do not belong together; the reason
  /// names the file.
  static result<tls_context, tls_error> server(const server_options& options);

  /// Takes an SSL_CTX that the program has configured already (of a boost::asio::ssl::context: native_handle()), for
  /// clients and servers alike. It is shared, not copied: its reference count goes up, and it must not be changed
  /// afterwards.
  ///
  /// It is refused when it cannot speak QUIC: when it is for DTLS, or its maximum version lies below TLS 1.3, or
  /// TLS 1.3 is switched off, or none of its cipher suites is an AEAD that QUIC has (AES-GCM, ChaCha20-Poly1305).
  ///
  /// What is set on it: the callback that selects an ALPN protocol (the protocols come with each session; TLS
  /// connections of other origin get none selected), the callbacks that bind a session's circumstances into its tickets
  /// (SSL_CTX_set_session_ticket_cb; for TLS connections of other origin they do what OpenSSL does without them), and,
  /// where the program set none, the callback that receives session tickets. All else that QUIC demands (TLS 1.3 as the
  /// minimum, no middlebox compatibility mode, no kernel TLS) is set on each session, so that the context remains what
  /// it was. Its verify mode is kept: boost::asio's default verifies nothing.
  ///
  /// With hello_callback::replace the callback of SSL_CTX_set_client_hello_cb is set too, without which a server cannot
  /// ask about ClientHellos (quic::acceptor_options::ask_about_client_hello); one that the program set is lost, since
  /// OpenSSL does not tell of it.
  static result<tls_context, tls_error> adopt(ssl_ctx_st* context,
                                              hello_callback hellos = hello_callback::keep_the_programs);

  tls_context(const tls_context& other) noexcept;
  tls_context(tls_context&& other) noexcept;
  tls_context& operator=(tls_context other) noexcept;
  ~tls_context();

  /// Whether there is a context.
  explicit operator bool() const noexcept { return context_ != nullptr; }

  /// The OpenSSL object, owned by this handle; null for no context.
  ssl_ctx_st* native_handle() const noexcept { return context_; }

  /// Whether a server can ask about ClientHellos: not with an adopted context that kept the program's callback.
  bool can_ask_about_client_hello() const;

  /// The keys of a server's tickets, to be rotated; null for a client's context and an adopted one.
  std::shared_ptr<ticket_key_set> ticket_keys() const;

  friend bool operator==(const tls_context&, const tls_context&) = default;

private:
  explicit tls_context(ssl_ctx_st* owned) noexcept : context_(owned) {}

  ssl_ctx_st* context_ = nullptr;
};

/// Receives the lines of an NSS key log ("CLIENT_TRAFFIC_SECRET_0 ...", without a line end), with which Wireshark
/// decrypts captures. It hands out all secrets: for debugging only. Called by the threads that run connections, several
/// at a time.
using key_log_function = std::function<void(std::string_view line)>;

/// What a client trusts, and shows of itself.
struct client_options {
  bool trust_system_roots = true;  ///< Whether the certificates of the system's store count as roots.
  pem additional_roots;            ///< Certificates to trust besides the system's, or instead of them.

  /// Accepts any server, whoever it is: an attacker on the path reads and changes everything. For tests only.
  bool dangerously_accept_any_certificate = false;

  pem certificate_chain;     ///< Shown when the server asks for one: the leaf first. With private_key.
  pem private_key;           ///< For certificate_chain.
  key_log_function key_log;  ///< Empty: no secrets leave the process.
};

/// What a server shows, and wants to see of its clients.
struct server_options {
  pem certificate_chain;  ///< The leaf first, then the intermediates. Required, as is private_key.
  pem private_key;        ///< For certificate_chain. Required.

  /// When not empty, clients must show a certificate that leads to one of these.
  pem client_roots;

  /// Chooses another context by the name that the client asks for (SNI; empty when it names none), for servers of many
  /// names. An empty context keeps this one. Only the certificates of the chosen one count. Called by the threads that
  /// run connections, several at a time; it must not block.
  std::function<tls_context(std::string_view server_name)> choose_context;

  /// Tickets for resumption that each client gets, 0 to 16; one that resumed gets one.
  unsigned session_tickets = 2;

  /// How long a ticket is good for: 1 second to 7 days (RFC 8446, section 4.6.1). Early data can be read for so long
  /// afterwards by whoever steals the ticket keys.
  std::chrono::seconds session_lifetime = std::chrono::hours{12};

  /// Seals the tickets. Null: keys of this context's own, new ones every `session_lifetime`, so that tickets are good
  /// in this process only. Where choose_context leads to another context, these keys are still the ones that count.
  std::shared_ptr<ticket_key_set> ticket_keys;

  key_log_function key_log;  ///< Empty: no secrets leave the process.
};

}  // namespace quasio::crypto
