#pragma once

#include <array>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/thread_pool.hpp>

#include "quasio/asio.hpp"
#include "quasio/driver/http3_server.hpp"
#include "server/arguments.hpp"
#include "server/handover_front.hpp"
#include "server/http3_front.hpp"
#include "server/https_front.hpp"
#include "server/identity.hpp"
#include "server/listening.hpp"
#include "server/metrics_front.hpp"
#include "site/file_site.hpp"

namespace quasio::apps {

/// All that quasio-server is while it runs: a site, a front for each version of HTTP, and the signals that end it.
class service {
public:
  explicit service(server_arguments arguments);
  ~service();

  /// Serves until a signal comes; returns the exit code. What goes wrong at the start is logged.
  int run();

private:
  result<void, std::string> prepare();
  result<void, std::string> open_site();
  result<void, std::string> choose_identity();
  result<void, std::string> load_secrets();
  result<void, std::string> make_tls();
  result<void, std::string> open_logs();
  result<void, std::string> resolve_addresses();
  result<void, std::string> take_over_sockets();
  result<void, std::string> begin_to_listen();
  error_code serve_on(held_ports&& held);
  result<void, std::string> open_metrics();
  asio::awaitable<void> open_metrics_later(ip_endpoint wanted);
  result<void, std::string> open_handover();
  asio::awaitable<std::pair<error_code, runtime::inheritance>> give_sockets();
  http3::server_options http3_options() const;
  void announce(const std::vector<ip_endpoint>& endpoints) const;
  asio::awaitable<void> wait_for_signals();
  asio::awaitable<void> stop_gracefully();

  server_arguments arguments_;
  std::unique_ptr<runtime::qlog_folder> qlog_;  // Goes after the connections, which live in the context.
  asio::io_context context_{1};
  asio::signal_set signals_{context_, SIGTERM, SIGINT};  // From the start: who reads "ready" may signal at once.
  asio::thread_pool disk_;
  std::optional<file_site> site_;
  identity identity_;
  std::string spki_sha256_;  // Empty where the certificate is the user's.
  crypto::tls_context quic_tls_;
  std::shared_ptr<quic::token_keys> token_keys_;
  std::array<std::uint8_t, 32> reset_token_key_{};
  std::optional<asio::ssl::context> tcp_tls_;
  std::vector<listen_group> groups_;
  std::optional<taken_over> taken_over_;
  std::optional<held_ports> inherited_ports_;
  std::vector<ip_endpoint> bound_;
  std::shared_ptr<runtime::inheritance> inherited_;  // Until the server has it.
  std::optional<http3_front> http3_front_;
  std::optional<https_front> https_front_;
  std::unique_ptr<http3::server> http3_server_;
  std::optional<metrics_front> metrics_front_;
  std::optional<ip_endpoint> metrics_at_;
  std::unique_ptr<handover_front> handover_front_;
  int exit_code_ = exit_success;
};

}  // namespace quasio::apps
