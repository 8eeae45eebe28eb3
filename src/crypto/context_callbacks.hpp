#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "quasio/base/bytes.hpp"
#include "quasio/crypto/client_hello.hpp"
#include "quasio/crypto/ticket_keys.hpp"
#include "quasio/crypto/tls_context.hpp"

struct ssl_st;
struct ssl_ctx_st;
struct ssl_session_st;

namespace quasio::crypto {

/// What the callbacks of a context ask the session at hand: OpenSSL has these for whole contexts only.
class session_hooks {
public:
  virtual ~session_hooks() = default;

  /// Chooses among the protocols that the client offers (a ProtocolNameList without its length, RFC 7301, section 3.1):
  /// a part of `offered`, or nothing when none is spoken here.
  virtual byte_view select_protocol(byte_view offered) = 0;

  virtual void on_new_session(ssl_session_st* session) = 0;

  /// The context that the session was made of; the SSL object may have moved to another by the name that the client
  /// asked for.
  virtual const ssl_ctx_st* first_context() = 0;

  /// What a server binds into the tickets of this session.
  virtual byte_view ticket_context() = 0;

  /// Whether judge_hello() is to be asked at all.
  virtual bool judges_hello() const = 0;

  /// What becomes of a ClientHello; nothing while that is being found out.
  virtual const client_hello_answer* judge_hello(const client_hello_view& hello) = 0;

  /// Whether a server resumes a session with a ticket that was issued with this context.
  virtual bool accepts_ticket(byte_view context) = 0;
};

/// Binds a session to an SSL object made of a context that quasio prepared.
bool attach_hooks(ssl_st* ssl, session_hooks* hooks);

/// The keys that the tickets of a context are sealed with; null where OpenSSL has its own.
std::shared_ptr<ticket_key_set> ticket_keys_of(const ssl_ctx_st* context);

/// Whether the program wanted tickets for itself is asked only of adopted contexts.
enum class ticket_callback : bool { keep_the_programs, install };

/// Makes a context fit for sessions: their protocol selection and their tickets go to their hooks.
void install_session_callbacks(ssl_ctx_st* context, ticket_callback tickets);

// These functions live as long as the SSL_CTX. False only when memory runs out.
bool install_key_log(ssl_ctx_st* context, key_log_function log);
bool install_ticket_keys(ssl_ctx_st* context, std::shared_ptr<ticket_key_set> keys);
bool install_context_choice(ssl_ctx_st* context, std::function<tls_context(std::string_view)> choose);

/// Has ClientHellos judged by the sessions' hooks and by install_context_choice(). The program's own callback for them
/// is lost.
bool install_hello_callback(ssl_ctx_st* context);

/// Whether that was done.
bool has_hello_callback(const ssl_ctx_st* context);

}  // namespace quasio::crypto
