#include "crypto/tls_session.hpp"

#include <utility>

#include "crypto/tls_engine.hpp"

namespace quasio::crypto {

namespace {

tls_error no_early_data() { return {.reason = "OpenSSL cannot set early data"}; }

}  // namespace

result<tls_session, tls_error> tls_session::client(const tls_context& context, const client_settings& settings,
                                                   tls_events& events) {
  auto engine = std::make_unique<tls_engine>(tls_role::client, events);
  if (auto opened = engine->open(context); !opened) return unexpected<tls_error>(opened.error());
  if (auto offered = engine->offer(settings.alpn); !offered) return unexpected<tls_error>(offered.error());
  if (auto named = engine->expect_server(settings.server_name); !named) return unexpected<tls_error>(named.error());
  engine->set_transport_parameters(settings.transport_parameters);
  if (!settings.session_ticket.empty()) engine->resume(settings.session_ticket);
  if (!engine->settle_early_data(settings.early_data)) return unexpected<tls_error>(no_early_data());
  return tls_session(std::move(engine));
}

result<tls_session, tls_error> tls_session::server(const tls_context& context, const server_settings& settings,
                                                   tls_events& events) {
  auto engine = std::make_unique<tls_engine>(tls_role::server, events);
  if (auto opened = engine->open(context); !opened) return unexpected<tls_error>(opened.error());
  if (auto spoken = engine->speak(settings.alpn); !spoken) return unexpected<tls_error>(spoken.error());
  if (settings.ask_about_client_hello) {
    if (auto able = engine->ask_about_hello(); !able) return unexpected<tls_error>(able.error());
  }
  if (!engine->settle_early_data(settings.early_data)) return unexpected<tls_error>(no_early_data());
  return tls_session(std::move(engine));
}

tls_session::tls_session(std::unique_ptr<tls_engine> engine) noexcept : engine_(std::move(engine)) {}
tls_session::tls_session(tls_session&&) noexcept = default;
tls_session& tls_session::operator=(tls_session&&) noexcept = default;
tls_session::~tls_session() = default;

void tls_session::set_ticket_context(byte_view context) { engine_->set_ticket_context(context); }

void tls_session::set_transport_parameters(byte_view parameters) { engine_->set_transport_parameters(parameters); }

result<void, tls_error> tls_session::start() {
  if (engine_->role() == tls_role::server) return {};
  return engine_->advance();
}

result<void, tls_error> tls_session::receive(encryption_level level, byte_view bytes) {
  return engine_->receive(level, bytes);
}

result<void, tls_error> tls_session::advance() { return engine_->advance(); }

bool tls_session::awaits_answer() const noexcept { return engine_->awaits_answer(); }

result<void, tls_error> tls_session::answer_client_hello(client_hello_answer answer) {
  return engine_->answer_hello(std::move(answer));
}

encryption_level tls_session::read_level() const noexcept { return engine_->read_level(); }

bool tls_session::handshake_complete() const noexcept { return engine_->complete(); }

void tls_session::release() { engine_->release(); }

std::string_view tls_session::alpn() const noexcept { return engine_->alpn(); }

early_data_state tls_session::early_data() const noexcept { return engine_->early_data(); }

bool tls_session::resumed() const noexcept { return engine_->resumed(); }

std::string tls_session::cipher_name() const { return engine_->cipher_name(); }

std::string tls_session::group_name() const { return engine_->group_name(); }

std::string tls_session::peer_certificate_summary() const { return engine_->peer_certificate_summary(); }

}  // namespace quasio::crypto
