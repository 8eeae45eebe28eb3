#include <algorithm>
#include <array>

#include <openssl/ssl.h>

#include "crypto/tls_engine.hpp"

/// What of tls_engine concerns early data (RFC 8446, section 4.2.10; RFC 9001, section 4.6).
namespace quasio::crypto {

namespace {

int allow_early_data(SSL*, void* argument) { return static_cast<tls_engine*>(argument)->on_early_data() ? 1 : 0; }

// OpenSSL would end the handshake if a client offered early data of a session whose protocol or name it does not offer
// any more.
bool still_fits(const SSL_SESSION* session, byte_view offered_alpn, const char* sni) {
  const unsigned char* name = nullptr;
  std::size_t size = 0;
  SSL_SESSION_get0_alpn_selected(session, &name, &size);
  const char* const known_as = SSL_SESSION_get0_hostname(session);
  if (known_as != nullptr && (sni == nullptr || std::string_view(known_as) != sni)) return false;
  for (std::size_t at = 0; at < offered_alpn.size(); at += 1u + offered_alpn[at]) {
    if (size != 0 && std::ranges::equal(offered_alpn.subspan(at + 1, offered_alpn[at]), byte_view(name, size)))
      return true;
  }
  return false;
}

}  // namespace

bool tls_engine::settle_early_data(bool wanted) {
  if (role_ == tls_role::server && wanted) {
    // OpenSSL's own guard against replays keeps every session in memory, and serves one machine only.
    SSL_set_options(ssl_.get(), SSL_OP_NO_ANTI_REPLAY);
    SSL_set_allow_early_data_cb(ssl_.get(), allow_early_data, this);
  }
  if (role_ == tls_role::client) {
    const SSL_SESSION* const session = SSL_get0_session(ssl_.get());
    wanted = wanted && session != nullptr && SSL_SESSION_get_max_early_data(session) == unlimited_early_data &&
             still_fits(session, offered_alpn_, SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name));
    if (wanted) early_data_ = early_data_state::offered;
  }
  return SSL_set_quic_tls_early_data_enabled(ssl_.get(), wanted ? 1 : 0) == 1;
}

bool tls_engine::on_early_data() {
  std::array<std::uint8_t, SSL3_RANDOM_SIZE> random{};
  const std::size_t size = SSL_get_client_random(ssl_.get(), random.data(), random.size());
  void* context = nullptr;
  std::size_t context_size = 0;
  SSL_SESSION* const session = SSL_get_session(ssl_.get());
  if (session == nullptr || SSL_SESSION_get0_ticket_appdata(session, &context, &context_size) != 1) return false;
  return events_.accepts_early_data({.ticket_context = {static_cast<const std::uint8_t*>(context), context_size},
                                     .client_random = byte_view(random).first(size)});
}

void tls_engine::watch_for_retry(byte_view bytes) {
  if (early_data_ != early_data_state::offered || !retry_watch_.sees_retry(bytes)) return;
  early_data_ = early_data_state::rejected;
  SSL_SESSION_set_max_early_data(SSL_get_session(ssl_.get()), 0);
}

// Of a client, "rejected" is also what OpenSSL says before the server's word has come.
void tls_engine::note_early_data() {
  if (role_ == tls_role::client && early_data_ != early_data_state::offered) return;
  const int status = SSL_get_early_data_status(ssl_.get());
  const bool is_decided = role_ == tls_role::server || complete_;
  if (status == SSL_EARLY_DATA_ACCEPTED) {
    early_data_ = early_data_state::accepted;
  } else if (is_decided && (status == SSL_EARLY_DATA_REJECTED || role_ == tls_role::client)) {
    early_data_ = early_data_state::rejected;
  }
}

}  // namespace quasio::crypto
