#include "crypto/tls_engine.hpp"

#include <algorithm>
#include <utility>

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include "crypto/certificate_summary.hpp"
#include "crypto/cipher_suites.hpp"
#include "crypto/openssl_error.hpp"
#include "crypto/session_ticket.hpp"
#include "quasio/base/byte_reader.hpp"

namespace quasio::crypto {

static_assert(OSSL_RECORD_PROTECTION_LEVEL_NONE == static_cast<int>(encryption_level::initial));
static_assert(OSSL_RECORD_PROTECTION_LEVEL_EARLY == static_cast<int>(encryption_level::early_data));
static_assert(OSSL_RECORD_PROTECTION_LEVEL_HANDSHAKE == static_cast<int>(encryption_level::handshake));
static_assert(OSSL_RECORD_PROTECTION_LEVEL_APPLICATION == static_cast<int>(encryption_level::application));

namespace {

// OpenSSL has an alert for these, but RFC 9001 calls them PROTOCOL_VIOLATIONs: bytes behind the last message of a level
// (section 4.1.3), and a ticket for a limited amount of early data (section 4.6.1).
bool is_violation_of_quic(unsigned long code) noexcept {
  if (ERR_GET_LIB(code) != ERR_LIB_SSL) return false;
  const int reason = ERR_GET_REASON(code);
  return reason == SSL_R_NOT_ON_RECORD_BOUNDARY || reason == SSL_R_INVALID_MAX_EARLY_DATA;
}

}  // namespace

result<void, tls_error> tls_engine::receive(encryption_level level, byte_view bytes) {
  if (error_) return unexpected<tls_error>(*error_);
  if (!ssl_) {
    // A released client wants no more tickets; a server has nothing to expect at all.
    if (role_ == tls_role::client && level == encryption_level::application) return {};
    return fail(SSL_AD_UNEXPECTED_MESSAGE, "CRYPTO data after the handshake");
  }
  if (level != read_level_) return fail(SSL_AD_UNEXPECTED_MESSAGE, "CRYPTO data at the wrong encryption level");
  // Before the server's answer a client has nothing to say, and what it says would have to be kept.
  if (awaits_answer()) return fail(SSL_AD_UNEXPECTED_MESSAGE, "CRYPTO data behind the ClientHello");
  if (role_ == tls_role::server && level == encryption_level::initial) {
    if (auto judged = judge_hello(bytes); !judged) return judged;
  }
  if (role_ == tls_role::client && level == encryption_level::application &&
      post_handshake_guard_.sees_certificate_request(bytes)) {
    return fail(SSL_AD_UNEXPECTED_MESSAGE, "the server asks for a certificate after the handshake", true);
  }
  if (waiting_.size() + bytes.size() > max_waiting_crypto_data) {
    return fail(SSL_AD_INTERNAL_ERROR, "too much CRYPTO data while TLS waits");
  }
  if (role_ == tls_role::client && level == encryption_level::initial) watch_for_retry(bytes);
  waiting_.insert(waiting_.end(), bytes.begin(), bytes.end());
  return advance();
}

result<void, tls_error> tls_engine::judge_hello(byte_view bytes) {
  switch (guard_.judge(bytes)) {
    case client_hello_guard::verdict::fine:
      return {};
    case client_hello_guard::verdict::too_large:
      return fail(SSL_AD_ILLEGAL_PARAMETER, "the ClientHello is too large");
    case client_hello_guard::verdict::compatibility_mode:
      break;
  }
  return fail(SSL_AD_ILLEGAL_PARAMETER, "the ClientHello asks for middlebox compatibility", true);
}

result<void, tls_error> tls_engine::advance() {
  if (error_) return unexpected<tls_error>(*error_);
  if (!ssl_) return {};
  outcome last = outcome::went_on;
  std::size_t left = 0;
  bool may_go_on = false;
  do {
    left = waiting_.size();
    const bool was_complete = complete_;
    last = step();
    // Where early data plays a part, OpenSSL rests after the first flight; not before it is asked again does it look
    // for the next message.
    may_go_on = was_complete ? !waiting_.empty() && waiting_.size() < left : !complete_ || !waiting_.empty();
  } while (last == outcome::went_on && may_go_on);
  if (last == outcome::failed) return fail_as_openssl_did();
  ERR_clear_error();
  return {};
}

const client_hello_answer* tls_engine::judge_hello(const client_hello_view& hello) {
  if (hello_ == hello_stage::answered) return &hello_answer_;
  if (hello_ == hello_stage::to_come) {
    hello_ = hello_stage::told;
    events_.on_client_hello(hello);
  }
  return nullptr;
}

result<void, tls_error> tls_engine::answer_hello(client_hello_answer answer) {
  if (!awaits_answer()) return {};
  hello_answer_ = std::move(answer);
  hello_ = hello_stage::answered;
  return advance();
}

tls_engine::outcome tls_engine::step() {
  ERR_clear_error();
  // While a fragmented ticket is under way, OpenSSL counts as handshaking again, but SSL_do_handshake() would spoil the
  // next ticket: once complete, only reading processes what comes.
  unsigned char nowhere = 0;
  std::size_t nothing = 0;
  const int code = complete_ ? SSL_read_ex(ssl_.get(), &nowhere, 0, &nothing) : SSL_do_handshake(ssl_.get());
  note_completion();
  note_early_data();
  if (code == 1) return outcome::went_on;
  switch (SSL_get_error(ssl_.get(), code)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
    case SSL_ERROR_WANT_CLIENT_HELLO_CB:
    case SSL_ERROR_WANT_X509_LOOKUP:
    case SSL_ERROR_WANT_RETRY_VERIFY:
      return outcome::waits;
    default:
      return outcome::failed;
  }
}

// SSL_do_handshake() returning 1 does not tell: where early data is enabled, it does so after the server's own flight.
void tls_engine::note_completion() {
  if (complete_ || !can_read_application_ || SSL_is_init_finished(ssl_.get()) != 1) return;
  complete_ = true;
  peer_parameters_ = std::vector<std::uint8_t>();
}

void tls_engine::release() {
  if (!ssl_) return;
  agreed_.cipher = cipher_name();
  agreed_.group = group_name();
  agreed_.peer_certificate = peer_certificate_summary();
  agreed_.resumed = resumed();
  free_ssl();
  waiting_ = {};
  lent_ = {};
  hello_answer_ = {};
  spoken_ = {};
  local_parameters_ = {};
  offered_alpn_ = {};
  ticket_context_ = {};
}

void tls_engine::free_ssl() {
  // Freed without a farewell, the session would count as broken, and its tickets as useless.
  if (ssl_ && complete_ && !error_) SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  ssl_.reset();
}

int tls_engine::on_send(byte_view bytes) {
  // OpenSSL lets pass peers that leave out ALPN or their transport parameters, both of which QUIC demands
  // (RFC 9001, sections 8.1 and 8.2). Nothing of a server, and no Finished of a client, answers those.
  const bool may_judge = role_ == tls_role::server || write_level_ != encryption_level::initial;
  if (may_judge && !negotiated()) return 0;
  events_.on_crypto_data(write_level_, bytes);
  return 1;
}

int tls_engine::on_receive(const unsigned char** bytes, std::size_t* size) {
  if (lent_.empty()) lent_.swap(waiting_);
  *bytes = lent_.data();
  *size = lent_.size();
  return 1;
}

int tls_engine::on_release() {
  lent_.clear();
  return 1;
}

int tls_engine::on_secret(std::uint32_t level_number, int direction_number, byte_view secret) {
  const auto level = static_cast<encryption_level>(level_number);
  const auto way = direction_number == 0 ? direction::read : direction::write;
  const auto aead = aead_of(SSL_get_current_cipher(ssl_.get()));
  if (!aead) return refuse(SSL_AD_HANDSHAKE_FAILURE, "the cipher suite cannot protect QUIC packets");
  if (level == encryption_level::application && !negotiated()) return 0;
  // CRYPTO frames are never sent with 0-RTT keys: after those, the ClientHello is still at the initial level.
  if (level != encryption_level::early_data) {
    (way == direction::read ? read_level_ : write_level_) = level;
    if (way == direction::read && level == encryption_level::application) can_read_application_ = true;
  }
  events_.on_secret(level, way, *aead, traffic_secret(secret));
  return 1;
}

int tls_engine::on_transport_parameters(byte_view parameters) {
  if (!peer_parameters_) {
    peer_parameters_.emplace(parameters.begin(), parameters.end());
    events_.on_peer_transport_parameters(parameters);
    return 1;
  }
  // They come again in the second ClientHello, which must not differ in this (RFC 8446, section 4.1.2).
  if (std::equal(parameters.begin(), parameters.end(), peer_parameters_->begin(), peer_parameters_->end())) return 1;
  return refuse(SSL_AD_ILLEGAL_PARAMETER, "the second ClientHello has other transport parameters");
}

int tls_engine::on_alert(std::uint8_t alert) {
  if (!alert_) alert_ = alert;
  return 1;
}

byte_view tls_engine::select_protocol(byte_view offered) {
  for (const std::string& wanted : spoken_) {
    byte_reader reader(offered);
    while (const auto size = reader.read_u8()) {
      const auto name = reader.read_bytes(*size);
      if (!name) break;
      if (as_text(*name) == wanted) return *name;
    }
  }
  return {};
}

void tls_engine::on_new_session(SSL_SESSION* session) {
  if (role_ == tls_role::server || tickets_ >= max_session_tickets || SSL_SESSION_is_resumable(session) != 1) return;
  const auto ticket = encode_ticket(session, server_name_);
  if (ticket.empty()) return;
  ++tickets_;
  events_.on_session_ticket({.bytes = ticket, .max_early_data = SSL_SESSION_get_max_early_data(session)});
}

bool tls_engine::negotiated() {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &name, &size);
  if (size == 0) return refuse(SSL_AD_NO_APPLICATION_PROTOCOL, "the peer named no application protocol (ALPN)") != 0;
  if (!peer_parameters_) return refuse(SSL_AD_MISSING_EXTENSION, "the peer sent no transport parameters") != 0;
  if (local_parameters_.empty()) return refuse(SSL_AD_INTERNAL_ERROR, "no transport parameters were set") != 0;
  if (agreed_.alpn.empty()) agreed_.alpn = as_text({name, size});
  return true;
}

int tls_engine::refuse(std::uint8_t alert, std::string reason) {
  if (!refusal_) refusal_ = tls_error{alert, std::move(reason)};
  return 0;
}

result<void, tls_error> tls_engine::fail(std::uint8_t alert, std::string reason, bool violates_quic) {
  error_ = tls_error{alert, std::move(reason), violates_quic};
  return unexpected<tls_error>(*error_);
}

result<void, tls_error> tls_engine::fail_as_openssl_did() {
  const unsigned long code = ERR_peek_error();
  std::string reason = take_openssl_reason();
  if (refusal_) return fail(refusal_->alert, std::move(refusal_->reason));
  if (ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_CERTIFICATE_VERIFY_FAILED) {
    const long verdict = SSL_get_verify_result(ssl_.get());
    reason += std::string(": ") + X509_verify_cert_error_string(verdict);
    const bool is_name = verdict == X509_V_ERR_HOSTNAME_MISMATCH || verdict == X509_V_ERR_IP_ADDRESS_MISMATCH;
    if (is_name) reason += " (asked for " + server_name_ + ')';
  }
  return fail(alert_.value_or(SSL_AD_INTERNAL_ERROR), std::move(reason), is_violation_of_quic(code));
}

bool tls_engine::resumed() const noexcept {
  return ssl_ ? complete_ && SSL_session_reused(ssl_.get()) == 1 : agreed_.resumed;
}

std::string tls_engine::cipher_name() const {
  if (!ssl_) return agreed_.cipher;
  const SSL_CIPHER* const cipher = SSL_get_current_cipher(ssl_.get());
  return cipher != nullptr ? SSL_CIPHER_standard_name(cipher) : "";
}

std::string tls_engine::group_name() const {
  if (!ssl_) return agreed_.group;
  const bool agreed = read_level_ != encryption_level::initial;
  const char* const name = agreed ? SSL_get0_group_name(ssl_.get()) : nullptr;
  return name != nullptr ? name : "";
}

std::string tls_engine::peer_certificate_summary() const {
  if (!ssl_) return agreed_.peer_certificate;
  const X509* const certificate = SSL_get0_peer_certificate(ssl_.get());
  return certificate != nullptr ? summary_of(certificate, SSL_get_verify_result(ssl_.get())) : "";
}

}  // namespace quasio::crypto
