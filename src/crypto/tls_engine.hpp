#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <openssl/ssl.h>

#include "crypto/client_hello_guard.hpp"
#include "crypto/context_callbacks.hpp"
#include "crypto/early_data_state.hpp"
#include "crypto/encryption_level.hpp"
#include "crypto/hello_retry_watch.hpp"
#include "crypto/post_handshake_guard.hpp"
#include "crypto/tls_events.hpp"
#include "quasio/base/bytes.hpp"
#include "quasio/base/result.hpp"
#include "quasio/crypto/client_hello.hpp"
#include "quasio/crypto/tls_context.hpp"
#include "quasio/crypto/tls_error.hpp"

namespace quasio::crypto {

/// Tickets of one connection that are handed on; a server that sends more wastes its own bytes only.
inline constexpr unsigned max_session_tickets = 16;

/// CRYPTO bytes that are kept while a callback of an adopted context makes TLS wait.
inline constexpr std::size_t max_waiting_crypto_data = std::size_t{256} * 1024;

enum class tls_role : bool { client, server };

/// The inside of a tls_session: OpenSSL's callbacks point here, so it never moves.
class tls_engine final : public session_hooks {
public:
  tls_engine(tls_role role, tls_events& events) : events_(events), role_(role) {}
  tls_engine(const tls_engine&) = delete;
  tls_engine& operator=(const tls_engine&) = delete;
  ~tls_engine() override { free_ssl(); }

  // What a session is set up with, before the first step.
  result<void, tls_error> open(const tls_context& context);
  result<void, tls_error> offer(std::span<const std::string> alpn);
  result<void, tls_error> speak(std::span<const std::string> alpn);
  result<void, tls_error> ask_about_hello();
  result<void, tls_error> expect_server(std::string_view name);
  void resume(byte_view ticket);
  /// Last of all, and once: OpenSSL takes it back no more.
  bool settle_early_data(bool wanted);
  void set_ticket_context(byte_view context) { ticket_context_.assign(context.begin(), context.end()); }
  void set_transport_parameters(byte_view parameters);

  result<void, tls_error> receive(encryption_level level, byte_view bytes);
  result<void, tls_error> advance();
  bool awaits_answer() const noexcept { return hello_ == hello_stage::told; }
  result<void, tls_error> answer_hello(client_hello_answer answer);
  void release();

  tls_role role() const noexcept { return role_; }
  encryption_level read_level() const noexcept { return read_level_; }
  bool complete() const noexcept { return complete_; }
  std::string_view alpn() const noexcept { return agreed_.alpn; }
  bool resumed() const noexcept;
  early_data_state early_data() const noexcept { return early_data_; }
  std::string cipher_name() const;
  std::string group_name() const;
  std::string peer_certificate_summary() const;

  // OpenSSL's callbacks for QUIC. They return 1, or 0 to end the handshake.
  int on_send(byte_view bytes);
  int on_receive(const unsigned char** bytes, std::size_t* size);
  int on_release();
  int on_secret(std::uint32_t level, int direction_number, byte_view secret);
  int on_transport_parameters(byte_view parameters);
  int on_alert(std::uint8_t alert);
  bool on_early_data();

  byte_view select_protocol(byte_view offered) override;
  void on_new_session(SSL_SESSION* session) override;
  const SSL_CTX* first_context() override { return context_.native_handle(); }
  byte_view ticket_context() override { return ticket_context_; }
  bool judges_hello() const override { return hello_ != hello_stage::not_asked; }
  const client_hello_answer* judge_hello(const client_hello_view& hello) override;
  bool accepts_ticket(byte_view context) override { return events_.accepts_ticket(context); }

private:
  struct ssl_deleter {
    void operator()(SSL* ssl) const noexcept { SSL_free(ssl); }
  };

  enum class outcome { went_on, waits, failed };

  /// Of a server that asks what becomes of a ClientHello.
  enum class hello_stage : std::uint8_t { not_asked, to_come, told, answered };

  // What stays known when the SSL object is gone.
  struct agreements {
    std::string alpn;
    std::string cipher;
    std::string group;
    std::string peer_certificate;
    bool resumed = false;
  };

  result<void, tls_error> judge_hello(byte_view bytes);
  outcome step();
  bool negotiated();
  int refuse(std::uint8_t alert, std::string reason);
  result<void, tls_error> fail(std::uint8_t alert, std::string reason, bool violates_quic = false);
  result<void, tls_error> fail_as_openssl_did();
  void note_completion();
  void watch_for_retry(byte_view bytes);
  void note_early_data();
  void free_ssl();

  tls_events& events_;
  tls_context context_;
  std::unique_ptr<SSL, ssl_deleter> ssl_;
  std::optional<tls_error> error_;    // Set once; every later call gives it again.
  std::optional<tls_error> refusal_;  // Why a callback of ours ended the handshake: OpenSSL knows only that one did.
  std::optional<std::uint8_t> alert_;
  agreements agreed_;

  std::vector<std::string> spoken_;
  std::vector<std::uint8_t> offered_alpn_;
  std::vector<std::uint8_t> ticket_context_;
  std::string server_name_;
  std::vector<std::uint8_t> local_parameters_;  // OpenSSL keeps a pointer to them, no copy.
  std::optional<std::vector<std::uint8_t>> peer_parameters_;

  // OpenSSL reads from lent_ until it says that it is through with it, which may be during a later call; what comes
  // meanwhile waits, so that the lent bytes never move.
  std::vector<std::uint8_t> waiting_;
  std::vector<std::uint8_t> lent_;
  client_hello_guard guard_;
  hello_retry_watch retry_watch_;
  post_handshake_guard post_handshake_guard_;

  client_hello_answer hello_answer_;
  hello_stage hello_ = hello_stage::not_asked;

  unsigned tickets_ = 0;
  tls_role role_;
  encryption_level read_level_ = encryption_level::initial;
  encryption_level write_level_ = encryption_level::initial;
  early_data_state early_data_ = early_data_state::not_offered;
  bool can_read_application_ = false;
  bool complete_ = false;
};

}  // namespace quasio::crypto
