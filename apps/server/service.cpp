#include "server/service.hpp"

#include <algorithm>
#include <csignal>
#include <exception>
#include <iostream>
#include <thread>
#include <utility>

#include <spdlog/spdlog.h>
#include <boost/asio/ip/host_name.hpp>
#include <boost/asio/redirect_error.hpp>

#include "common/key_log_file.hpp"
#include "common/readable.hpp"
#include "server/token_secrets.hpp"

namespace quasio::apps {

namespace {

// Reads that wait for a disk. More would only queue there.
constexpr std::size_t disk_threads = 4;

constexpr int attempts_to_listen = 16;

constexpr std::chrono::milliseconds metrics_retry_interval{100};

std::size_t thread_count(const server_arguments& arguments) {
  if (arguments.threads != 0) return arguments.threads;
  return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, 256);
}

unexpected<std::string> because(std::string sentence) { return unexpected<std::string>(std::move(sentence)); }

std::string_view name_of(int signal) { return signal == SIGTERM ? "SIGTERM" : "SIGINT"; }

void log_handler_error(const http3::request& request, const std::exception_ptr& exception) {
  try {
    if (exception) std::rethrow_exception(exception);
  } catch (const system_error& error) {
    // A cancelled handler: the access log has told of it.
    if (error.code() == asio::error::operation_aborted) return;
    spdlog::error("{} {} failed: {}", printable(request.method(), 32), printable(request.path()), error.what());
  } catch (const std::exception& error) {
    spdlog::error("{} {} failed: {}", printable(request.method(), 32), printable(request.path()), error.what());
  }
}

}  // namespace

service::service(server_arguments arguments) : arguments_(std::move(arguments)), disk_(disk_threads) {}

service::~service() {
  // Reads under way end before what they would report to goes away.
  disk_.join();
}

int service::run() {
  if (auto prepared = prepare(); !prepared) {
    spdlog::critical("{}", prepared.error());
    return exit_cannot_start;
  }
  asio::co_spawn(context_, wait_for_signals(), asio::detached);
  context_.run();
  return exit_code_;
}

result<void, std::string> service::prepare() {
  using step = result<void, std::string> (service::*)();
  for (const step next : {&service::open_site, &service::resolve_addresses, &service::choose_identity,
                          &service::load_secrets, &service::make_tls, &service::open_logs, &service::take_over_sockets,
                          &service::begin_to_listen, &service::open_metrics, &service::open_handover}) {
    if (auto done = (this->*next)(); !done) return done;
  }
  announce(bound_);
  return {};
}

result<void, std::string> service::open_site() {
  auto site = file_site::open({.root = arguments_.root, .hidden_files = arguments_.hidden_files});
  if (!site) {
    return because("cannot serve " + arguments_.root + ": " + site.error().message() +
                   "; --root wants a folder that this user may read");
  }
  site_.emplace(std::move(*site));
  if (site_->root().guarded_by() == root_folder::guard::walk) {
    spdlog::warn("this system lacks openat2: symbolic links below {} are not followed", arguments_.root);
  }
  return {};
}

result<void, std::string> service::resolve_addresses() {
  for (const host_port& where : arguments_.listen) {
    auto group = resolve_listen(where);
    if (!group) return because(group.error());
    groups_.push_back(std::move(*group));
  }
  return {};
}

result<void, std::string> service::choose_identity() {
  if (!arguments_.certificate.empty()) {
    identity_ = {crypto::pem::file(arguments_.certificate), crypto::pem::file(arguments_.key)};
    return {};
  }
  auto made = make_self_signed();
  if (!made) return because("cannot make a certificate: " + made.error());
  identity_ = std::move(made->who);
  spki_sha256_ = std::move(made->spki_sha256);
  return {};
}

result<void, std::string> service::make_tls() {
  crypto::key_log_function key_log;
  if (!arguments_.key_log.empty()) {
    auto opened = open_key_log(arguments_.key_log);
    if (!opened) return because("cannot write the key log " + arguments_.key_log + ": " + opened.error().message());
    key_log = std::move(*opened);
    spdlog::warn("TLS secrets are written to {}: whoever reads it can read every connection", arguments_.key_log);
  }
  crypto::server_options options;
  options.certificate_chain = identity_.certificate_chain;
  options.private_key = identity_.private_key;
  options.key_log = key_log;
  auto made = crypto::tls_context::server(options);
  if (!made) return because(made.error().reason);
  quic_tls_ = std::move(*made);
  if (!arguments_.tcp) return {};
  auto tcp = make_https_context(identity_, key_log);
  if (!tcp) return because(tcp.error());
  tcp_tls_.emplace(std::move(*tcp));
  return {};
}

result<void, std::string> service::open_logs() {
  auto opened = open_qlog(arguments_.qlog);
  if (!opened) return because(opened.error());
  qlog_ = std::move(*opened);
  return {};
}

result<void, std::string> service::load_secrets() {
  if (arguments_.token_key_file.empty()) return {};
  auto loaded = load_token_secrets(arguments_.token_key_file);
  if (!loaded) return because(loaded.error());
  token_keys_ = loaded->make_token_keys();
  error_code ignored;
  reset_token_key_ = loaded->make_reset_key(asio::ip::host_name(ignored));
  return {};
}

http3::server_options service::http3_options() const {
  http3::server_options options;
  if (qlog_) options.observe = qlog_->observer();
  options.tls = quic_tls_;
  options.transport.max_idle_timeout = arguments_.idle_timeout;
  options.limits = arguments_.limits;
  apply(arguments_.congestion, options.transport);
  arguments_.path.apply_to(options.transport);
  apply(arguments_.versions, options.transport.versions);
  options.retry = arguments_.retry;
  options.token_keys = token_keys_;
  options.reset_token_key = reset_token_key_;
  options.early_data = arguments_.early_data;
  options.threads = thread_count(arguments_);
  options.max_connections = arguments_.max_connections;
  options.on_connection = [](const driver::connection_info& info) {
    spdlog::debug("{} is connected: {}, {}, {}", info.path.peer.to_string(), info.handshake.alpn, info.handshake.cipher,
                  info.handshake.group);
  };
  options.on_connection_closed = [](const network_path& path, const runtime::connection_end& end) {
    spdlog::debug("{} is gone: {}", path.peer.to_string(), end.message);
  };
  options.on_handler_error = log_handler_error;
  return options;
}

// Late, when nothing can be wrong any more with what this server has of its own.
result<void, std::string> service::take_over_sockets() {
  if (arguments_.handover.empty()) return {};
  auto taken = take_over(arguments_.handover);
  if (!taken) return because(taken.error());
  if (!*taken) return {};
  taken_over_ = std::move(*taken);
  inherited_ = std::make_shared<runtime::inheritance>(std::move(taken_over_->what));
  auto held = hold_inherited(context_.get_executor(), *inherited_, groups_, arguments_.tcp);
  if (!held) return because(held.error());
  inherited_ports_ = std::move(*held);
  const std::size_t threads = inherited_->endpoints.front().size();
  if (threads != thread_count(arguments_)) spdlog::info("threads: {}, as many as there were before", threads);
  arguments_.threads = threads;
  return {};
}

error_code service::serve_on(held_ports&& held) {
  const asio::any_io_executor executor = context_.get_executor();
  http3::server_options options = http3_options();
  options.endpoints = held.endpoints;
  options.inherited = std::exchange(inherited_, nullptr);
  http3_server_ = std::make_unique<http3::server>(executor, std::move(options));
  http3_server_->handle(
      [this](http3::request& request, http3::response& response) { return http3_front_->serve(request, response); });
  error_code error;
  bound_ = http3_server_->start(error);
  if (error || !arguments_.tcp) return error;
  https_front_.emplace(executor, *site_, disk_, *tcp_tls_);
  for (asio::ip::tcp::acceptor& acceptor : held.acceptors) https_front_->serve(std::move(acceptor));
  return {};
}

result<void, std::string> service::begin_to_listen() {
  const asio::any_io_executor executor = context_.get_executor();
  http3_front_.emplace(*site_, disk_);
  const bool any_port = std::any_of(groups_.begin(), groups_.end(), [](const listen_group& g) { return g.any_port; });
  if (inherited_ports_) {
    const error_code error = serve_on(std::move(*inherited_ports_));
    if (error) return because("cannot serve HTTP/3 on the sockets that were handed over: " + error.message());
    return {};
  }
  for (int attempt = 1;; ++attempt) {
    auto held = hold_ports(executor, groups_, arguments_.tcp);
    if (!held && arguments_.listen_by_default && held.error().code == asio::error::address_family_not_supported) {
      groups_ = {*resolve_listen({"0.0.0.0", arguments_.listen.front().port})};
      arguments_.listen_by_default = false;
      continue;
    }
    if (!held) return because(held.error().describe());
    const error_code error = serve_on(std::move(*held));
    // Somebody may have taken a port between the trial and now.
    if (error == asio::error::address_in_use && any_port && attempt < attempts_to_listen) continue;
    if (error) return because("cannot serve HTTP/3: " + error.message());
    return {};
  }
}

result<void, std::string> service::open_metrics() {
  if (!arguments_.metrics) return {};
  const auto where = resolve_listen(*arguments_.metrics);
  if (!where) return because(where.error());
  metrics_front_.emplace(context_.get_executor(), [this] { return http3_server_->metrics(); });
  error_code error;
  const ip_endpoint wanted = where->endpoints.front();
  const ip_endpoint bound = metrics_front_->listen(wanted, error);
  if (error == asio::error::address_in_use && taken_over_) {
    spdlog::info("the server of before answers for metrics at {} until it ends", wanted.to_string());
    asio::co_spawn(context_, open_metrics_later(wanted), asio::detached);
    return {};
  }
  metrics_at_ = bound;
  if (error) return because("cannot answer for metrics at " + wanted.to_string() + ": " + error.message());
  return {};
}

asio::awaitable<void> service::open_metrics_later(ip_endpoint wanted) {
  asio::steady_timer pause(context_);
  for (;;) {
    pause.expires_after(metrics_retry_interval);
    co_await pause.async_wait(asio::use_awaitable);
    error_code error;
    const ip_endpoint bound = metrics_front_->listen(wanted, error);
    if (error) continue;
    spdlog::info("metrics: http://{}/metrics", bound.to_string());
    std::cout << "metrics " << bound.to_string() << std::endl;
    co_return;
  }
}

result<void, std::string> service::open_handover() {
  if (arguments_.handover.empty()) return {};
  handover_front_ =
      std::make_unique<handover_front>(context_.get_executor(), arguments_.handover, [this] { return give_sockets(); });
  const error_code error = handover_front_->open();
  if (error) return because("cannot wait at " + arguments_.handover + " (--handover): " + error.message());
  return {};
}

asio::awaitable<std::pair<error_code, runtime::inheritance>> service::give_sockets() {
  error_code error;
  runtime::inheritance all = co_await http3_server_->hand_over(asio::redirect_error(asio::use_awaitable, error));
  if (!error && https_front_) all.others = https_front_->copy_sockets(error);
  co_return std::pair(error, std::move(all));
}

void service::announce(const std::vector<ip_endpoint>& endpoints) const {
  spdlog::info("serving {}{}", arguments_.root, arguments_.tcp ? ", over HTTPS/1.1 too" : "");
  const std::uint16_t port = endpoints.front().port;
  if (!spki_sha256_.empty()) {
    spdlog::info("the certificate is self-signed, for localhost, 127.0.0.1 and ::1. To reach it:");
    spdlog::info("  quasio-client --insecure https://localhost:{}/", port);
    spdlog::info("  curl --http3 --insecure https://localhost:{}/", port);
    spdlog::info(
        "  chromium --origin-to-force-quic-on=localhost:{} --ignore-certificate-errors-spki-list={} "
        "https://localhost:{}/",
        port, spki_sha256_, port);
    std::cout << "certificate SPKI sha256 " << spki_sha256_ << '\n';
  }
  if (metrics_at_) {
    spdlog::info("metrics: http://{}/metrics", metrics_at_->to_string());
    std::cout << "metrics " << metrics_at_->to_string() << '\n';
  }
  for (const ip_endpoint& endpoint : endpoints) std::cout << "ready " << endpoint.to_string() << '\n';
  std::cout << std::flush;
  notify_service_manager("READY=1");
}

asio::awaitable<void> service::wait_for_signals() {
  const int first = co_await signals_.async_wait(asio::use_awaitable);
  spdlog::info("{}: requests under way may go on for {}; a second signal ends them", name_of(first),
               readable_duration(arguments_.drain_timeout));
  notify_service_manager("STOPPING=1");
  if (handover_front_) handover_front_->close();
  asio::co_spawn(context_, stop_gracefully(), asio::detached);
  error_code error;
  const int second = co_await signals_.async_wait(asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return;
  spdlog::info("{}: ending at once", name_of(second));
  exit_code_ = 128 + second;
  http3_server_->abort();
  context_.stop();
}

asio::awaitable<void> service::stop_gracefully() {
  asio::steady_timer https_ended(context_, asio::steady_timer::time_point::max());
  if (https_front_) {
    asio::co_spawn(context_, https_front_->stop(arguments_.drain_timeout), [&https_ended](const std::exception_ptr&) {
      https_ended.expires_at(asio::steady_timer::time_point::min());
    });
  } else {
    https_ended.expires_at(asio::steady_timer::time_point::min());
  }
  error_code error;
  co_await http3_server_->stop(arguments_.drain_timeout, asio::redirect_error(asio::use_awaitable, error));
  error_code woken;
  co_await https_ended.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  spdlog::info("{}", error ? "ended; what was still under way has been cut off" : "ended");
  context_.stop();
}

}  // namespace quasio::apps
