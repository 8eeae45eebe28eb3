#include "driver/client_connector.hpp"

#include <algorithm>
#include <utility>

#include "quasio/net/endpoint.hpp"

namespace quasio::http3 {
namespace {

// A refusal says less than an answer that was no good.
bool says_little(const quasio::error_code& code) noexcept { return code.category() == system_category(); }

std::string in_milliseconds(duration elapsed) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(elapsed).count()) + " ms";
}

}  // namespace

struct client_connector::attempt {
  attempt(const ip_endpoint& to, driver::client_h3_controller with) : peer(to), controller(std::move(with)) {}

  ip_endpoint peer;
  driver::client_h3_controller controller;
  std::optional<driver::connection_info> info;
  bool is_over = false;
  bool is_noted = false;
};

client_connector::client_connector(const runtime::shard& where, const client_options& options, connect_target target)
    : where_(where),
      options_(options),
      target_(std::move(target)),
      deadline_(std::chrono::steady_clock::now() + target_.timeout),
      bell_(std::make_shared<asio::steady_timer>(where.get_executor())) {}

client_connector::~client_connector() {
  for (const auto& each : attempts_) each->controller.close(error_code::no_error, "not needed");
}

std::string client_connector::target() const {
  const std::string& host = target_.host;
  return (host.find(':') != std::string::npos ? "[" + host + "]" : host) + ":" + std::to_string(target_.port);
}

void client_connector::trace(const std::string& line) const {
  if (options_.trace) options_.trace(line);
}

asio::awaitable<std::optional<established_connection>> client_connector::connect(failure& why) {
  look_up();
  for (;;) {
    if (auto won = take_winner()) co_return won;
    note_failures();
    const auto now = std::chrono::steady_clock::now();
    note_addresses(now);
    if (now >= deadline_) {
      why = {make_error_code(client_error::connect_timeout),
             "cannot connect to " + target() + ": no answer within " + in_milliseconds(target_.timeout)};
      co_return std::nullopt;
    }
    if (may_start(now)) {
      start_next(now);
      continue;
    }
    const bool all_over =
        std::all_of(attempts_.begin(), attempts_.end(), [](const auto& each) { return each->is_over; });
    if (all_over && addresses_.empty() && lookup_.is_over()) {
      why = explain_failure();
      co_return std::nullopt;
    }
    bell_->expires_at(next_step());
    co_await bell_->async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

// --- Addresses
// --------------------------------------------------------------------------------------------------------

void client_connector::look_up() {
  quasio::error_code error;
  const auto literal = asio::ip::make_address(target_.host, error);
  if (!error) {
    found_any_ = true;
    return addresses_.add(net::to_ip_endpoint({literal, target_.port}));
  }
  if (options_.resolve) addresses_.prefer(true);
  lookup_.start(where_.get_executor(), target_.host, target_.port, options_.resolve,
                [bell = bell_] { bell->cancel(); });
}

void client_connector::note_addresses(time_point now) {
  for (const ip_endpoint& each : lookup_.take_found()) {
    trace(target_.host + " has address " + each.to_string());
    addresses_.add(each);
    found_any_ = true;
  }
  const bool awaits_v6 = found_any_ && !lookup_.is_over() && !lookup_.is_v6_over();
  if (awaits_v6 && !without_v6_since_) without_v6_since_ = now;
  if (!awaits_v6) without_v6_since_.reset();
}

// --- Attempts
// ---------------------------------------------------------------------------------------------------------

std::optional<established_connection> client_connector::take_winner() {
  const auto found = std::find_if(attempts_.begin(), attempts_.end(), [](const auto& each) { return each->info; });
  if (found == attempts_.end()) return std::nullopt;
  established_connection won{(*found)->controller, std::move(*(*found)->info)};
  attempts_.erase(found);
  return won;
}

void client_connector::note_failures() {
  for (const auto& each : attempts_) {
    if (each->is_over && !std::exchange(each->is_noted, true)) note_failure(each->peer, each->controller.end());
  }
}

// RFC 8305, sections 3 and 5: IPv4 gives IPv6 a little time to become known; then each address gets its time, unless it
// fails before.
bool client_connector::may_start(time_point now) const noexcept {
  if (addresses_.empty()) return false;
  if (without_v6_since_ && now < *without_v6_since_ + options_.resolution_delay) return false;
  return attempts_.empty() || attempts_.back()->is_over || now >= next_start_;
}

client_connector::time_point client_connector::next_step() const noexcept {
  if (addresses_.empty()) return deadline_;
  auto next = attempts_.empty() ? deadline_ : next_start_;
  if (without_v6_since_)
    next = std::max(attempts_.empty() ? time_point() : next, *without_v6_since_ + options_.resolution_delay);
  return std::min(next, deadline_);
}

failure client_connector::explain_failure() const {
  if (worst_) return {worst_->code, "cannot connect to " + worst_->message};
  const quasio::error_code code = lookup_.error() ? lookup_.error() : make_error_code(asio::error::host_not_found);
  return {code, "cannot look up " + target_.host + ": " + code.message()};
}

driver::h3_driver_settings client_connector::driver_settings() const {
  driver::h3_driver_settings settings;
  settings.http3 = options_.http3;
  settings.max_waiting_sends = options_.max_waiting_requests;
  settings.counters = options_.counters;
  settings.on_exchange = options_.on_exchange;
  settings.on_new_token = [tokens = options_.tokens, name = token_name()](const quic::new_token_received& given) {
    tokens->put(name, given.version, given.token);
  };
  settings.on_session = [sessions = options_.sessions, origin = target_.origin](const auto& session) {
    sessions->put(origin, std::move(*session));
  };
  settings.on_change = target_.on_change;
  return settings;
}

void client_connector::start_next(time_point now) {
  const ip_endpoint peer = addresses_.take();
  next_start_ = now + options_.connection_attempt_delay;
  trace("connecting to " + peer.to_string());
  driver::h3_driver_settings settings = driver_settings();
  auto session = options_.sessions->take(target_.origin);
  if (session) settings.session_context = session->application_context;
  auto made = driver::make_client_h3_driver(where_.get_executor(), std::move(settings));
  const auto next = std::make_shared<attempt>(peer, made.controller);
  attempts_.push_back(next);

  runtime::connect_options options;
  options.client.tls = options_.tls;
  options.client.server_name = target_.server_name;
  options.client.alpn = {"h3"};
  options.client.path.peer = peer;
  options.client.transport = driver::match_transport(options_.transport, options_.http3);
  options.client.version = options_.version;
  options.client.session = std::move(session);
  if (const auto version = quic::first_version(options.client))
    options.client.token = options_.tokens->take(token_name(), *version);
  if (!options.client.token.empty()) trace("presenting a token of " + token_name());
  options.client.observe = options_.observe;
  options.on_end = options_.on_connection_end;
  options.client.early_data = target_.early_data && options_.early_data;
  options.socket = options_.socket;
  const auto begun = runtime::connect(where_, std::move(options), std::move(made.driver));
  if (!begun) {
    next->is_over = next->is_noted = true;
    note_failure(peer, begun.error());
    return;
  }
  next->controller.async_wait_usable(
      [next, bell = bell_](const quasio::error_code& error, driver::connection_info info) {
        next->is_over = true;
        if (!error) next->info = std::move(info);
        bell->cancel();
      });
}

// A token is good for those who bear the server's name (RFC 9000, section 8.1.3).
std::string client_connector::token_name() const { return target_.server_name + ":" + std::to_string(target_.port); }

void client_connector::note_failure(const ip_endpoint& peer, const runtime::connection_end& end) {
  const std::string address = peer.to_string();
  const std::string who = address == target() ? address : target() + " (" + address + ")";
  std::string message = who + ": " + end.message;
  trace("failed: " + message);
  if (!worst_ || (says_little(worst_->code) && !says_little(end.code))) worst_ = failure{end.code, std::move(message)};
}

}  // namespace quasio::http3
