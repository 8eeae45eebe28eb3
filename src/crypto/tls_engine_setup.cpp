#include <algorithm>
#include <array>
#include <utility>

#include <openssl/core_dispatch.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "crypto/cipher_suites.hpp"
#include "crypto/openssl_error.hpp"
#include "crypto/session_ticket.hpp"
#include "crypto/tls_engine.hpp"

namespace quasio::crypto {

namespace {

tls_engine& engine_of(void* argument) { return *static_cast<tls_engine*>(argument); }

int crypto_send(SSL*, const unsigned char* bytes, std::size_t size, std::size_t* consumed, void* argument) {
  *consumed = size;
  return engine_of(argument).on_send({bytes, size});
}

int crypto_receive(SSL*, const unsigned char** bytes, std::size_t* size, void* argument) {
  return engine_of(argument).on_receive(bytes, size);
}

int crypto_release(SSL*, std::size_t, void* argument) { return engine_of(argument).on_release(); }

int yield_secret(SSL*, std::uint32_t level, int direction, const unsigned char* secret, std::size_t size,
                 void* argument) {
  return engine_of(argument).on_secret(level, direction, {secret, size});
}

int got_transport_parameters(SSL*, const unsigned char* parameters, std::size_t size, void* argument) {
  return engine_of(argument).on_transport_parameters({parameters, size});
}

int alert(SSL*, unsigned char code, void* argument) { return engine_of(argument).on_alert(code); }

template <class Function>
OSSL_DISPATCH entry(int id, Function* function) {
  return {id, reinterpret_cast<void (*)()>(function)};
}

const OSSL_DISPATCH* dispatch_table() {
  static const std::array<OSSL_DISPATCH, 7> table{
      entry(OSSL_FUNC_SSL_QUIC_TLS_CRYPTO_SEND, crypto_send),
      entry(OSSL_FUNC_SSL_QUIC_TLS_CRYPTO_RECV_RCD, crypto_receive),
      entry(OSSL_FUNC_SSL_QUIC_TLS_CRYPTO_RELEASE_RCD, crypto_release),
      entry(OSSL_FUNC_SSL_QUIC_TLS_YIELD_SECRET, yield_secret),
      entry(OSSL_FUNC_SSL_QUIC_TLS_GOT_TRANSPORT_PARAMS, got_transport_parameters),
      entry(OSSL_FUNC_SSL_QUIC_TLS_ALERT, alert),
      OSSL_DISPATCH{0, nullptr}};
  return table.data();
}

// What QUIC demands of a session, whatever its context says.
bool fit_for_quic(SSL* ssl, const SSL_CTX* context) {
  SSL_clear_options(ssl, SSL_OP_ENABLE_MIDDLEBOX_COMPAT | SSL_OP_ENABLE_KTLS);  // RFC 9001, section 8.4.
  SSL_clear_mode(ssl, SSL_MODE_ASYNC);
  SSL_set_post_handshake_auth(ssl, 0);  // RFC 9001, section 4.4.
  if (SSL_set_min_proto_version(ssl, TLS1_3_VERSION) != 1 || SSL_set_max_proto_version(ssl, TLS1_3_VERSION) != 1)
    return false;
  return !has_unusable_cipher_suites(context) || SSL_set_ciphersuites(ssl, usable_cipher_suites(context).c_str()) == 1;
}

// What the macro SSL_set_tlsext_host_name() does, without its C cast.
bool set_sni(SSL* ssl, const char* name) {
  return SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, const_cast<char*>(name)) == 1;
}

bool is_valid(std::span<const std::string> alpn) {
  return !alpn.empty() && std::all_of(alpn.begin(), alpn.end(),
                                      [](const std::string& name) { return !name.empty() && name.size() <= 255; });
}

}  // namespace

result<void, tls_error> tls_engine::open(const tls_context& context) {
  if (!context) return fail(SSL_AD_INTERNAL_ERROR, "there is no TLS context");
  ERR_clear_error();
  ssl_.reset(SSL_new(context.native_handle()));
  if (!ssl_) return fail_as_openssl_did();
  // The role must be known before the callbacks are set: they are made for one end. Early data may be settled only
  // afterwards.
  role_ == tls_role::client ? SSL_set_connect_state(ssl_.get()) : SSL_set_accept_state(ssl_.get());
  const bool ready = fit_for_quic(ssl_.get(), context.native_handle()) && attach_hooks(ssl_.get(), this) &&
                     SSL_set_quic_tls_cbs(ssl_.get(), dispatch_table(), this) == 1;
  if (!ready) return fail_as_openssl_did();
  context_ = context;
  ERR_clear_error();
  return {};
}

result<void, tls_error> tls_engine::offer(std::span<const std::string> alpn) {
  if (!is_valid(alpn)) return fail(SSL_AD_INTERNAL_ERROR, "QUIC needs application protocols (ALPN) of 1 to 255 bytes");
  std::vector<std::uint8_t> list;
  for (const std::string& name : alpn) {
    list.push_back(static_cast<std::uint8_t>(name.size()));
    list.insert(list.end(), name.begin(), name.end());
  }
  offered_alpn_ = list;
  // Alone among its kin, this function returns 0 for success.
  if (SSL_set_alpn_protos(ssl_.get(), list.data(), static_cast<unsigned>(list.size())) != 0)
    return fail_as_openssl_did();
  return {};
}

result<void, tls_error> tls_engine::speak(std::span<const std::string> alpn) {
  if (!is_valid(alpn)) return fail(SSL_AD_INTERNAL_ERROR, "QUIC needs application protocols (ALPN) of 1 to 255 bytes");
  spoken_.assign(alpn.begin(), alpn.end());
  return {};
}

result<void, tls_error> tls_engine::ask_about_hello() {
  if (!context_.can_ask_about_client_hello())
    return fail(SSL_AD_INTERNAL_ERROR, "the TLS context was adopted without its ClientHello callback");
  hello_ = hello_stage::to_come;
  return {};
}

result<void, tls_error> tls_engine::expect_server(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);  // SNI names and certificates do without (RFC 6066, section 3).
  const bool verifies = (SSL_get_verify_mode(ssl_.get()) & SSL_VERIFY_PEER) != 0;
  if (name.empty() && verifies) return fail(SSL_AD_INTERNAL_ERROR, "a server name is needed to verify the server");
  if (name.empty()) return {};
  if (name.find('\0') != name.npos) return fail(SSL_AD_INTERNAL_ERROR, "the server name contains a zero byte");

  server_name_ = name;
  ERR_clear_error();
  X509_VERIFY_PARAM* const expected = SSL_get0_param(ssl_.get());
  X509_VERIFY_PARAM_set_hostflags(expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  const bool is_address = X509_VERIFY_PARAM_set1_ip_asc(expected, server_name_.c_str()) == 1;
  ERR_clear_error();
  if (is_address) return {};  // SNI is for names only (RFC 6066, section 3).
  const bool set = X509_VERIFY_PARAM_set1_host(expected, server_name_.data(), server_name_.size()) == 1 &&
                   set_sni(ssl_.get(), server_name_.c_str());
  if (!set) return fail(SSL_AD_INTERNAL_ERROR, "\"" + server_name_ + "\" is no server name: " + take_openssl_reason());
  return {};
}

void tls_engine::resume(byte_view ticket) {
  ERR_clear_error();
  const session_pointer session = decode_ticket(ticket, server_name_);
  if (session && SSL_set_session(ssl_.get(), session.get()) == 1) {
    // No certificate is shown when a session is resumed: what its own handshake found must satisfy this context too.
    const bool verifies = (SSL_get_verify_mode(ssl_.get()) & SSL_VERIFY_PEER) != 0;
    if (verifies && SSL_get_verify_result(ssl_.get()) != X509_V_OK) SSL_set_session(ssl_.get(), nullptr);
  }
  ERR_clear_error();
}

void tls_engine::set_transport_parameters(byte_view parameters) {
  if (!ssl_) return;
  std::vector<std::uint8_t> copy(parameters.begin(), parameters.end());
  if (SSL_set_quic_tls_transport_params(ssl_.get(), copy.data(), copy.size()) != 1) return;
  local_parameters_ = std::move(copy);  // The bytes stay where OpenSSL looks for them.
}

}  // namespace quasio::crypto
