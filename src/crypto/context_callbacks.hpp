#pragma once

#include <functional>
#include <string_view>

#include "quasio/base/bytes.hpp"
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
};

/// Binds a session to an SSL object made of a context that quasio prepared.
bool attach_hooks(ssl_st* ssl, session_hooks* hooks);

/// Whether the program wanted tickets for itself is asked only of adopted contexts.
enum class ticket_callback : bool { keep_the_programs, install };

/// Makes a context fit for sessions: their protocol selection and their tickets go to their hooks.
void install_session_callbacks(ssl_ctx_st* context, ticket_callback tickets);

// These functions live as long as the SSL_CTX. False only when memory runs out.
bool install_key_log(ssl_ctx_st* context, key_log_function log);
bool install_context_choice(ssl_ctx_st* context, std::function<tls_context(std::string_view)> choose);

}  // namespace quasio::crypto
