#include "client/session.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <utility>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/redirect_error.hpp>

#include "client/certificate_view.hpp"
#include "client/json_summary.hpp"
#include "client/session_file.hpp"
#include "common/key_log_file.hpp"
#include "common/private_file.hpp"
#include "common/readable.hpp"

namespace quasio::apps {

namespace {

unexpected<std::string> because(std::string sentence) { return unexpected<std::string>(std::move(sentence)); }

std::string rate_of(const transfer_result& result) {
  const double seconds = result.total.count();
  return seconds > 0 ? readable_size(static_cast<double>(result.bytes) / seconds) + "/s" : "";
}

// All that a token_store keeps, and some.
constexpr std::size_t max_token_file = 8 * 1024 * 1024;

std::string outcome_line(const transfer_result& result) {
  std::string line = readable_size(static_cast<double>(result.bytes)) + " in " + readable_duration(result.total) +
                     ", " + rate_of(result) + "; headers after " + readable_duration(result.first_byte);
  if (result.statistics) {
    line += "; rtt " + readable_duration(result.statistics->smoothed_rtt) + ", " +
            std::to_string(result.statistics->packets_received) + " packets received, " +
            std::to_string(result.statistics->packets_sent) + " sent, " +
            std::to_string(result.statistics->packets_lost) + " of them lost";
  }
  return line;
}

}  // namespace

client_session::client_session(client_arguments arguments)
    : arguments_(std::move(arguments)), report_(arguments_), results_(arguments_.transfers.size()) {}

client_session::~client_session() { slow_.join(); }

client_exit client_session::run() {
  if (!arguments_.session_file.empty()) {
    if (auto loaded = load_sessions(arguments_.session_file, *sessions_); !loaded) {
      report_.error(loaded.error());
      return client_exit::usage;
    }
  }
  auto options = client_options();
  if (!options) {
    report_.error(options.error());
    return client_exit::usage;
  }
  client_ = std::make_unique<http3::client>(context_.get_executor(), std::move(*options));
  asio::co_spawn(context_, wait_for_interrupt(), asio::detached);
  asio::co_spawn(context_, report_.keep_drawing(), asio::detached);
  asio::co_spawn(context_, fetch_all(), [this](const std::exception_ptr&) { context_.stop(); });
  context_.run();
  say_goodbye();
  keep_tokens();
  if (!arguments_.session_file.empty()) {
    if (auto saved = save_sessions(arguments_.session_file, *sessions_); !saved) report_.error(saved.error());
  }
  return conclude();
}

result<http3::client_options, std::string> client_session::client_options() {
  crypto::client_options tls;
  if (!arguments_.ca_file.empty()) {
    tls.trust_system_roots = false;
    tls.additional_roots = crypto::pem::file(arguments_.ca_file);
  }
  tls.dangerously_accept_any_certificate = arguments_.insecure;
  if (!arguments_.key_log.empty()) {
    auto opened = open_key_log(arguments_.key_log);
    if (!opened) return because("cannot write the key log " + arguments_.key_log + ": " + opened.error().message());
    tls.key_log = std::move(*opened);
  }
  auto logs = open_qlog(arguments_.qlog);
  if (!logs) return because(logs.error());
  qlog_ = std::move(*logs);
  auto context = crypto::tls_context::client(tls);
  if (!context) return because(context.error().reason);
  http3::client_options options;
  if (arguments_.verbose) {
    watch_certificates(*context, [this](const std::string& line) { report_.step(line); });
    options.trace = [this](std::string_view line) { report_.step(line); };
  }
  options.tls = std::move(*context);
  if (qlog_) options.observe = qlog_->observer();
  if (!arguments_.token_file.empty()) {
    auto kept = read_private_file(arguments_.token_file, max_token_file);
    if (!kept) return because("cannot read the token file " + arguments_.token_file + ": " + kept.error().message());
    tokens_ = options.tokens = std::make_shared<quic::token_store>();
    tokens_->add_text(kept->value_or(std::string()));
  }
  options.sessions = sessions_;
  options.early_data = arguments_.early_data;
  options.connect_to = arguments_.connect_to;
  options.connect_timeout = arguments_.connect_timeout;
  options.transport.handshake_timeout = arguments_.connect_timeout;
  options.transport.keep_alive_interval = arguments_.keep_alive;
  apply(arguments_.congestion, options.transport);
  arguments_.path.apply_to(options.transport);
  apply(arguments_.versions, options.transport.versions);
  options.version = first_version(arguments_.versions);
  options.transport.key_update_bytes = arguments_.update_keys_after;
  return options;
}

asio::awaitable<void> client_session::fetch_all() {
  const std::size_t workers = std::min(arguments_.parallel, results_.size());
  std::size_t running = workers;
  asio::steady_timer all_done(context_, asio::steady_timer::time_point::max());
  for (std::size_t i = 0; i < workers; ++i) {
    asio::co_spawn(context_, fetch_in_turn(), [&running, &all_done](const std::exception_ptr&) {
      if (--running == 0) all_done.cancel();
    });
  }
  error_code woken;
  co_await all_done.async_wait(asio::redirect_error(asio::use_awaitable, woken));
}

asio::awaitable<void> client_session::fetch_in_turn() {
  while (next_ < results_.size()) {
    const std::size_t index = next_++;
    co_await fetch_one(index);
  }
}

asio::awaitable<void> client_session::fetch_one(std::size_t index) {
  using namespace asio::experimental::awaitable_operators;
  const planned_transfer& plan = arguments_.transfers[index];
  transfer_result& result = results_[index];
  transfer one(index, plan, arguments_, *client_, slow_, report_, result);
  if (arguments_.max_time.count() == 0) {
    co_await one.run();
  } else {
    asio::steady_timer limit(context_, arguments_.max_time);
    const auto first = co_await (one.run() || limit.async_wait(asio::use_awaitable));
    if (first.index() == 1) {
      result.exit = client_exit::timeout;
      result.error = plan.text + ": given up after " + readable_duration(arguments_.max_time) + " (--max-time), with " +
                     readable_size(static_cast<double>(result.bytes)) + " of the body";
    }
  }
  report_.complete_one();
  if (result.exit != client_exit::success) {
    if (!first_failure_) first_failure_ = index;
    report_.error(result.error);
  } else {
    report_.detail('*', index, outcome_line(result));
    if (result.statistics) report_.detail('*', index, "path: " + path_line(*result.statistics));
  }
  // Of a million transfers only what the end needs is kept.
  if (!arguments_.json) result.forget_details();
}

asio::awaitable<void> client_session::wait_for_interrupt() {
  asio::signal_set signals(context_, SIGINT, SIGTERM);
  const int signal = co_await signals.async_wait(asio::use_awaitable);
  report_.error("interrupted");
  report_.mute();
  client_->close();
  context_.poll();
  // Not by the ordinary way: a write to a pipe that nobody reads would keep the process waiting.
  std::_Exit(128 + signal);
}

// Servers should learn that we go, instead of waiting for their idle timeout.
void client_session::say_goodbye() {
  client_->close();
  context_.restart();
  context_.poll();
}

void client_session::keep_tokens() {
  if (tokens_ == nullptr) return;
  const auto kept = replace_private_file(arguments_.token_file, tokens_->to_text());
  if (!kept) report_.error("cannot write the token file " + arguments_.token_file + ": " + kept.error().message());
}

client_exit client_session::conclude() {
  const client_exit code = first_failure_ ? results_[*first_failure_].exit : client_exit::success;
  if (!arguments_.json) return code;
  std::cout << json_summary(arguments_, results_, code, std::chrono::steady_clock::now() - begun_) << std::flush;
  if (std::cout) return code;
  report_.error("cannot write the summary to standard output");
  return code == client_exit::success ? client_exit::output : code;
}

}  // namespace quasio::apps
