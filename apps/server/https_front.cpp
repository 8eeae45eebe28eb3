#include "server/https_front.hpp"

#include <fcntl.h>

#include <cerrno>
#include <string>
#include <string_view>
#include <utility>

#include <openssl/ssl.h>
#include <spdlog/spdlog.h>
#include <boost/asio/redirect_error.hpp>

#include "server/https_session.hpp"

namespace quasio::apps {

namespace {

using asio::ip::tcp;

// When the process has no descriptor left, accept() fails at once, again and again.
constexpr std::chrono::milliseconds pause_after_failed_accept{100};

// A client that names protocols must name this one (RFC 7301, section 3.2); one that names none means it.
int choose_http_1_1(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* offered,
                    unsigned offered_size, void*) {
  static constexpr std::string_view spoken = "\x08http/1.1";
  unsigned char* chosen = nullptr;
  const int found = SSL_select_next_proto(&chosen, out_size, reinterpret_cast<const unsigned char*>(spoken.data()),
                                          static_cast<unsigned>(spoken.size()), offered, offered_size);
  *out = chosen;
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

int key_log_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr,
                                                    [](void*, void* function, CRYPTO_EX_DATA*, int, long, void*) {
                                                      delete static_cast<crypto::key_log_function*>(function);
                                                    });
  return index;
}

void log_key(const SSL* ssl, const char* line) {
  const auto* function =
      static_cast<crypto::key_log_function*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), key_log_index()));
  if (function != nullptr) (*function)(line);
}

void install_key_log(SSL_CTX* context, crypto::key_log_function key_log) {
  auto owned = std::make_unique<crypto::key_log_function>(std::move(key_log));
  if (SSL_CTX_set_ex_data(context, key_log_index(), owned.get()) != 1) return;
  static_cast<void>(owned.release());
  SSL_CTX_set_keylog_callback(context, log_key);
}

error_code use_identity(asio::ssl::context& context, const identity& who) {
  error_code error;
  const std::string& chain = who.certificate_chain.value();
  const std::string& key = who.private_key.value();
  if (who.certificate_chain.is_file()) {
    context.use_certificate_chain_file(chain, error);
  } else {
    context.use_certificate_chain(asio::buffer(chain), error);
  }
  if (error) return error;
  if (who.private_key.is_file()) {
    context.use_private_key_file(key, asio::ssl::context::pem, error);
  } else {
    context.use_private_key(asio::buffer(key), asio::ssl::context::pem, error);
  }
  return error;
}

}  // namespace

result<asio::ssl::context, std::string> make_https_context(const identity& who, crypto::key_log_function key_log) {
  asio::ssl::context context(asio::ssl::context::tls_server);
  error_code error;
  context.set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_sslv2 |
                          asio::ssl::context::no_sslv3 | asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1 |
                          asio::ssl::context::no_compression,
                      error);
  if (!error) error = use_identity(context, who);
  if (error) return unexpected<std::string>("TLS over TCP cannot use the certificate or key: " + error.message());
  SSL_CTX_set_alpn_select_cb(context.native_handle(), choose_http_1_1, nullptr);
  if (key_log) install_key_log(context.native_handle(), std::move(key_log));
  return context;
}

https_front::https_front(asio::any_io_executor executor, const file_site& site, asio::thread_pool& disk,
                         asio::ssl::context& tls, https_limits limits)
    : executor_(std::move(executor)), site_(site), disk_(disk), tls_(tls), limits_(limits), all_ended_(executor_) {
  all_ended_.expires_at(asio::steady_timer::time_point::max());
}

https_front::~https_front() = default;

void https_front::serve(tcp::acceptor acceptor) {
  auto shared = std::make_shared<tcp::acceptor>(std::move(acceptor));
  acceptors_.insert(shared);
  asio::co_spawn(
      executor_, [this, shared]() -> asio::awaitable<void> { return accept(*shared); },
      [shared](const std::exception_ptr&) {});
}

asio::awaitable<void> https_front::accept(tcp::acceptor& acceptor) {
  asio::steady_timer pause(executor_);
  while (!stopping_) {
    error_code error;
    tcp::socket socket = co_await acceptor.async_accept(asio::redirect_error(asio::use_awaitable, error));
    if (error == asio::error::operation_aborted) co_return;
    if (error) {
      if (stopping_) co_return;
      spdlog::warn("cannot accept a TCP connection: {}", error.message());
      pause.expires_after(pause_after_failed_accept);
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
      continue;
    }
    if (sessions_.size() >= limits_.max_connections) continue;  // The socket closes itself.
    auto session = std::make_shared<https_session>(std::move(socket), tls_, site_, disk_, limits_);
    sessions_.insert(session);
    asio::co_spawn(
        executor_, [this, session]() -> asio::awaitable<void> { return run(session); },
        [](const std::exception_ptr&) {});
    // One that came in at the last moment.
    if (stopping_) session->end_soon();
  }
}

asio::awaitable<void> https_front::run(std::shared_ptr<https_session> session) {
  try {
    co_await session->run();
  } catch (const std::exception& exception) {
    spdlog::error("an HTTPS connection failed: {}", exception.what());
  }
  sessions_.erase(session);
  if (sessions_.empty()) all_ended_.cancel();
}

std::vector<net::descriptor> https_front::copy_sockets(error_code& error) const {
  std::vector<net::descriptor> copies;
  for (const auto& each : acceptors_) {
    copies.emplace_back(::fcntl(each->native_handle(), F_DUPFD_CLOEXEC, 0));
    if (!copies.back()) error = {errno, system_category()};
  }
  return copies;
}

asio::awaitable<void> https_front::stop(std::chrono::milliseconds patience) {
  stopping_ = true;
  for (const auto& acceptor : acceptors_) {
    error_code ignored;
    acceptor->close(ignored);
  }
  // Whoever has been accepted already is among the sessions after this.
  co_await asio::post(executor_, asio::use_awaitable);
  const auto open = sessions_;
  for (const auto& session : open) session->end_soon();
  if (sessions_.empty()) co_return;
  error_code error;
  all_ended_.expires_after(patience);
  co_await all_ended_.async_wait(asio::redirect_error(asio::use_awaitable, error));
  close_all();
}

void https_front::close_all() {
  const auto open = sessions_;
  for (const auto& session : open) session->cut_off();
}

}  // namespace quasio::apps
