#include "crypto/context_callbacks.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <utility>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>

#include "quasio/base/byte_reader.hpp"

namespace quasio::crypto {

namespace {

struct context_functions {
  key_log_function key_log;
  std::function<tls_context(std::string_view)> choose_context;
  std::shared_ptr<ticket_key_set> ticket_keys;
  bool takes_hellos = false;
};

void free_context_functions(void*, void* stored, CRYPTO_EX_DATA*, int, long, void*) {
  delete static_cast<context_functions*>(stored);
}

int functions_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, free_context_functions);
  return index;
}

int hooks_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

context_functions* functions_of(const SSL_CTX* context) {
  return static_cast<context_functions*>(SSL_CTX_get_ex_data(context, functions_index()));
}

context_functions* make_functions(SSL_CTX* context) {
  if (context_functions* const present = functions_of(context)) return present;
  auto made = std::make_unique<context_functions>();
  if (SSL_CTX_set_ex_data(context, functions_index(), made.get()) != 1) return nullptr;
  return made.release();
}

session_hooks* hooks_of(const SSL* ssl) { return static_cast<session_hooks*>(SSL_get_ex_data(ssl, hooks_index())); }

int select_alpn(SSL* ssl, const unsigned char** out, unsigned char* out_size, const unsigned char* in, unsigned in_size,
                void*) {
  session_hooks* const hooks = hooks_of(ssl);
  if (hooks == nullptr) return SSL_TLSEXT_ERR_NOACK;
  const byte_view chosen = hooks->select_protocol({in, in_size});
  if (chosen.empty()) return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = chosen.data();
  *out_size = static_cast<unsigned char>(chosen.size());
  return SSL_TLSEXT_ERR_OK;
}

int take_session(SSL* ssl, SSL_SESSION* session) {
  if (session_hooks* const hooks = hooks_of(ssl)) hooks->on_new_session(session);
  return 0;  // OpenSSL keeps its reference.
}

int bind_context(SSL* ssl, void*) {
  session_hooks* const hooks = hooks_of(ssl);
  const byte_view context = hooks != nullptr ? hooks->ticket_context() : byte_view();
  if (context.empty()) return 1;
  return SSL_SESSION_set1_ticket_appdata(SSL_get_session(ssl), context.data(), context.size());
}

byte_view context_of(SSL_SESSION* session) {
  void* data = nullptr;
  std::size_t size = 0;
  if (session == nullptr || SSL_SESSION_get0_ticket_appdata(session, &data, &size) != 1 || data == nullptr) return {};
  return {static_cast<const std::uint8_t*>(data), size};
}

SSL_TICKET_RETURN judge_ticket(SSL* ssl, SSL_SESSION* session, const unsigned char*, std::size_t,
                               SSL_TICKET_STATUS status, void*) {
  switch (status) {
    case SSL_TICKET_SUCCESS:
    case SSL_TICKET_SUCCESS_RENEW: {
      session_hooks* const hooks = hooks_of(ssl);
      if (hooks != nullptr && !hooks->accepts_ticket(context_of(session))) return SSL_TICKET_RETURN_IGNORE_RENEW;
      return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
    }
    case SSL_TICKET_EMPTY:
    case SSL_TICKET_NO_DECRYPT:
      return SSL_TICKET_RETURN_IGNORE_RENEW;
    default:
      return SSL_TICKET_RETURN_ABORT;
  }
}

// Exceptions of the program's functions must not pass through OpenSSL's frames.
void log_key(const SSL* ssl, const char* line) try {
  const context_functions* const functions = functions_of(SSL_get_SSL_CTX(ssl));
  if (functions != nullptr && functions->key_log) functions->key_log(line);
} catch (...) {
}

// A ServerNameList with a host_name (RFC 6066, section 3). What is malformed counts as absent: OpenSSL refuses it
// later.
std::string_view requested_name(SSL* ssl) {
  const unsigned char* data = nullptr;
  std::size_t size = 0;
  if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &data, &size) != 1) return {};
  byte_reader reader({data, size});
  const auto list_size = reader.read_u16();
  const auto type = reader.read_u8();
  const auto name_size = reader.read_u16();
  if (!list_size || type != TLSEXT_NAMETYPE_host_name || !name_size) return {};
  const auto name = reader.read_bytes(*name_size);
  return name ? as_text(*name) : std::string_view{};
}

// The ProtocolNameList of RFC 7301, section 3.1; what is malformed counts as absent here, too.
byte_view offered_protocols(SSL* ssl) {
  const unsigned char* data = nullptr;
  std::size_t size = 0;
  if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation, &data, &size) != 1) return {};
  byte_reader reader({data, size});
  const auto list_size = reader.read_u16();
  const auto list = list_size ? reader.read_bytes(*list_size) : std::nullopt;
  return list ? *list : byte_view();
}

int move_to(SSL* ssl, const tls_context& chosen, int* alert) {
  SSL_CTX* const context = chosen.native_handle();
  if (SSL_set_SSL_CTX(ssl, context) != nullptr) {
    SSL_set_verify(ssl, SSL_CTX_get_verify_mode(context), SSL_CTX_get_verify_callback(context));
    return SSL_CLIENT_HELLO_SUCCESS;
  }
  *alert = SSL_AD_INTERNAL_ERROR;
  return SSL_CLIENT_HELLO_ERROR;
}

int choose_by_name(SSL* ssl, int* alert) {
  const context_functions* const functions = functions_of(SSL_get_SSL_CTX(ssl));
  if (functions == nullptr || !functions->choose_context) return SSL_CLIENT_HELLO_SUCCESS;
  const tls_context chosen = functions->choose_context(requested_name(ssl));
  return chosen ? move_to(ssl, chosen, alert) : SSL_CLIENT_HELLO_SUCCESS;
}

// Here rather than in the servername callback, because here tickets have not been looked at yet: one that another
// context issued, under other demands on the client, must be judged by the chosen context.
int judge_hello(SSL* ssl, int* alert, void*) try {
  session_hooks* const hooks = hooks_of(ssl);
  if (hooks == nullptr || !hooks->judges_hello()) return choose_by_name(ssl, alert);
  const client_hello_answer* const answer = hooks->judge_hello({requested_name(ssl), offered_protocols(ssl)});
  if (answer == nullptr) return SSL_CLIENT_HELLO_RETRY;
  if (const auto* refused = std::get_if<refuse_hello>(answer)) {
    *alert = refused->alert;
    return SSL_CLIENT_HELLO_ERROR;
  }
  const auto* other = std::get_if<use_context>(answer);
  return other != nullptr && other->context ? move_to(ssl, other->context, alert) : choose_by_name(ssl, alert);
} catch (...) {
  *alert = SSL_AD_INTERNAL_ERROR;
  return SSL_CLIENT_HELLO_ERROR;
}

bool ready_cipher(const ticket_key& key, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, bool seals) {
  const auto start = seals ? EVP_EncryptInit_ex : EVP_DecryptInit_ex;
  std::array<char, 7> digest{"SHA256"};
  // OpenSSL only reads the key.
  auto* const mac_key = const_cast<std::uint8_t*>(key.mac_key().data());
  const std::array<OSSL_PARAM, 3> parameters{
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, mac_key, key.mac_key().size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0), OSSL_PARAM_construct_end()};
  return start(cipher, EVP_aes_256_cbc(), nullptr, key.cipher_key().data(), iv) == 1 &&
         EVP_MAC_CTX_set_params(mac, parameters.data()) == 1;
}

// Returns 1 to make a ticket, 2 to use one and replace it, 0 where there is no key for it, -1 to end the handshake.
int choose_ticket_key(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
                      int seals) {
  // Not the context that SNI has led to: tickets belong to the one that the session began with.
  const auto set = ticket_keys_of(hooks_of(ssl) != nullptr ? hooks_of(ssl)->first_context() : SSL_get_SSL_CTX(ssl));
  if (!set) return 0;
  const auto keys = set->keys();
  if (seals != 0) {
    const ticket_key& newest = keys->front();
    std::ranges::copy(newest.name(), name);
    const bool ready =
        RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) == 1 && ready_cipher(newest, iv, cipher, mac, true);
    return ready ? 1 : -1;
  }
  const byte_view wanted(name, ticket_key::name_size);
  const auto found =
      std::ranges::find_if(*keys, [&](const auto& key) { return std::ranges::equal(key.name(), wanted); });
  if (found == keys->end()) return 0;
  // A ticket is for one connection (RFC 8446, appendix C.4): who brings one back gets another.
  return ready_cipher(*found, iv, cipher, mac, false) ? 2 : -1;
}

}  // namespace

bool attach_hooks(SSL* ssl, session_hooks* hooks) { return SSL_set_ex_data(ssl, hooks_index(), hooks) == 1; }

void install_session_callbacks(SSL_CTX* context, ticket_callback tickets) {
  SSL_CTX_set_alpn_select_cb(context, select_alpn, nullptr);
  const bool taken = tickets == ticket_callback::keep_the_programs && SSL_CTX_sess_get_new_cb(context) != nullptr;
  if (!taken) SSL_CTX_sess_set_new_cb(context, take_session);
  SSL_CTX_set_session_ticket_cb(context, bind_context, judge_ticket, nullptr);
}

std::shared_ptr<ticket_key_set> ticket_keys_of(const SSL_CTX* context) {
  const context_functions* const functions = functions_of(context);
  return functions != nullptr ? functions->ticket_keys : nullptr;
}

bool install_ticket_keys(SSL_CTX* context, std::shared_ptr<ticket_key_set> keys) {
  context_functions* const functions = make_functions(context);
  if (functions == nullptr) return false;
  functions->ticket_keys = std::move(keys);
  return SSL_CTX_set_tlsext_ticket_key_evp_cb(context, choose_ticket_key) == 1;
}

bool install_key_log(SSL_CTX* context, key_log_function log) {
  context_functions* const functions = make_functions(context);
  if (functions == nullptr) return false;
  functions->key_log = std::move(log);
  SSL_CTX_set_keylog_callback(context, log_key);
  return true;
}

bool install_context_choice(SSL_CTX* context, std::function<tls_context(std::string_view)> choose) {
  context_functions* const functions = make_functions(context);
  if (functions == nullptr) return false;
  functions->choose_context = std::move(choose);
  return install_hello_callback(context);
}

bool install_hello_callback(SSL_CTX* context) {
  context_functions* const functions = make_functions(context);
  if (functions == nullptr) return false;
  functions->takes_hellos = true;
  SSL_CTX_set_client_hello_cb(context, judge_hello, nullptr);
  return true;
}

bool has_hello_callback(const SSL_CTX* context) {
  const context_functions* const functions = functions_of(context);
  return functions != nullptr && functions->takes_hellos;
}

}  // namespace quasio::crypto
