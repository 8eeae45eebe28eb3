#include "driver/name_lookup.hpp"

#include <utility>

#include "quasio/net/endpoint.hpp"

namespace quasio::http3 {

name_lookup::~name_lookup() {
  state_->on_answer = nullptr;
  state_->stop_v4.emit(asio::cancellation_type::terminal);
  state_->stop_v6.emit(asio::cancellation_type::terminal);
}

void name_lookup::start(const asio::any_io_executor& executor, const std::string& host, std::uint16_t port,
                        const resolve_function& resolve, std::function<void()> on_answer) {
  state_->on_answer = std::move(on_answer);
  const auto spawn = [&](asio::awaitable<void> what, asio::cancellation_signal& stop) {
    ++state_->left;
    asio::co_spawn(executor, std::move(what), asio::bind_cancellation_slot(stop.slot(), asio::detached));
  };
  if (!resolve) return spawn(ask_system(state_, host, port), state_->stop_v6);
  // The question for IPv6 first (RFC 8305, section 3).
  spawn(ask(state_, resolve, host, port, ip_family::v6), state_->stop_v6);
  spawn(ask(state_, resolve, host, port, ip_family::v4), state_->stop_v4);
}

std::vector<ip_endpoint> name_lookup::take_found() { return std::exchange(state_->found, {}); }

asio::awaitable<void> name_lookup::ask(std::shared_ptr<state> with, resolve_function resolve, std::string host,
                                       std::uint16_t port, ip_family family) {
  try {
    const std::vector<asio::ip::address> found = co_await resolve(std::move(host), family);
    for (const asio::ip::address& each : found) with->found.push_back(net::to_ip_endpoint({each, port}));
  } catch (const system_error& failed) {
    with->error = failed.code();
  } catch (const std::exception&) {
    with->error = asio::error::host_not_found;
  }
  --with->left;
  if (family == ip_family::v6) with->v6_over = true;
  if (with->on_answer) with->on_answer();
}

// The C library asks for both families at once, answers when it knows both, and sorts what it found (RFC 6724).
asio::awaitable<void> name_lookup::ask_system(std::shared_ptr<state> with, std::string host, std::uint16_t port) {
  asio::ip::udp::resolver resolver(co_await asio::this_coro::executor);
  const auto [failed, found] =
      co_await resolver.async_resolve(host, std::to_string(port), asio::as_tuple(asio::use_awaitable));
  for (const auto& each : found) with->found.push_back(net::to_ip_endpoint(each.endpoint()));
  with->error = failed;
  with->left = 0;
  with->v6_over = true;
  if (with->on_answer) with->on_answer();
}

}  // namespace quasio::http3
