#include "driver/client_connector.hpp"

#include <algorithm>
#include <utility>

#include "quasio/net/endpoint.hpp"

namespace quasio::http3 {
namespace {

// The resolver's order within a family, the families taking turns, beginning with the one that it put first.
std::vector<ip_endpoint> interleave(const std::vector<ip_endpoint>& addresses) {
  std::vector<ip_endpoint> first;
  std::vector<ip_endpoint> second;
  for (const ip_endpoint& each : addresses) {
    (each.is_v4() == addresses.front().is_v4() ? first : second).push_back(each);
  }
  std::vector<ip_endpoint> mixed;
  for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
    if (i < first.size()) mixed.push_back(first[i]);
    if (i < second.size()) mixed.push_back(second[i]);
  }
  return mixed;
}

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

client_connector::client_connector(const runtime::shard& where, const client_options& options, std::string host,
                                   std::uint16_t port, std::string server_name, std::string origin, bool early_data)
    : where_(where),
      options_(options),
      host_(std::move(host)),
      port_(port),
      server_name_(std::move(server_name)),
      origin_(std::move(origin)),
      early_data_(early_data && options.early_data),
      deadline_(std::chrono::steady_clock::now() + options.connect_timeout),
      bell_(std::make_shared<asio::steady_timer>(where.get_executor())) {}

client_connector::~client_connector() {
  for (const auto& each : attempts_) each->controller.close(error_code::no_error, "not needed");
}

std::string client_connector::target() const {
  return (host_.find(':') != std::string::npos ? "[" + host_ + "]" : host_) + ":" + std::to_string(port_);
}

void client_connector::trace(const std::string& line) const {
  if (options_.trace) options_.trace(line);
}

asio::awaitable<std::optional<established_connection>> client_connector::connect(failure& why) {
  if (!co_await resolve(why)) co_return std::nullopt;
  start_next();
  for (;;) {
    for (const auto& each : attempts_) {
      if (each->info) {
        established_connection won{each->controller, std::move(*each->info)};
        std::erase(attempts_, each);
        co_return won;
      }
      if (each->is_over && !std::exchange(each->is_noted, true)) note_failure(each->peer, each->controller.end());
    }
    const bool all_over =
        std::all_of(attempts_.begin(), attempts_.end(), [](const auto& each) { return each->is_over; });
    if (all_over && next_address_ < addresses_.size()) {
      start_next();
      continue;
    }
    if (all_over) {
      why = {worst_->code, "cannot connect to " + worst_->message};
      co_return std::nullopt;
    }
    const auto now = std::chrono::steady_clock::now();
    if (now >= deadline_) {
      why = {make_error_code(client_error::connect_timeout),
             "cannot connect to " + target() + ": no answer within " + in_milliseconds(options_.connect_timeout)};
      co_return std::nullopt;
    }
    const bool more = next_address_ < addresses_.size();
    bell_->expires_at(more ? std::min(deadline_, now + options_.connection_attempt_delay) : deadline_);
    const auto [rung] = co_await bell_->async_wait(asio::as_tuple(asio::use_awaitable));
    if (!rung && more) start_next();
  }
}

asio::awaitable<bool> client_connector::resolve(failure& why) {
  quasio::error_code error;
  const auto literal = asio::ip::make_address(host_, error);
  if (!error) {
    addresses_.push_back(net::to_ip_endpoint({literal, port_}));
    co_return true;
  }
  const auto resolver = std::make_shared<asio::ip::udp::resolver>(where_.get_executor());
  asio::steady_timer limit(where_.get_executor(), deadline_);
  limit.async_wait([resolver](const quasio::error_code& stopped) {
    if (!stopped) resolver->cancel();
  });
  const auto [failed, found] =
      co_await resolver->async_resolve(host_, std::to_string(port_), asio::as_tuple(asio::use_awaitable));
  limit.cancel();
  if (failed || found.empty()) {
    const bool timed_out = failed == asio::error::operation_aborted;
    const quasio::error_code code = timed_out ? make_error_code(client_error::connect_timeout) : failed;
    why = {code, "cannot look up " + host_ + ": " + code.message()};
    co_return false;
  }
  for (const auto& each : found) addresses_.push_back(net::to_ip_endpoint(each.endpoint()));
  addresses_ = interleave(addresses_);
  for (const ip_endpoint& each : addresses_) trace(host_ + " has address " + each.to_string());
  co_return true;
}

void client_connector::start_next() {
  const ip_endpoint peer = addresses_[next_address_++];
  trace("connecting to " + peer.to_string());
  driver::h3_driver_settings settings;
  settings.http3 = options_.http3;
  settings.max_waiting_sends = options_.max_waiting_requests;
  settings.counters = options_.counters;
  settings.on_exchange = options_.on_exchange;
  settings.on_new_token = [tokens = options_.tokens, name = token_name()](const quic::new_token_received& given) {
    tokens->put(name, given.version, given.token);
  };
  settings.on_session = [sessions = options_.sessions, origin = origin_](const auto& session) {
    sessions->put(origin, std::move(*session));
  };
  auto session = options_.sessions->take(origin_);
  if (session) settings.session_context = session->application_context;
  auto made = driver::make_client_h3_driver(where_.get_executor(), std::move(settings));
  const auto next = std::make_shared<attempt>(peer, made.controller);
  attempts_.push_back(next);

  runtime::connect_options options;
  options.client.tls = options_.tls;
  options.client.server_name = server_name_;
  options.client.alpn = {"h3"};
  options.client.path.peer = peer;
  options.client.transport = options_.transport;
  options.client.version = options_.version;
  options.client.session = std::move(session);
  if (const auto version = quic::first_version(options.client))
    options.client.token = options_.tokens->take(token_name(), *version);
  if (!options.client.token.empty()) trace("presenting a token of " + token_name());
  options.client.observe = options_.observe;
  options.on_end = options_.on_connection_end;
  options.client.early_data = early_data_;
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
std::string client_connector::token_name() const { return server_name_ + ":" + std::to_string(port_); }

void client_connector::note_failure(const ip_endpoint& peer, const runtime::connection_end& end) {
  const std::string address = peer.to_string();
  const std::string who = address == target() ? address : target() + " (" + address + ")";
  std::string message = who + ": " + end.message;
  trace("failed: " + message);
  if (!worst_ || (says_little(worst_->code) && !says_little(end.code))) worst_ = failure{end.code, std::move(message)};
}

}  // namespace quasio::http3
