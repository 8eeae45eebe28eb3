#include "quasio/crypto/tls_context.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <utility>

#include <openssl/err.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>

#include "crypto/cipher_suites.hpp"
#include "crypto/context_callbacks.hpp"
#include "crypto/openssl_error.hpp"
#include "crypto/pem_loading.hpp"
#include "quasio/crypto/system_random.hpp"

namespace quasio::crypto {

namespace {

// RFC 8446, section 4.6.1.
constexpr std::chrono::seconds max_lifetime = std::chrono::hours{7 * 24};

struct context_deleter {
  void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
};
using owned_context = std::unique_ptr<SSL_CTX, context_deleter>;

unexpected<tls_error> failure(std::string reason) {
  return unexpected<tls_error>(tls_error{.reason = std::move(reason)});
}

owned_context make_context(const SSL_METHOD* method) {
  ERR_clear_error();
  owned_context context(SSL_CTX_new(method));
  if (!context || SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION) != 1) return nullptr;
  install_session_callbacks(context.get(), ticket_callback::install);
  return context;
}

bool set_session_scope(SSL_CTX* context, const server_options& options) {
  // A ticket is good only where the same is demanded of clients as where it was issued.
  std::array<unsigned char, SHA256_DIGEST_LENGTH> scope{};
  const std::string demands =
      std::string(options.client_roots.is_file() ? "file:" : "text:") + options.client_roots.value();
  SHA256(reinterpret_cast<const unsigned char*>(demands.data()), demands.size(), scope.data());
  return SSL_CTX_set_session_id_context(context, scope.data(), static_cast<unsigned>(scope.size())) == 1;
}

// Empty when the context can speak QUIC, else what stands against it.
std::string objection_to(SSL_CTX* context) {
  const std::unique_ptr<SSL, decltype(&SSL_free)> trial(SSL_new(context), SSL_free);
  if (!trial) return "it makes no sessions: " + take_openssl_reason();
  if (SSL_is_tls(trial.get()) != 1) return "it is not for TLS (DTLS, or OpenSSL's own QUIC)";
  const int highest = SSL_CTX_get_max_proto_version(context);
  if (highest != 0 && highest < TLS1_3_VERSION) return "its maximum version lies below TLS 1.3";
  if ((SSL_CTX_get_options(context) & SSL_OP_NO_TLSv1_3) != 0) return "it switches TLS 1.3 off";
  if (SSL_set_min_proto_version(trial.get(), TLS1_3_VERSION) != 1)
    return "its method is bound to a version below TLS 1.3";
  if (usable_cipher_suites(context).empty()) return "none of its cipher suites can protect QUIC packets";
  return {};
}

}  // namespace

result<tls_context, tls_error> tls_context::client(const client_options& options) {
  owned_context context = make_context(TLS_client_method());
  if (!context) return failure("cannot make a TLS context: " + take_openssl_reason());
  if (options.trust_system_roots && SSL_CTX_set_default_verify_paths(context.get()) != 1) {
    return failure("cannot use the system's roots: " + take_openssl_reason());
  }
  if (!options.additional_roots.empty()) {
    if (auto added = add_roots(context.get(), options.additional_roots); !added)
      return unexpected<tls_error>(added.error());
  }
  if (!options.certificate_chain.empty() || !options.private_key.empty()) {
    auto used = use_identity(context.get(), options.certificate_chain, options.private_key);
    if (!used) return unexpected<tls_error>(used.error());
  }
  SSL_CTX_set_verify(context.get(), options.dangerously_accept_any_certificate ? SSL_VERIFY_NONE : SSL_VERIFY_PEER,
                     nullptr);
  // Tickets are handed out through the session's events; OpenSSL need not hoard them.
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  if (options.key_log && !install_key_log(context.get(), options.key_log)) return failure("out of memory");
  ERR_clear_error();
  return tls_context(context.release());
}

result<tls_context, tls_error> tls_context::server(const server_options& options) {
  owned_context context = make_context(TLS_server_method());
  if (!context) return failure("cannot make a TLS context: " + take_openssl_reason());
  if (auto used = use_identity(context.get(), options.certificate_chain, options.private_key); !used) {
    return unexpected<tls_error>(used.error());
  }
  if (!options.client_roots.empty()) {
    auto required = require_client_certificates(context.get(), options.client_roots);
    if (!required) return unexpected<tls_error>(required.error());
  }
  if (!set_session_scope(context.get(), options)) return failure("cannot set up sessions: " + take_openssl_reason());
  SSL_CTX_set_num_tickets(context.get(), std::min(options.session_tickets, 16u));
  const auto lifetime =
      std::clamp<std::chrono::seconds>(options.session_lifetime, std::chrono::seconds{1}, max_lifetime);
  SSL_CTX_set_timeout(context.get(), static_cast<long>(lifetime.count()));
  system_random random;
  auto keys = options.ticket_keys ? options.ticket_keys : ticket_key_set::rotating(lifetime, random);
  if (!install_ticket_keys(context.get(), std::move(keys))) return failure("out of memory");
  if (options.key_log && !install_key_log(context.get(), options.key_log)) return failure("out of memory");
  const bool takes_hellos = options.choose_context ? install_context_choice(context.get(), options.choose_context)
                                                   : install_hello_callback(context.get());
  if (!takes_hellos) return failure("out of memory");
  ERR_clear_error();
  return tls_context(context.release());
}

result<tls_context, tls_error> tls_context::adopt(SSL_CTX* context, hello_callback hellos) {
  if (context == nullptr) return failure("there is no TLS context to adopt");
  ERR_clear_error();
  const std::string objection = objection_to(context);
  ERR_clear_error();
  if (!objection.empty()) return failure("the TLS context cannot speak QUIC: " + objection);
  install_session_callbacks(context, ticket_callback::keep_the_programs);
  if (hellos == hello_callback::replace && !install_hello_callback(context)) return failure("out of memory");
  SSL_CTX_up_ref(context);
  return tls_context(context);
}

bool tls_context::can_ask_about_client_hello() const { return context_ != nullptr && has_hello_callback(context_); }

std::shared_ptr<ticket_key_set> tls_context::ticket_keys() const {
  return context_ != nullptr ? ticket_keys_of(context_) : nullptr;
}

tls_context::tls_context(const tls_context& other) noexcept : context_(other.context_) {
  if (context_ != nullptr) SSL_CTX_up_ref(context_);
}

tls_context::tls_context(tls_context&& other) noexcept : context_(std::exchange(other.context_, nullptr)) {}

tls_context& tls_context::operator=(tls_context other) noexcept {
  std::swap(context_, other.context_);
  return *this;
}

tls_context::~tls_context() { SSL_CTX_free(context_); }

}  // namespace quasio::crypto
